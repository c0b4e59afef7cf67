/**
 * The objects whose histories can be judged: register and compare-and-swap register, counter, set, queue, mutex, and
 * text that is put, appended to and got (sets and queues: see collections.ts). Each turns rows into codes, and codes into steps of its state.
 *
 * What the outcomes mean, for all of them: ok happened and returned its value; fail did not happen; info may have
 * happened, at any time after its invocation, or never. A refused compare-and-swap without an error says one thing
 * more: the value was not what it compared with.
 */
import { show, type Value } from '../history/event.ts';
import { FAIL, type History, OK } from '../history/history.ts';
import { Codes, type Compiler, IMPOSSIBLE, type Machine, type Meaning } from './machine.ts';
import type { CasArguments } from './registers.ts';
import { TextStates, Transitions } from './states.ts';

export type ObjectName = 'register' | 'counter' | 'set' | 'queue' | 'text' | 'mutex';

/** By object: every function it understands. */
export const FUNCTIONS: Readonly<Record<ObjectName, readonly string[]>> = {
  register: ['read', 'write', 'cas'],
  counter: ['read', 'add', 'increment', 'decrement'],
  set: ['read', 'add', 'remove'],
  queue: ['dequeue', 'enqueue'],
  text: ['get', 'put', 'append'],
  mutex: ['acquire', 'release'],
};

export interface Initial {
  readonly value: Value;
}

/** The arguments of every compare-and-swap, [from to], as values' numbers. */
export function casArguments(history: History): CasArguments {
  const cas = history.functions.indexOf('cas');
  if (cas < 0) return { from: new Int32Array(0), to: new Int32Array(0) };
  const from = new Int32Array(history.count);
  const to = new Int32Array(history.count);
  for (let row = 0; row < history.count; row++) {
    if (history.f[row] !== cas) continue;
    const pair = history.values.values[history.input[row] as number] as readonly Value[];
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError(`cas of ${show(pair)}: not [from to]`);
    from[row] = history.values.idOf(pair[0] as Value);
    to[row] = history.values.idOf(pair[1] as Value);
  }
  return { from, to };
}

const [READ, WRITE, CAS, REFUSED] = [0, 1, 2, 3];

/** The state of every value that nothing looks at: they cannot be told apart, so they are one. */
const UNSEEN = -1;

export function registerCompiler(history: History, rows: Int32Array, cas: CasArguments, initial: number): Compiler {
  const codes = new Codes();
  const { f, functions, input, output, outcome } = history;
  const [reading, swapping] = [functions.indexOf('read'), functions.indexOf('cas')];
  const seen = new Set<number>();
  for (const row of rows) {
    if (f[row] === swapping) seen.add(cas.from[row] as number);
    else if (f[row] === reading && outcome[row] === OK) seen.add(output[row] as number);
  }
  const stateOf = (value: number): number => (seen.has(value) ? value : UNSEEN);
  const compile = (row: number): Meaning | null => {
    const how = outcome[row];
    if (f[row] === reading) {
      return how === OK ? { code: codes.of(READ, output[row] as number), readOnly: true } : null;
    }
    if (f[row] === swapping) {
      const from = cas.from[row] as number;
      if (how !== FAIL) return { code: codes.of(CAS, from, stateOf(cas.to[row] as number)), readOnly: false };
      return history.failedWithError[row] ? null : { code: codes.of(REFUSED, from), readOnly: true };
    }
    return how === FAIL ? null : { code: codes.of(WRITE, stateOf(input[row] as number)), readOnly: false };
  };
  const { kind, a, b } = codes;
  const step = (state: number, code: number): number => {
    switch (kind[code]) {
      case READ:
        return a[code] === state ? state : IMPOSSIBLE;
      case WRITE:
        return a[code] as number;
      case CAS:
        return a[code] === state ? (b[code] as number) : IMPOSSIBLE;
      default:
        return a[code] === state ? IMPOSSIBLE : state;
    }
  };
  const name = (state: number): string =>
    state === UNSEEN ? 'one that nobody read' : show(history.values.values[state] as Value);
  const leaves = (row: number): number | null => {
    if (outcome[row] === FAIL || f[row] === reading) return null;
    return stateOf((f[row] === swapping ? cas.to[row] : input[row]) as number);
  };
  const demands = (row: number): number | null => {
    if (f[row] === reading) return output[row] as number;
    return f[row] === swapping && outcome[row] === OK ? (cas.from[row] as number) : null;
  };
  return { compile, machine: { initial: stateOf(initial), step, few: true, show: name }, leaves, demands };
}

