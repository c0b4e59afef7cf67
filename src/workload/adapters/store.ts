/**
 * Holdfast's own store, whatever engine is behind it. An adapter may not know another one, so what is needed of the
 * store is written here as a shape, which src/store/contract.ts fits; whoever has a store hands it in.
 *
 * Objects of one value are one key. Whatever needs to read before it writes (counter, queue, lists) reads, then
 * writes on the condition that nothing it read has changed, as every user of the store must.
 */
import type { ConsistencyModel, WorkloadKind } from '../../model/consistency.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Value } from '../../model/history.ts';
import type { Ms } from '../../model/time.ts';
import { type Adapter, type Call, type Connection, fail, info, type Outcome, ok } from '../contract.ts';

interface Item {
  readonly key: string;
  readonly value: string;
  readonly modRevision: number;
}

type Condition =
  | { readonly key: string; readonly is: 'absent' }
  | { readonly key: string; readonly is: 'value'; readonly value: string }
  | { readonly key: string; readonly is: 'modified-at'; readonly revision: number };

type Change =
  | { readonly op: 'put'; readonly key: string; readonly value: string; readonly lease: null }
  | { readonly op: 'delete'; readonly key: string };

export interface KeyValueStore {
  get(key: string): Promise<Item | null>;
  list(prefix: string): Promise<{ readonly items: readonly Item[] }>;
  txn(transaction: {
    readonly when: readonly Condition[];
    readonly change: readonly Change[];
    readonly otherwise: readonly Change[];
  }): Promise<{ readonly succeeded: boolean }>;
}

/** After these nothing was changed; after any other error nobody knows. */
const UNCHANGED: ReadonlySet<ErrorCode> = new Set(['HF2004', 'HF2011', 'HF2013']);
/** Tries of a read-then-write before it gives up, having changed nothing. */
const TRIES = 20;

/** `open` gives a way to the store, and rejects while it is away. */
export function storeAdapter(name: string, open: (timeoutMs: Ms) => Promise<KeyValueStore>): Adapter {
  return new StoreAdapter(name, open);
}

class StoreAdapter implements Adapter {
  readonly name = 'store';
  readonly target: string;
  readonly workloads: readonly WorkloadKind[] = ['register', 'cas-register', 'counter', 'queue', 'list-append'];
  readonly #open: (timeoutMs: Ms) => Promise<KeyValueStore>;
  #prefix = '';
  #workload: WorkloadKind = 'register';

  constructor(target: string, open: (timeoutMs: Ms) => Promise<KeyValueStore>) {
    this.target = target;
    this.#open = open;
  }

  promises(workload: WorkloadKind): ConsistencyModel {
    return workload === 'list-append' ? 'strict-serializable' : 'linearizable';
  }

  async prepare(workload: WorkloadKind, run: string): Promise<void> {
    this.#workload = workload;
    this.#prefix = `/workload/${run}/`;
  }

