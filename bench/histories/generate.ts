/** Histories of real atomic objects under load, from a seed, recorded as they happen. */
import type { Random } from '../../src/model/random.ts';
import { type History, HistoryBuilder } from '../../src/prove/history/history.ts';
import { type MicroOperation, type Transactions, TransactionsBuilder } from '../../src/prove/transactions/history.ts';

interface Call<T> {
  readonly process: number;
  readonly call: T;
  result: T | null;
}

interface Load<T> {
  readonly operations: number;
  readonly processes: number;
  next(): T;
  /** Takes effect, all at once. */
  apply(call: T): T;
  invoked(process: number, call: T): void;
  returned(process: number, result: T): void;
}

/** Each call is invoked, takes effect and returns at random moments, so that calls overlap in every way. */
function drive<T>(random: Random, load: Load<T>): void {
  const open: Call<T>[] = [];
  const idle = Array.from({ length: load.processes }, (_, process) => process);
  let left = load.operations;
  while (left > 0 || open.length > 0) {
    if (left > 0 && idle.length > 0 && random.float() < 0.5) {
      const one = { process: idle.pop() as number, call: load.next(), result: null };
      load.invoked(one.process, one.call);
      open.push(one);
      left--;
      continue;
    }
    const at = open.length > 0 ? random.int(open.length) : -1;
    const one = open[at];
    if (!one) continue;
    if (one.result === null) one.result = load.apply(one.call);
    else {
      open[at] = open[open.length - 1] as Call<T>;
      open.pop();
      idle.push(one.process);
      load.returned(one.process, one.result);
    }
  }
}

interface RegisterCall {
  readonly key: number;
  readonly write: boolean;
  readonly value: number | null;
}

/** Registers whose every write is unique; half reads, half writes. */
export function registers(random: Random, operations: number, keys: number, processes = 16): History {
  const builder = new HistoryBuilder();
  const state = new Array<number | null>(keys).fill(null);
  let fresh = 0;
  drive<RegisterCall>(random, {
    operations,
    processes,
    next: () => {
      const write = random.float() < 0.5;
      return { key: random.int(keys), write, value: write ? ++fresh : null };
    },
    apply: (call) => {
      if (call.write) state[call.key] = call.value;
      return { ...call, value: state[call.key] as number | null };
    },
    invoked: (process, { key, write, value }) => builder.invoke(process, write ? 'write' : 'read', key, value),
    returned: (process, { value }) => builder.complete(process, 'ok', value),
  });
  return builder.build();
}

/** Appends to a key before it is replaced by a fresh one, and keys in use at once: as Elle's own generator does. */
const APPENDS_PER_KEY = 32;
const ACTIVE_KEYS = 10;

/** Transactions of one to four micro-operations, half reads, half appends. */
export function listAppend(random: Random, operations: number, processes = 10): Transactions {
  const builder = new TransactionsBuilder('list-append');
  const lists = new Map<number, number[]>();
  const active = Array.from({ length: ACTIVE_KEYS }, (_, n) => ({ key: n, appended: 0 }));
  let fresh = ACTIVE_KEYS;
  const one = (): MicroOperation => {
    const at = random.int(ACTIVE_KEYS);
    const slot = active[at] as { key: number; appended: number };
    const { key } = slot;
    if (random.float() < 0.5) return ['r', key, null];
    const value = ++slot.appended;
    if (value === APPENDS_PER_KEY) active[at] = { key: fresh++, appended: 0 };
    return ['append', key, value];
  };
  const apply = ([f, key, value]: MicroOperation): MicroOperation => {
    const list = lists.get(key as number) ?? [];
    if (f === 'r') return [f, key, [...list]];
    list.push(value as number);
    lists.set(key as number, list);
    return [f, key, value];
  };
  drive<readonly MicroOperation[]>(random, {
    operations,
    processes,
    next: () => Array.from({ length: 1 + random.int(4) }, one),
    apply: (call) => call.map(apply),
    invoked: (process, call) => builder.invoke(process, call),
    returned: (process, result) => builder.complete(process, 'ok', result),
  });
  return builder.build();
}