export function counterCompiler(history: History, rows: Int32Array, initial: Value): Compiler {
  const codes = new Codes();
  const { f, functions, input, output, outcome, values } = history;
  const [reading, falling] = [functions.indexOf('read'), functions.indexOf('decrement')];
  const changes = new Map<number, number>();
  for (const row of rows) {
    if (f[row] === reading || outcome[row] === FAIL) continue;
    const given = values.values[input[row] as number] as Value;
    changes.set(row, (typeof given === 'number' ? given : 1) * (f[row] === falling ? -1 : 1));
  }
  const start = typeof initial === 'number' ? initial : 0;
  const totals = totalsOf(start, [...changes.values()]);
  const amounts: number[] = [];
  const compile = (row: number): Meaning | null => {
    const amount = changes.get(row);
    if (amount !== undefined) {
      const code = codes.of(WRITE, values.idOf(amount));
      amounts[code] = amount;
      return { code, readOnly: false };
    }
    if (outcome[row] !== OK || f[row] !== reading) return null;
    const seen = values.values[output[row] as number] as Value;
    if (seen !== null && typeof seen !== 'number')
      throw new TypeError(`a read of a counter brought ${show(seen)}: not a number`);
    return { code: codes.of(READ, typeof seen === 'number' ? totals.number(seen) : NO_TOTAL), readOnly: true };
  };
  const { kind, a } = codes;
  const step = (state: number, code: number): number => {
    if (kind[code] === WRITE) return totals.number(totals.total(state) + (amounts[code] as number));
    return a[code] === state ? state : IMPOSSIBLE;
  };
  const rises = [...changes.values()].every((amount) => amount >= 0);
  const falls = [...changes.values()].every((amount) => amount <= 0);
  // What only rises does not come back.
  const passed = (state: number, code: number): boolean => {
    const wanted = a[code] as number;
    if (wanted === NO_TOTAL) return true;
    return rises ? totals.total(state) > totals.total(wanted) : totals.total(state) < totals.total(wanted);
  };
  const machine: Machine = {
    initial: totals.number(start),
    step,
    ...(rises || falls ? { hopeless: passed } : {}),
    bytes: () => totals.bytes(),
    show: (state) => String(totals.total(state)),
  };
  return { compile, machine };
}

/** What is no number, no counter ever holds. */
const NO_TOTAL = IMPOSSIBLE + 1;

/** Totals as state numbers. */
interface TotalNumbers {
  number(total: number): number;
  total(number: number): number;
  bytes(): number;
}

/** Whole and small ones stand for themselves. */
function totalsOf(start: number, amounts: readonly number[]): TotalNumbers {
  const most = amounts.reduce((sum, amount) => sum + Math.abs(amount), Math.abs(start));
  const small = most < 2 ** 30 && Number.isInteger(start) && amounts.every(Number.isInteger);
  if (!small) return new Totals();
  const number = (total: number): number => (Math.abs(total) <= most && Number.isInteger(total) ? total : NO_TOTAL);
  return { number, total: (state) => state, bytes: () => 0 };
}

const TOTAL_BYTES = 48;

/** A total may be larger than a state, or a fraction. */
class Totals implements TotalNumbers {
  readonly #totals: number[] = [];
  readonly #numbers = new Map<number, number>();