  async connect(timeoutMs: Ms): Promise<Connection> {
    return new StoreConnection(await this.#open(timeoutMs), this.#prefix, this.#workload);
  }

  async cleanUp(): Promise<readonly string[]> {
    try {
      const store = await this.#open(2_000);
      for (;;) {
        const { items } = await store.list(this.#prefix);
        if (items.length === 0) return [];
        const change = items.slice(0, 100).map(({ key }): Change => ({ op: 'delete', key }));
        await store.txn({ when: [], change, otherwise: [] });
      }
    } catch (error) {
      return [`keys ${this.#prefix}* in ${this.target}: ${(error as Error).message}`];
    }
  }
}

class StoreConnection implements Connection {
  readonly #store: KeyValueStore;
  readonly #prefix: string;
  readonly #workload: WorkloadKind;

  constructor(store: KeyValueStore, prefix: string, workload: WorkloadKind) {
    this.#store = store;
    this.#prefix = prefix;
    this.#workload = workload;
  }

  alive(): boolean {
    return true;
  }

  close(): void {
    // The store is its owner's.
  }

  async call(call: Call): Promise<Outcome> {
    try {
      return await this.#do(call);
    } catch (error) {
      const message = (error as Error).message;
      return error instanceof HoldfastError && UNCHANGED.has(error.code) ? fail(message) : info(message);
    }
  }

  async #do({ f, key, value }: Call): Promise<Outcome> {
    const name = this.#prefix + key;
    switch (f) {
      case 'read': {
        const item = await this.#store.get(name);
        if (item) return ok(Number(item.value));
        return ok(this.#workload === 'counter' ? 0 : null);
      }
      case 'write':
        await this.#store.txn({ when: [], change: [put(name, String(value))], otherwise: [] });
        return ok(value);
      case 'cas': {
        const [from, to] = value as readonly [number | null, number];
        const when: Condition =
          from === null ? { key: name, is: 'absent' } : { key: name, is: 'value', value: String(from) };
        const { succeeded } = await this.#store.txn({ when: [when], change: [put(name, String(to))], otherwise: [] });
        return succeeded ? ok(value) : fail();
      }
      case 'add':
        return this.#update(name, value, (text) => String(Number(text ?? 0) + (value as number)));
      case 'enqueue':
        return this.#update(name, value, (text) => JSON.stringify([...listOf(text), value]));
      case 'dequeue':
        return this.#dequeue(name);
      case 'txn':
        return this.#transaction(value as readonly (readonly [string, string, number | null])[]);
      default:
        return fail(`the store has no ${f}`);
    }
  }

  async #update(name: string, result: Value, next: (text: string | null) => string): Promise<Outcome> {
    for (let n = 0; n < TRIES; n++) {
      const item = await this.#store.get(name);
      const change = [put(name, next(item?.value ?? null))];
      const { succeeded } = await this.#store.txn({ when: [unchanged(name, item)], change, otherwise: [] });
      if (succeeded) return ok(result);
    }
    return fail(`changed by others ${TRIES} times`);
  }

  async #dequeue(name: string): Promise<Outcome> {
    for (let n = 0; n < TRIES; n++) {
      const item = await this.#store.get(name);
      const [first, ...rest] = listOf(item?.value ?? null);
      if (first === undefined) return ok(null);
      const change = [put(name, JSON.stringify(rest))];
      const { succeeded } = await this.#store.txn({ when: [unchanged(name, item)], change, otherwise: [] });
      if (succeeded) return ok(first);
    }
    return fail(`changed by others ${TRIES} times`);
  }

  /** Reads everything, then writes on the condition that all of it is as it was read: also when it only reads. */
  async #transaction(operations: readonly (readonly [string, string, number | null])[]): Promise<Outcome> {
    for (let n = 0; n < TRIES; n++) {
      const lists = new Map<string, Value[]>();
      const when: Condition[] = [];
      for (const key of new Set(operations.map(([, key]) => key))) {
        const item = await this.#store.get(this.#prefix + key);
        when.push(unchanged(this.#prefix + key, item));
        lists.set(key, listOf(item?.value ?? null));
      }
      const changed = new Set<string>();
      const results = operations.map(([f, key, value]): Value => {
        const list = lists.get(key) as Value[];
        if (f === 'r') return [f, key, [...list]];
        list.push(value);
        changed.add(key);
        return [f, key, value];
      });
      const change = [...changed].map((key) => put(this.#prefix + key, JSON.stringify(lists.get(key))));
      const { succeeded } = await this.#store.txn({ when, change, otherwise: [] });
      if (succeeded) return ok(results);
    }
    return fail(`changed by others ${TRIES} times`);
  }
}

function put(key: string, value: string): Change {
  return { op: 'put', key, value, lease: null };
}

function unchanged(key: string, item: Item | null): Condition {
  return item ? { key, is: 'modified-at', revision: item.modRevision } : { key, is: 'absent' };
}

function listOf(text: string | null): Value[] {
  return text === null ? [] : (JSON.parse(text) as Value[]);
}
