/**
 * How long clients of a database are without it when its primary is killed, and what they lose: PostgreSQL with a
 * synchronous standby and Redis, both as `examples/data` runs them, with a client that writes unique values all the
 * time through the endpoint. A round: the standby has caught up, the primary gets SIGKILL, writes go on, and the old
 * primary is back as a standby.
 */
import { join } from 'node:path';
import { ensureDebian } from '../../test/support/debian.ts';
import { DIST } from '../../test/support/paths.ts';
import { freePort, pause, TestSystem } from '../../test/support/system.ts';
import { type Losses, PostgresWriter, RedisWriter } from '../../test/support/unique-writes.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';

const PASSWORD = 'benchmark';
const ROUNDS = 20;
const QUICK_ROUNDS = 3;
/** Downtime that PostgreSQL's clients may see. */
const P50_SEC = 3;
const P99_SEC = 6;
/** More failovers a minute than five are held back on purpose (docs/guard-rails.md): that is not what is measured here. */
const PACE_MS = 12_500;

interface Round extends Losses {
  /** Until the old primary follows the new one and could take over. */
  readonly redundantMs: number;
}

export const bench: Bench = {
  name: 'failover',
  what: 'downtime and lost writes of PostgreSQL and Redis when the primary is killed',
  async run(options: BenchOptions): Promise<BenchRow[]> {
    ensureDebian(['postgresql', 'redis-server']);
    const rounds = options.quick ? QUICK_ROUNDS : ROUNDS;
    const [apiPort, dbPort, cachePort] = [await freePort(), await freePort(), await freePort()];
    const system = await TestSystem.start({
      file: join(DIST, '../examples/data/compose.yaml'),
      variables: {
        API_PORT: String(apiPort),
        DB_PORT: String(dbPort),
        CACHE_PORT: String(cachePort),
        DATABASE_PASSWORD: PASSWORD,
        ...(process.getuid?.() === 0 ? {} : { DATABASE_USER: '' }),
      },
      healthyWithinMs: 80_000,
    });
    try {
      const postgres = await measure(system, 'db', rounds, options, () => new PostgresWriter(dbPort, PASSWORD));
      const redis = await measure(system, 'cache', rounds, options, () => new RedisWriter(cachePort));
      return [...rowsOf('postgres', postgres, true), ...rowsOf('redis', redis, false)];
    } finally {
      await system.stop();
    }
  },
};

async function measure(
  system: TestSystem,
  service: string,
  count: number,
  options: BenchOptions,
  open: () => PostgresWriter | RedisWriter,
): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let round = 1; round <= count; round++) {
    const { holder } = await redundant(system, service);
    const writer = open();
    await writer.prepare();
    writer.start();
    await writer.progress(100, 10_000);
    const { pid } = await system.instance(holder);
    if (pid === null) throw new Error(`${holder} has no process`);
    writer.mark();
    const killedAt = performance.now();
    process.kill(pid, 'SIGKILL');
    await writer.progress(100, 30_000);
    const { downtimeMs } = writer;
    await redundant(system, service);
    const redundantMs = performance.now() - killedAt;
    const losses = await writer.stop();
    rounds.push({ ...losses, downtimeMs, redundantMs });
    await pause(PACE_MS - (performance.now() - killedAt));
    options.log(
      `${service} ${round}: down ${Math.round(downtimeMs)} ms, ${losses.lost.length} of ${losses.acknowledged} lost, whole again after ${(redundantMs / 1_000).toFixed(1)} s`,
    );
  }
  return rounds;
}

function redundant(system: TestSystem, service: string): Promise<{ readonly holder: string }> {
  return system.waitFor(`${service} has a caught-up standby`, 90_000, async (client) => {
    const found = (await client.services()).find(({ name }) => name === service);
    const roles = found?.instances.map(({ role }) => role).sort();
    return roles?.join() === 'primary,standby' && found?.failover?.caughtUp.length === 1 ? found.failover : undefined;
  });
}

function rowsOf(engine: string, rounds: readonly Round[], judged: boolean): BenchRow[] {
  const downs = rounds.map(({ downtimeMs }) => downtimeMs / 1_000);
  const lost = rounds.reduce((sum, round) => sum + round.lost.length, 0);
  const acknowledged = rounds.reduce((sum, round) => sum + round.acknowledged, 0);
  const time = (id: string, share: number, target: number): BenchRow => {
    const value = quantile(downs, share);
    return {
      id: `${engine}.downtime-${id}`,
      what: `${engine}: longest time between two acknowledged writes, ${id}`,
      value,
      unit: 's',
      target: judged ? target : null,
      pass: judged ? value <= target : null,
      note: `${rounds.length} rounds`,
    };
  };
  return [
    time('p50', 0.5, P50_SEC),
    time('p99', 0.99, P99_SEC),
    {
      id: `${engine}.lost`,
      what: `${engine}: acknowledged writes lost`,
      value: lost,
      unit: 'writes',
      target: judged ? 0 : null,
      pass: judged ? lost === 0 : null,
      note: `of ${acknowledged}${judged ? '' : '; asynchronous: what was not yet copied goes with the primary'}`,
    },
    {
      id: `${engine}.redundant`,
      what: `${engine}: until the old primary could take over again, median`,
      value: quantile(
        rounds.map(({ redundantMs }) => redundantMs / 1_000),
        0.5,
      ),
      unit: 's',
      target: null,
      pass: null,
    },
  ];
}

/** The smallest value that so many of them do not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
