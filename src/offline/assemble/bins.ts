/** Time cut into bins, and measures laid into them. */
import type { Bin, Load } from '../../diagnose/recorded/types.ts';
import type { Measure } from '../contract.ts';

/** Widths that people read easily. */
const WIDTHS_MS = [
  1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
];
/** Bins that the whole time should have at least and at most, when the data leave a choice. */
const FINE = 60;
const MOST = 2_000;
/**
 * Values that come more often than this are mostly the same ones again: scrapes are no nearer, and rates are of windows
 * longer than that. Bins are as long at least, as long as FINE of them are left.
 */
const SCRAPED_MS = 10_000;

export function binWidth(fromMs: number, toMs: number, stepMs: number): number {
  const span = toMs - fromMs;
  const coarse = Math.max(1, Math.floor(Math.min(SCRAPED_MS, span / FINE) / Math.max(1, stepMs)));
  if (stepMs > 0 && span / (coarse * stepMs) <= MOST) return coarse * stepMs;
  const wanted = Math.max(stepMs, span / FINE);
  return WIDTHS_MS.find((width) => width >= wanted * 0.75) ?? Math.ceil(wanted / 3_600_000) * 3_600_000;
}

export function binsBetween(fromMs: number, toMs: number, widthMs: number): Bin[] {
  const bins: Bin[] = [];
  for (let at = fromMs; at < toMs; at += widthMs) bins.push({ fromMs: at, toMs: at + widthMs });
  return bins;
}

/** Usual distance between points: the median over series. 0 when there is none. */
export function stepOf(measures: readonly Measure[]): number {
  const steps = measures.flatMap(({ atMs }) => {
    if (atMs.length < 2) return [];
    return [((atMs.at(-1) as number) - (atMs[0] as number)) / (atMs.length - 1)];
  });
  const middle = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 0;
  return Math.round(middle / 1_000) * 1_000 || Math.round(middle);
}

/** Bins are in order and do not overlap; −1: in none. */
export function binAt(bins: readonly Bin[], atMs: number): number {
  let [low, high] = [0, bins.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { fromMs, toMs } = bins[middle] as Bin;
    if (atMs < fromMs) high = middle - 1;
    else if (atMs >= toMs) low = middle + 1;
    else return middle;
  }
  return -1;
}

/** Sums for totals, additions and rates; means for means. NaN where there was no point. */
export function binned({ form, quantity, atMs, values }: Measure, bins: readonly Bin[]): Float64Array {
  const sums = new Float64Array(bins.length);
  const counts = new Float64Array(bins.length);
  for (let n = 0; n < atMs.length; n++) {
    const value = values[n] as number;
    const at = atMs[n] as number;
    if (form === 'total') {
      if (n === 0) continue;
      const before = values[n - 1] as number;
      // It covers the time that ends with the point.
      const bin = binAt(bins, Math.max(at - 1, ((atMs[n - 1] as number) + at) / 2));
      if (bin < 0) continue;
      sums[bin] = (sums[bin] as number) + (value >= before ? value - before : value);
      counts[bin] = 1;
      continue;
    }
    const bin = binAt(bins, at);
    if (bin < 0 || Number.isNaN(value)) continue;
    sums[bin] = (sums[bin] as number) + value;
    counts[bin] = form === 'added' ? 1 : (counts[bin] as number) + 1;
  }
  return sums.map((sum, bin) => {
    const count = counts[bin] as number;
    if (count === 0) return Number.NaN;
    const mean = sum / count;
    const { fromMs, toMs } = bins[bin] as Bin;
    return form === 'rate' && quantity !== 'level' ? (mean * (toMs - fromMs)) / 1_000 : mean;
  });
}

/** Calls per bin that stand for a service whose calls nobody counted. */
const UNCOUNTED_PER_SECOND = 1;

/** How calls went by all measures of one service, or of one view of an edge; null when none is about calls. */
export function loadOf(measures: readonly Measure[], bins: readonly Bin[]): Load | null {
  const of = (quantity: Measure['quantity']): Float64Array[] =>
    measures.filter((one) => one.quantity === quantity).map((one) => binned(one, bins));
  const requests = added(of('requests'));
  const seconds = added(of('seconds'));
  const means = averaged(of('latencyMs'));
  const failed = added(of('failed'));
  const shares = averaged(of('failedShare'));
  if (requests === null && seconds === null && means === null && shares === null) return null;
  const at = (series: Float64Array | null, bin: number): number => series?.[bin] ?? Number.NaN;
  const calls = bins.map(({ fromMs, toMs }, bin) => {
    if (requests !== null) return at(requests, bin);
    const there = !Number.isNaN(at(means, bin)) || !Number.isNaN(at(shares, bin));
    return there ? (UNCOUNTED_PER_SECOND * (toMs - fromMs)) / 1_000 : Number.NaN;
  });
  return {
    requests: calls,
    latencyMs: calls
      .map((count, bin) => (means !== null ? at(means, bin) : (1_000 * at(seconds, bin)) / count))
      .map(finite),
    failedShare: calls.map((count, bin) => {
      if (shares !== null) return at(shares, bin);
      if (failed !== null) return count > 0 ? Math.min(1, (at(failed, bin) || 0) / count) : Number.NaN;
      return Number.NaN;
    }),
  };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);

function added(all: readonly Float64Array[]): Float64Array | null {
  const [first] = all;
  if (first === undefined) return null;
  return first.map((_, bin) => {
    const there = all.map((series) => series[bin] as number).filter((value) => !Number.isNaN(value));
    return there.length === 0 ? Number.NaN : there.reduce((sum, value) => sum + value, 0);
  });
}

function averaged(all: readonly Float64Array[]): Float64Array | null {
  const [first] = all;
  if (first === undefined) return null;
  return first.map((_, bin) => {
    const there = all.map((series) => series[bin] as number).filter((value) => !Number.isNaN(value));
    return there.length === 0 ? Number.NaN : there.reduce((sum, value) => sum + value, 0) / there.length;
  });
}
