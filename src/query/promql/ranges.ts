/** Functions of range vectors: one number from the samples of a window, or none. */
import { quantile, sumOf, variance, type Window } from './values.ts';

export interface RangeContext {
  /** End of the window, and its length. */
  readonly toMs: number;
  readonly rangeMs: number;
}

type RangeFunction = (window: Window, context: RangeContext) => number | null;

function values({ series, first, end }: Window): number[] {
  const all = new Array<number>(end - first);
  for (let at = first; at < end; at++) all[at - first] = series.valueAt(at);
  return all;
}

/**
 * Prometheus' extrapolatedRate: the difference of first and last, with counter resets made good, stretched to the whole
 * window unless its samples begin or end well inside of it; a counter is not stretched below zero.
 */
function extrapolated(
  window: Window,
  { toMs, rangeMs }: RangeContext,
  counter: boolean,
  perSecond: boolean,
): number | null {
  const { series, first, end } = window;
  const count = end - first;
  if (count < 2) return null;
  const last = end - 1;
  const begin = series.valueAt(first);
  let growth = series.valueAt(last) - begin;
  if (counter) {
    for (let at = first + 1; at <= last; at++) {
      if (series.valueAt(at) < series.valueAt(at - 1)) growth += series.valueAt(at - 1);
    }
  }
  const sampledS = (series.timeAt(last) - series.timeAt(first)) / 1_000;
  let toStartS = (series.timeAt(first) - (toMs - rangeMs)) / 1_000;
  const toEndS = (toMs - series.timeAt(last)) / 1_000;
  const meanS = sampledS / (count - 1);
  if (counter && growth > 0 && begin >= 0) toStartS = Math.min(toStartS, sampledS * (begin / growth));
  const near = meanS * 1.1;
  const stretchedS = sampledS + (toStartS < near ? toStartS : meanS / 2) + (toEndS < near ? toEndS : meanS / 2);
  const factor = stretchedS / sampledS / (perSecond ? rangeMs / 1_000 : 1);
  return growth * factor;
}

function instant({ series, first, end }: Window, rate: boolean): number | null {
  if (end - first < 2) return null;
  const [before, last] = [series.valueAt(end - 2), series.valueAt(end - 1)];
  const seconds = (series.timeAt(end - 1) - series.timeAt(end - 2)) / 1_000;
  if (seconds === 0) return null;
  if (!rate) return last - before;
  return (last < before ? last : last - before) / seconds;
}

/** Least squares; `atMs` is where the intercept is taken. */
function line({ series, first, end }: Window, atMs: number): { slope: number; intercept: number } | null {
  const count = end - first;
  if (count < 2) return null;
  let [sumX, sumY, sumXY, sumX2] = [0, 0, 0, 0];
  const begin = series.valueAt(first);
  let constant = true;
  for (let at = first; at < end; at++) {
    const x = (series.timeAt(at) - atMs) / 1_000;
    const y = series.valueAt(at);
    if (y !== begin) constant = false;
    sumX += x;
    sumY += y;
    sumXY += x * y;
    sumX2 += x * x;
  }
  if (constant) return Number.isFinite(begin) ? { slope: 0, intercept: begin } : null;
  const covariance = sumXY - (sumX * sumY) / count;
  const spread = sumX2 - (sumX * sumX) / count;
  const slope = covariance / spread;
  return { slope, intercept: sumY / count - (slope * sumX) / count };
}

function changes({ series, first, end }: Window, resets: boolean): number {
  let count = 0;
  for (let at = first + 1; at < end; at++) {
    const [before, now] = [series.valueAt(at - 1), series.valueAt(at)];
    if (resets ? now < before : now !== before) count++;
  }
  return count;
}

export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: (window, context) => extrapolated(window, context, true, true),
  increase: (window, context) => extrapolated(window, context, true, false),
  delta: (window, context) => extrapolated(window, context, false, false),
  irate: (window) => instant(window, true),
  idelta: (window) => instant(window, false),
  deriv: (window) => line(window, window.series.timeAt(window.first))?.slope ?? null,
  resets: (window) => changes(window, true),
  changes: (window) => changes(window, false),
  avg_over_time: (window) => sumOf(values(window)) / (window.end - window.first),
  sum_over_time: (window) => sumOf(values(window)),
  min_over_time: (window) => values(window).reduce((least, value) => Math.min(least, value)),
  max_over_time: (window) => values(window).reduce((most, value) => Math.max(most, value)),
  count_over_time: (window) => window.end - window.first,
  last_over_time: (window) => window.series.valueAt(window.end - 1),
  present_over_time: () => 1,
  stddev_over_time: (window) => Math.sqrt(variance(values(window))),
  stdvar_over_time: (window) => variance(values(window)),
};

export function quantileOverTime(share: number, window: Window): number {
  return quantile(share, values(window));
}

export function predictLinear(window: Window, seconds: number, atMs: number): number | null {
  const found = line(window, atMs);
  return found === null ? null : found.slope * seconds + found.intercept;
}
