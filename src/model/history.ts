/**
 * What a client saw, one event at a time: it invoked an operation, and later learned that it was done (ok), that it
 * was not done (fail), or nothing (info: the outcome is unknown for ever). Everything a checker needs, and the shape
 * that Jepsen's tools write, so that histories recorded elsewhere can be judged here and the other way round.
 */

export type EventType = 'invoke' | 'ok' | 'fail' | 'info';

/** Plain data. An EDN keyword keeps its colon (`:timed-out`), so that it never equals a string. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };

export interface HistoryEvent {
  /** A logical thread of a client: at most one operation at a time. */
  readonly process: number;
  readonly type: EventType;
  /** What is done: `read`, `write`, `cas`, `add`, `enqueue`, `append`, `txn`, … */
  readonly f: string;
  /** The object it is done to; absent when the history is about one object. */
  readonly key?: Value;
  /** Argument at the invocation, result at the return. */
  readonly value: Value;
  /** Why it failed or is unknown. */
  readonly error?: Value;
  /** Nanoseconds since the recording began, as Jepsen counts; the order of events is what is judged. */
  readonly time?: number;
}
