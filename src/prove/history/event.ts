/** Values of a history as text: for comparing them, and for people. The shape of events is the model's. */
import type { Value } from '../../model/history.ts';

export type { EventType, HistoryEvent, Value } from '../../model/history.ts';

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
