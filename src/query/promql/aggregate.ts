/** Many samples to one for each group. */
import type { Grouping, Labels } from './ast.ts';
import { executionError } from './errors.ts';
import { except, keyOf, only, quantile, type Sample, sumOf, type Vector, variance } from './values.ts';

interface Group {
  readonly labels: Labels;
  readonly samples: Sample[];
}

const SIMPLE: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: sumOf,
  avg: (values) => sumOf(values) / values.length,
  min: (values) => values.reduce((a, b) => (Number.isNaN(a) || b < a ? b : a)),
  max: (values) => values.reduce((a, b) => (Number.isNaN(a) || b > a ? b : a)),
  count: (values) => values.length,
  group: () => 1,
  stdvar: (values) => variance(values),
  stddev: (values) => Math.sqrt(variance(values)),
};

export function aggregate(op: string, grouping: Grouping, vector: Vector, parameter: number | string | null): Sample[] {
  const groups = groupsOf(vector, grouping);
  const simple = SIMPLE[op];
  if (simple)
    return groups.map(({ labels, samples }) => ({ labels, value: simple(samples.map(({ value }) => value)) }));
  if (op === 'quantile') {
    const share = parameter as number;
    return groups.map(({ labels, samples }) => ({
      labels,
      value: quantile(
        share,
        samples.map(({ value }) => value),
      ),
    }));
  }
  if (op === 'count_values') return groups.flatMap((group) => countValues(group, parameter as string));
  return groups.flatMap(({ samples }) => ranked(samples, parameter as number, op === 'topk'));
}

function groupsOf(vector: Vector, { without, labels: names }: Grouping): Group[] {
  const groups = new Map<string, Group>();
  for (const sample of vector) {
    const labels = without ? except(sample.labels, [...names, '__name__']) : only(sample.labels, names);
    const key = keyOf(labels);
    const group = groups.get(key);
    if (group) group.samples.push(sample);
    else groups.set(key, { labels, samples: [sample] });
  }
  return [...groups.values()];
}

/** NaN is less than everything, for both. */
function ranked(samples: readonly Sample[], count: number, top: boolean): Sample[] {
  if (Number.isNaN(count) || Math.abs(count) > Number.MAX_SAFE_INTEGER)
    throw executionError(`Scalar value ${count} overflows int64`);
  if (count < 1) return [];
  const rank = ({ value }: Sample): number => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : top ? value : -value);
  return [...samples].sort((a, b) => rank(b) - rank(a) || 0).slice(0, Math.trunc(count));
}

function countValues({ labels, samples }: Group, label: string): Sample[] {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label)) throw executionError(`invalid label name "${label}"`);
  const counts = new Map<string, number>();
  for (const { value } of samples) counts.set(numberText(value), (counts.get(numberText(value)) ?? 0) + 1);
  return [...counts].map(([text, value]) => ({ labels: { ...labels, [label]: text }, value }));
}

/** As Prometheus writes numbers. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  // Go's 'f' format: never an exponent.
  const text = String(value);
  return text.includes('e') ? plain(text) : text;
}

function plain(text: string): string {
  const [, sign = '', whole = '', part = '', exponent = '0'] = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(text) ?? [];
  const digits = whole + part;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length
    ? sign + digits.padEnd(point, '0')
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