  number(total: number): number {
    const known = this.#numbers.get(total);
    if (known !== undefined) return known;
    this.#numbers.set(total, this.#totals.length);
    return this.#totals.push(total) - 1;
  }

  total(number: number): number {
    return this.#totals[number] as number;
  }

  bytes(): number {
    return this.#totals.length * TOTAL_BYTES;
  }
}

/** Held or free; who holds it is not asked, as in Knossos' model. A refused acquire or release says nothing. */
export function mutexCompiler(history: History): Compiler {
  const acquiring = history.functions.indexOf('acquire');
  const compile = (row: number): Meaning | null => {
    if (history.outcome[row] === FAIL) return null;
    return { code: history.f[row] === acquiring ? 1 : 0, readOnly: false };
  };
  const step = (state: number, code: number): number => (state === code ? IMPOSSIBLE : code);
  return { compile, machine: { initial: 0, step, few: true, show: (state) => (state === 1 ? 'held' : 'free') } };
}

const APPEND = 2;

/** Stands for every text that no get brings and none goes on from: until the next put they are all alike. */
const UNSEEN_TEXT = '\u0000unseen';

/** Nothing and the empty text are the same. */
export function textCompiler(history: History, rows: Int32Array, initial: Value): Compiler {
  const codes = new Codes();
  const states = new TextStates();
  const transitions = new Transitions();
  const { f, functions, input, output, outcome, values } = history;
  const textOf = (id: number): string => {
    const value = values.values[id] as Value;
    return value === null ? '' : typeof value === 'string' ? value : show(value);
  };
  const getting = functions.indexOf('get');
  const got = new Set<string>();
  for (const row of rows) if (f[row] === getting && outcome[row] === OK) got.add(textOf(output[row] as number));
  const beginnings = new Beginnings([...got]);
  const stateOf = (text: string): string => (beginnings.has(text) ? text : UNSEEN_TEXT);
  const compile = (row: number): Meaning | null => {
    if (f[row] === getting) {
      if (outcome[row] !== OK) return null;
      return { code: codes.of(READ, states.number(textOf(output[row] as number))), readOnly: true };
    }
    if (outcome[row] === FAIL) return null;
    const name = functions[f[row] as number];
    return { code: codes.of(name === 'put' ? WRITE : APPEND, input[row] as number), readOnly: false };
  };
  const { kind, a } = codes;
  const next = (state: number, code: number): number => {
    const given = textOf(a[code] as number);
    if (kind[code] === WRITE) return states.number(stateOf(given));
    const from = states.text(state);
    return from === UNSEEN_TEXT ? state : states.number(stateOf(from + given));
  };
  // Without a put a text only grows.
  const put = functions.indexOf('put');
  const putting = rows.some((row) => f[row] === put && outcome[row] !== FAIL);
  const passed = (state: number, code: number): boolean =>
    !states.text(a[code] as number).startsWith(states.text(state));
  const machine: Machine = {
    initial: states.number(stateOf(initial === null ? '' : String(initial))),
    few: true,
    step: (state, code) => {
      if (kind[code] === READ) return a[code] === state ? state : IMPOSSIBLE;
      return transitions.step(state, code, next);
    },
    ...(putting ? {} : { hopeless: passed }),
    bytes: () => states.bytes(),
    show: (state) => (states.text(state) === UNSEEN_TEXT ? 'one that nobody got' : show(states.text(state))),
  };
  return { compile, machine };
}

/** Which texts some given text begins with. */
class Beginnings {
  readonly #sorted: readonly string[];

  constructor(texts: readonly string[]) {
    this.#sorted = [...texts].sort();
  }

  has(text: string): boolean {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] as string) < text) low = middle + 1;
      else high = middle;
    }
    return this.#sorted[low]?.startsWith(text) ?? false;
  }
}
