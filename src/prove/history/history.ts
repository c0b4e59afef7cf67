/**
 * A history as columns: one row an operation, in the order of invocation; values, keys and functions are numbers.
 * A million operations are then a few flat arrays that a checker walks without following a pointer.
 */
import type { HistoryEvent, Value } from './event.ts';
import { Interner } from './intern.ts';

/** How an operation ended. INFO: nobody knows whether it took or will take effect. */
export const OK = 0;
export const FAIL = 1;
export const INFO = 2;

/** The position of a return that never came: later than every other. */
export const NEVER = 0x7fff_ffff;

export interface History {
  /** Operations. */
  readonly count: number;
  /** Invocations and returns together: positions in time are 0 … events − 1, each used once. */
  readonly events: number;
  readonly process: Int32Array;
  /** Index into functions. */
  readonly f: Uint8Array;
  readonly functions: readonly string[];
  /** Index into keys. An operation without a key has the key nil. */
  readonly key: Int32Array;
  readonly keys: readonly Value[];
  /** Indices into values.values: the argument, and what a return brought (nil for none). */
  readonly input: Int32Array;
  readonly output: Int32Array;
  readonly values: Interner;
  /** Positions; returned is NEVER when the outcome is INFO. */
  readonly invoked: Int32Array;
  readonly returned: Int32Array;
  readonly outcome: Uint8Array;
  /** 1 where a return named an error: such a failure says nothing about the object's state. */
  readonly failedWithError: Uint8Array;
}

/** Processes below this are looked up in a flat table. */
const FLAT_PROCESSES = 1 << 16;

/** Takes events as they happen. A second invocation of a process gives its first up as unknown. */
export class HistoryBuilder {
  #count = 0;
  #events = 0;
  #capacity = 1 << 10;
  readonly #values = new Interner();
  readonly #keys = new Interner();
  readonly #functions = new Map<string, number>();
  #process = new Int32Array(this.#capacity);
  #f = new Uint8Array(this.#capacity);
  #key = new Int32Array(this.#capacity);
  #input = new Int32Array(this.#capacity);
  #output = new Int32Array(this.#capacity);
  #invoked = new Int32Array(this.#capacity);
  #returned = new Int32Array(this.#capacity);
  #outcome = new Uint8Array(this.#capacity);
  #withError = new Uint8Array(this.#capacity);
  #open = new Int32Array(64);
  readonly #openOthers = new Map<number, number>();

  add(event: HistoryEvent): void {
    if (event.type === 'invoke') this.invoke(event.process, event.f, event.key ?? null, event.value);
    else this.complete(event.process, event.type, event.value, event.error !== undefined);
  }

  invoke(process: number, f: string, key: Value, value: Value): void {
    if (this.#count === this.#capacity) this.#grow();
    const row = this.#count++;
    this.#process[row] = process;
    this.#f[row] = this.#functionId(f);
    this.#key[row] = this.#keys.idOf(key);
    this.#input[row] = this.#values.idOf(value);
    this.#output[row] = this.#values.idOf(null);
    this.#invoked[row] = this.#events++;
    this.#returned[row] = NEVER;
    this.#outcome[row] = INFO;
    this.#setOpen(process, row + 1);
  }

  /** A return of a process that has nothing open is ignored: it was given up before. */
  complete(process: number, type: 'ok' | 'fail' | 'info', value: Value, withError = false): void {
    const row = this.#openOf(process) - 1;
    if (row < 0) return;
    this.#setOpen(process, 0);
    if (type === 'info') return;
    this.#output[row] = this.#values.idOf(value);
    this.#returned[row] = this.#events++;
    this.#outcome[row] = type === 'ok' ? OK : FAIL;
    this.#withError[row] = withError ? 1 : 0;
  }

  build(): History {
    const n = this.#count;
    return {
      count: n,
      events: this.#events,
      process: this.#process.subarray(0, n),
      f: this.#f.subarray(0, n),
      functions: [...this.#functions.keys()],
      key: this.#key.subarray(0, n),
      keys: this.#keys.values,
      input: this.#input.subarray(0, n),
      output: this.#output.subarray(0, n),
      values: this.#values,
      invoked: this.#invoked.subarray(0, n),
      returned: this.#returned.subarray(0, n),
      outcome: this.#outcome.subarray(0, n),
      failedWithError: this.#withError.subarray(0, n),
    };
  }

  #functionId(f: string): number {
    const known = this.#functions.get(f);
    if (known !== undefined) return known;
    const id = this.#functions.size;
    if (id > 255) throw new RangeError('a history with more than 256 functions');
    this.#functions.set(f, id);
    return id;
  }

  #openOf(process: number): number {
    if (process >= 0 && process < FLAT_PROCESSES) return this.#open[process] ?? 0;
    return this.#openOthers.get(process) ?? 0;
  }

  #setOpen(process: number, row: number): void {
    if (process < 0 || process >= FLAT_PROCESSES) {
      this.#openOthers.set(process, row);
      return;
    }
    if (process >= this.#open.length) {
      const open = new Int32Array(FLAT_PROCESSES);
      open.set(this.#open);
      this.#open = open;
    }
    this.#open[process] = row;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#process = wider(this.#process, this.#capacity);
    this.#key = wider(this.#key, this.#capacity);
    this.#input = wider(this.#input, this.#capacity);
    this.#output = wider(this.#output, this.#capacity);
    this.#invoked = wider(this.#invoked, this.#capacity);
    this.#returned = wider(this.#returned, this.#capacity);
    this.#f = widerBytes(this.#f, this.#capacity);
    this.#outcome = widerBytes(this.#outcome, this.#capacity);
    this.#withError = widerBytes(this.#withError, this.#capacity);
  }
}

export function historyOf(events: Iterable<HistoryEvent>): History {
  const builder = new HistoryBuilder();
  for (const event of events) builder.add(event);
  return builder.build();
}

/**
 * Rows grouped by key, each group in the order of invocation: `rows.subarray(starts[k], starts[k + 1])`.
 * Linearizability is local (Herlihy & Wing 1990): a history is linearizable when the part of every object is.
 */
export function byKey(history: History): { readonly rows: Int32Array; readonly starts: Int32Array } {
  const starts = new Int32Array(history.keys.length + 1);
  const { key, count } = history;
  for (let row = 0; row < count; row++) increment(starts, (key[row] as number) + 1);
  for (let k = 1; k <= history.keys.length; k++) starts[k] = (starts[k] as number) + (starts[k - 1] as number);
  const next = starts.slice();
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row++) rows[increment(next, key[row] as number)] = row;
  return { rows, starts };
}

function wider(from: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(size);
  to.set(from);
  return to;
}

function widerBytes(from: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const to = new Uint8Array(size);
  to.set(from);
  return to;
}

/** Adds one, and gives what was there before. */
function increment(array: Int32Array, index: number): number {
  const before = array[index] as number;
  array[index] = before + 1;
  return before;
}
