/**
 * What the store and the journal cost, and what they keep when they are killed. Run on the disk that counts: set
 * HOLDFAST_BENCH_DIR to a directory there (a tmpfs has no fsync to wait for). The floor is a plain append + fdatasync
 * in the same place; etcd (Debian's etcd-server) is measured in the same run when it is installed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../src/model/random.ts';
import type { Store, Transaction } from '../../src/store/contract.ts';
import { EmbeddedStore } from '../../src/store/embedded/store.ts';
import { Journal } from '../../src/store/journal.ts';
import { crashRounds } from '../../src/store/testing/harness.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { etcdRows } from './etcd.ts';
import { diskFloor, inParallel, percentile, perSecond } from './measure.ts';

/** As long as an instance record or a journaled input of Holdfast's own. */
const VALUE = 'v'.repeat(300);
const CONCURRENCY = 16;
/** What one caller alone should reach of the disk's floor; all together should beat it, by sharing an fsync. */
const ALONE = 0.3;

export const bench: Bench = {
  name: 'store',
  what: 'embedded store and journal: durable writes, reads, watch latency, 200 kill -9',
  run: async (options) => {
    const dir = mkdtempSync(join(process.env.HOLDFAST_BENCH_DIR ?? tmpdir(), 'bench-store-'));
    try {
      options.log('the floor: append + fdatasync');
      const floor = diskFloor(join(dir, 'floor'), VALUE, options.quick ? 300 : 3_000);
      const rows = [floorRow(floor)];
      const steps = [storeRows, watchRows, journalRows, crashRows, etcdRows];
      for (const step of steps) rows.push(...(await step(dir, options, floor)));
      return rows;
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function storeRows(dir: string, { quick, log }: BenchOptions, floor: number): Promise<BenchRow[]> {
  const store = await EmbeddedStore.open({ dir: join(dir, 'store') });
  const rounds = quick ? 500 : 5_000;
  log('durable puts');
  const single = await perSecond(rounds, (n) => store.txn(put(`/bench/${n % 1_000}`)));
  const many = await inParallel(CONCURRENCY, rounds * 4, (n) => store.txn(put(`/bench/${n % 1_000}`)));
  log('compare-and-swap');
  const swaps = await perSecond(rounds, swapper(store));
  const manySwaps = await manySwappers(store, rounds * 4);
  log('gets and lists');
  const gets = await perSecond(rounds * 20, (n) => store.get(`/bench/${n % 1_000}`));
  const lists = await perSecond(rounds, () => store.list('/bench/1', { limit: 100 }));
  await store.close();
  const note =
    'libsql (SQLite WAL, synchronous FULL): one fsync a commit, two tables written, checksums, watch history';
  return [
    row('put.single', 'durable puts of 300 bytes, one writer', single, '1/s', floor * ALONE, note),
    row('put.concurrent', `the same, ${CONCURRENCY} writers`, many, '1/s', floor, 'one fsync for all who wait'),
    row('cas.single', 'compare-and-swap on one key, one client', swaps, '1/s', floor * ALONE),
    row('cas.concurrent', `the same, ${CONCURRENCY} clients, a key each`, manySwaps, '1/s', floor),
    row('get', 'gets of 300 bytes', gets, '1/s', 50_000),
    row('list', 'pages of 100 items', lists, '1/s', 1_000),
  ];
}

async function watchRows(dir: string, { quick, log }: BenchOptions): Promise<BenchRow[]> {
  log('watch latency');
  const store = await EmbeddedStore.open({ dir: join(dir, 'watch') });
  const rounds = quick ? 300 : 3_000;
  const asked: number[] = [];
  const acknowledged: number[] = [];
  const seen: number[] = [];
  const watching = (async () => {
    for await (const batch of store.watch('/bench/', 1)) {
      seen[batch.revision] = performance.now();
      if (batch.revision === rounds) return;
    }
  })();
  for (let n = 1; n <= rounds; n++) {
    asked[n] = performance.now();
    await store.txn(put('/bench/key'));
    acknowledged[n] = performance.now();
  }
  await watching;
  await store.close();
  const latencies = seen.slice(1).map((at, index) => at - (asked[index + 1] as number));
  const behind = seen.slice(1).map((at, index) => at - (acknowledged[index + 1] as number));
  const after = `after the writer was answered: p99 ${percentile(behind, 0.99).toFixed(3)} ms`;
  return [
    row('watch.p50', 'asked to write → seen by a watch, fsync included, p50', percentile(latencies, 0.5), 'ms', -2),
    row('watch.p99', 'the same, p99', percentile(latencies, 0.99), 'ms', -10, after),
  ];
}

async function journalRows(dir: string, { quick, log }: BenchOptions, floor: number): Promise<BenchRow[]> {
  log('journal');
  const journal = await Journal.open({ dir: join(dir, 'journal'), start: () => ({ at: 0, wallMs: 0, snapshot: '' }) });
  const rounds = quick ? 300 : 3_000;
  const append = (n: number): void => {
    if (journal.rotationDue) journal.rotate({ at: n, wallMs: n, snapshot: 'x'.repeat(100_000) });
    journal.append({ at: n, wallMs: n, kind: 'input', body: { text: VALUE } });
  };
  const durable = await perSecond(rounds, async (n) => {
    append(n);
    await journal.flush({ durable: true });
  });
  const concurrent = await inParallel(CONCURRENCY, rounds * 4, async (n) => {
    append(n);
    await journal.flush({ durable: true });
  });
  const batch = 1_000;
  const batches = await perSecond(quick ? 50 : 400, async () => {
    for (let n = 0; n < batch; n++) append(n);
    await journal.flush({ durable: false });
  });
  const start = performance.now();
  const { entries } = await journal.verify();
  const verified = entries / ((performance.now() - start) / 1_000);
  const bytes = journal.bytes;
  await journal.close();
  const again = performance.now();
  const reopened = await Journal.open({ dir: join(dir, 'journal'), start: () => ({ at: 0, wallMs: 0, snapshot: '' }) });
  const openMs = performance.now() - again;
  await reopened.close();
  return [
    row('journal.durable', 'appends of 300 bytes, durable each', durable, '1/s', floor * ALONE),
    row('journal.concurrent', `the same, ${CONCURRENCY} at once`, concurrent, '1/s', floor),
    row('journal.buffered', 'appends, written out every 1,000', batches * batch, '1/s', 50_000, 'hash chain included'),
    info('journal.verify', 'entries verified', verified, '1/s'),
    info('journal.open', `opening ${(bytes / 1_048_576).toFixed(0)} MiB, whole chain checked`, openMs, 'ms'),
  ];
}

async function crashRows(dir: string, { quick, log }: BenchOptions): Promise<BenchRow[]> {
  const kills = quick ? 20 : 200;
  log(`${kills} × kill -9 at random moments`);
  const seed = Date.now() % 1_000_000;
  const result = await crashRounds(join(dir, 'crash'), kills, Random.seeded(seed));
  for (const loss of result.losses) log(loss);
  const note = `${result.acknowledged} acknowledged writes over ${kills} kills, moments from seed ${seed}`;
  return [
    row(
      'crash.losses',
      'acknowledged writes lost, torn transactions, broken chains',
      result.losses.length,
      '',
      -0,
      note,
    ),
    row('crash.open', 'opening store and journal after a kill, p99', percentile(result.openMs, 0.99), 'ms', -500),
  ];
}

function swapper(store: Store, key = '/swap'): (n: number) => Promise<void> {
  let revision: number | undefined;
  return async () => {
    const when = revision === undefined ? [] : [{ key, is: 'modified-at', revision } as const];
    const change = [{ op: 'put', key, value: VALUE, lease: null } as const];
    const result = await store.txn({ when, change, otherwise: [] });
    if (!result.succeeded) throw new Error(`a swap of ${key} failed that nobody disturbed`);
    revision = result.revision;
  };
}

function manySwappers(store: Store, rounds: number): Promise<number> {
  const swappers = Array.from({ length: CONCURRENCY }, (_, n) => swapper(store, `/swap/${n}`));
  return inParallel(CONCURRENCY, rounds, (n, client) => (swappers[client] as (n: number) => Promise<void>)(n));
}

function put(key: string): Transaction {
  return { when: [], change: [{ op: 'put', key, value: VALUE, lease: null }], otherwise: [] };
}

/** A negative target is the most that is good, a positive one the least. */
function row(id: string, what: string, value: number, unit: string, target: number, note?: string): BenchRow {
  const most = target < 0 || Object.is(target, -0);
  const pass = most ? value <= -target : value >= target;
  return { id, what, value, unit, target: Math.round(Math.abs(target)), pass, ...(note === undefined ? {} : { note }) };
}

function info(id: string, what: string, value: number, unit: string): BenchRow {
  return { id, what, value, unit, target: null, pass: null };
}

function floorRow(value: number): BenchRow {
  const what = 'node:fs append of 300 bytes + fdatasync, one at a time';
  const note = 'what this disk allows a lone writer; the targets of durable rows follow from it';
  return { ...info('floor.fdatasync', what, value, '1/s'), note };
}
