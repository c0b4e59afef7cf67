/** What expressions yield at one moment. */
import type { Labels } from './ast.ts';
import type { SampledSeries } from './source.ts';

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** The samples of one series within (from, to]. */
export interface Window {
  readonly labels: Labels;
  readonly series: SampledSeries;
  /** Indices: first, and one beyond the last. */
  readonly first: number;
  readonly end: number;
}

export type Vector = readonly Sample[];

/** Same labels, same key. */
export function keyOf(labels: Labels): string {
  const names = Object.keys(labels).sort();
  let key = '';
  for (const name of names) key += `${name}\u0001${labels[name]}\u0002`;
  return key;
}

export function withoutName(labels: Labels): Labels {
  const { __name__, ...rest } = labels;
  return __name__ === undefined ? labels : rest;
}

export function only(labels: Labels, names: readonly string[]): Labels {
  const kept: Record<string, string> = {};
  for (const name of names) if (labels[name]) kept[name] = labels[name];
  return kept;
}

export function except(labels: Labels, names: readonly string[]): Labels {
  const kept: Record<string, string> = { ...labels };
  for (const name of names) delete kept[name];
  return kept;
}

/** Kahan's sum, as Prometheus adds: the order of samples does not show in the last digits. */
export function sumOf(values: Iterable<number>): number {
  let sum = 0;
  let lost = 0;
  for (const value of values) {
    const next = sum + value;
    if (!Number.isFinite(next)) {
      sum = next;
      lost = 0;
      continue;
    }
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

/** Linear between ranks; the values need not be sorted. */
export function quantile(share: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(share)) return Number.NaN;
  if (share < 0) return Number.NEGATIVE_INFINITY;
  if (share > 1) return Number.POSITIVE_INFINITY;
  const sorted = [...values].sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const low = Math.max(0, Math.floor(rank));
  const high = Math.min(sorted.length - 1, low + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[low] as number) * (1 - weight) + (sorted[high] as number) * weight;
}

/** Population variance (Welford). */
export function variance(values: Iterable<number>): number {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const value of values) {
    count++;
    const delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  return squares / count;
}
