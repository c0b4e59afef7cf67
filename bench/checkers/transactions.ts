/**
 * Histories of transactions with a known verdict, from a seed: a real engine that gives one level of isolation, run with
 * moments of effect drawn at random, and what it gives made worse by a few transactions on keys of their own.
 */
import { Random } from '../../src/model/random.ts';
import type { HistoryEvent, Value } from '../../src/prove/history/event.ts';
import type { IsolationLevel } from '../../src/prove/transactions/anomalies.ts';
import { checkTransactions } from '../../src/prove/transactions/check.ts';
import { type TransactionKind, transactionsOf } from '../../src/prove/transactions/history.ts';

type Micro = readonly [f: string, key: string, value: Value];

/** What the engine gives. */
type Engine = 'strict-serializable' | 'snapshot-isolation' | 'read-committed';
const ENGINES: readonly Engine[] = ['strict-serializable', 'snapshot-isolation', 'read-committed'];

interface Running {
  readonly process: number;
  readonly todo: readonly Micro[];
  readonly done: Micro[];
  readonly own: Map<string, Value>;
  /** What was committed when it began. */
  snapshot: ReadonlyMap<string, Value> | null;
  ended: 'ok' | 'fail' | null;
}

/** An anomaly between transactions that overlap, and the level that it takes away; `?` never answered, `!` refused. */
interface Worse {
  readonly name: string;
  readonly takes: IsolationLevel;
  /** As they are answered; `w` stands for the write of the kind. A read brings a number: of a list, the values up to it. */
  readonly transactions: readonly (readonly (readonly [f: 'r' | 'w', key: string, value: number])[])[];
  readonly refused?: number;
}

const WORSE: readonly Worse[] = [
  {
    name: 'write skew',
    takes: 'serializable',
    transactions: [
      [
        ['r', 'a', 0],
        ['w', 'b', 1],
      ],
      [
        ['r', 'b', 0],
        ['w', 'a', 1],
      ],
    ],
  },
  {
    name: 'torn read',
    takes: 'snapshot-isolation',
    transactions: [
      [
        ['w', 'a', 1],
        ['w', 'b', 1],
      ],
      [
        ['r', 'a', 0],
        ['r', 'b', 1],
      ],
    ],
  },
  {
    name: 'lost update',
    takes: 'snapshot-isolation',
    transactions: [
      [
        ['r', 'a', 0],
        ['w', 'a', 1],
      ],
      [
        ['r', 'a', 0],
        ['w', 'a', 2],
      ],
    ],
  },
  { name: 'aborted read', takes: 'read-committed', transactions: [[['w', 'a', 1]], [['r', 'a', 1]]], refused: 0 },
  {
    name: 'intermediate read',
    takes: 'read-committed',
    transactions: [
      [
        ['w', 'a', 1],
        ['w', 'a', 2],
      ],
      [['r', 'a', 1]],
    ],
  },
  {
    name: 'circular reads',
    takes: 'read-committed',
    transactions: [
      [
        ['w', 'a', 1],
        ['r', 'b', 1],
      ],
      [
        ['w', 'b', 1],
        ['r', 'a', 1],
      ],
    ],
  },
];

export interface TransactionTally {
  readonly name: string;
  readonly histories: number;
  /** What held and should not, or should and did not. */
  readonly misses: readonly string[];
  readonly ms: number;
}

/** Every engine and every way to make it worse, for one kind. */
export function transactionCells(kind: TransactionKind, transactions: number, seeds: number): TransactionTally[] {
  return ENGINES.map((engine) => {
    const misses: string[] = [];
    let histories = 0;
    let ms = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      for (const worse of [null, ...WORSE]) {
        const events = withWorse(run(seed, kind, engine, transactions), worse, kind, seed);
        const before = process.cpuUsage();
        const report = checkTransactions(transactionsOf(events));
        const { system, user } = process.cpuUsage(before);
        ms += (system + user) / 1_000;
        histories++;
        const name = `${kind}, ${engine}, ${worse?.name ?? 'as it was'}, seed ${seed}`;
        const kept: IsolationLevel = worse && takes(worse.takes, engine) ? beneath(worse.takes) : engine;
        if (report.unknown !== undefined) misses.push(`${name}: unknown: ${report.unknown}`);
        if (!report.holds.includes(kept))
          misses.push(`${name}: ${kept} should hold: ${report.findings[0]?.anomaly} ${report.findings[0]?.text}`);
        if (worse && report.holds.includes(worse.takes)) misses.push(`${name}: ${worse.takes} should not hold`);
      }
    }
    return { name: `${kind}, ${engine}`, histories, misses, ms };
  });
}

const ORDER: readonly IsolationLevel[] = [
  'read-uncommitted',
  'read-committed',
  'snapshot-isolation',
  'serializable',
  'strict-serializable',
];

function takes(level: IsolationLevel, from: IsolationLevel): boolean {
  return ORDER.indexOf(level) <= ORDER.indexOf(from);
}

function beneath(level: IsolationLevel): IsolationLevel {
  return ORDER[ORDER.indexOf(level) - 1] as IsolationLevel;
}

