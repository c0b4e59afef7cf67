import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsistencyModel } from '../../model/consistency.ts';
import type { HistoryEvent, Value } from '../history/event.ts';
import { judgeHistory } from './judge.ts';
import { lostWrites } from './lost.ts';

/** `0 invoke write 1` lines: process, type, function, value as JSON; `@k` names a key. */
function history(...lines: string[]): HistoryEvent[] {
  return lines.map((line) => {
    const [, process, type, f, key, value] = /^(\d+) (\w+) (\w+)(?: @(\w+))?(?: (.*))?$/.exec(line) as string[] &
      string[];
    return {
      process: Number(process),
      type: type as 'ok',
      f: f as string,
      ...(key ? { key } : {}),
      value: value ? (JSON.parse(value) as Value) : null,
    };
  });
}

const one = (process: number, f: string, input: Value, output: Value = input, type: 'ok' | 'fail' | 'info' = 'ok') => [
  { process, type: 'invoke', f, value: input } as const,
  { process, type, f, value: output } as const,
];

describe('verdicts on objects', () => {
  it('a stale read is a contradiction with a drawing', () => {
    const verdict = judgeHistory(
      history(
        '0 invoke write @x 1',
        '0 ok write @x 1',
        '0 invoke write @x 2',
        '0 ok write @x 2',
        '1 invoke read @x',
        '1 ok read @x 1',
      ),
    );
    expect(verdict).toMatchObject({
      verdict: 'violated',
      checked: 'linearizable',
      kind: 'register',
      operations: 3,
      holds: [],
    });
    expect(verdict.contradictions[0]?.drawing).toContain('✗');
    expect(verdict.summary).toContain('Not linearizable');
  });

  it('says what it counted when nothing contradicts', () => {
    const verdict = judgeHistory([
      ...one(0, 'enqueue', 1),
      ...one(1, 'dequeue', null, 1),
      ...one(2, 'enqueue', 2, 2, 'info'),
    ]);
    expect(verdict).toMatchObject({ verdict: 'holds', kind: 'queue', outcomes: { ok: 2, failed: 0, unknown: 1 } });
    expect(verdict.summary).toBe('Nothing contradicts linearizable: 3 operations, 1 of unknown outcome on 1 key.');
  });

  it('reads keys out of values, as independent histories have them', () => {
    const events = [
      ...one(0, 'write', [7, 1]),
      ...one(1, 'write', [8, 5]),
      ...one(2, 'cas', [7, [1, 2]]),
      ...one(3, 'read', [7, null], [7, 2]),
      ...one(3, 'read', [8, null], [8, 5]),
    ];
    expect(judgeHistory(events)).toMatchObject({ verdict: 'holds', keys: 2 });
    expect(judgeHistory([...events, ...one(4, 'read', [8, null], [8, 2])]).verdict).toBe('violated');
  });

  it('a drain is as many dequeues', () => {
    const puts = [...one(0, 'enqueue', 1), ...one(0, 'enqueue', 2)];
    expect(judgeHistory([...puts, ...one(1, 'drain', null, [1, 2])]).verdict).toBe('holds');
    expect(judgeHistory([...puts, ...one(1, 'drain', null, [1, 1])]).verdict).toBe('violated');
    expect(() => judgeHistory([...puts, ...one(1, 'drain', null, null, 'info')])).toThrow('cannot be judged');
  });

  it('refuses with a code what fits no model', () => {
    expect(() => judgeHistory(one(0, 'frobnicate', 1))).toThrow(expect.objectContaining({ code: 'HF8042' }));
    expect(() => judgeHistory(one(0, 'cas', 3))).toThrow(expect.objectContaining({ code: 'HF8042' }));
    const asIsolation = { expect: 'serializable' as ConsistencyModel };
    expect(() => judgeHistory(one(0, 'write', 3), asIsolation)).toThrow('about transactions');
  });

  it('never takes longer than its budget, whatever the concurrency', { timeout: 30_000 }, () => {
    const events: HistoryEvent[] = [];
    // Four hundred clients write the same few values at once, and nobody returns before all have begun.
    for (let n = 0; n < 400; n++) events.push({ process: n, type: 'invoke', f: 'write', value: n % 50 });
    for (let n = 400; n < 500; n++) events.push({ process: n, type: 'invoke', f: 'read', value: null });
    for (let n = 400; n < 500; n++) events.push({ process: n, type: 'ok', f: 'read', value: (n * 7) % 50 });
    for (let n = 0; n < 400; n++) events.push({ process: n, type: 'ok', f: 'write', value: n % 50 });
    const budget = { configurations: 20_000, steps: 50_000 };
    const verdict = judgeHistory(events, { budget });
    expect(verdict.verdict).toBe('unknown');
    expect(verdict.reason).toMatch(/budget exhausted.*; let fewer clients share one key/);
    expect(judgeHistory(events, { budget }).reason).toBe(verdict.reason);
    expect(judgeHistory(events, { budget: { ...budget, steps: 2_000_000 } }).verdict).toBe('holds');
  });

  it('a hard key does not hide what an easy one proves', () => {
    const hard: HistoryEvent[] = [];
    for (let n = 0; n < 300; n++) hard.push({ process: n, type: 'invoke', f: 'write', key: 'hard', value: n % 40 });
    hard.push({ process: 300, type: 'invoke', f: 'read', key: 'hard', value: null });
    hard.push({ process: 300, type: 'ok', f: 'read', key: 'hard', value: 3 });
    for (let n = 0; n < 300; n++) hard.push({ process: n, type: 'ok', f: 'write', key: 'hard', value: n % 40 });
    const easy = history(
      '900 invoke write @easy 1',
      '900 ok write @easy 1',
      '901 invoke write @easy 1',
      '901 ok write @easy 1',
      '902 invoke read @easy',
      '902 ok read @easy 9',
    );
    const budget = { configurations: 5_000, steps: 30_000 };
    expect(judgeHistory(hard, { budget }).verdict).toBe('unknown');
    expect(judgeHistory([...hard, ...easy], { budget }).verdict).toBe('violated');
  });
});

