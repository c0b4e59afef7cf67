/**
 * What can be promised about data that many clients read and write at once, and what a recorded history says about
 * the promise. The words are those of the literature: Herlihy & Wing for linearizability, Adya for isolation levels.
 */

export const CONSISTENCY_MODELS = [
  'linearizable',
  'strict-serializable',
  'serializable',
  'snapshot-isolation',
  'repeatable-read',
  'read-committed',
  'read-uncommitted',
  'no-lost-writes',
] as const;
export type ConsistencyModel = (typeof CONSISTENCY_MODELS)[number];

/** What histories can be about: one kind of object each, or transactions over many. */
export const HISTORY_KINDS = [
  'register',
  'counter',
  'set',
  'queue',
  'text',
  'mutex',
  'list-append',
  'rw-register',
] as const;
export type HistoryKind = (typeof HISTORY_KINDS)[number];

/** What clients do to a target while their history is recorded. */
export const WORKLOADS = ['register', 'cas-register', 'set', 'counter', 'queue', 'list-append'] as const;
export type WorkloadKind = (typeof WORKLOADS)[number];

/** Operations that cannot be explained together, as few as they could be made. */
export interface Contradiction {
  /** Linearizability: the object, as text; null when there is one only. Transactions: null. */
  readonly key: string | null;
  /** `stale read`-like sentence, or the anomaly's name. */
  readonly why: string;
  /** What the object may have held before the first operation shown; empty when it does not matter. */
  readonly before: readonly string[];
  /** For people: bars on a common time line, or the cycle of transactions. Several lines. */
  readonly drawing: string;
  /** Operations (or transactions) in the drawing. */
  readonly operations: number;
}

export interface ConsistencyVerdict {
  /** violated is proof; holds means that nothing in this history contradicts the model. */
  readonly verdict: 'holds' | 'violated' | 'unknown';
  /** The model that the verdict is about. */
  readonly checked: ConsistencyModel;
  readonly kind: HistoryKind;
  /** One sentence for people. */
  readonly summary: string;
  readonly operations: number;
  readonly outcomes: { readonly ok: number; readonly failed: number; readonly unknown: number };
  readonly keys: number;
  /** Models that nothing contradicts, strongest first; empty when none is left, or when nothing could be told. */
  readonly holds: readonly ConsistencyModel[];
  /** Transactions: every anomaly that was found, and how often (at least). */
  readonly anomalies: readonly { readonly name: string; readonly count: number }[];
  readonly contradictions: readonly Contradiction[];
  /** Why nothing, or not everything, could be told; null when everything was. */
  readonly reason: string | null;
}
