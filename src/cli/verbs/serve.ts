/** `serve`: the server in the foreground, for service managers. Its end ends no instance. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { STATE_DIR_NAME } from '../connect.ts';
import { SERVER_ENTRY } from '../daemon.ts';
import { EXIT } from '../exit.ts';
import { verb } from '../options.ts';
import { type ServerOptions, serverArguments, withServer } from '../server-options.ts';

interface Options extends ServerOptions {
  readonly stateDir?: string;
}

export function register(program: Command): void {
  const command = verb('serve', 'Run the server in the foreground').option(
    '--state-dir <dir>',
    'state directory; default: .holdfast here (HOLDFAST_STATE_DIR)',
  );
  withServer(command).action(async (options: Options) => {
    const stateDir = options.stateDir ?? process.env.HOLDFAST_STATE_DIR ?? join(process.cwd(), STATE_DIR_NAME);
    const args = [SERVER_ENTRY, '--state-dir', stateDir, '--foreground', ...serverArguments(options)];
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    process.exitCode = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => resolve(code ?? (signal === null ? EXIT.ok : EXIT.error)));
    });
  });
  program.addCommand(command);
}