const txn = (process: number, micro: Value): HistoryEvent[] => [
  { process, type: 'invoke', f: 'txn', value: micro },
  { process, type: 'ok', f: 'txn', value: micro },
];

describe('verdicts on transactions', () => {
  // Write skew: each reads what the other writes.
  const skew: HistoryEvent[] = [
    {
      process: 0,
      type: 'invoke',
      f: 'txn',
      value: [
        ['r', 'x', null],
        ['append', 'y', 1],
      ],
    },
    {
      process: 1,
      type: 'invoke',
      f: 'txn',
      value: [
        ['r', 'y', null],
        ['append', 'x', 1],
      ],
    },
    {
      process: 0,
      type: 'ok',
      f: 'txn',
      value: [
        ['r', 'x', []],
        ['append', 'y', 1],
      ],
    },
    {
      process: 1,
      type: 'ok',
      f: 'txn',
      value: [
        ['r', 'y', []],
        ['append', 'x', 1],
      ],
    },
    ...txn(2, [
      ['r', 'x', [1]],
      ['r', 'y', [1]],
    ]),
  ];

  it.each([
    ['strict-serializable', 'violated'],
    ['serializable', 'violated'],
    ['snapshot-isolation', 'holds'],
    ['read-committed', 'holds'],
  ] as const)('write skew against %s: %s', (expected, word) => {
    const verdict = judgeHistory(skew, { expect: expected });
    expect(verdict).toMatchObject({ verdict: word, kind: 'list-append', checked: expected });
    expect(verdict.holds[0]).toBe('snapshot-isolation');
    expect(verdict.anomalies).toEqual([{ name: 'G2-item', count: 1 }]);
  });

  it('names the level that still holds', () => {
    expect(judgeHistory(skew).summary).toBe(
      'Not strict-serializable: G2-item ×1; what still holds is snapshot-isolation (3 transactions on 2 keys).',
    );
  });
});

describe('acknowledged writes that are gone', () => {
  it('sets: absent from the last read', () => {
    const events = [...one(0, 'add', 1), ...one(0, 'add', 2), ...one(1, 'read', null, [2])];
    expect(lostWrites(events, 'set')).toMatchObject({ acknowledged: 2, lost: 1, unseen: 0 });
    expect(judgeHistory(events, { expect: 'no-lost-writes', kind: 'set' }).summary).toBe(
      '1 acknowledged write is lost: 3 operations on 1 key.',
    );
  });

  it('what nobody looked for again is not called lost', () => {
    const events = [...one(1, 'read', null, []), ...one(0, 'add', 1)];
    expect(lostWrites(events, 'set')).toMatchObject({ lost: 0, unseen: 1 });
    expect(judgeHistory(events, { expect: 'no-lost-writes', kind: 'set' }).verdict).toBe('unknown');
  });

  it('counters, queues, registers and lists', () => {
    expect(lostWrites([...one(0, 'add', 2), ...one(0, 'add', 3), ...one(1, 'read', null, 3)], 'counter')).toMatchObject(
      { lost: 2 },
    );
    const queue = [...one(0, 'enqueue', 1), ...one(0, 'enqueue', 2), ...one(1, 'dequeue', null, 2)];
    expect(lostWrites([...queue, ...one(1, 'dequeue', null, null)], 'queue')).toMatchObject({ lost: 1, unseen: 0 });
    expect(
      lostWrites([...queue, ...one(3, 'dequeue', null, null, 'info'), ...one(1, 'dequeue', null, null)], 'queue'),
    ).toMatchObject({ lost: 0, unseen: 1 });
    const register = [...one(0, 'write', 1), ...one(0, 'write', 2)];
    expect(lostWrites([...register, ...one(1, 'read', null, 1)], 'register')).toMatchObject({ lost: 1 });
    expect(lostWrites([...register, ...one(1, 'read', null, 2)], 'register')).toMatchObject({ lost: 0 });
    const lists = [...txn(0, [['append', 'x', 1]]), ...txn(0, [['append', 'x', 2]]), ...txn(1, [['r', 'x', [2]]])];
    expect(lostWrites(lists, 'list-append')).toMatchObject({ acknowledged: 2, lost: 1 });
  });

  it('an atomic set loses nothing, whatever becomes of its answers', () => {
    const outcome = fc.constantFrom('ok', 'info', 'fail');
    fc.assert(
      fc.property(fc.array(fc.record({ add: fc.boolean(), outcome, done: fc.boolean() })), (steps) => {
        const items: number[] = [];
        const events = steps.flatMap((step, n) => {
          if (!step.add) return one(n, 'read', null, [...items]);
          const type = step.outcome as 'ok' | 'info' | 'fail';
          if (type === 'ok' || (type === 'info' && step.done)) items.push(n);
          return one(n, 'add', n, n, type);
        });
        expect(lostWrites(events, 'set').lost).toBe(0);
      }),
    );
  });
});
