import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../history/event.ts';
import { byKey, historyOf } from '../history/history.ts';
import { byAbstraction } from './abstraction.ts';
import { checkLinearizable } from './check.ts';
import { setCompiler } from './collections.ts';
import type { ObjectName } from './objects.ts';
import { layOut } from './problem.ts';
import { bruteForce } from './testing/brute-force.ts';
import { SPECS, simulate } from './testing/simulate.ts';
import { SEARCH_BUDGET } from './walk.ts';

const OBJECTS = Object.keys(SPECS) as ObjectName[];

describe('verdicts agree with trying every order', () => {
  for (const object of OBJECTS) {
    for (const unique of [true, false]) {
      it(`${object}, ${unique ? 'unique' : 'repeated'} values`, { timeout: 30_000 }, () => {
        const seen = { linearizable: 0, 'not linearizable': 0, unknown: 0 };
        fc.assert(
          fc.property(
            fc.nat(1_000_000),
            fc.integer({ min: 2, max: 7 }),
            fc.integer({ min: 1, max: 4 }),
            fc.constantFrom(0, 0.3, 0.6),
            fc.constantFrom(0, 0.25),
            (seed, operations, processes, wrong, lost) => {
              const events = simulate(seed, { object, operations, processes, unique, wrong, lost });
              const expected = bruteForce(events, SPECS[object]) ? 'linearizable' : 'not linearizable';
              const initial = SPECS[object].initial;
              const quick = checkLinearizable(historyOf(events), { object, initial });
              const searched = checkLinearizable(historyOf(events), { object, initial, searchOnly: true });
              // However few it keeps at first.
              const narrow = { object, initial, searchOnly: true, beams: [1, 2] };
              if (seed % 4 === 0) expect(checkLinearizable(historyOf(events), narrow).verdict).toBe(expected);
              const exhaustive = { object, initial, searchOnly: true, abstraction: false };
              if (seed % 2 === 0) expect(checkLinearizable(historyOf(events), exhaustive).verdict).toBe(expected);
              seen[quick.verdict]++;
              const shown = quick.counterexample?.timeline ?? searched.counterexample?.timeline;
              expect([quick.verdict, searched.verdict], shown).toEqual([expected, expected]);
            },
          ),
          { numRuns: 600 },
        );
        // A test that only ever saw one verdict would prove nothing.
        expect(Math.min(seen.linearizable, seen['not linearizable'])).toBeGreaterThan(30);
      });
    }
  }
});

describe('what later looks say is used, and never too much', () => {
  it('sets whose elements are removed: by search and by abstraction', { timeout: 30_000 }, () => {
    const seen = { linearizable: 0, 'not linearizable': 0 };
    for (let seed = 1; seed <= 1_200; seed++) {
      const shape = { operations: 3 + (seed % 5), processes: 2 + (seed % 3), values: 2 + (seed % 4), lost: 0.1 };
      const wrong = seed % 7 < 3 ? 0 : 0.4;
      const events = simulate(seed, { object: 'set', unique: false, wrong, ...shape });
      const expected = bruteForce(events, SPECS.set) ? 'linearizable' : 'not linearizable';
      seen[expected]++;
      const history = historyOf(events);
      const options = { object: 'set', initial: [], searchOnly: true, abstraction: false, beams: [] } as const;
      expect(checkLinearizable(history, options).verdict, `seed ${seed}`).toBe(expected);
      const { rows } = byKey(history);
      const compiler = setCompiler(history, rows, []);
      const found = byAbstraction(layOut(history, rows, compiler), compiler.machine, SEARCH_BUDGET).outcome.kind;
      expect(found, `seed ${seed}`).toBe(expected === 'linearizable' ? 'explained' : 'broken');
    }
    expect(Math.min(seen.linearizable, seen['not linearizable'])).toBeGreaterThan(50);
  });

  it('a value taken out more often than it was put in needs no search', () => {
    const one = (process: number, f: string, value: number | null, brought: number): HistoryEvent[] => [
      { process, type: 'invoke', f, value },
      { process, type: 'ok', f, value: brought },
    ];
    const puts = [1, 1, 2].flatMap((value) => one(0, 'enqueue', value, value));
    const takes = [1, 1, 2, 1].flatMap((value) => one(1, 'dequeue', null, value));
    const report = checkLinearizable(historyOf([...puts, ...takes]), { object: 'queue' });
    expect(report).toMatchObject({ verdict: 'not linearizable', searched: 0 });
    expect(report.counterexample?.why).toContain('more often than it was put in');
  });
});

