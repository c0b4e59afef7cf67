/** Operators between vectors and numbers, and which sample meets which. */
import type { BinaryExpr, Labels, Matching } from './ast.ts';
import { executionError } from './errors.ts';
import { except, keyOf, only, type Sample, type Vector, withoutName } from './values.ts';

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => a ** b,
  atan2: Math.atan2,
};
const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

export function scalars(op: string, a: number, b: number): number {
  const compare = COMPARE[op];
  return compare ? Number(compare(a, b)) : (ARITHMETIC[op] as (a: number, b: number) => number)(a, b);
}

/** null: it is left out. */
function combine(op: string, a: number, b: number, bool: boolean, kept: number): number | null {
  const compare = COMPARE[op];
  if (!compare) return scalars(op, a, b);
  const holds = compare(a, b);
  return bool ? Number(holds) : holds ? kept : null;
}

export function vectorScalar({ op, bool }: BinaryExpr, vector: Vector, scalar: number, scalarLeft: boolean): Sample[] {
  const keepsName = op in COMPARE && !bool;
  return vector.flatMap(({ labels, value }) => {
    const result = scalarLeft ? combine(op, scalar, value, bool, value) : combine(op, value, scalar, bool, value);
    return result === null ? [] : [{ labels: keepsName ? labels : withoutName(labels), value: result }];
  });
}

export function vectors(expr: BinaryExpr, left: Vector, right: Vector): Sample[] {
  const { op, matching } = expr;
  const keyFor = (labels: Labels): string => keyOf(meeting(labels, matching));
  if (op === 'and' || op === 'unless') {
    const present = new Set(right.map(({ labels }) => keyFor(labels)));
    return left.filter(({ labels }) => present.has(keyFor(labels)) === (op === 'and'));
  }
  if (op === 'or') {
    const present = new Set(left.map(({ labels }) => keyFor(labels)));
    return [...left, ...right.filter(({ labels }) => !present.has(keyFor(labels)))];
  }
  return matched(expr, left, right, keyFor);
}

function meeting(labels: Labels, { on, labels: names }: Matching): Labels {
  return on ? only(labels, names) : except(labels, [...names, '__name__']);
}

function matched(
  { op, bool, matching }: BinaryExpr,
  left: Vector,
  right: Vector,
  keyFor: (labels: Labels) => string,
): Sample[] {
  const swapped = matching.group === 'right';
  const [many, one] = swapped ? [right, left] : [left, right];
  const ones = new Map<string, Sample>();
  for (const sample of one) {
    const key = keyFor(sample.labels);
    if (ones.has(key)) {
      const side = swapped ? 'left' : 'right';
      throw executionError(
        `found duplicate series for the match group ${text(meeting(sample.labels, matching))} on the ${side} hand-side of the operation;many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
    ones.set(key, sample);
  }
  const seen = new Set<string>();
  const results: Sample[] = [];
  for (const sample of many) {
    const key = keyFor(sample.labels);
    const partner = ones.get(key);
    if (!partner) continue;
    const [a, b] = swapped ? [partner.value, sample.value] : [sample.value, partner.value];
    const value = combine(op, a, b, bool, a);
    const labels = resultLabels(sample.labels, partner.labels, op, bool, matching);
    const unique = matching.group === null ? key : keyOf(labels);
    if (value === null && matching.group !== null) continue;
    if (seen.has(unique)) {
      throw executionError(
        matching.group === null
          ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
          : 'multiple matches for labels: grouping labels must ensure unique matches',
      );
    }
    seen.add(unique);
    if (value !== null) results.push({ labels, value });
  }
  return results;
}

function resultLabels(
  many: Labels,
  one: Labels,
  op: string,
  bool: boolean,
  { on, labels, group, include }: Matching,
): Labels {
  const kept = op in COMPARE && !bool ? many : withoutName(many);
  if (group === null) {
    const name = kept.__name__;
    if (on) return only(kept, labels);
    const rest = except(kept, labels);
    return name === undefined ? rest : rest;
  }
  const result: Record<string, string> = { ...kept };
  for (const label of include) {
    if (one[label]) result[label] = one[label];
    else delete result[label];
  }
  return result;
}

function text(labels: Labels): string {
  return `{${Object.keys(labels)
    .sort()
    .map((name) => `${name}="${labels[name]}"`)
    .join(', ')}}`;
}
