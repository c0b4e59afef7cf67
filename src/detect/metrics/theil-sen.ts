/** A line through noisy points that outliers do not bend, and the ring of means that it is laid through. */
import type { Ms } from '../../model/time.ts';

/** Means and highs of consecutive stretches of time, the newest `size`. Stretches without a sample are left out. */
export class MeanRing {
  readonly #bucketMs: Ms;
  readonly #means: Float64Array;
  readonly #highs: Float64Array;
  readonly #buckets: Float64Array;
  #next = 0;
  #bucket = Number.NaN;
  #sum = 0;
  #samples = 0;
  #high = Number.NEGATIVE_INFINITY;
  count = 0;

  constructor(size: number, bucketMs: Ms) {
    this.#bucketMs = bucketMs;
    this.#means = new Float64Array(size);
    this.#highs = new Float64Array(size);
    this.#buckets = new Float64Array(size);
  }

  get bytes(): number {
    return this.#means.byteLength * 3;
  }

  clear(): void {
    this.count = 0;
    this.#next = 0;
    this.#samples = 0;
    this.#sum = 0;
    this.#high = Number.NEGATIVE_INFINITY;
    this.#bucket = Number.NaN;
  }

  /** True when a stretch is over and its mean has been added. */
  push(timeMs: Ms, value: number): boolean {
    const bucket = Math.floor(timeMs / this.#bucketMs);
    const ends = bucket !== this.#bucket && this.#samples > 0;
    if (ends) {
      this.#means[this.#next] = this.#sum / this.#samples;
      this.#highs[this.#next] = this.#high;
      this.#buckets[this.#next] = this.#bucket;
      this.#next = (this.#next + 1) % this.#means.length;
      this.count = Math.min(this.count + 1, this.#means.length);
      this.#sum = 0;
      this.#samples = 0;
      this.#high = Number.NEGATIVE_INFINITY;
    }
    this.#bucket = bucket;
    this.#high = Math.max(this.#high, value);
    this.#sum += value;
    this.#samples++;
    return ends;
  }

  /** The oldest is 0. */
  mean(index: number): number {
    return this.#means[this.#slot(index)] as number;
  }

  /** The middle of the stretch. */
  timeMs(index: number): Ms {
    return ((this.#buckets[this.#slot(index)] as number) + 0.5) * this.#bucketMs;
  }

  /** The highest sample of the stretches that were over by then; −∞ without any. */
  highBefore(timeMs: Ms): number {
    let high = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < this.count && this.timeMs(index) + this.#bucketMs / 2 <= timeMs; index++)
      high = Math.max(high, this.#highs[this.#slot(index)] as number);
    return high;
  }

  #slot(index: number): number {
    const size = this.#means.length;
    return (this.#next - this.count + index + size) % size;
  }
}

export interface Line {
  /** Per millisecond: the median of pairwise slopes, and the bounds of its 90 % interval. */
  readonly slope: number;
  readonly low: number;
  readonly high: number;
  /** Kendall's S in standard deviations: how sure a rise is. */
  readonly z: number;
  /** Where these lines are at the newest point (less noisy than that point): they cross in the middle of all points. */
  readonly level: number;
  readonly levelLow: number;
  readonly levelHigh: number;
  readonly fromMs: Ms;
  readonly toMs: Ms;
  readonly spanMs: Ms;
  /** The newest mean. */
  readonly last: number;
  /** From the first fifth's mean to the last fifth's. */
  readonly growth: number;
  /** The largest rise from one point to the next. */
  readonly largestStep: number;
  /** Growth over the newest quarter of the points, fifth to fifth of it. */
  readonly lastQuarter: number;
}

/** Two-sided 90 %. */
const Z_INTERVAL = 1.645;

/** At least five points. */
export function theilSen(points: MeanRing): Line {
  const n = points.count;
  const pairs = (n * (n - 1)) / 2;
  const slopes = new Float64Array(pairs);
  const times = Float64Array.from({ length: n }, (_, index) => points.timeMs(index));
  const values = Float64Array.from({ length: n }, (_, index) => points.mean(index));
  let next = 0;
  let s = 0;
  for (let later = 1; later < n; later++) {
    const time = times[later] as number;
    const value = values[later] as number;
    for (let earlier = 0; earlier < later; earlier++) {
      const rise = value - (values[earlier] as number);
      if (rise !== 0) s += rise > 0 ? 1 : -1;
      slopes[next++] = rise / (time - (times[earlier] as number));
    }
  }
  slopes.sort();
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const half = (Z_INTERVAL * deviation) / 2;
  const at = (rank: number): number => slopes[Math.max(0, Math.min(pairs - 1, Math.round(rank)))] as number;
  const slope = at(pairs / 2 - 0.5);
  const low = at(pairs / 2 - half);
  const high = at(pairs / 2 + half);
  let largestStep = 0;
  for (let index = 1; index < n; index++)
    largestStep = Math.max(largestStep, points.mean(index) - points.mean(index - 1));
  return {
    slope,
    low,
    high,
    z: s / deviation,
    level: level(times, values, slope),
    levelLow: level(times, values, low),
    levelHigh: level(times, values, high),
    fromMs: points.timeMs(0),
    toMs: points.timeMs(n - 1),
    last: points.mean(n - 1),
    spanMs: points.timeMs(n - 1) - points.timeMs(0),
    growth: rise(points, 0, n),
    largestStep,
    lastQuarter: rise(points, n - Math.max(5, Math.floor(n / 4)), n),
  };
}

function rise(points: MeanRing, from: number, to: number): number {
  const fifth = Math.max(1, Math.floor((to - from) / 5));
  let sum = 0;
  for (let index = 0; index < fifth; index++) sum += points.mean(to - 1 - index) - points.mean(from + index);
  return sum / fifth;
}

/** The median of all points, each moved along the line to the newest. */
function level(times: Float64Array, values: Float64Array, slope: number): number {
  const last = times.length - 1;
  const end = times[last] as number;
  const moved = values.map((value, index) => value + slope * (end - (times[index] as number))).sort();
  return ((moved[last >> 1] as number) + (moved[(last + 1) >> 1] as number)) / 2;
}
