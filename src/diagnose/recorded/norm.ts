/**
 * What was normal: median and median absolute deviation of the bins before, which a few bad bins among them do not
 * move. Found by selection, not by sorting: ten thousand services with a day of bins each stay within a second.
 */
import type { Load, Norm, Series } from './types.ts';

/** Fewer bins than this say nothing about what is normal. */
export const FEWEST_BINS = 5;

/** MAD × this is the standard deviation of normally distributed values; their 95th percentile lies this many above. */
export const MAD_TO_SIGMA = 1.4826;
const TAIL_TO_SIGMA = 1.645;

export function isNorm(normal: Load | Norm): normal is Norm {
  return 'bins' in normal;
}

export function normOf(load: Load): Norm {
  const latency = spreadOf(load.latencyMs);
  const failed = spreadOf(load.failedShare);
  return {
    bins: Math.max(latency.bins, failed.bins),
    latencyMs: latency.center,
    latencySigmaMs: latency.sigma,
    failedShare: failed.center,
    failedSigma: failed.sigma,
  };
}

/**
 * The wider of what the middle half says (MAD) and what one bin in twenty says: a service with few calls, or with two
 * ways of answering, often goes far from its median without anything being wrong. Upwards only: faster is no damage.
 */
function spreadOf(series: Series): { bins: number; center: number; sigma: number } {
  const values = present(series);
  const bins = values.length;
  if (bins < FEWEST_BINS) return { bins, center: Number.NaN, sigma: Number.NaN };
  const center = middle(values);
  const tail = select(values, Math.min(bins - 1, Math.floor(0.95 * bins))) - center;
  return { bins, center, sigma: Math.max(MAD_TO_SIGMA * deviation(values, center), tail / TAIL_TO_SIGMA) };
}

/** Median of what is there; NaN when nothing is. */
export function median(series: Series): number {
  return middle(present(series));
}

/** The one that a share `q` of them lie below; 0 when there are none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
}

/** A single pause is a pause. */
export const upperQuartile = (values: readonly number[]): number => quantile(values, 0.75);

/** Of the first `to` values, those that are there: the one that a quarter of them lie below. NaN when nothing is. */
export function lowerQuartile(series: Series, to: number): number {
  const values = present(series, to);
  return values.length === 0 ? Number.NaN : select(values, (values.length - 1) >> 2);
}

/** Median absolute deviation from the median; NaN when nothing is there. */
export function mad(series: Series): number {
  const values = present(series);
  return deviation(values, middle(values));
}

/** Where values are reordered; grown as needed, used by one call at a time. Saves two allocations per series. */
let scratch = new Float64Array(256);

/** What is there, in a place that the next call overwrites. */
function present(series: Series, to = series.length): Float64Array {
  if (scratch.length < to) scratch = new Float64Array(2 * to);
  let n = 0;
  for (let i = 0; i < to; i++) {
    const value = series[i] as number;
    if (!Number.isNaN(value)) scratch[n++] = value;
  }
  return scratch.subarray(0, n);
}

function deviation(values: Float64Array, center: number): number {
  for (let i = 0; i < values.length; i++) values[i] = Math.abs((values[i] as number) - center);
  return middle(values);
}

/** Reorders its argument. For an even number of values the mean of the middle two. */
function middle(values: Float64Array): number {
  const n = values.length;
  if (n === 0) return Number.NaN;
  const high = select(values, n >> 1);
  if (n % 2 === 1) return high;
  let low = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n >> 1; i++) low = Math.max(low, values[i] as number);
  return (low + high) / 2;
}

/** Hoare's selection: afterwards values[k] is in its place and nothing before it is larger. */
function select(values: Float64Array, k: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = values[(left + right) >> 1] as number;
    let i = left;
    let j = right;
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i > j) break;
      const swap = values[i] as number;
      values[i++] = values[j] as number;
      values[j--] = swap;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k] as number;
}
