/**
 * Transactions as columns: every transaction is a run of micro-operations, and a read of a list is a run of values,
 * so that millions of them are a few flat arrays.
 */
import { type HistoryEvent, show, type Value } from '../history/event.ts';
import { FAIL, INFO, NEVER, OK } from '../history/history.ts';
import { Interner } from '../history/intern.ts';

/** What a micro-operation does. */
export const READ = 0;
export const WRITE = 1;

export type TransactionKind = 'list-append' | 'rw-register';

export interface Transactions {
  readonly kind: TransactionKind;
  readonly count: number;
  /** Positions in time: 0 … events − 1. */
  readonly events: number;
  readonly process: Int32Array;
  readonly invoked: Int32Array;
  /** NEVER when the outcome is unknown. */
  readonly returned: Int32Array;
  readonly outcome: Uint8Array;
  /** Micro-operations of transaction t: first[t] … first[t + 1] − 1. */
  readonly first: Int32Array;
  readonly what: Uint8Array;
  readonly key: Int32Array;
  /** A write's value; a register read's value; −1 for a read whose result is unknown. */
  readonly value: Int32Array;
  /** A list read's values: pool[listStart] … ; the length is −1 when the result is unknown. */
  readonly listStart: Int32Array;
  readonly listLength: Int32Array;
  readonly pool: Int32Array;
  readonly keys: Interner;
  readonly values: Interner;
}

/** [function, key, value] as Jepsen writes it: `[:append 3 2]`, `[:r 3 [1 2]]`, `[:w 4 1]`. */
export type MicroOperation = readonly [f: string, key: Value, value: Value];

const FUNCTIONS: Readonly<Record<string, number>> = {
  r: READ,
  read: READ,
  append: WRITE,
  w: WRITE,
  write: WRITE,
};

export class TransactionsBuilder {
  readonly #kind: TransactionKind;
  readonly #keys = new Interner();
  readonly #values = new Interner();
  readonly #open = new Map<number, { readonly at: number; readonly operations: readonly MicroOperation[] }>();
  readonly #process = new Ints();
  readonly #invoked = new Ints();
  readonly #returned = new Ints();
  readonly #outcome = new Ints();
  readonly #first = new Ints();
  readonly #what = new Ints();
  readonly #key = new Ints();
  readonly #value = new Ints();
  readonly #listStart = new Ints();
  readonly #listLength = new Ints();
  readonly #pool = new Ints();
  #events = 0;

  constructor(kind: TransactionKind) {
    this.#kind = kind;
  }

  add(event: HistoryEvent): void {
    const operations = microOperations(event.value);
    if (event.type === 'invoke') this.invoke(event.process, operations);
    else this.complete(event.process, event.type, operations);
  }

  invoke(process: number, operations: readonly MicroOperation[]): void {
    this.#giveUp(process);
    this.#open.set(process, { at: this.#events++, operations });
  }

  /** A transaction that did not succeed is known by what it was asked to do. */
  complete(process: number, type: 'ok' | 'fail' | 'info', operations: readonly MicroOperation[]): void {
    const open = this.#open.get(process);
    if (!open) return;
    if (type === 'info') {
      this.#giveUp(process);
      return;
    }
    this.#open.delete(process);
    const at = this.#events++;
    this.#push(process, open.at, at, type === 'ok' ? OK : FAIL, type === 'ok' ? operations : open.operations);
  }

  build(): Transactions {
    for (const process of [...this.#open.keys()]) this.#giveUp(process);
    const count = this.#process.length;
    const first = new Int32Array(count + 1);
    first.set(this.#first.view());
    first[count] = this.#what.length;
    return {
      kind: this.#kind,
      count,
      events: this.#events,
      process: this.#process.view(),
      invoked: this.#invoked.view(),
      returned: this.#returned.view(),
      outcome: Uint8Array.from(this.#outcome.view()),
      first,
      what: Uint8Array.from(this.#what.view()),
      key: this.#key.view(),
      value: this.#value.view(),
      listStart: this.#listStart.view(),
      listLength: this.#listLength.view(),
      pool: this.#pool.view(),
      keys: this.#keys,
      values: this.#values,
    };
  }

  #giveUp(process: number): void {
    const open = this.#open.get(process);
    if (!open) return;
    this.#open.delete(process);
    this.#push(process, open.at, NEVER, INFO, open.operations);
  }

  #push(process: number, at: number, end: number, outcome: number, operations: readonly MicroOperation[]): void {
    this.#process.push(process);
    this.#invoked.push(at);
    this.#returned.push(end);
    this.#outcome.push(outcome);
    this.#first.push(this.#what.length);
    for (let n = 0; n < operations.length; n++) this.#operation(operations[n] as MicroOperation, outcome === OK);
  }

  #operation(operation: MicroOperation, known: boolean): void {
    if (!Array.isArray(operation) || operation.length < 2 || typeof operation[0] !== 'string')
      throw new TypeError(`a transaction holds ${show(operation as Value)}: not [r|w|append key value]`);
    const [f, key, value = null] = operation;
    const what = FUNCTIONS[f.startsWith(':') ? f.slice(1) : f];
    if (what === undefined) throw new TypeError(`a transaction does ${f}: not r, w or append`);
    this.#what.push(what);
    this.#key.push(this.#keys.idOf(key));
    const isList = what === READ && this.#kind === 'list-append';
    this.#value.push(isList || (what === READ && !known) ? -1 : this.#values.idOf(value));
    this.#listStart.push(this.#pool.length);
    if (!isList || !known) {
      this.#listLength.push(-1);
      return;
    }
    if (value !== null && !Array.isArray(value))
      throw new TypeError(`a transaction read ${show(value)} on ${show(key)}: not a list, as appends make it`);
    const items = (value ?? []) as readonly Value[];
    for (let n = 0; n < items.length; n++) this.#pool.push(this.#values.idOf(items[n] as Value));
    this.#listLength.push(items.length);
  }
}

/** The kind, when not given, is told by the micro-operations: whoever appends is list-append. */
export function transactionsOf(events: readonly HistoryEvent[], kind?: TransactionKind): Transactions {
  if (kind) {
    const builder = new TransactionsBuilder(kind);
    for (const event of events) builder.add(event);
    return builder.build();
  }
  const appends = events.some((event) =>
    microOperations(event.value).some((one) => one?.[0] === ':append' || one?.[0] === 'append'),
  );
  return transactionsOf(events, appends || listsOnly(events) ? 'list-append' : 'rw-register');
}

function listsOnly(events: readonly HistoryEvent[]): boolean {
  const operations = events.flatMap((event) => (event.type === 'ok' ? microOperations(event.value) : []));
  return operations.length > 0 && operations.every((one) => Array.isArray(one?.[2]));
}

function microOperations(value: Value): readonly MicroOperation[] {
  return Array.isArray(value) ? (value as unknown as readonly MicroOperation[]) : [];
}

/** Integers that come one at a time. */
export class Ints {
  #array = new Int32Array(1 << 10);
  length = 0;

  push(value: number): void {
    if (this.length === this.#array.length) {
      const wider = new Int32Array(this.length * 2);
      wider.set(this.#array);
      this.#array = wider;
    }
    this.#array[this.length++] = value;
  }

  view(): Int32Array {
    return this.#array.subarray(0, this.length);
  }
}
