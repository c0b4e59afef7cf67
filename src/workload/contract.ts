/**
 * What a workload asks of a store, and what it may answer. A workload is a stream of calls; an adapter carries them
 * to one kind of store. Everything hinges on honest outcomes: `fail` only when the call certainly had no effect,
 * `info` whenever nobody can know, as when a connection ends between a write and its answer. A store that is judged
 * by dishonest outcomes is accused of what its adapter did.
 */
import type { ConsistencyModel, WorkloadKind } from '../model/consistency.ts';
import type { Value } from '../model/history.ts';
import type { Ms } from '../model/time.ts';

/**
 * By function: `read` (null → value), `write` v, `cas` [from, to], `add` v, `enqueue` v, `dequeue` (null → v, or nil
 * when empty), `txn` [[f, key, v], …] with f `r` or `append`. Values are integers; a missing register reads nil, a
 * missing counter 0, a missing set [].
 */
export interface Call {
  readonly f: string;
  /** Absent for `txn`. */
  readonly key?: string;
  readonly value: Value;
}

export type Outcome =
  | { readonly type: 'ok'; readonly value: Value }
  /** It had no effect and never will. A cas that found another value has no error. */
  | { readonly type: 'fail'; readonly error?: string }
  /** It may have had its effect, or may yet. */
  | { readonly type: 'info'; readonly error: string };

/** One client's connection; one call at a time. */
export interface Connection {
  /** A rejection counts as info. */
  call(call: Call): Promise<Outcome>;
  /** Whether it can be used for another call. */
  alive(): boolean;
  /** At once, without a farewell: what is under way is given up. */
  close(): void;
}

export interface Adapter {
  /** `redis`, `postgres`, … */
  readonly name: string;
  /** Where to, without secrets. */
  readonly target: string;
  readonly workloads: readonly WorkloadKind[];
  /** What the store promises, by its own documentation, as it is set up: what a verdict is about unless asked otherwise. */
  promises(workload: WorkloadKind): ConsistencyModel;
  /** Tables and such, for this run alone. HF8053 when that is impossible. */
  prepare(workload: WorkloadKind, run: string): Promise<void>;
  /** Rejects when the store cannot be reached; the workload tries again. */
  connect(timeoutMs: Ms): Promise<Connection>;
  /** Takes away what prepare and the calls made. Says what it had to leave. */
  cleanUp(): Promise<readonly string[]>;
}

export const ok = (value: Value): Outcome => ({ type: 'ok', value });
export const fail = (error?: string): Outcome => (error === undefined ? { type: 'fail' } : { type: 'fail', error });
export const info = (error: string): Outcome => ({ type: 'info', error });
