/** Workloads on real servers that are killed meanwhile: Redis, PostgreSQL, and what each promises. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ConsistencyModel, ConsistencyVerdict, WorkloadKind } from '../src/model/consistency.ts';
import { judgeHistory, kindNamed } from '../src/prove/consistency/index.ts';
import { adapterFor, runWorkload, type WorkloadRun } from '../src/workload/index.ts';
import { Postgres, Redis, type TestServer } from './support/servers.ts';
import { pause } from './support/system.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.end();
});

const running = <T extends TestServer>(server: T): T => {
  servers.push(server);
  return server;
};

const FOR_LONG_MS = 120_000;

interface Shape {
  readonly kind: WorkloadKind;
  /** Operations that succeed before it is stopped; default: it is stopped from outside. */
  readonly ok?: number;
  readonly keys?: number;
  readonly opsPerSec?: number;
  readonly seed?: number;
}

async function workload(target: string, { kind, ok, keys, opsPerSec = 600, seed = 3 }: Shape): Promise<WorkloadRun> {
  const adapter = await adapterFor(target);
  const until = FOR_LONG_MS;
  const run = runWorkload({ kind, adapter, seed, until, opsPerSec, timeoutMs: 1_000, ...(keys ? { keys } : {}) });
  if (ok !== undefined) {
    await reached(run, ok);
    run.stop();
  }
  return run;
}

/** By operations, not by time: how many there are in a second is the machine's business. */
async function reached(run: WorkloadRun, ok: number): Promise<void> {
  const enough = expect.poll(() => run.stats().ok, { timeout: 60_000 }).toBeGreaterThanOrEqual(ok);
  // A run that cannot begin never gets there: its own error says why.
  await Promise.race([enough, run.done.then(() => enough)]);
}

async function verdictOn(
  run: WorkloadRun,
  kind: WorkloadKind,
  expected?: ConsistencyModel,
): Promise<ConsistencyVerdict> {
  const { events, leftovers } = await run.done;
  expect(leftovers).toEqual([]);
  return judgeHistory(events, { kind: kindNamed(kind), ...(expected ? { expect: expected } : {}) });
}

const shown = ({ summary, contradictions }: ConsistencyVerdict): string =>
  [summary, ...contradictions.map(({ drawing }) => drawing)].join('\n');

/** kill -9 and a start again, a few times while clients work; then they end. */
async function killMeanwhile(server: TestServer, run: WorkloadRun, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await reached(run, run.stats().ok + 100);
    const before = run.stats().ok;
    await server.kill();
    await pause(200);
    await server.start();
    await reached(run, before + 20);
  }
  run.stop();
}

describe('Redis', () => {
  it.each(['register', 'cas-register', 'set', 'counter', 'queue', 'list-append'] as const)('%s', async (kind) => {
    const redis = running(await Redis.start('--save', '', '--appendonly', 'no'));
    const verdict = await verdictOn(await workload(`redis://127.0.0.1:${redis.port}`, { kind, ok: 200 }), kind);
    expect(verdict.verdict, shown(verdict)).toBe('holds');
    expect(verdict.outcomes.ok).toBeGreaterThanOrEqual(200);
  });

  it('killed and restarted, with every write on disk before its answer: a linearizable register', async () => {
    const redis = running(await Redis.start('--save', '', '--appendonly', 'yes', '--appendfsync', 'always'));
    const run = await workload(`redis://127.0.0.1:${redis.port}`, { kind: 'cas-register' });
    await killMeanwhile(redis, run, 3);
    const verdict = await verdictOn(run, 'cas-register');
    expect(verdict.verdict, shown(verdict)).toBe('holds');
    expect(run.stats().refused).toBeGreaterThan(0);
  });

  it('killed and restarted without its file: the loss is found and counted', async () => {
    const redis = running(await Redis.start('--save', '', '--appendonly', 'no'));
    const run = await workload(`redis://127.0.0.1:${redis.port}`, { kind: 'set' });
    await killMeanwhile(redis, run, 1);
    const { events } = await run.done;
    const judged = (expected: ConsistencyModel) => judgeHistory(events, { kind: 'set', expect: expected });
    expect(judged('linearizable').verdict).toBe('violated');
    const lost = judged('no-lost-writes');
    expect(lost.verdict).toBe('violated');
    expect(lost.anomalies[0]?.count).toBeGreaterThan(5);
  });
});

describe('PostgreSQL', () => {
  it('is serializable when asked to be, and less when not; kill -9 loses nothing', async () => {
    const postgres = running(await Postgres.start());
    const at = (level: string): string => `postgres://test@127.0.0.1:${postgres.port}/postgres?isolation=${level}`;
    // Two lists and eight clients: they meet all the time.
    const shape: Shape = { kind: 'list-append', ok: 500, keys: 2, opsPerSec: 400 };
    const serializable = await verdictOn(await workload(at('serializable'), shape), 'list-append', 'serializable');
    expect(serializable.verdict, shown(serializable)).toBe('holds');
    expect(serializable.outcomes.ok).toBeGreaterThanOrEqual(500);

    // Which anomaly shows in one run is up to chance, and how often: it runs until one of these does. What the level
    // promises holds in every run.
    const showing = async (
      level: string,
      promise: string,
      expected: readonly string[],
    ): Promise<ConsistencyVerdict> => {
      const seen = new Set<string>();
      for (let seed = 3; seed < 23; seed++) {
        const verdict = await verdictOn(await workload(at(level), { ...shape, seed }), 'list-append', 'serializable');
        expect(verdict.holds, shown(verdict)).toContain(promise);
        for (const { name } of verdict.anomalies) seen.add(name);
        if (verdict.verdict === 'violated' && verdict.anomalies.some(({ name }) => expected.includes(name)))
          return verdict;
      }
      throw new Error(`none of ${expected.join(', ')} in twenty runs at ${level}, but ${[...seen].join(', ')}`);
    };
    const committed = await showing('read-committed', 'read-committed', ['lost update', 'G-single', 'internal']);
    expect(committed.contradictions[0]?.drawing).toMatch(/^T\d+ \(process \d+\): /m);
    await showing('repeatable-read', 'snapshot-isolation', ['G2-item']);

    const run = await workload(at('read-committed'), { kind: 'register' });
    await killMeanwhile(postgres, run, 2);
    const register = await verdictOn(run, 'register');
    expect(register.verdict, shown(register)).toBe('holds');
  });

  it('linearizable in one row, at every level', async () => {
    const postgres = running(await Postgres.start());
    const target = `postgres://test@127.0.0.1:${postgres.port}/postgres?isolation=read-committed`;
    for (const kind of ['cas-register', 'set', 'counter'] as const) {
      const verdict = await verdictOn(await workload(target, { kind, ok: 200 }), kind);
      expect(verdict.verdict, shown(verdict)).toBe('holds');
      expect(verdict.outcomes.ok).toBeGreaterThanOrEqual(200);
    }
  });
});
