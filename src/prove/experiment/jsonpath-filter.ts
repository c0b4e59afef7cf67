/** The filters of JSON paths: comparisons of `@…` with constants or each other, joined by `&&`, `||`, `!`, brackets. */
import { type Json, sameJson } from './json.ts';
import { type JsonPath, type Reader, walk } from './jsonpath.ts';
import { pythonRegex } from './regex.ts';

type Operand = { readonly path: JsonPath } | { readonly constant: Json };
const OPERATORS = ['==', '!=', '<=', '>=', '=~', '<', '>', '='] as const;
type Operator = (typeof OPERATORS)[number];

export type FilterExpression =
  | { readonly kind: 'and' | 'or'; readonly left: FilterExpression; readonly right: FilterExpression }
  | { readonly kind: 'not'; readonly inner: FilterExpression }
  | { readonly kind: 'exists'; readonly path: JsonPath }
  | { readonly kind: 'compare'; readonly left: Operand; readonly operator: Operator; readonly right: Operand };

export function parseFilter(reader: Reader): FilterExpression {
  return either(reader);
}

function either(reader: Reader): FilterExpression {
  let left = both(reader);
  for (;;) {
    reader.space();
    if (!reader.take('||') && reader.match(/^or\b/) === null) return left;
    left = { kind: 'or', left, right: both(reader) };
  }
}

function both(reader: Reader): FilterExpression {
  let left = single(reader);
  for (;;) {
    reader.space();
    if (!reader.take('&&') && reader.match(/^and\b/) === null) return left;
    left = { kind: 'and', left, right: single(reader) };
  }
}

function single(reader: Reader): FilterExpression {
  reader.space();
  if (reader.match(/^(?:!(?!=)|not\b)/) !== null) return { kind: 'not', inner: single(reader) };
  if (reader.take('(')) {
    const inner = either(reader);
    reader.space();
    reader.expect(')');
    return inner;
  }
  const left = operand(reader);
  reader.space();
  const operator = OPERATORS.find((sign) => reader.take(sign));
  if (operator === undefined) {
    if ('path' in left) return { kind: 'exists', path: left.path };
    return reader.fail('expected a comparison');
  }
  reader.space();
  const right = operand(reader);
  if (operator === '=~' && 'constant' in right) pythonRegex(String(right.constant));
  return { kind: 'compare', left, operator, right };
}

function operand(reader: Reader): Operand {
  if (reader.take('@')) return { path: reader.segments() };
  const text = reader.quoted();
  if (text !== null) return { constant: text };
  const pattern = reader.match(/^\/(?:[^/\\]|\\.)+\//);
  if (pattern !== null) return { constant: pattern.slice(1, -1) };
  const number = reader.match(/^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/);
  if (number !== null) return { constant: Number(number) };
  const word = reader.match(/^(?:true|True|false|False|null|None)\b/);
  if (word === null) return reader.fail('expected @, a text, a number, true, false or null');
  return { constant: word === 'null' || word === 'None' ? null : word.toLowerCase() === 'true' };
}

export function test(filter: FilterExpression, value: Json): boolean {
  if (filter.kind === 'not') return !test(filter.inner, value);
  if (filter.kind === 'exists') return walk(filter.path, [value]).length > 0;
  if (filter.kind === 'compare') {
    const left = operandValue(filter.left, value);
    const right = operandValue(filter.right, value);
    if (left === undefined || right === undefined) return filter.operator === '!=' && left !== right;
    return compare(left, filter.operator, right);
  }
  const left = test(filter.left, value);
  return left === (filter.kind === 'or') ? left : test(filter.right, value);
}

function operandValue(side: Operand, value: Json): Json | undefined {
  return 'constant' in side ? side.constant : walk(side.path, [value])[0];
}

function compare(left: Json, operator: Operator, right: Json): boolean {
  if (operator === '==' || operator === '=') return sameJson(left, right);
  if (operator === '!=') return !sameJson(left, right);
  if (operator === '=~') return typeof left === 'string' && pythonRegex(String(right)).test(left);
  const ordered =
    (typeof left === 'number' && typeof right === 'number') || (typeof left === 'string' && typeof right === 'string');
  if (!ordered) return false;
  const [a, b] = [left, right] as [number, number];
  return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b;
}
