/**
 * What is usual at this time of day: the median of the means of the same half hour on the last 14 days, and how far the
 * newest stretch is from it, on the same fading window and scale as the discords. It sees what they cannot: a peak that
 * does not come looks like any quiet hour.
 */
import type { Ms } from '../../model/time.ts';
import type { Comparison } from './contract.ts';
import { Tail } from './tail.ts';

const BIN_MS: Ms = 1_800_000;
const BINS = 48;
const DAYS = 14;
/** Energy below this is what faded of an earlier difference. */
const NOTHING = 1e-180;
export class ClockResidual {
  readonly #offsetMs: Ms;
  /** Means of past visits to each bin, DAYS each, the oldest overwritten. */
  readonly #means = new Float64Array(BINS * DAYS);
  readonly #visits = new Uint32Array(BINS);
  readonly #tail: Tail;
  readonly #fade: number;
  readonly #sorted = new Float64Array(DAYS);
  /** Half hours since 1970; NaN before the first. */
  #current = Number.NaN;
  #sum = 0;
  #count = 0;
  #median: number | null = null;
  #energy = 0;
  #seen = 0;
  #last: Comparison | null = null;

  /** `fade`: samples; `usual`: the quantile of past distances that counts as usual. */
  constructor(offsetMs: Ms, fade: number, usual: number) {
    this.#tail = new Tail(usual);
    this.#fade = fade;
    this.#offsetMs = offsetMs;
  }

  get bytes(): number {
    return this.#means.byteLength + this.#visits.byteLength + this.#sorted.byteLength + this.#tail.bytes;
  }

  /** The median of this half hour on other days; null on the first day. */
  get expected(): number | null {
    return this.#median;
  }

  push(timeMs: Ms, value: number): Comparison | null {
    const halfHour = Math.floor((timeMs + this.#offsetMs) / BIN_MS);
    if (halfHour !== this.#current) this.#enter(halfHour);
    this.#sum += value;
    this.#count++;
    this.#last = null;
    if (this.#median === null) return null;
    const residual = value - this.#median;
    this.#energy = this.#energy * (1 - 1 / this.#fade) + residual * residual;
    this.#seen++;
    const comparison = this.#tail.judge(
      this.#energy < NOTHING ? 0 : Math.sqrt(this.#energy),
      Math.abs(residual) * Math.sqrt(this.#fade),
    );
    if (this.#seen > this.#fade) this.#last = comparison;
    return this.#last;
  }

  explain(): Comparison | null {
    return this.#last;
  }

  #enter(halfHour: number): void {
    if (this.#count > 0) {
      const bin = binOf(this.#current);
      const visit = this.#visits[bin] as number;
      this.#means[bin * DAYS + (visit % DAYS)] = this.#sum / this.#count;
      this.#visits[bin] = visit + 1;
    }
    this.#current = halfHour;
    this.#sum = 0;
    this.#count = 0;
    const bin = binOf(halfHour);
    const days = Math.min(this.#visits[bin] as number, DAYS);
    if (days === 0) {
      this.#median = null;
      return;
    }
    const sorted = this.#sorted.subarray(0, days);
    sorted.set(this.#means.subarray(bin * DAYS, bin * DAYS + days));
    sorted.sort();
    this.#median = ((sorted[(days - 1) >> 1] as number) + (sorted[days >> 1] as number)) / 2;
  }
}

function binOf(halfHour: number): number {
  return ((halfHour % BINS) + BINS) % BINS;
}