describe('drawings', () => {
  it('fit a terminal of 80 columns where the operations are few, whatever they carry', () => {
    const long = 'x'.repeat(300);
    const events: HistoryEvent[] = ['a', 'b'].flatMap((name, process) => [
      { process, type: 'invoke', f: 'put', value: `${name}${long}${name}` },
      { process, type: 'ok', f: 'put', value: null },
    ]);
    events.push({ process: 2, type: 'invoke', f: 'get', value: null });
    events.push({ process: 2, type: 'ok', f: 'get', value: `a${long}a` });
    const drawing =
      checkLinearizable(historyOf(events), { object: 'text', initial: '' }).counterexample?.timeline ?? '';
    expect(Math.max(...drawing.split('\n').map((line) => line.length))).toBeLessThan(78);
    expect(drawing).toContain('✗');
  });
});

/** Written, overwritten, and read all the same. */
const STALE: readonly HistoryEvent[] = [
  ['write', 900],
  ['write', 901],
  ['read', 900],
].flatMap(([f, value]) => [
  { process: 99_999, type: 'invoke', f: f as string, value: f === 'read' ? null : (value as number) },
  { process: 99_999, type: 'ok', f: f as string, value: value as number },
]);

describe('a large history of an atomic object', () => {
  for (const object of OBJECTS.filter((name) => name !== 'mutex')) {
    it(`${object}: linearizable as it is, caught with one stale read`, () => {
      for (let seed = 1; seed <= 5; seed++) {
        const shape = { object, operations: 120, processes: 4, unique: true, wrong: 0, lost: 0.03 };
        const events = simulate(seed, shape);
        const options = { object, initial: SPECS[object].initial };
        expect(checkLinearizable(historyOf(events), options).verdict).toBe('linearizable');
        const stale = withStaleRead(events);
        const report = checkLinearizable(historyOf(stale), options);
        expect(report.verdict).toBe('not linearizable');
        expect(report.counterexample?.timeline).toContain('✗');
      }
    });
  }

  it('many clients, few values and lost outcomes: what a search drowns in is judged', { timeout: 60_000 }, () => {
    const shape = { object: 'register', unique: false, values: 12, wrong: 0 } as const;
    const crowd = { ...shape, operations: 250, processes: 40, lost: 0.02 };
    const losses = { ...shape, operations: 400, processes: 5, values: 5, lost: 0.06 };
    for (const hard of [crowd, losses]) {
      for (let seed = 1; seed <= 3; seed++) {
        const events = simulate(seed, hard);
        const report = checkLinearizable(historyOf(events), { object: 'register', initial: null });
        expect(report.verdict, `seed ${seed}`).toBe('linearizable');
        // A value that was overwritten long ago, and that nobody has written again since.
        const broken = checkLinearizable(historyOf([...events, ...STALE]), { object: 'register', initial: null });
        expect(broken.verdict, `seed ${seed}`).toBe('not linearizable');
        expect(broken.counterexample?.timeline).toContain('✗');
      }
    }
  });

  it('says that it does not know when the budget is too small', () => {
    const events = simulate(7, {
      object: 'register',
      operations: 200,
      processes: 8,
      unique: false,
      wrong: 0,
      lost: 0.1,
    });
    const budget = { configurations: 1_000, steps: 50 };
    const report = checkLinearizable(historyOf(events), { object: 'register', budget });
    expect(report).toMatchObject({ verdict: 'unknown', unknown: { why: 'budget exhausted: more than 50 steps' } });
  });
});

/** The last read brings what the first one brought (a dequeue: what was taken before). */
function withStaleRead(events: readonly HistoryEvent[]): HistoryEvent[] {
  const looks = (event: HistoryEvent): boolean => event.type === 'ok' && ['read', 'get', 'dequeue'].includes(event.f);
  const last = events.findLastIndex((event) => looks(event) && JSON.stringify(event.value) !== 'null');
  const first = events.find(
    (event) => looks(event) && JSON.stringify(event.value) !== JSON.stringify(events[last]?.value),
  );
  return events.map((event, n) => (n === last ? { ...event, value: first?.value ?? 99 } : event));
}
