/**
 * Histories of objects with a known verdict, from a seed: a real object with moments of effect drawn at random, as it
 * is, or with a lie that nothing can explain told while everybody else waits, or with some answers exchanged, for
 * which the truth is what a plain search says.
 */
import type { Random } from '../../src/model/random.ts';
import type { HistoryEvent, Value } from '../../src/prove/history/event.ts';
import type { ObjectName } from '../../src/prove/linearizability/objects.ts';
import { type Said, type Shape, simulate } from '../../src/prove/linearizability/testing/simulate.ts';

export type Truth = 'linearizable' | 'not linearizable' | 'ask the plain search';

export interface Made {
  readonly events: readonly HistoryEvent[];
  readonly truth: Truth;
}

/** What a cell of the matrix varies. */
export interface Cell {
  readonly name: string;
  readonly object: ObjectName;
  readonly functions: readonly string[];
  readonly unique: boolean;
  readonly values: number;
  readonly processes: number;
  readonly lost: number;
}

/** Not used by any client otherwise. */
const FRESH = 1_000_003;

/** Told by one who is alone, and false whatever those of unknown outcome have done or may yet do. */
const LIES: Record<ObjectName, (state: Value, random: Random) => Said[]> = {
  register: () => [
    { f: 'write', input: FRESH, output: FRESH },
    { f: 'write', input: FRESH + 1, output: FRESH + 1 },
    { f: 'read', input: null, output: FRESH, lie: true },
  ],
  counter: (state) => [{ f: 'read', input: null, output: (state as number) + 100_000, lie: true }],
  set: (state) => [
    { f: 'add', input: FRESH, output: FRESH },
    { f: 'read', input: null, output: state, lie: true },
  ],
  // Two that are put in one after the other come out the other way round, later, among everybody else's.
  queue: () => [
    { f: 'enqueue', input: FRESH, output: FRESH },
    { f: 'enqueue', input: FRESH + 1, output: FRESH + 1 },
  ],
  text: (state) => [
    { f: 'append', input: '<new>', output: null },
    { f: 'get', input: null, output: state, lie: true },
  ],
  mutex: () => [],
};

export function honest(seed: number, cell: Cell, operations: number): Made {
  return { events: simulate(seed, { ...shapeOf(cell, operations), wrong: 0 }), truth: 'linearizable' };
}

export function lying(seed: number, cell: Cell, operations: number): Made {
  const pauseAt = Math.floor(operations * (0.25 + 0.5 * ((seed * 0.618) % 1)));
  const events = simulate(seed, { ...shapeOf(cell, operations), wrong: 0, pauseAt, between: LIES[cell.object] });
  if (cell.object !== 'queue') return { events, truth: 'not linearizable' };
  return exchanged(events);
}

/** Some two answers are not what they were: usually, but not always, a violation. */
export function tampered(seed: number, cell: Cell, operations: number): Made {
  const events = simulate(seed, { ...shapeOf(cell, operations), wrong: 3 / operations });
  return { events, truth: 'ask the plain search' };
}

function shapeOf(cell: Cell, operations: number): Omit<Shape, 'wrong'> {
  const { object, functions, unique, values, processes, lost } = cell;
  return { object, functions, unique, values, processes, lost, operations };
}

/** The two fresh values come out in the wrong order; both are put in already, so one after the other in time is wrong. */
function exchanged(events: readonly HistoryEvent[]): Made {
  const took = (value: number): number =>
    events.findIndex((e) => e.f === 'dequeue' && e.type === 'ok' && e.value === value);
  const [first, second] = [took(FRESH), took(FRESH + 1)];
  const begun = (at: number): number =>
    events.findLastIndex((e, n) => n < at && e.type === 'invoke' && e.process === events[at]?.process);
  // Where they overlap, or did not come out, nothing is proved.
  if (first < 0 || second < 0 || first > begun(second)) return { events, truth: 'linearizable' };
  const value = (at: number, given: HistoryEvent): Value =>
    at === first ? FRESH + 1 : at === second ? FRESH : given.value;
  return { events: events.map((e, n) => ({ ...e, value: value(n, e) })), truth: 'not linearizable' };
}

const mix = (text: string): readonly string[] => text.split(' ');
const FUNCTIONS: readonly (readonly [name: string, object: ObjectName, functions: readonly string[]])[] = [
  ['register', 'register', mix('read write')],
  ['cas-register', 'register', mix('read write cas cas')],
  ['counter', 'counter', mix('read add')],
  ['set', 'set', mix('read add add add remove')],
  ['set, mostly changes', 'set', mix('read add add add remove remove remove')],
  ['queue', 'queue', mix('enqueue dequeue')],
  ['list', 'text', mix('get append')],
  ['text', 'text', mix('get get put append append')],
];

export const CELLS: readonly Cell[] = FUNCTIONS.flatMap(([name, object, functions]) =>
  [true, false].flatMap((unique) =>
    [5, 20].flatMap((processes) =>
      [0, 0.01].map((lost): Cell => {
        const values = 5;
        const label = `${name}, ${unique ? 'unique' : 'repeated'}, ${processes} clients${lost > 0 ? ', 1 % lost' : ''}`;
        return { name: label, object, functions, unique, values, processes, lost };
      }),
    ),
  ),
).filter(({ object, unique }) => object !== 'counter' || unique);
