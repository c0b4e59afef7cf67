/**
 * What a client saw, one event at a time: it invoked an operation, and later learned that it was done (ok), that it
 * was not done (fail), or nothing (info: the outcome is unknown for ever). Everything a checker needs, and the shape
 * that Jepsen's tools write, so that histories recorded elsewhere can be judged here.
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
}

/** The one text of a value: equal values have equal texts. Maps are ordered by name. */
export function textOf(value: Value): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  const map = value as { readonly [name: string]: Value };
  const names = Object.keys(map).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${textOf(map[name] as Value)}`).join(',')}}`;
}

/** As people read it: `nil`, `3`, `"a"`, `[1 2]`. */
export function show(value: Value): string {
  if (value === null) return 'nil';
  if (typeof value === 'string') return value.startsWith(':') ? value : JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  const map = value as { readonly [name: string]: Value };
  return `{${Object.keys(map)
    .map((name) => `${name} ${show(map[name] as Value)}`)
    .join(', ')}}`;
}
