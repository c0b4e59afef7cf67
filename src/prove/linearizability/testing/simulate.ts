/**
 * For tests: histories of real atomic objects, from a seed, with calls that overlap in every way, outcomes that are
 * lost, and answers that are tampered with.
 */
import { Random } from '../../../model/random.ts';
import type { HistoryEvent, Value } from '../../history/event.ts';
import type { ObjectName } from '../objects.ts';
import type { Sequential } from './brute-force.ts';

/** The objects once more, as plainly as they can be said: [legal, next state] for one operation. */
export const SPECS: Record<ObjectName, Sequential> = {
  register: {
    initial: null,
    step: (state, { f, input, output, outcome }) => {
      if (f === 'read') return outcome !== 'ok' || output === state ? [state] : null;
      if (f === 'write') return outcome === 'fail' ? [state] : [input];
      const [from, to] = input as readonly Value[];
      if (outcome === 'fail') return state !== from ? [state] : null;
      if (outcome === 'ok') return state === from ? [to as Value] : null;
      return [state === from ? (to as Value) : state];
    },
  },
  counter: {
    initial: 0,
    step: (state, { f, input, output, outcome }) => {
      if (f === 'read') return outcome !== 'ok' || output === state ? [state] : null;
      return outcome === 'fail' ? [state] : [(state as number) + (input as number)];
    },
  },
  set: {
    initial: [],
    step: (state, { f, input, output, outcome }) => {
      const items = state as readonly number[];
      const sorted = (list: readonly number[]): string => JSON.stringify([...list].sort());
      if (f === 'read')
        return outcome !== 'ok' || sorted(items) === sorted(output as readonly number[]) ? [state] : null;
      if (outcome === 'fail') return [state];
      const without = items.filter((item) => item !== input);
      return [f === 'remove' ? without : [...without, input as number]];
    },
  },
  queue: {
    initial: [],
    step: (state, { f, input, output, outcome }) => {
      const items = state as readonly number[];
      if (outcome === 'fail') return [state];
      if (f === 'enqueue') return [[...items, input as number]];
      if (outcome === 'info') return [items.slice(1)];
      if (output === null) return items.length === 0 ? [state] : null;
      return items[0] === output ? [items.slice(1)] : null;
    },
  },
  mutex: {
    initial: false,
    step: (held, { f, outcome }) => {
      if (outcome === 'fail') return [held];
      return held === (f === 'release') ? [f === 'acquire'] : null;
    },
  },
  text: {
    initial: '',
    step: (state, { f, input, output, outcome }) => {
      if (f === 'get') return outcome !== 'ok' || output === state ? [state] : null;
      if (outcome === 'fail') return [state];
      return [f === 'put' ? (input as string) : `${state}${input}`];
    },
  },
};

/** How often each function is called, where a shape does not say. */
const MIXES: Record<ObjectName, readonly string[]> = {
  register: ['read', 'write', 'write', 'cas'],
  counter: ['read', 'add'],
  set: [...ofEach(5, 'read', 'add', 'add'), 'remove'],
  queue: ['dequeue', 'enqueue'],
  mutex: ['acquire', 'release'],
  text: ['get', 'get', 'put', 'append', 'append'],
};

function ofEach(times: number, ...functions: readonly string[]): string[] {
  return functions.flatMap((f) => Array.from({ length: times }, () => f));
}

type Choice = (random: Random, f: string, unique: () => number) => { f: string; input: Value };

const CHOICES: Record<ObjectName, Choice> = {
  register: (random, f, unique) => {
    if (f === 'cas') return { f, input: [random.pick([null, 1, 2, 3, 4]), unique()] };
    return { f, input: f === 'read' ? null : unique() };
  },
  counter: (random, f) => ({ f, input: f === 'read' ? null : random.pick([1, 1, 2, -1]) }),
  set: (_, f, unique) => ({ f, input: f === 'read' ? null : unique() }),
  queue: (_, f, unique) => ({ f, input: f === 'dequeue' ? null : unique() }),
  mutex: (_, f) => ({ f, input: null }),
  text: (_, f, unique) => ({ f, input: f === 'get' ? null : `<${unique()}>` }),
};

/** One operation of a client that is alone: what it asked for and what it was told. */
export interface Said {
  readonly f: string;
  readonly input: Value;
  readonly output: Value;
  /** What it tells is not so: it does not take effect. */
  readonly lie?: boolean;
}

