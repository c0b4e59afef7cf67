/**
 * Reading request bodies as Toxiproxy's server does: keys in any case, unknown ones passed over, null as if it were
 * not there, and a wrong type named.
 */
import { badBody } from './errors.ts';

export type Body = Readonly<Record<string, unknown>>;

export function parseBody(text: string): unknown {
  if (text.trim() === '') throw badBody('EOF');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badBody((error as Error).message);
  }
}

export function asObject(value: unknown, what: string): Body {
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Body;
  throw badBody(`json: cannot unmarshal ${nameOf(value)} into Go value of type ${what}`);
}

function find(body: Body, key: string): unknown {
  if (body[key] !== undefined) return body[key];
  const other = Object.keys(body).find((each) => each.toLowerCase() === key);
  return other === undefined ? undefined : body[other];
}

export function field<T>(body: Body, key: string, type: 'string' | 'boolean' | 'int' | 'float', otherwise: T): T {
  const value = find(body, key) ?? undefined;
  if (value === undefined) return otherwise;
  const fits = type === 'int' ? Number.isSafeInteger(value) : typeof value === (type === 'float' ? 'number' : type);
  if (fits) return value as T;
  throw badBody(`json: cannot unmarshal ${nameOf(value)} into Go struct field .${key} of type ${GO[type]}`);
}

export function nested(body: Body, key: string): Body {
  return asObject(find(body, key) ?? null, `struct field .${key}`);
}

const GO = { string: 'string', boolean: 'bool', int: 'int64', float: 'float32' } as const;

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return `number ${value}`;
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
