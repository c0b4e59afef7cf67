/** JSON from outside: looked at with care, made flat. */
import { Malformed } from './protobuf.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Throws Malformed. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Malformed(error instanceof Error ? error.message : 'not JSON');
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string {
  return typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? ''
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
}

/** One level of names and texts; at most `most` of them. */
export function flat(value: unknown, most: number, except: readonly string[] = []): Record<string, string> {
  const out: Record<string, string> = {};
  if (!isObject(value)) return out;
  let count = 0;
  for (const [name, item] of Object.entries(value)) {
    if (name === '__proto__' || item === null || item === undefined || except.includes(name)) continue;
    if (++count > most) break;
    out[name] = textOf(item);
  }
  return out;
}
