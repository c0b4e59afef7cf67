/**
 * The grammar of a spec: which kinds of YAML may stand where. A shape says at most one thing per kind (scalar, list,
 * map), which is all that Compose's short and long forms need, and makes every message say exactly what was expected.
 */
import type { ErrorCode } from '../model/error-codes.ts';
import type { ScalarNode } from './tree.ts';
import { readBool, readDuration, readInteger, readNumber, readShare, readSize } from './values.ts';

export interface Fault {
  readonly code: ErrorCode;
  readonly expected: string;
}

export interface MapShape {
  /** Known keys; keys that begin with x- are always allowed. */
  readonly keys: Readonly<Record<string, Shape>>;
  /** Any other key, when given; otherwise others are unknown keys. */
  readonly rest: Shape | null;
  readonly required: readonly string[];
  /** What a key of `rest` must look like. */
  readonly name: RegExp | null;
}

export interface Shape {
  /** For messages: `a duration such as 10s`. */
  readonly what: string;
  readonly scalar: ((node: ScalarNode) => Fault | null) | null;
  readonly list: Shape | null;
  readonly map: MapShape | null;
}

const none = { scalar: null, list: null, map: null };

function scalar(what: string, code: ErrorCode, accepts: (node: ScalarNode) => boolean): Shape {
  return { ...none, what, scalar: (node) => (accepts(node) ? null : { code, expected: what }) };
}

export const text = scalar('a text', 'HF1004', () => true);
export const bool = scalar('true or false', 'HF1004', (node) => readBool(node) !== undefined);
export const duration = scalar('a duration such as 10s or 1m30s', 'HF1005', (node) => readDuration(node) !== undefined);
export const size = scalar('a size such as 512m or 1g', 'HF1012', (node) => readSize(node) !== undefined);
export const count = integer(0, Number.MAX_SAFE_INTEGER);

export function integer(low: number, high: number, code: ErrorCode = 'HF1004'): Shape {
  const what =
    high === Number.MAX_SAFE_INTEGER ? `a whole number, ${low} or more` : `a whole number from ${low} to ${high}`;
  return scalar(what, code, (node) => {
    const value = readInteger(node);
    return value !== undefined && value >= low && value <= high;
  });
}

export function number(low: number, high: number): Shape {
  const what = high === Number.POSITIVE_INFINITY ? `a number, ${low} or more` : `a number from ${low} to ${high}`;
  return scalar(what, 'HF1004', (node) => {
    const value = readNumber(node);
    return value !== undefined && value >= low && value <= high;
  });
}

/** A share of one: `0.999` or `99.9%`. */
export const share = scalar('a share such as 0.999 or 99.9%', 'HF1004', (node) => readShare(node) !== undefined);

export const port = integer(1, 65_535, 'HF1013');

export function oneOf(...words: readonly string[]): Shape {
  return scalar(`one of ${words.join(', ')}`, 'HF1004', (node) => words.includes(node.text));
}

export function matching(what: string, pattern: RegExp, code: ErrorCode = 'HF1004'): Shape {
  return scalar(what, code, (node) => pattern.test(node.text));
}

/** Not looked at: what other programs define. */
export const any: Shape = {
  what: 'anything',
  scalar: () => null,
  get list() {
    return any;
  },
  get map() {
    return { keys: {}, rest: any, required: [], name: null };
  },
};

export function list(item: Shape): Shape {
  return { ...none, what: 'a list', list: item };
}

export function dict(value: Shape, name: RegExp | null = null): Shape {
  return { ...none, what: 'a map', map: { keys: {}, rest: value, required: [], name } };
}

export function object(keys: Readonly<Record<string, Shape>>, required: readonly string[] = []): Shape {
  return { ...none, what: 'a map', map: { keys, rest: null, required, name: null } };
}

/** Each kind of YAML by the first of the shapes that allows it. */
export function either(...shapes: readonly Shape[]): Shape {
  return {
    what: shapes.map((shape) => shape.what).join(', or '),
    scalar: shapes.find((shape) => shape.scalar)?.scalar ?? null,
    list: shapes.find((shape) => shape.list)?.list ?? null,
    map: shapes.find((shape) => shape.map)?.map ?? null,
  };
}

export const textOrList = either(text, list(text));
export const listOrDict = either(list(text), dict(text));
