#!/usr/bin/env node
/**
 * The server process. SIGTERM and Ctrl-C end it and leave instances and traffic running, so that it can be upgraded;
 * POST /v1/shutdown with `down` stops everything first. kill -9 at any moment is fine too: the next start goes on.
 */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseLimits } from '../agent/telemetry/limits.ts';
import type { CoreOptions } from '../core/contract.ts';
import { createCore, restoreCore } from '../core/index.ts';
import { asHoldfastError } from '../model/errors.ts';
import { notifiersOf } from '../notify/registry.ts';
import { SeriesStore } from '../query/series-store.ts';
import type { Store } from '../store/contract.ts';
import { EmbeddedStore } from '../store/embedded/store.ts';
import { Daemon } from './daemon.ts';
import { createApp } from './http/app.ts';
import { originPolicy } from './http/origin.ts';
import { access, listen, removeApiFile, writeApiFile } from './listen.ts';
import { ServerLog } from './log.ts';
import { parseOptions, type ServerOptions } from './options.ts';
import { controlPlane } from './plane.ts';
import { createProving } from './prove/wiring.ts';
import { SELF_SAMPLE_MS, sampleInstances, sampleSelf } from './self-series.ts';
import { openState } from './state.ts';
import { version } from './version.ts';
import { createAgent, createNotices, createTelemetry } from './wiring.ts';

/** The seed of the core's own random choices (jitter): any will do, as long as replay uses the same. */
const SEED = 7_420;
/** Ending takes at most this long once it was asked for; then the process goes as it is, which is safe. */
const END_LIMIT_MS = 15_000;

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  const admitted = access(options);
  const notifiers = notifiersOf(options.notify);
  const running = version();
  const cores = { create: createCore, restore: restoreCore };
  const coreOptions: CoreOptions = { seed: SEED, portRange: options.portRange, node: hostname() };
  let echo = true;
  let log = (line: { readonly level: 'info' | 'warn' | 'error'; readonly text: string }): void => {
    if (echo) process.stderr.write(`${line.text}\n`);
  };
  let store!: Store;
  const state = await openState({
    stateDir: options.stateDir,
    version: running,
    cores,
    coreOptions,
    openStore: async (dir) => {
      store = await EmbeddedStore.open({ dir });
      return store;
    },
    acceptReplay: options.acceptReplay,
    log: (line) => log(line),
  });
  echo = options.foreground;
  log = new ServerLog({ file: join(options.stateDir, 'server.log'), echo }).write;
  const fatal = (error: unknown): void => die(error, log);
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);

  const limits = parseLimits(options.intakeLimits);
  const kept = new SeriesStore(limits.kept);
  const telemetry = await createTelemetry(options, limits, state.clock, kept);
  const place = { stateDir: options.stateDir, node: coreOptions.node, clock: state.clock };
  const agent = createAgent({ ...place, log, telemetry });
  const notices = await createNotices({ notifiers, store, state, log });
  const parts = { state, agent, notices, telemetry };
  const daemon = new Daemon({ ...parts, version: running, stateDir: options.stateDir, coreOptions, log, fatal });
  let down = false;
  const { proving, proofs, schedules } = await createProving({
    ...{ daemon, store, log },
    version: running,
    leastEveryMs: options.scheduleLeastMs,
  });
  const plane = controlPlane({ daemon, cores, proving });
  const app = createApp({
    plane: {
      ...plane,
      shutdown: async (all, actor) => {
        await plane.shutdown(all, actor);
        down = all;
      },
    },
    tokens: admitted.tokens,
    origin: withHosts(options),
    facts: { version: running, pid: process.pid, ended: () => end('asked over the API') },
    series: kept,
    dashboard: dashboardDir(),
    log,
  });

  let ending = false;
  const end = (why: string): void => {
    if (ending) process.exit(1);
    ending = true;
    log({ level: 'info', text: `the server ends: ${why}` });
    setTimeout(() => process.exit(1), END_LIMIT_MS).unref();
    removeApiFile(options.stateDir);
    Promise.resolve()
      .then(() => {
        schedules.close();
        return proofs.close();
      })
      .then(() => app.close())
      .then(() => daemon.stop(down))
      .then(() => process.exit(0), fatal);
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));

  const url = await listen(app, options);
  await daemon.start(url);
  schedules.begin();
  const sample = (): void => {
    const wallMs = state.clock.wallMs();
    sampleSelf(plane.metrics(), kept, wallMs);
    sampleInstances(state.core, kept, wallMs);
    kept.sweep(wallMs);
  };
  sample();
  setInterval(sample, SELF_SAMPLE_MS).unref();
  writeApiFile(options.stateDir, { url, pid: process.pid, token: admitted.localToken });
  log({ level: 'info', text: `holdfast ${running} serves ${url} from ${options.stateDir}` });
}

function withHosts({ host, allowHosts }: ServerOptions): ReturnType<typeof originPolicy> {
  const policy = originPolicy(host, hostname());
  return { ...policy, hosts: new Set([...policy.hosts, ...allowHosts.map((name) => name.toLowerCase())]) };
}

/** dist/dashboard, seen from dist/src/server or from src/server. */
function dashboardDir(): string {
  const relative = import.meta.url.endsWith('.ts') ? '../../dist/dashboard' : '../../dashboard';
  return decodeURIComponent(new URL(relative, import.meta.url).pathname);
}

/** Crash-only: whatever was acknowledged is in the journal, and instances do not need us to live. */
function die(error: unknown, log: (line: { readonly level: 'error'; readonly text: string }) => void): never {
  const told = asHoldfastError(error);
  const stack = error instanceof Error && told.code === 'HF9000' ? `\n${error.stack}` : '';
  log({ level: 'error', text: `the server dies: ${told.format()}${stack}` });
  process.exit(1);
}

main().catch((error: unknown) => {
  // Nothing runs yet: say it where who started us can see it.
  process.stderr.write(`${asHoldfastError(error).format()}\n`);
  process.exit(1);
});
