import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CHECK, freePort, launchOf, node, until } from '../../test/support/runtime.ts';
import type { AgentCommand, AgentMessage, LaunchSpec } from '../model/link.ts';
import type { RouteTable } from '../model/routes.ts';
import type { CheckSignal, Signal } from '../model/signal.ts';
import { startTicksOf } from '../runtime/process/proc.ts';
import { ProcessRuntime } from '../runtime/process/runtime.ts';
import { Agent } from './agent.ts';
import type { RoutesApplied } from './ports.ts';

let stateDir: string;
let agent: Agent;
let messages: AgentMessage[];
let applied: RouteTable[];
let refuseRoutes: number;

function boot(): void {
  const clock = { now: () => performance.now() };
  agent = new Agent({
    node: 'node-1',
    stateDir,
    clock,
    runtime: new ProcessRuntime({ stateDir, now: clock.now }),
    traffic: {
      apply: async (table): Promise<RoutesApplied> => {
        if (refuseRoutes-- > 0) throw new Error('not there');
        applied.push(table);
        return { version: table.version, failed: [] };
      },
      onSignals: () => {},
      putFault: () => Promise.reject(new Error('no traffic process here')),
      renewFault: () => Promise.reject(new Error('no traffic process here')),
      removeFaults: async () => [],
      faults: async () => [],
      onFaultEnded: () => {},
      kill: () => null,
      serving: () => null,
      processes: () => [],
      listeners: () => [],
      onPart: () => {},
    },
  });
  messages = [];
  applied = [];
  agent.onMessage((message) => messages.push(message));
}

beforeEach(async () => {
  refuseRoutes = 0;
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-agent-'));
  boot();
  await agent.start();
});

