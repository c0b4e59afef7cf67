/** `up`: starts the server when none runs, applies the spec, and waits until the system is healthy. */
import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { HoldfastClient } from '../../api/client.ts';
import type { ApplyResult, SpecSource } from '../../api/resources.ts';
import { HoldfastError } from '../../model/errors.ts';
import { type ConnectionOptions, connect, findStateDir, isAlive, readApiFile, STATE_DIR_NAME } from '../connect.ts';
import { ensureServer, type Server, stopServer } from '../daemon.ts';
import { EXIT } from '../exit.ts';
import {
  durationArgument,
  type ReasonOptions,
  type SpecOptions,
  verb,
  withConnection,
  withReason,
  withSpec,
} from '../options.ts';
import { noticeText, planSummary } from '../plan-text.ts';
import { Progress } from '../progress.ts';
import { type ServerOptions, serverArguments, withServer } from '../server-options.ts';
import { findSpecFile, readSpec } from '../spec-source.ts';
import { err, say, suggest } from '../terminal.ts';
import { waitUntilHealthy } from '../wait.ts';

interface Options extends ConnectionOptions, SpecOptions, ReasonOptions, ServerOptions {
  readonly detach?: true;
  readonly timeout: number;
}

export function register(program: Command): void {
  const command = verb('up', 'Start the system of a spec file and wait until it is healthy')
    .option('-d, --detach', 'do not wait')
    .option('--timeout <duration>', 'how long to wait for it to be healthy', durationArgument, 120_000);
  withServer(withReason(withConnection(withSpec(command)))).action(up);
  program.addCommand(command);
}

async function up(options: Options): Promise<void> {
  const path = findSpecFile(options);
  const spec = readSpec(path, options);
  const server = await serverFor(options, path, spec);
  const applied = await planAndApply(server.client, spec, options.reason ?? `up -f ${basename(path)}`).catch(
    async (error) => {
      // A spec that is refused starts nothing: not even a server that then has nothing to do.
      if (server.started) {
        await stopServer(server.client, server.pid, { down: true, why: 'the spec was refused', timeoutMs: 10_000 });
      }
      throw error;
    },
  );
  if (!options.detach) await untilHealthy(server.client, applied.index, options.timeout);
  say(`dashboard  ${server.url}`);
  for (const service of await server.client.services()) {
    for (const { address } of service.endpoints) {
      if (address) say(`${service.name.padEnd(10)} ${address}`);
    }
  }
  const found = findStateDir(options) === server.stateDir || server.stateDir === undefined;
  suggest(`holdfast status${found ? '' : ` --state-dir ${server.stateDir}`}`);
}

async function planAndApply(client: HoldfastClient, spec: SpecSource, why: string): Promise<ApplyResult> {
  const plan = await client.plan(spec);
  for (const notice of plan.notices) say(noticeText(notice, err));
  say(`${err.bold(plan.system)}: ${planSummary(plan)}`);
  return client.apply({ spec, index: plan.index, why });
}

/** A server that was named is somebody else's to start. */
async function serverFor(
  options: Options,
  specPath: string,
  spec: SpecSource,
): Promise<Server & { stateDir?: string }> {
  if (options.server ?? process.env.HOLDFAST_SERVER) {
    const client = connect(options);
    return { client, pid: 0, url: client.url, started: false };
  }
  const given = options.stateDir ?? process.env.HOLDFAST_STATE_DIR;
  const stateDir = resolve(given ?? join(dirname(specPath), STATE_DIR_NAME));
  const present = readApiFile(stateDir);
  // What is wrong with the file is said before anything is started for it.
  if (!present || !isAlive(present.pid)) await (await import('../../offline/plan.ts')).planFromNothing(spec);
  const progress = new Progress('starting the server');
  try {
    const server = await ensureServer(stateDir, options.token, serverArguments(options));
    progress.end(server.started ? `server started (pid ${server.pid})` : '');
    return { ...server, stateDir };
  } catch (error) {
    progress.end();
    throw error;
  }
}

async function untilHealthy(client: HoldfastClient, index: number, timeoutMs: number): Promise<void> {
  const progress = new Progress('starting');
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once('SIGINT', interrupted);
  try {
    const result = await waitUntilHealthy(client, { timeoutMs, index, progress, signal: stop.signal });
    progress.end(result.healthy ? `${err.green('✓')} ${result.status.sentence}` : '');
    if (result.healthy) return;
    process.exitCode = EXIT.negative;
    say(err.red(`not healthy after ${progress.elapsed()}: ${result.status.sentence}`));
    suggest('holdfast diagnose');
  } catch (error) {
    progress.end();
    if (!stop.signal.aborted) throw error;
    throw new HoldfastError('HF7006', 'interrupted while waiting: the system goes on starting', {
      remedy: 'Watch it with `holdfast status --watch`, or end it with `holdfast down`.',
    });
  } finally {
    process.off('SIGINT', interrupted);
  }
}
