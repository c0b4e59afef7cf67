/** What is usual of one template: its count per bucket, fading, and its pauses by time and by lines of the stream. */
import { countTail, noPauses, notePause, type Pauses, pauseTail } from './tails.ts';

/** Buckets after which a count weighs half: an hour of 10 s. Less adapts sooner, more knows the rare better. */
export const HALF_LIFE = 360;
const FADE = 0.5 ** (1 / HALF_LIFE);
/** Counts are taken to scatter this much more than a Poisson's until so many buckets have shown how they do. */
const PRIOR_SCATTER = 2;
const PRIOR_BUCKETS = 10;
/** Pauses before a silence can be judged. */
const MIN_PAUSES = 20;

/** Buckets that still count of the `age` that were watched. */
export function weightOf(age: number): number {
  return (1 - FADE ** age) / (1 - FADE);
}

export function faded(value: number, buckets: number): number {
  return value * FADE ** buckets;
}

export class Rate {
  readonly #byTime: Pauses = noPauses();
  readonly #byLines: Pauses = noPauses();
  #sum = 0;
  #squares = 0;
  #lastLine: number;
  readonly firstBucket: number;
  lastBucket: number;

  constructor(bucket: number, line: number) {
    this.firstBucket = bucket;
    this.lastBucket = bucket;
    this.#lastLine = line;
  }

  /** It came `count` times in this bucket, the last bucket included; `line`: how many lines the stream has had. */
  note(bucket: number, count: number, line: number): void {
    const passed = bucket - this.lastBucket;
    if (passed > 0) {
      notePause(this.#byTime, passed);
      notePause(this.#byLines, line - this.#lastLine);
    }
    this.#sum = faded(this.#sum, passed) + count;
    this.#squares = faded(this.#squares, passed) + count * count;
    this.lastBucket = bucket;
    this.#lastLine = line;
  }

  mean(bucket: number, weight: number): number {
    return faded(this.#sum, bucket - this.lastBucket) / Math.max(1, weight);
  }

  /** −log10 of the chance of so many in one bucket. */
  burst(count: number, bucket: number, weight: number): number {
    const passed = bucket - this.lastBucket;
    const sum = faded(this.#sum, passed) + 0.5;
    const mean = sum / (weight + 0.5);
    const variance = Math.max(0, faded(this.#squares, passed) / Math.max(1, weight) - mean * mean);
    const scatter = (weight * Math.max(1, variance / mean) + PRIOR_BUCKETS * PRIOR_SCATTER) / (weight + PRIOR_BUCKETS);
    // Two reasons to be unsure: the counts scatter, and the mean itself is known from so many lines only.
    const size = 1 / ((scatter - 1) / mean + 1 / sum);
    return countTail(count, mean, size);
  }

  /** −log10 of the chance of a silence until now, by the clock and by the lines that others wrote meanwhile. */
  silence(bucket: number, line: number): number {
    if (this.#byTime.seen + this.#byTime.seenBefore < MIN_PAUSES) return 0;
    return Math.min(this.silenceByTime(bucket), pauseTail(this.#byLines, line - this.#lastLine));
  }

  silenceByTime(bucket: number): number {
    if (this.#byTime.seen + this.#byTime.seenBefore < MIN_PAUSES) return 0;
    return pauseTail(this.#byTime, bucket - this.lastBucket);
  }

  get longestPause(): number {
    return Math.max(this.#byTime.longest, this.#byTime.longestBefore);
  }
}
