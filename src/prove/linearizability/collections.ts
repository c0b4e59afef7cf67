/**
 * Queues and sets as the search sees them. A queue is the list of its values, a set one bit for each element that the
 * history names.
 */
import { show, type Value } from '../history/event.ts';
import { FAIL, type History, INFO, NEVER, OK } from '../history/history.ts';
import { ENQUEUE, NOTHING, TAKE, TAKE_ANY } from './fifo-layout.ts';
import { Codes, type Compiler, IMPOSSIBLE, type Machine, type Meaning } from './machine.ts';
import type { SetCodes } from './set-walk.ts';
import { Transitions, WordStates } from './states.ts';

/** First in, first out. A dequeue of unknown outcome may have taken whatever was first. */
export function queueCompiler(history: History, rows: Int32Array): Compiler {
  const codes = new Codes();
  const states = new WordStates();
  const seen = new Transitions();
  const { f, functions, input, output, outcome, values } = history;
  const nil = values.idOf(null);
  const compile = (row: number): Meaning | null => {
    if (outcome[row] === FAIL) return null;
    if (functions[f[row] as number] === 'enqueue')
      return { code: codes.of(ENQUEUE, input[row] as number), readOnly: false };
    if (outcome[row] === INFO) return { code: codes.of(TAKE_ANY, 0), readOnly: false };
    if (output[row] === nil) return { code: codes.of(NOTHING, 0), readOnly: true };
    return { code: codes.of(TAKE, output[row] as number), readOnly: false };
  };
  const { kind, a } = codes;
  const words = new Int32Array(rows.length + 1);
  const next = (state: number, code: number): number => {
    const length = states.length(state);
    switch (kind[code]) {
      case ENQUEUE:
        states.copy(state, words);
        words[length] = a[code] as number;
        return states.number(words, length + 1);
      case TAKE:
        if (length === 0 || states.at(state, 0) !== a[code]) return IMPOSSIBLE;
        return states.number(words, states.copy(state, words, 1));
      case TAKE_ANY:
        return length > 0 ? states.number(words, states.copy(state, words, 1)) : state;
      default:
        return length === 0 ? state : IMPOSSIBLE;
    }
  };
  const contents = (state: number): Value[] =>
    Array.from({ length: states.length(state) }, (_, n) => values.values[states.at(state, n)] as Value);
  const machine: Machine = {
    initial: states.number(words, 0),
    step: (state, code) => seen.step(state, code, next),
    bytes: () => states.bytes(),
    show: (state) => shortened(contents(state)),
  };
  return { compile, machine, queue: codes };
}

const [READ, ADD, REMOVE] = [0, 1, 2];

/** Sets of so few elements have few states. */
const FEW_ELEMENTS = 8;

/** Elements are added and removed; a read brings all of them, in any order. */
export function setCompiler(history: History, rows: Int32Array, initial: Value): Compiler {
  const codes = new Codes();
  const seen = new Transitions();
  const { f, functions, input, output, outcome, values } = history;
  const elements = new Elements(history, rows, initial);
  const { states, width } = elements;
  const earliest = earliestEffects(history, rows, elements);
  const compile = (row: number): Meaning | null => {
    const name = functions[f[row] as number];
    if (name === 'read') {
      if (outcome[row] !== OK) return null;
      return { code: codes.of(READ, elements.stateOf(values.values[output[row] as number] as Value)), readOnly: true };
    }
    if (outcome[row] === FAIL) return null;
    const element = elements.indexOf(input[row] as number);
    const code = codes.of(name === 'remove' ? REMOVE : ADD, element);
    const from = earliest.get(row);
    return { code, readOnly: false, ...(from === undefined ? {} : { earliest: from }) };
  };
  const { kind, a } = codes;
  const words = new Int32Array(width);
  const next = (state: number, code: number): number => {
    states.copy(state, words);
    const element = a[code] as number;
    const at = element >> 5;
    const bit = 1 << (element & 31);
    words[at] = kind[code] === REMOVE ? (words[at] as number) & ~bit : (words[at] as number) | bit;
    return states.number(words, width);
  };
  const machine: Machine = {
    initial: elements.stateOf(initial),
    step: (state, code) => {
      if (kind[code] === READ) return a[code] === state ? state : IMPOSSIBLE;
      return seen.step(state, code, next);
    },
    // An element that nobody removes is there to stay.
    hopeless: (state, code) => {
      const read = a[code] as number;
      for (let n = 0; n < width; n++) {
        if ((states.at(state, n) & ~states.at(read, n) & (elements.staying[n] as number)) !== 0) return true;
      }
      return false;
    },
    few: elements.count <= FEW_ELEMENTS,
    bytes: () => states.bytes(),
    show: (state) => shortened(elements.of(state)),
  };
  const contrast = (row: number, state: number): string => {
    if (functions[f[row] as number] !== 'read') return '';
    const read = elements.stateOf(values.values[output[row] as number] as Value);
    const besides = elements.of(read).filter((item) => !elements.of(state).includes(item));
    const lacking = elements.of(state).filter((item) => !elements.of(read).includes(item));
    const parts = [
      ...(besides.length > 0 ? [`has ${shortened(besides)} besides`] : []),
      ...(lacking.length > 0 ? [`lacks ${shortened(lacking)}`] : []),
    ];
    return ` (what it brought ${parts.join(' and ')})`;
  };
  const set: SetCodes = {
    elements: elements.count,
    element: (code) => (kind[code] === READ ? -1 : (a[code] as number)),
    adds: (code) => kind[code] === ADD,
    has: (state, element) => elements.has(state, element),
    stateOf: (members) => elements.numberOf(members),
    brought: (code) => a[code] as number,
  };
  return { compile, machine, contrast, set };
}

