/** Functions of instant vectors and of labels. */
import type { Labels } from './ast.ts';
import { executionError } from './errors.ts';
import { except, keyOf, type Sample, type Vector, withoutName } from './values.ts';

/** Number to number; the metric's name goes. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, (value: number, ...args: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  sgn: Math.sign,
  round: (value, to = 1) => Math.floor(value * (1 / to) + 0.5) / (1 / to),
  clamp: (value, least = Number.NaN, most = Number.NaN) => Math.max(least, Math.min(most, value)),
  clamp_min: (value, least = Number.NaN) => Math.max(least, value),
  clamp_max: (value, most = Number.NaN) => Math.min(most, value),
};

/** Seconds since 1970 to a part of the date, in UTC. */
export const TIME_FUNCTIONS: Readonly<Record<string, (date: Date) => number>> = {
  minute: (date) => date.getUTCMinutes(),
  hour: (date) => date.getUTCHours(),
  day_of_week: (date) => date.getUTCDay(),
  day_of_month: (date) => date.getUTCDate(),
  days_in_month: (date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  month: (date) => date.getUTCMonth() + 1,
  year: (date) => date.getUTCFullYear(),
};

/** Buckets `le` to the value below which a share of the observations lies, linear within a bucket. */
export function histogramQuantile(share: number, vector: Vector): Sample[] {
  const groups = new Map<string, { labels: Labels; buckets: { le: number; count: number }[] }>();
  for (const { labels, value } of vector) {
    const le = parseBound(labels.le);
    if (le === null) continue;
    const own = except(withoutName(labels), ['le']);
    const key = keyOf(own);
    const group = groups.get(key) ?? { labels: own, buckets: [] };
    group.buckets.push({ le, count: value });
    groups.set(key, group);
  }
  return [...groups.values()].map(({ labels, buckets }) => ({ labels, value: bucketQuantile(share, buckets) }));
}

function parseBound(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\+?inf$/i.test(text)) return Number.POSITIVE_INFINITY;
  const bound = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(bound) ? null : bound;
}

function bucketQuantile(share: number, unsorted: readonly { le: number; count: number }[]): number {
  if (Number.isNaN(share)) return Number.NaN;
  if (share < 0) return Number.NEGATIVE_INFINITY;
  if (share > 1) return Number.POSITIVE_INFINITY;
  const buckets: { le: number; count: number }[] = [];
  for (const { le, count } of [...unsorted].sort((a, b) => a.le - b.le)) {
    const last = buckets.at(-1);
    // The same bound twice counts together; a bucket never has fewer than a smaller one.
    if (last?.le === le) last.count += count;
    else buckets.push({ le, count });
  }
  for (let at = 1; at < buckets.length; at++) {
    const [before, bucket] = [buckets[at - 1], buckets[at]] as [{ count: number }, { count: number }];
    bucket.count = Math.max(bucket.count, before.count);
  }
  const last = buckets.at(-1);
  if (!last || last.le !== Number.POSITIVE_INFINITY || buckets.length < 2) return Number.NaN;
  if (last.count === 0 || Number.isNaN(last.count)) return Number.NaN;
  let rank = share * last.count;
  const found = buckets.findIndex(({ count }) => count >= rank);
  const bucket = buckets[found] as { le: number; count: number };
  if (found === buckets.length - 1) return (buckets.at(-2) as { le: number }).le;
  if (found === 0 && bucket.le <= 0) return bucket.le;
  const before = found === 0 ? { le: 0, count: 0 } : (buckets[found - 1] as { le: number; count: number });
  rank -= before.count;
  return before.le + (bucket.le - before.le) * (rank / (bucket.count - before.count));
}

export function labelReplace(
  vector: Vector,
  target: string,
  template: string,
  source: string,
  pattern: string,
): Sample[] {
  let compiled: RegExp;
  try {
    compiled = new RegExp(`^(?:${pattern})$`, 's');
  } catch {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
  checkLabel(target, 'label_replace');
  return distinct(
    vector.map(({ labels, value }) => {
      const match = compiled.exec(labels[source] ?? '');
      if (!match) return { labels, value };
      const text = template.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_all, dollar, braced, plain) => {
        const name = (braced ?? plain) as string;
        if (dollar) return '$';
        return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
      });
      return { labels: set(labels, target, text), value };
    }),
  );
}

export function labelJoin(vector: Vector, target: string, separator: string, sources: readonly string[]): Sample[] {
  checkLabel(target, 'label_join');
  return distinct(
    vector.map(({ labels, value }) => ({
      labels: set(labels, target, sources.map((source) => labels[source] ?? '').join(separator)),
      value,
    })),
  );
}

function checkLabel(name: string, call: string): void {
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
    throw executionError(`invalid destination label name in ${call}(): ${name}`);
}

function set(labels: Labels, name: string, text: string): Labels {
  return text === '' ? except(labels, [name]) : { ...labels, [name]: text };
}

/** Two results with the same labels would be one series with two values. */
export function distinct(vector: readonly Sample[]): Sample[] {
  const seen = new Set<string>();
  for (const { labels } of vector) {
    const key = keyOf(labels);
    if (seen.has(key)) throw executionError('vector cannot contain metrics with the same labelset');
    seen.add(key);
  }
  return [...vector];
}