afterEach(async () => {
  const started = signals().filter((signal) => signal.kind === 'started');
  for (const { instance, incarnation } of started) agent.handle({ kind: 'kill', id: 'end', instance, incarnation });
  await until(() => started.every((signal) => startTicksOf(signal.process.pid) === undefined));
  await agent.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

const signals = (): Signal[] => messages.flatMap((message) => (message.kind === 'signals' ? message.signals : []));
const checks = (): CheckSignal[] => signals().filter((signal) => signal.kind === 'check');
const log = (): string => {
  const path = join(stateDir, 'logs/web-1.log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const exits = () => signals().filter((signal) => signal.kind === 'exit');
const start = (launch: LaunchSpec): AgentCommand => ({ kind: 'start', id: 'start', launch });
const web = { instance: 'web-1', incarnation: 1 };

describe('commands', () => {
  it('begins with an inventory', () => {
    expect(messages[0]).toMatchObject({ kind: 'inventory', node: 'node-1', items: [] });
  });

  it('starts, reports, stops, forgets; each of them twice', async () => {
    const launch = launchOf(['sleep', '60']);
    agent.handle(start(launch));
    agent.handle(start(launch));
    await until(() => signals().some((signal) => signal.kind === 'started'));
    const stop: AgentCommand = { kind: 'stop', id: 's', ...web, signal: 'SIGTERM', graceMs: 1_000 };
    agent.handle(stop);
    agent.handle(stop);
    await until(() => exits()[0]);
    expect(exits()[0]?.exit).toMatchObject({ reason: 'signal', signal: 'SIGTERM' });
    agent.handle({ kind: 'forget', id: 'f', ...web });
    agent.handle({ kind: 'forget', id: 'f', ...web });
    agent.handle(start({ ...launch, incarnation: 2 }));
    await until(() => signals().filter((signal) => signal.kind === 'started').length === 2);
    expect(messages.some((message) => message.kind === 'command-failed')).toBe(false);
  });

  it('a kill does not wait for the grace of a stop', async () => {
    agent.handle(
      start(launchOf(node('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 999)'))),
    );
    await until(() => log().includes('up'));
    agent.handle({ kind: 'stop', id: 's', ...web, signal: 'SIGTERM', graceMs: 60_000 });
    agent.handle({ kind: 'kill', id: 'k', ...web });
    await until(() => exits()[0]);
    expect(exits()[0]?.exit).toMatchObject({ signal: 'SIGKILL' });
  });

  it('never runs two lives of an instance', async () => {
    agent.handle(start(launchOf(['sleep', '60'])));
    agent.handle(start(launchOf(['sleep', '60'], { incarnation: 2 })));
    const started = await until(() => {
      const found = signals().filter((signal) => signal.kind === 'started');
      return found.length === 2 && found;
    });
    expect(startTicksOf(started[0]?.process.pid ?? 0)).toBeUndefined();
    expect(exits()).toHaveLength(1);
  });

  it('says why a start failed, with the code', async () => {
    agent.handle(start(launchOf(['no-such-program'])));
    const failed = await until(() => messages.find((message) => message.kind === 'command-failed'));
    expect(failed).toMatchObject({ reason: 'spawn-failed', instance: 'web-1', incarnation: 1, id: 'start' });
    expect(failed.error).toMatch(/^HF3001 command not found: no-such-program/);
  });

  it('says that what it never knew is gone', async () => {
    agent.handle({ kind: 'stop', id: 's', instance: 'ghost-1', incarnation: 3, signal: 'SIGTERM', graceMs: 1 });
    const exit = await until(() => exits()[0]);
    expect(exit).toMatchObject({ instance: 'ghost-1', incarnation: 3, exit: { reason: 'unknown' } });
  });

  it('offers routes until they are taken, and only the newest', async () => {
    refuseRoutes = 1;
    const table = (version: number): RouteTable => ({ version, system: 's', listeners: [], pools: [] });
    agent.handle({ kind: 'routes', table: table(1) });
    agent.handle({ kind: 'routes', table: table(2) });
    await until(() => messages.some((message) => message.kind === 'routes-applied'));
    expect(applied.map((each) => each.version)).toEqual([2]);
  });
});

describe('checks', () => {
  const SERVER = `
    require('http').createServer((q, r) => { r.statusCode = q.url === '/bad' ? 500 : 200; r.end('x'); })
      .listen(process.env.PORT, '127.0.0.1')`;

  it('passes when the port accepts, with nothing declared', async () => {
    const port = await freePort();
    agent.handle(start(launchOf(node(SERVER), { ports: { http: port }, environment: { PORT: String(port) } })));
    const pass = await until(() => checks().find((check) => check.pass));
    expect(pass).toMatchObject({ purpose: 'readiness', instance: 'web-1', incarnation: 1, error: null });
    // Those before it, while the program loaded, said so and were few.
    expect(checks().filter((check) => check.error === 'refused').length).toBeLessThanOrEqual(2);
  });

  it('sends every HTTP failure raw', async () => {
    const port = await freePort();
    const probe = { kind: 'http', port: 'http', path: '/bad', headers: {}, expectStatus: [200, 399] } as const;
    const liveness = { ...DEFAULT_CHECK, probe, intervalMs: 50, startPeriodMs: 0 };
    agent.handle(
      start(launchOf(node(SERVER), { ports: { http: port }, environment: { PORT: String(port) }, liveness })),
    );
    await until(() => checks().filter((check) => check.error === 'status 500').length >= 3);
  });

  it('gives up a command that hangs, and kills its whole group', async () => {
    const pids = join(stateDir, 'pids');
    const command = ['sh', '-c', `sleep 300 & echo $! $$ >>${pids}; wait`];
    const liveness = {
      ...DEFAULT_CHECK,
      probe: { kind: 'exec' as const, command },
      timeoutMs: 150,
      intervalMs: 50,
      startPeriodMs: 0,
    };
    agent.handle(start(launchOf(['sleep', '60'], { liveness })));
    await until(() => checks().filter((check) => check.error === 'timeout').length >= 3);
    const runs = readFileSync(pids, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    const alive = runs.flat().filter((pid) => startTicksOf(pid) !== undefined);
    // At most the one that is running right now.
    expect(alive.length).toBeLessThanOrEqual(2);
  });

  it('hears an instance that reports by itself, and its silence', async () => {
    const liveness = { ...DEFAULT_CHECK, probe: { kind: 'ttl' as const, ttlMs: 150 }, startPeriodMs: 0 };
    agent.handle(start(launchOf(['sleep', '60'], { liveness })));
    await until(() => signals().some((signal) => signal.kind === 'started'));
    agent.heartbeat('web-1', true, 'well');
    await until(() => checks().some((check) => check.pass));
    const failure = await until(() => checks().find((check) => !check.pass));
    expect(failure.error).toMatch(/^no report for 0\.[12] s$/);
    expect(() => agent.heartbeat('web-9', true, '')).toThrow(/does not run here/);
  });
});