/** Longer lists are shown by their ends and their length. */
const SHOWN_ITEMS = 10;

function shortened(items: readonly Value[]): string {
  if (items.length <= SHOWN_ITEMS) return show(items);
  const ends = [...items.slice(0, 3).map(show), '…', ...items.slice(-3).map(show)];
  return `[${ends.join(' ')}] (${items.length} in all)`;
}

/** What a read of a set brought: a list, or nothing for none. */
export function itemsOf(value: Value): readonly Value[] {
  if (value === null) return [];
  if (!Array.isArray(value)) throw new TypeError(`a read of a set brought ${show(value)}: not a list of its elements`);
  return value as readonly Value[];
}

/** The elements that one key's rows name, numbered, and states as sets of them. */
class Elements {
  readonly states = new WordStates();
  readonly width: number;
  /** Elements that nobody removes, as bits. */
  readonly staying: Int32Array;
  readonly #numbers = new Map<number, number>();
  readonly #history: History;
  readonly #words: Int32Array;

  constructor(history: History, rows: Int32Array, initial: Value) {
    this.#history = history;
    const { f, functions, input, outcome, output, values } = history;
    const reading = functions.indexOf('read');
    const removing = functions.indexOf('remove');
    const removed = new Set<number>();
    for (const id of this.#ids(initial)) this.indexOf(id);
    for (const row of rows) {
      if (f[row] !== reading) this.indexOf(input[row] as number);
      else if (outcome[row] === OK)
        for (const id of this.#ids(values.values[output[row] as number] as Value)) this.indexOf(id);
      if (f[row] === removing && outcome[row] !== FAIL) removed.add(this.indexOf(input[row] as number));
    }
    this.width = (this.count + 31) >> 5;
    this.#words = new Int32Array(this.width);
    this.staying = new Int32Array(this.width).fill(-1);
    for (const element of removed)
      this.staying[element >> 5] = (this.staying[element >> 5] as number) & ~(1 << (element & 31));
  }

  get count(): number {
    return this.#numbers.size;
  }

  indexOf(id: number): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    this.#numbers.set(id, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  stateOf(value: Value): number {
    this.#words.fill(0);
    for (const id of this.#ids(value)) this.#put(this.indexOf(id));
    return this.states.number(this.#words, this.width);
  }

  /** The state of those elements that are named by their indices. */
  numberOf(members: readonly number[]): number {
    this.#words.fill(0);
    for (const element of members) this.#put(element);
    return this.states.number(this.#words, this.width);
  }

  #put(element: number): void {
    this.#words[element >> 5] = (this.#words[element >> 5] as number) | (1 << (element & 31));
  }

  has(state: number, element: number): boolean {
    return ((this.states.at(state, element >> 5) >> (element & 31)) & 1) === 1;
  }

  of(state: number): Value[] {
    const found: Value[] = [];
    for (const [id, element] of this.#numbers) {
      if (this.has(state, element)) found.push(this.#history.values.values[id] as Value);
    }
    return found;
  }

  #ids(value: Value): number[] {
    return itemsOf(value).map((item) => this.#history.values.idOf(item));
  }
}

/** A read: what it brought, and when. */
interface Seen {
  readonly state: number;
  readonly start: number;
  readonly end: number;
}

/**
 * What reads say about when a change took effect, where one operation alone adds the element, or removes it: a read
 * that lacks it and returned before anyone could have removed it came before the addition; a read that has it, before
 * the removal of an element whose addition had returned. By row: the last invocation of such a read.
 */
function earliestEffects(history: History, rows: Int32Array, elements: Elements): ReadonlyMap<number, number> {
  const { f, functions, input, invoked, outcome, output, returned, values } = history;
  const [reading, removing] = [functions.indexOf('read'), functions.indexOf('remove')];
  const adders = new Map<number, number[]>();
  const removers = new Map<number, number[]>();
  const reads: Seen[] = [];
  for (const row of rows) {
    if (f[row] === reading) {
      if (outcome[row] !== OK) continue;
      const state = elements.stateOf(values.values[output[row] as number] as Value);
      reads.push({ state, start: invoked[row] as number, end: returned[row] as number });
    } else if (outcome[row] !== FAIL) {
      const of = f[row] === removing ? removers : adders;
      const element = elements.indexOf(input[row] as number);
      const others = of.get(element);
      if (others) others.push(row);
      else of.set(element, [row]);
    }
  }
  const found = new Map<number, number>();
  const lastRead = (fits: (read: Seen) => boolean): number => reads.findLast(fits)?.start ?? -1;
  for (const [element, [adder, second]] of adders) {
    if (second !== undefined) continue;
    const removed = (removers.get(element) ?? []).reduce((first, row) => Math.min(first, at(invoked, row)), NEVER);
    const last = lastRead(({ state, end }) => end < removed && !elements.has(state, element));
    if (last >= 0) found.set(adder as number, last);
  }
  for (const [element, [remover, second]] of removers) {
    const [adder, another] = adders.get(element) ?? [];
    if (second !== undefined || adder === undefined || another !== undefined) continue;
    if (at(returned, adder) > at(invoked, remover as number)) continue;
    const last = lastRead(({ state }) => elements.has(state, element));
    if (last >= 0) found.set(remover as number, last);
  }
  return found;
}

function at(positions: Int32Array, row: number): number {
  return positions[row] as number;
}
