/**
 * What is normal for a pool lately: how long first bytes take, and how long a member that holds requests goes without
 * sending a byte. Two generations of histograms, so that it forgets within one to two periods and never has to sum
 * over samples.
 */
import { bucketLowUs, bucketOf, HISTOGRAM_BUCKETS, Histogram, type SparseHistogram } from '../model/histogram.ts';
import type { Ms } from '../model/time.ts';

const PERIOD_MS = 30_000;
const PAUSE_MARGIN = 1.5;
const PAUSE_MEMORY_MS: Ms = 60_000;
/** Upper bound of what a pause may excuse: a real hang is noticed this soon after pauses, too. */
const LONGEST_PAUSE_MS: Ms = 1_000;

class Recent {
  #current = new Histogram();
  #before = new Histogram();

  record(ms: Ms): void {
    this.#current.record(ms * 1_000);
  }

  rotate(): void {
    const oldest = this.#before;
    this.#before = this.#current;
    oldest.clear();
    this.#current = oldest;
  }

  get total(): number {
    return this.#current.total + this.#before.total;
  }

  merged(): Histogram {
    const all = Histogram.from(this.#before.toSparse());
    all.merge(this.#current.toSparse());
    return all;
  }

  sparse(): SparseHistogram {
    return this.merged().toSparse();
  }
}

export class LatencyModel {
  readonly #latency = new Recent();
  readonly #gaps = new Recent();
  #rotatedAt: Ms;
  #tolerated: Ms = 0;
  #toleratedUntil: Ms = 0;

  constructor(now: Ms) {
    this.#rotatedAt = now;
  }

  tick(now: Ms): void {
    if (now - this.#rotatedAt < PERIOD_MS) return;
    this.#rotatedAt = now;
    this.#latency.rotate();
    this.#gaps.rotate();
  }

  /** First byte of one request. */
  latency(ms: Ms): void {
    this.#latency.record(ms);
  }

  /** Silence that ended: time without a byte of a member that held requests all that time. */
  gap(ms: Ms): void {
    this.#gaps.record(ms);
  }

  /**
   * A stall that ended by itself after so short a time that it was none: a long pause of the instance, or a machine
   * with too little CPU. For a minute silences up to half as long again are put up with.
   */
  pause(ms: Ms, now: Ms): void {
    if (ms > LONGEST_PAUSE_MS) return;
    this.#tolerated = Math.max(ms * PAUSE_MARGIN, this.toleratedPause(now));
    this.#toleratedUntil = now + PAUSE_MEMORY_MS;
  }

  toleratedPause(now: Ms): Ms {
    return now < this.#toleratedUntil ? Math.min(this.#tolerated, LONGEST_PAUSE_MS) : 0;
  }

  gapP99(): Ms {
    return this.#gaps.merged().quantileUs(0.99) / 1_000;
  }

  /**
   * Share of requests that took longer than `age`, from the samples and half a pseudo-sample: never 0, and 0.5 while
   * nothing is known, so judgement needs either experience or a lot of waiting requests.
   */
  survival(ages: readonly Ms[]): number[] {
    const sparse = this.#latency.sparse();
    const total = this.#latency.total;
    return ages.map((age) => {
      const bucket = bucketOf(age * 1_000);
      let longer = 0;
      // A bucket that `age` falls into counts as longer: in doubt the request is normal.
      for (const [index, count] of sparse) if (index >= bucket) longer += count;
      return (longer + 0.5) / (total + 1);
    });
  }

  get samples(): number {
    return this.#latency.total;
  }
}

/** Longest age that still tells something: beyond the last bucket all ages are alike. */
export const LONGEST_KNOWN_MS: Ms = bucketLowUs(HISTOGRAM_BUCKETS - 1) / 1_000;
