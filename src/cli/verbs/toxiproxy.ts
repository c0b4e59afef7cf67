/** `toxiproxy`: the traffic layer as a proxy with faults on demand, for clients of Toxiproxy's HTTP API. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { builtEntry } from '../../model/entry.ts';
import { HoldfastError } from '../../model/errors.ts';
import { findStateDir, STATE_DIR_NAME } from '../connect.ts';
import { EXIT } from '../exit.ts';
import { countArgument, verb, withReason } from '../options.ts';

const ENTRY = builtEntry(import.meta.url, '../../traffic/toxiproxy/main.js');

interface Options {
  readonly host: string;
  readonly port: number;
  readonly attach?: true;
  readonly stateDir?: string;
  readonly config?: string;
  readonly seed?: number;
  readonly reason?: string;
}

export function register(program: Command): void {
  const command = withReason(verb('toxiproxy', "Proxies with faults on demand, by Toxiproxy's HTTP API"))
    .option('--host <address>', 'where the API listens; beyond loopback everybody can use it', '127.0.0.1')
    .option('--port <port>', 'port of the API', countArgument, 8474)
    .option('--attach', 'the endpoints of the running system are proxies as well, of services that opted in')
    .option('--state-dir <dir>', 'state directory of that system; default: the nearest .holdfast (HOLDFAST_STATE_DIR)')
    .option('--config <file>', 'proxies to begin with: a JSON list as the API takes it at /populate')
    .option('--seed <n>', 'of everything drawn at random; default: another one each time', countArgument)
    .action(async ({ host, port, config, seed, attach, stateDir, reason }: Options) => {
      const args = [ENTRY, '--host', host, '--port', String(port)];
      if (config !== undefined) args.push('--config', config);
      if (attach) args.push('--attach', systemDir(stateDir));
      if (reason !== undefined) args.push('--reason', reason);
      if (seed !== undefined) args.push('--seed', String(seed));
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
      process.exitCode = await new Promise<number>((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (code, signal) => resolve(code ?? (signal === null ? EXIT.ok : EXIT.error)));
      });
    });
  program.addCommand(command);
}

function systemDir(given: string | undefined): string {
  const found = findStateDir(given === undefined ? {} : { stateDir: given });
  if (found === undefined) throw new HoldfastError('HF7001', `no ${STATE_DIR_NAME} directory here or above`);
  return found;
}
