import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import type { HistoryEvent, Value } from '../history/event.ts';
import { parseHistory } from '../history/parse.ts';
import { checkTransactions, type TransactionReport } from './check.ts';
import { type TransactionKind, transactionsOf } from './history.ts';

type Micro = [string, string, Value];

/** `ok 1: append x 1, r y []` lines, one after the other in time; `with` lines overlap the one before. */
function scenario(...lines: string[]): TransactionReport {
  const events: HistoryEvent[] = [];
  const pending: HistoryEvent[] = [];
  lines.forEach((line, process) => {
    const [, overlaps, type, written] = /^(\| )?(ok|fail|info) (.*)$/.exec(line) as unknown as string[];
    const value = (written as string).split(', ').map(micro);
    if (!overlaps) events.push(...pending.splice(0));
    events.push({ process, type: 'invoke', f: 'txn', value });
    pending.push({ process, type: type as 'ok', f: 'txn', value });
  });
  return checkTransactions(transactionsOf([...events, ...pending]));
}

function micro(text: string): Micro {
  const [f, key, value] = text.split(' ') as [string, string, string];
  return [f, key, value === undefined || value === 'nil' ? null : (JSON.parse(value) as Value)];
}

const ALL = [
  'strict-serializable',
  'serializable',
  'repeatable-read',
  'snapshot-isolation',
  'read-committed',
  'read-uncommitted',
];

describe('anomalies by name, and the level that still holds', () => {
  const cases: [name: string, strongest: string[], ...lines: string[]][] = [
    ['none', ['strict-serializable'], 'ok append x 1, r y []', 'ok r x [1], append y 2', 'ok r x [1], r y [2]'],
    ['G0', [], 'ok append x 1, append y 1', '| ok append x 2, append y 2', 'ok r x [1,2], r y [2,1]'],
    ['G1a', ['read-uncommitted'], 'fail append x 1', 'ok r x [1]'],
    ['G1b', ['read-uncommitted'], 'ok append x 1, append x 2', '| ok r x [1]', 'ok r x [1,2]'],
    ['G1c', ['read-uncommitted'], 'ok append x 1, r y [2]', '| ok append y 2, r x [1]'],
    ['G-single', ['read-committed'], 'ok append x 1, append y 1', '| ok r x [], r y [1]', 'ok r x [1]'],
    ['lost update', ['read-committed'], 'ok r x [], append x 1', '| ok r x [], append x 2', 'ok r x [1,2]'],
    ['G2-item', ['snapshot-isolation'], 'ok r x [], append y 1', '| ok r y [], append x 1', 'ok r x [1], r y [1]'],
    ['G-single-realtime', ['serializable'], 'ok append x 1', 'ok r x []', 'ok r x [1]'],
    ['G-single-realtime', ['serializable'], 'ok append x 1', 'ok append x 2', 'ok r x [1]'],
    ['internal', ['read-committed'], 'ok append x 1, r x []', 'ok r x [1]'],
    ['incompatible order', [], 'ok append x 1', '| ok append x 2', '| ok r x [1]', '| ok r x [2]'],
    ['duplicate elements', [], 'ok append x 1', 'ok r x [1,1]'],
    ['unwritten value', [], 'ok append x 1', 'ok r x [7]'],
    ['dirty update', ['read-uncommitted'], 'fail append x 1', '| ok append x 2', 'ok r x [1,2]'],
    ['G1a', ['read-uncommitted'], 'fail w x 1', 'ok r x 1'],
    ['G1b', ['read-uncommitted'], 'ok w x 1, w x 2', '| ok r x 1'],
    ['G1c', ['read-uncommitted'], 'ok w x 1, r y 2', '| ok w y 2, r x 1'],
    ['lost update', ['read-committed'], 'ok r x nil, w x 1', '| ok r x nil, w x 2'],
    ['G-single', ['read-committed'], 'ok w x 1, w y 1', '| ok r x nil, r y 1'],
    ['G2-item', ['snapshot-isolation'], 'ok r x nil, w y 1', '| ok r y nil, w x 1'],
    ['internal', ['read-committed'], 'ok w x 1, r x 2', '| ok w x 2'],
  ];
  it.each(cases)('%s → %j', (name, strongest, ...lines) => {
    const report = scenario(...lines);
    if (name === 'none') expect([...report.anomalies.keys()]).toEqual([]);
    else expect([...report.anomalies.keys()]).toContain(name);
    expect(report.strongest).toEqual(strongest);
    expect(report.unknown).toBeUndefined();
  });

  it('names every level that holds', () => {
    expect(scenario('ok append x 1', 'ok r x [1]').holds).toEqual(ALL);
    expect(scenario('ok r x [], append y 1', '| ok r y [], append x 1', 'ok r x [1], r y [1]').holds).toEqual(
      ALL.slice(3),
    );
  });

  it('counts on an unknown outcome only when somebody saw it', () => {
    expect(scenario('info append x 1', 'ok r x []').strongest).toEqual(['strict-serializable']);
    expect(scenario('info append x 1', 'ok r x [1]', 'ok r x []').strongest).toEqual(['serializable']);
  });

  it('refuses to judge when versions cannot be told apart', () => {
    expect(scenario('ok append x 1', 'ok append x 1').unknown).toContain('written twice');
  });

  it('draws the cycle', () => {
    const report = scenario('ok append x 1, append y 1', '| ok r x [], r y [1]', 'ok r x [1]');
    expect(report.findings.find((finding) => finding.anomaly === 'G-single')?.text).toBe(
      [
        'T1 (process 1): r x → [], r y → [1]',
        '  did not see',
        'T0 (process 0): append x 1, append y 1',
        '  read by',
        'T1',
      ].join('\n'),
    );
  });

  it('reads what Jepsen writes', () => {
    const edn = `{:type :invoke, :f :txn, :value [[:append 3 1] [:r 3 nil]], :process 0, :time 1}
      {:type :ok, :f :txn, :value [[:append 3 1] [:r 3 [1]]], :process 0, :time 2}
      {:type :invoke, :f :txn, :value [[:r 3 nil]], :process 1, :time 3}
      {:type :ok, :f :txn, :value [[:r 3 [1]]], :process 1, :time 4}`;
    expect(checkTransactions(transactionsOf(parseHistory(edn))).strongest).toEqual(['strict-serializable']);
  });
});

