/** What the parts of the suite share: short forms of requests, a reader of watches, the store that is under test. */
import type { Compare, Operation, Revision, Store, Transaction, WatchBatch, WatchEvent } from '../contract.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** A lease short enough to wait for. */
  readonly leaseMs: number;
  /** Lets time pass for leases: at least this much, as the engine counts it. */
  pass(ms: number): Promise<void>;
  /** Stops the engine (or this client of it) and starts it again on the same state. */
  restart(): Promise<StoreUnderTest>;
  /** Makes changes up to this revision, at least, be forgotten. */
  compact(revision: Revision): Promise<void>;
  dispose(): Promise<void>;
}

/** The store of the test that runs now: another one after a restart, and in every test. */
export interface Subject {
  readonly store: Store;
  readonly leaseMs: number;
  pass(ms: number): Promise<void>;
  compact(revision: Revision): Promise<void>;
  restart(): Promise<void>;
}

export function putOf(key: string, value: string, lease: string | null = null): Operation {
  return { op: 'put', key, value, lease };
}

export function all(change: readonly Operation[]): Transaction {
  return { when: [], change, otherwise: [] };
}

export async function put(store: Store, key: string, value: string, lease: string | null = null): Promise<Revision> {
  return (await store.txn(all([putOf(key, value, lease)]))).revision;
}

export async function remove(store: Store, key: string): Promise<void> {
  await store.txn(all([{ op: 'delete', key }]));
}

export async function clear(store: Store): Promise<void> {
  const { items } = await store.list('');
  await store.txn(all(items.map(({ key }) => ({ op: 'delete', key }))));
}

export function absent(key: string): Compare {
  return { key, is: 'absent' };
}

export function present(key: string): Compare {
  return { key, is: 'present' };
}

export function putEvent(key: string, value: string, createRevision: Revision, modRevision: Revision): WatchEvent {
  return { type: 'put', item: { key, value, createRevision, modRevision, lease: null } };
}

export function deletion(key: string, revision: Revision): WatchEvent {
  return { type: 'delete', key, revision };
}

export interface Reader {
  /** The next batches; fewer when the watch ends. */
  take(count: number): Promise<WatchBatch[]>;
  stop(): Promise<void>;
}

export function reader(store: Store, prefix: string, from: Revision, signal?: AbortSignal): Reader {
  const iterator = store.watch(prefix, from, signal ? { signal } : {})[Symbol.asyncIterator]();
  return {
    take: async (count) => {
      const batches: WatchBatch[] = [];
      while (batches.length < count) {
        const next = await iterator.next();
        if (next.done) break;
        batches.push(next.value);
      }
      return batches;
    },
    stop: async () => {
      await iterator.return?.();
    },
  };
}