export interface Shape {
  readonly object: ObjectName;
  readonly operations: number;
  readonly processes: number;
  /** Values are 1, 2, 3, … each once; otherwise drawn from so many. */
  readonly unique: boolean;
  /** Default 2. */
  readonly values?: number;
  /** Each as often as it stands here. Default: all of the object's. */
  readonly functions?: readonly string[];
  /**
   * After so many operations everybody waits, and `between` is recorded as it says, given what the object holds; then
   * it goes on.
   */
  readonly pauseAt?: number;
  readonly between?: (state: Value, random: Random) => readonly Said[];
  /** How often a result is replaced by another one, and an operation's outcome is lost. */
  readonly wrong: number;
  readonly lost: number;
}

/** Clients of a real atomic object, whose results are then tampered with. */
export function simulate(seed: number, shape: Shape): HistoryEvent[] {
  const random = Random.seeded(seed);
  const spec = SPECS[shape.object];
  let state = spec.initial;
  let value = 0;
  const unique = (): number => (shape.unique ? ++value : 1 + random.int(shape.values ?? 2));
  const events: HistoryEvent[] = [];
  const open: { process: number; f: string; input: Value; done: boolean; output: Value; refused: boolean }[] = [];
  let left = shape.operations;
  let next = shape.processes;
  const idle = Array.from({ length: shape.processes }, (_, n) => n);
  const functions = shape.functions ?? MIXES[shape.object];
  let pause = shape.pauseAt === undefined ? -1 : shape.operations - shape.pauseAt;
  while (left > 0 || open.length > 0) {
    if (left === pause && open.length === 0) {
      pause = -1;
      for (const { f, input, output, lie } of shape.between?.(state, random) ?? []) {
        if (!lie) [state] = effect(shape.object, state, f, input);
        events.push(
          { process: next, type: 'invoke', f, value: input },
          { process: next, type: 'ok', f, value: output },
        );
      }
      next++;
    }
    if (left > 0 && left !== pause && idle.length > 0 && random.float() < 0.5) {
      const process = idle.splice(random.int(idle.length), 1)[0] as number;
      const { f, input } = CHOICES[shape.object](random, random.pick(functions) as string, unique);
      events.push({ process, type: 'invoke', f, value: input });
      open.push({ process, f, input, done: false, output: null, refused: false });
      left--;
      continue;
    }
    if (open.length === 0) continue;
    const at = random.int(open.length);
    const op = open[at] as (typeof open)[number];
    if (!op.done) {
      op.done = true;
      const looked = effect(shape.object, state, op.f, op.input);
      [state, op.output, op.refused] = looked;
      if (random.float() < shape.lost) {
        open.splice(at, 1);
        idle.push(next++);
      }
      continue;
    }
    open.splice(at, 1);
    idle.push(op.process);
    const output = random.float() < shape.wrong ? tamper(random, shape.object, op.f, op.output, events) : op.output;
    const refused = op.refused && (shape.object !== 'mutex' || random.float() >= shape.wrong);
    events.push({ process: op.process, type: refused ? 'fail' : 'ok', f: op.f, value: output });
  }
  return events;
}

function effect(object: ObjectName, state: Value, f: string, input: Value): [Value, Value, boolean] {
  if (f === 'read' || f === 'get') return [state, state, false];
  if (f === 'dequeue') {
    const items = state as readonly Value[];
    return [items.slice(1), items[0] ?? null, false];
  }
  if (f === 'cas') {
    const [from, to] = input as readonly Value[];
    return state === from ? [to as Value, input, false] : [state, input, true];
  }
  const next = SPECS[object].step(state, { f, input, output: input, outcome: 'ok' });
  return next ? [next[0], input, false] : [state, input, true];
}

/** A stale or foreign result: what some other operation returned. */
function tamper(random: Random, object: ObjectName, f: string, output: Value, events: readonly HistoryEvent[]): Value {
  const same = events.filter((event) => event.f === f && event.type === 'ok');
  if (!['read', 'get', 'dequeue'].includes(f)) return output;
  if (same.length > 0 && random.float() < 0.8) return (random.pick(same) as HistoryEvent).value;
  return SPECS[object].initial;
}