interface Simulated {
  readonly kind: TransactionKind;
  readonly transactions: number;
  readonly processes: number;
  readonly keys: number;
  /** Whole transactions at one moment, or micro-operation by micro-operation. */
  readonly serial: boolean;
}

function simulate(seed: number, shape: Simulated): HistoryEvent[] {
  const random = Random.seeded(seed);
  const lists = shape.kind === 'list-append';
  const state = new Map<string, Value>();
  const events: HistoryEvent[] = [];
  let value = 0;
  let left = shape.transactions;
  const idle = Array.from({ length: shape.processes }, (_, n) => n);
  const open: { process: number; todo: Micro[]; done: Micro[] }[] = [];
  const one = ([f, key, given]: Micro): Micro => {
    const before = state.get(key) ?? (lists ? [] : null);
    if (f === 'r') return [f, key, before];
    state.set(key, lists ? [...(before as Value[]), given] : given);
    return [f, key, given];
  };
  while (left > 0 || open.length > 0) {
    if (left > 0 && idle.length > 0 && random.float() < 0.4) {
      const process = idle.pop() as number;
      const todo = Array.from({ length: 1 + random.int(3) }, (): Micro => {
        const key = `k${random.int(shape.keys)}`;
        return random.float() < 0.5 ? ['r', key, null] : [lists ? 'append' : 'w', key, ++value];
      });
      events.push({ process, type: 'invoke', f: 'txn', value: todo });
      open.push({ process, todo, done: [] });
      left--;
      continue;
    }
    const at = random.int(Math.max(1, open.length));
    const txn = open[at];
    if (!txn) continue;
    if (txn.done.length === txn.todo.length) {
      open.splice(at, 1);
      idle.push(txn.process);
      events.push({ process: txn.process, type: 'ok', f: 'txn', value: txn.done });
    } else if (shape.serial) txn.done.push(...txn.todo.map(one));
    else txn.done.push(one(txn.todo[txn.done.length] as Micro));
  }
  if (lists) {
    const all: Micro[] = [...state].map(([key, list]) => ['r', key, list]);
    events.push(
      { process: 99, type: 'invoke', f: 'txn', value: all },
      { process: 99, type: 'ok', f: 'txn', value: all },
    );
  }
  return events;
}

/** Is there an order of whole transactions that explains every read? */
function serializable(events: readonly HistoryEvent[], realtime: boolean, lists: boolean): boolean {
  const all = events.flatMap((event, start) => {
    if (event.type !== 'invoke') return [];
    const end = events.findIndex((other, at) => at > start && other.process === event.process);
    return [{ start, end, micro: events[end]?.value as unknown as Micro[] }];
  });
  const from = (state: ReadonlyMap<string, Value>, left: typeof all): boolean =>
    left.length === 0 ||
    left.some((txn) => {
      if (realtime && left.some((other) => other.end < txn.start)) return false;
      const next = new Map(state);
      for (const [f, key, value] of txn.micro) {
        const before = next.get(key) ?? (lists ? [] : null);
        if (f === 'r' && JSON.stringify(before) !== JSON.stringify(value)) return false;
        if (f !== 'r') next.set(key, lists ? [...(before as Value[]), value] : value);
      }
      return from(
        next,
        left.filter((other) => other !== txn),
      );
    });
  return from(new Map(), all);
}

describe('verdicts against every serial order', () => {
  it.each(['list-append', 'rw-register'] as const)('%s: a serial execution shows nothing', (kind) => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (seed, n, keys) => {
          const events = simulate(seed, { kind, transactions: n, processes: 5, keys, serial: true });
          const report = checkTransactions(transactionsOf(events));
          expect(report.strongest, report.findings[0]?.text).toEqual(['strict-serializable']);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('list-append: serializable and strictly so, exactly when some order explains it', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(
        fc.nat(10_000_000),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (seed, n, keys) => {
          const events = simulate(seed, { kind: 'list-append', transactions: n, processes: 3, keys, serial: false });
          const report = checkTransactions(transactionsOf(events));
          const expected = serializable(events, false, true);
          seen[`${expected}`]++;
          const evidence = report.findings.map((finding) => `${finding.anomaly}\n${finding.text}`).join('\n');
          expect(report.holds.includes('serializable'), evidence).toBe(expected);
          expect(report.holds.includes('strict-serializable'), evidence).toBe(serializable(events, true, true));
        },
      ),
      { numRuns: 600 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(50);
  });

  it('rw-register: never an anomaly that some order explains', () => {
    let caught = 0;
    fc.assert(
      fc.property(
        fc.nat(10_000_000),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        (seed, n, keys) => {
          const events = simulate(seed, { kind: 'rw-register', transactions: n, processes: 3, keys, serial: false });
          const report = checkTransactions(transactionsOf(events));
          if (!report.holds.includes('serializable')) caught++;
          if (serializable(events, false, false))
            expect(report.holds, report.findings[0]?.text).toContain('serializable');
          if (serializable(events, true, false)) expect(report.strongest).toEqual(['strict-serializable']);
        },
      ),
      { numRuns: 600 },
    );
    expect(caught).toBeGreaterThan(50);
  });
});
