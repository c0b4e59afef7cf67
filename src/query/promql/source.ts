/** Where the samples come from. */
import type { Labels, Matcher } from './ast.ts';

/** One series. Times ascend; ms since 1970. */
export interface SampledSeries {
  /** With `__name__`. */
  readonly labels: Labels;
  readonly length: number;
  timeAt(index: number): number;
  valueAt(index: number): number;
}

export interface SampleSource {
  select(matchers: readonly Matcher[]): Iterable<SampledSeries>;
}

/** The last index with a time ≤ `timeMs`, or −1. */
export function lastUntil(series: SampledSeries, timeMs: number): number {
  let low = 0;
  let high = series.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (series.timeAt(middle) <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
