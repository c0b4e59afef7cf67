/**
 * What Holdfast asks of the place where its state lives. Small on purpose: whatever an engine cannot do natively and
 * correctly stays out, so that one machine (embedded), etcd, ZooKeeper and Consul can all keep the same promises.
 * conformance.ts is this file as a test; an engine is done when it passes.
 *
 * The promises:
 * 1. Every change happens at a revision. Revisions only grow, over restarts too; all changes of one transaction share one.
 * 2. When a promise of `txn`, `grantLease` or `revokeLease` resolves, the change is durable: it survives kill -9 and
 *    power loss. When it rejects with HF2004 (disk full) or any HF2013, nothing was changed. With HF2014 it is unknown.
 * 3. Reads and transactions are linearizable: whoever starts after a change was acknowledged sees it.
 * 4. A watch delivers every change from its revision on, once, in order, with no gap; or it fails and says why.
 *
 * Elections and fencing are built from these in election.ts, once for all engines.
 */
import type { Ms } from '../model/time.ts';

/** A moment in the store's history: a positive integer below 2^53. 0 is before everything. */
export type Revision = number;

/** Opaque; only the store that granted it can read it. */
export type LeaseId = string;

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** When this key came into being (again, after a deletion). */
  readonly createRevision: Revision;
  /** When it was last written. Compare on this to change only what you have seen. */
  readonly modRevision: Revision;
  /** The lease it vanishes with, or null. */
  readonly lease: LeaseId | null;
}

/** A condition on the state before the transaction. */
export type Compare =
  | { readonly key: string; readonly is: 'absent' }
  | { readonly key: string; readonly is: 'present' }
  | { readonly key: string; readonly is: 'value'; readonly value: string }
  | { readonly key: string; readonly is: 'modified-at'; readonly revision: Revision }
  | { readonly key: string; readonly is: 'created-at'; readonly revision: Revision };

export type Operation =
  /** A put without a lease (null) takes the key off the lease that it had. A lease that is gone: HF2007. */
  | { readonly op: 'put'; readonly key: string; readonly value: string; readonly lease: LeaseId | null }
  /** Deleting what is not there is no error and no change. */
  | { readonly op: 'delete'; readonly key: string };

/** When every comparison holds, all of `change` happens, else all of `otherwise`; either way at once. */
export interface Transaction {
  readonly when: readonly Compare[];
  readonly change: readonly Operation[];
  readonly otherwise: readonly Operation[];
}

export interface TxnResult {
  /** Whether the comparisons held. */
  readonly succeeded: boolean;
  /** The revision of this transaction's changes; when it changed nothing, the revision at which it was decided. */
  readonly revision: Revision;
}

export interface ListOptions {
  /** Most items in one page. Default and maximum 1,000. */
  readonly limit?: number;
  /** From the page before. */
  readonly cursor?: string;
}

export interface Page {
  /** Ordered by key (bytes). */
  readonly items: readonly KeyValue[];
  /** Undefined: that was the last page. */
  readonly cursor: string | undefined;
  /**
   * What this page is a snapshot of. To follow a prefix: list all its pages, then watch from the *first* page's
   * revision + 1; later pages may be newer, and the watch then repeats what they already showed.
   */
  readonly revision: Revision;
}

export type WatchEvent =
  | { readonly type: 'put'; readonly item: KeyValue }
  | { readonly type: 'delete'; readonly key: string; readonly revision: Revision };

/** Everything that one transaction (or one lease's end) changed under the prefix. Never empty, never split. */
export interface WatchBatch {
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
}

export interface WatchOptions {
  /** Ends the watch without an error. */
  readonly signal?: AbortSignal;
}

export interface Store {
  get(key: string): Promise<KeyValue | null>;

  /** Keys that begin with the prefix, as plain text: `/services/` is a folder, `/services/a` also matches `/services/ab`. */
  list(prefix: string, options?: ListOptions): Promise<Page>;

  txn(transaction: Transaction): Promise<TxnResult>;

  /**
   * Every change under the prefix at `fromRevision` or later, in order; waits for those to come. A slow reader costs
   * no memory. It throws HF2006 when history from there is compacted (list, then watch again) and HF2011 when the
   * store is closed.
   */
  watch(prefix: string, fromRevision: Revision, options?: WatchOptions): AsyncIterable<WatchBatch>;

  /** A promise to be renewed within the time given; keys put with it vanish when it is not. Least time: 10 ms. */
  grantLease(ttlMs: Ms): Promise<LeaseId>;

  /** The lease lives its full time from now on. HF2007 when it has ended already. */
  keepAlive(lease: LeaseId): Promise<void>;

  /** Ends the lease: all its keys vanish at one revision. HF2007 when it has ended already. */
  revokeLease(lease: LeaseId): Promise<void>;

  close(): Promise<void>;
}

/** Hard limits, the same with every engine, so that what works on one machine works on many. */
export const LIMITS = {
  /** Bytes. Keys are printable ASCII without spaces, `/a/b/c`: slashes at the start and between, none at the end. */
  keyBytes: 1_024,
  /** Bytes in UTF-8. */
  valueBytes: 1_048_576,
  /** Comparisons and operations of a transaction, each. */
  operations: 128,
  /** Bytes of the keys and values of one branch of a transaction. */
  transactionBytes: 1_310_720,
  pageItems: 1_000,
  minLeaseMs: 10,
} as const;
