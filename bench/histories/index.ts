/**
 * The consistency checkers on recorded histories whose verdicts are known (HOLDFAST_DATASETS, folder histories: every
 * file that its verdicts.json names), beside the reference checker when that can be had, and on generated histories
 * for size: a million operations on registers, half a million transactions.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/model/random.ts';
import { checkLinearizable } from '../../src/prove/linearizability/check.ts';
import { checkTransactions } from '../../src/prove/transactions/check.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { listAppend, registers } from './generate.ts';
import type { Judged } from './judge.ts';
import { type Reference, reference } from './reference.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const MIB = 2 ** 20;
const SEED = 20_260_101;

export const bench: Bench = {
  name: 'histories',
  what: 'consistency checkers: verdicts, time and memory on recorded histories; a million operations',
  run: async (options) => [...(await recorded(options)), ...million(options), ...transactions(options)],
};

async function recorded({ quick, log }: BenchOptions): Promise<BenchRow[]> {
  // From dist/bench/histories to the checkout, and from there to its neighbour.
  const datasets = process.env.HOLDFAST_DATASETS ?? resolve(HERE, '../../../../shared/datasets');
  const folder = join(datasets, 'histories');
  if (!existsSync(join(folder, 'verdicts.json'))) {
    log('no recorded histories (set HOLDFAST_DATASETS): their rows are left out');
    return [];
  }
  const rounds = quick ? 1 : 5;
  log(`recorded histories, ${rounds} fresh processes`);
  const judged = Array.from({ length: rounds }, () => judge(folder));
  log('the reference checker');
  const peers = await reference(folder, rounds);
  return [...ownRows(judged, peers), ...(typeof peers === 'string' ? [] : peerRows(peers))];
}

function judge(folder: string): Judged {
  const script = join(HERE, import.meta.url.endsWith('.ts') ? 'judge.ts' : 'judge.js');
  return JSON.parse(
    execFileSync(process.execPath, [script, folder], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
  ) as Judged;
}

interface Timed {
  readonly histories: readonly { readonly name: string; readonly parseMs: number; readonly checkMs: number }[];
  readonly peakBytes: number;
}

const total = ({ histories }: Timed): number => histories.reduce((sum, one) => sum + one.parseMs + one.checkMs, 0);
const checking = ({ histories }: Timed): number => histories.reduce((sum, one) => sum + one.checkMs, 0);

function ownRows(judged: readonly Judged[], peers: readonly Reference[] | string): BenchRow[] {
  const wrong = new Set<string>();
  for (const { histories } of judged) {
    for (const { name, right, verdict } of histories) if (!right) wrong.add(`${name}: ${verdict}`);
  }
  const count = judged[0]?.histories.length ?? 0;
  const best = fastest(judged);
  const worst = slowest(best);
  const peer = typeof peers === 'string' ? null : fastest(peers);
  const target = peer && total(peer);
  const ms = total(best);
  // The peer reads registers and texts only: what it has not judged is not held against it.
  const names = new Set(peer?.histories.map(({ name }) => name));
  const shared = total({ ...best, histories: best.histories.filter(({ name }) => names.has(name)) });
  const peak = Math.max(...judged.map(({ peakBytes }) => peakBytes));
  const empty = Math.min(...judged.map(({ startBytes }) => startBytes));
  const compared =
    typeof peers === 'string'
      ? peers
      : `target: what the reference checker took in this run for ${peers[0]?.histories.length} of them`;
  const spread = `best of ${judged.length} fresh processes, compiling included; of it checking ${checking(best).toFixed(1)} ms`;
  return [
    row('verdicts', 'recorded histories judged rightly', count - wrong.size, '', count, [...wrong].join('; ')),
    {
      ...info('total', 'all of them, parsed and judged', ms, 'ms', `${spread}; ${compared}`),
      target,
      pass: target === null ? null : shared < target,
    },
    info('worst', 'the slowest one', worst.parseMs + worst.checkMs, 'ms', worst.name),
    info(
      'memory',
      'peak memory of that process',
      peak / MIB,
      'MiB',
      `${(empty / MIB).toFixed(0)} MiB of it before it read anything`,
    ),
  ];
}

function peerRows(peers: readonly Reference[]): BenchRow[] {
  const best = fastest(peers);
  const worst = slowest(best);
  const note = `Porcupine (Go), all cores; best of ${peers.length}; of it checking ${checking(best).toFixed(1)} ms`;
  return [
    info('reference.total', 'the reference checker: all of them', total(best), 'ms', note),
    info('reference.worst', 'the reference checker: the slowest one', worst.parseMs + worst.checkMs, 'ms', worst.name),
    info('reference.memory', 'the reference checker: peak memory', best.peakBytes / MIB, 'MiB'),
  ];
}

function fastest<T extends Timed>(runs: readonly T[]): T {
  return [...runs].sort((a, b) => total(a) - total(b))[0] as T;
}

function slowest<T extends Timed>({ histories }: T): T['histories'][number] {
  return [...histories].sort((a, b) => b.parseMs + b.checkMs - a.parseMs - a.checkMs)[0] as T['histories'][number];
}

function million({ quick, log }: BenchOptions): BenchRow[] {
  const rows: BenchRow[] = [];
  for (const keys of [1, 1_000]) {
    log(`a million operations on ${keys} registers`);
    const history = registers(Random.seeded(SEED), 1_000_000, keys);
    const ms = bestOf(quick ? 2 : 5, () => {
      const { verdict, searched } = checkLinearizable(history);
      if (verdict !== 'linearizable' || searched > 0) throw new Error(`generated history: ${verdict}`);
    });
    const what = `a million unique-write operations, ${keys === 1 ? 'one register' : '1,000 registers'}, 16 clients`;
    rows.push({ ...row(`million.${keys}`, what, ms, 'ms', 500, 'judged from memory, as recorded'), pass: ms <= 500 });
  }
  return rows;
}

function transactions({ quick, log }: BenchOptions): BenchRow[] {
  const count = quick ? 100_000 : 500_000;
  log(`${count} list-append transactions`);
  const history = listAppend(Random.seeded(SEED), count);
  const ms = bestOf(quick ? 2 : 5, () => {
    const { strongest } = checkTransactions(history);
    if (strongest[0] !== 'strict-serializable') throw new Error(`generated transactions: ${strongest}`);
  });
  const note = `${count} of 1 to 4 micro-operations, lists of up to 32, strict serializability included`;
  return [row('list-append', 'list-append transactions checked', count / (ms / 1_000), '1/s', 500_000, note)];
}

function bestOf(rounds: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < rounds; n++) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function row(id: string, what: string, value: number, unit: string, target: number, note = ''): BenchRow {
  return { id, what, value, unit, target, pass: value >= target, ...(note === '' ? {} : { note }) };
}

function info(id: string, what: string, value: number, unit: string, note = ''): BenchRow {
  return { id, what, value, unit, target: null, pass: null, ...(note === '' ? {} : { note }) };
}
