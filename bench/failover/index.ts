/**
 * How long clients of a database are without it when something happens to its primary, and what they lose: PostgreSQL
 * with a synchronous standby and Redis, both as `examples/data` runs them, with a client that writes unique values all
 * the time through the endpoint.
 *
 * `HOLDFAST_FAILOVER_KINDS=cut,twice` picks what happens, `HOLDFAST_FAILOVER_ROUNDS=20` how often (each of them, with
 * both stores). A round takes at least 12.5 s: failovers that follow faster are held back on purpose.
 */
import { join } from 'node:path';
import { HoldfastError } from '../../src/model/errors.ts';
import { ensureDebian } from '../../test/support/debian.ts';
import { DIST } from '../../test/support/paths.ts';
import { freePort, TestSystem } from '../../test/support/system.ts';
import { PostgresWriter, RedisWriter } from '../../test/support/unique-writes.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { KINDS, type Kind, measure, type Round, type Subject } from './rounds.ts';

const PASSWORD = 'benchmark';
/** All of it in less than a quarter of an hour. */
const ROUNDS: Readonly<Record<Kind, number>> = { killed: 8, paused: 5, cut: 5, twice: 3, holdfast: 5 };
const QUICK_ROUNDS = 1;
/** Downtime that PostgreSQL's clients may see. */
const P50_SEC = 3;
const P99_SEC = 6;

export const bench: Bench = {
  name: 'failover',
  what: 'downtime and lost writes of PostgreSQL and Redis: primary killed, paused, cut off; twice; Holdfast killed too',
  async run(options: BenchOptions): Promise<BenchRow[]> {
    const kinds = kindsAsked();
    ensureDebian(['postgresql', 'redis-server', 'iptables']);
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
      const db = { system, service: 'db', open: () => new PostgresWriter(dbPort, PASSWORD) };
      const cache = { system, service: 'cache', open: () => new RedisWriter(cachePort) };
      const rows: BenchRow[] = [];
      for (const kind of kinds) rows.push(...rowsOf('postgres', kind, await rounds(db, kind, 1, options), true));
      // Half as many: nothing is promised of it but that losses are found.
      for (const kind of kinds) rows.push(...rowsOf('redis', kind, await rounds(cache, kind, 0.5, options), false));
      return rows;
    } finally {
      await system.stop();
    }
  },
};

function kindsAsked(): readonly Kind[] {
  const asked = process.env.HOLDFAST_FAILOVER_KINDS?.split(',') ?? KINDS;
  const kinds = KINDS.filter((kind) => asked.includes(kind));
  if (kinds.length === asked.length) return kinds;
  throw new HoldfastError('HF8002', `HOLDFAST_FAILOVER_KINDS=${asked.join()}: there are ${KINDS.join(', ')}`);
}

async function rounds(subject: Subject, kind: Kind, share: number, { quick, log }: BenchOptions): Promise<Round[]> {
  const asked = Number(process.env.HOLDFAST_FAILOVER_ROUNDS ?? 0);
  const count = asked > 0 ? asked : quick ? QUICK_ROUNDS : Math.ceil(ROUNDS[kind] * share);
  const done: Round[] = [];
  for (let round = 1; round <= count; round++) {
    const { downtimeMs, acknowledged, lost, redundantMs } = await measure(subject, kind, round);
    done.push({ downtimeMs, acknowledged, lost, redundantMs });
    log(
      `${subject.service} ${kind} ${round}: down ${Math.round(downtimeMs)} ms, ${lost.length} of ${acknowledged} lost, whole again after ${(redundantMs / 1_000).toFixed(1)} s`,
    );
  }
  return done;
}

function rowsOf(engine: string, kind: Kind, done: readonly Round[], judged: boolean): BenchRow[] {
  const id = `${engine}.${kind}`;
  const downs = done.map(({ downtimeMs }) => downtimeMs / 1_000);
  const lost = done.reduce((sum, round) => sum + round.lost.length, 0);
  const acknowledged = done.reduce((sum, round) => sum + round.acknowledged, 0);
  const time = (which: string, share: number, target: number): BenchRow => {
    const value = quantile(downs, share);
    return {
      id: `${id}.downtime-${which}`,
      what: `${engine}, ${kind}: longest time between two acknowledged writes, ${which}`,
      value,
      unit: 's',
      target: judged ? target : null,
      pass: judged ? value <= target : null,
      note: `${done.length} rounds`,
    };
  };
  return [
    time('p50', 0.5, P50_SEC),
    time('p99', 0.99, P99_SEC),
    {
      id: `${id}.lost`,
      what: `${engine}, ${kind}: acknowledged writes lost`,
      value: lost,
      unit: 'writes',
      target: judged ? 0 : null,
      pass: judged ? lost === 0 : null,
      note: `of ${acknowledged}${judged ? '' : '; asynchronous: what was not yet copied goes with the primary'}`,
    },
    {
      id: `${id}.redundant`,
      what: `${engine}, ${kind}: until the old primary could take over again, median`,
      value: quantile(
        done.map(({ redundantMs }) => redundantMs / 1_000),
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