/** Puts the transactions, which overlap, in the middle. */
function withWorse(events: HistoryEvent[], worse: Worse | null, kind: TransactionKind, seed: number): HistoryEvent[] {
  if (!worse) return events;
  const lists = kind === 'list-append';
  const upTo = (n: number): Value => Array.from({ length: n }, (_, i) => i + 1);
  const brought = (n: number): Value => (lists ? upTo(n) : n === 0 ? null : n);
  const written = worse.transactions.map((all) =>
    all.map(([f, key, value]): Micro => {
      const name = `worse-${key}`;
      return f === 'r' ? ['r', name, brought(value)] : [lists ? 'append' : 'w', name, value];
    }),
  );
  const asked = (all: readonly Micro[]): Micro[] => all.map(([f, key, value]) => [f, key, f === 'r' ? null : value]);
  const first = 9_000;
  const put: HistoryEvent[] = [
    ...written.map((all, n): HistoryEvent => ({ process: first + n, type: 'invoke', f: 'txn', value: asked(all) })),
    ...written.map((all, n): HistoryEvent => {
      const type = n === worse.refused ? 'fail' : 'ok';
      return { process: first + n, type, f: 'txn', value: type === 'ok' ? all : asked(all) };
    }),
  ];
  // Lists tell their order only when they are read.
  const last = (key: string): number =>
    worse.transactions.reduce((most, all, n) => {
      const of = n === worse.refused ? [] : all.filter(([f, name]) => f === 'w' && name === key);
      return Math.max(most, ...of.map(([, , value]) => value));
    }, 0);
  if (lists) {
    const value: Micro[] = ['a', 'b'].map((key) => ['r', `worse-${key}`, upTo(last(key))]);
    put.push({ process: first + 9, type: 'invoke', f: 'txn', value: asked(value) });
    put.push({ process: first + 9, type: 'ok', f: 'txn', value });
  }
  const at = Math.floor(events.length * (0.2 + 0.6 * ((seed * 0.618) % 1)));
  return [...events.slice(0, at), ...put, ...events.slice(at)];
}

const PROCESSES = 10;
const KEYS = 10;
/** A key is replaced by a fresh one after so many writes. */
const WRITES_EACH = 40;
const LOST = 0.01;

function run(seed: number, kind: TransactionKind, engine: Engine, transactions: number): HistoryEvent[] {
  const random = Random.seeded(seed);
  const lists = kind === 'list-append';
  const events: HistoryEvent[] = [];
  const committed = new Map<string, Value>();
  const writes = new Array<number>(KEYS).fill(0);
  const idle = Array.from({ length: PROCESSES }, (_, n) => n);
  const open: Running[] = [];
  let [left, next, value] = [transactions, PROCESSES, 0];
  const micro = (): Micro => {
    const slot = random.int(KEYS);
    const key = `k${slot}-${Math.floor((writes[slot] as number) / WRITES_EACH)}`;
    if (random.float() < 0.5) return ['r', key, null];
    writes[slot] = (writes[slot] as number) + 1;
    return [lists ? 'append' : 'w', key, ++value];
  };
  while (left > 0 || open.length > 0) {
    if (left > 0 && idle.length > 0 && random.float() < 0.4) {
      const process = idle.pop() as number;
      const all = Array.from({ length: 1 + random.int(4) }, micro);
      // Without a lock on what it appended to, a transaction could not say what it would read there.
      const isFirst = ([, key]: Micro, n: number): boolean => all.findIndex(([, other]) => other === key) === n;
      const todo = engine === 'read-committed' ? all.filter(isFirst) : all;
      events.push({ process, type: 'invoke', f: 'txn', value: todo });
      open.push({ process, todo, done: [], own: new Map(), snapshot: null, ended: null });
      left--;
      continue;
    }
    const at = random.int(Math.max(1, open.length));
    const txn = open[at];
    if (!txn) continue;
    if (txn.ended === null) {
      step(txn, engine, committed, lists);
      continue;
    }
    open.splice(at, 1);
    // Nobody hears how it ended.
    if (random.float() < LOST) {
      idle.push(next++);
      continue;
    }
    idle.push(txn.process);
    const heard = txn.ended === 'ok' ? txn.done : txn.todo;
    events.push({ process: txn.process, type: txn.ended, f: 'txn', value: heard as unknown as Value });
  }
  return events;
}

/** One micro-operation, or the commit after the last; all at once where the engine is serial. */
function step(txn: Running, engine: Engine, committed: Map<string, Value>, lists: boolean): void {
  do {
    if (engine === 'snapshot-isolation') txn.snapshot ??= new Map(committed);
    const one = txn.todo[txn.done.length];
    if (!one) {
      commit(txn, engine, committed);
      return;
    }
    const [f, key, given] = one;
    const view = txn.own.get(key) ?? (txn.snapshot ?? committed).get(key) ?? (lists ? [] : null);
    if (f === 'r') txn.done.push([f, key, view]);
    else {
      // Appended when it commits: read committed may have seen less by then.
      txn.own.set(key, lists ? [...(view as readonly Value[]), given] : given);
      txn.done.push(one);
    }
  } while (engine === 'strict-serializable');
}

function commit(txn: Running, engine: Engine, committed: Map<string, Value>): void {
  const changed = [...txn.own.keys()].some((key) => committed.get(key) !== txn.snapshot?.get(key));
  // Who commits first, wins.
  if (engine === 'snapshot-isolation' && changed) {
    txn.ended = 'fail';
    return;
  }
  for (const [key, value] of txn.own) {
    const appended = txn.todo.filter(([f, name]) => f === 'append' && name === key).map(([, , given]) => given);
    const before = (committed.get(key) ?? []) as readonly Value[];
    committed.set(key, appended.length > 0 ? [...before, ...appended] : value);
  }
  txn.ended = 'ok';
}
