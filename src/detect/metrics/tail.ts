/**
 * How unusual a distance is among those before it, in constant memory: a histogram on a logarithmic scale that slowly
 * forgets (after DDSketch, Masson et al. 2019), a quantile followed bin by bin, and beyond the quantile the exponential
 * tail of log-distances (Hill 1975), so that a probability can be named for what was never seen.
 */
import { type Comparison, TOP_SCORE } from './contract.ts';

/** Resolution of the quantile: 2^(1/8), ±4.5 %. */
const BINS_PER_DOUBLING = 8;
/** 64 doublings, with the quantile in the middle; moved when it comes within 8 of an end. */
const BINS = 512;
const MARGIN = 64;
/** When so many are counted all counts are halved: the last 4,096 to 8,192 distances decide. */
const FORGET_AT = 8_192;
/** Fewer distances than this name no probability. */
const ENOUGH = 100;
/** Before its own tail is known, a series is taken to exceed the quantile by 0.4 doublings in the mean. */
const PRIOR_EXCESS = 0.4;
const PRIOR_WEIGHT = 50;
const MOST_EXCESS = 8;

export class Tail {
  readonly #share: number;
  readonly #bins = new Float32Array(BINS);
  /** Key of the first bin. */
  #low = 0;
  #zeros = 0;
  #count = 0;
  /** The bin that holds the quantile, and how many are counted below it; −1: it is zero. */
  #at = -1;
  #below = 0;
  #excess = 0;
  #exceeded = 0;

  /** `share`: which quantile counts as usual. */
  constructor(share: number) {
    this.#share = share;
  }

  get bytes(): number {
    return this.#bins.byteLength;
  }

  /** The quantile; 0 while most distances were 0. */
  get usual(): number {
    return this.#at < 0 ? 0 : 2 ** ((this.#low + this.#at + 0.5) / BINS_PER_DOUBLING);
  }

  /** Judges a distance by those before it, then counts it. `newest`: what it would be if all values were as the last. */
  judge(distance: number, newest: number): Comparison {
    const usual = this.usual;
    const current = Math.min(TOP_SCORE, this.#doublings(newest, usual));
    const doublings = this.#doublings(distance, usual);
    const minusLog10P = this.#count < ENOUGH ? null : this.#minusLog10P(doublings, usual);
    if (doublings > 0 && usual > 0) {
      this.#excess += doublings;
      this.#exceeded++;
    }
    this.#add(distance);
    return { score: Math.min(TOP_SCORE, doublings), current, minusLog10P, distance, usual };
  }

  #doublings(distance: number, usual: number): number {
    if (distance <= 0 || this.#count === 0) return 0;
    if (usual === 0) return TOP_SCORE;
    return Math.min(MOST_EXCESS, Math.max(0, Math.log2(distance / usual)));
  }

  #minusLog10P(doublings: number, usual: number): number {
    if (doublings === 0) return 0;
    const exceeding = this.#count - this.#zeros;
    if (usual === 0) return -Math.log10((exceeding + 1) / (this.#count + 1));
    const mean = (this.#excess + PRIOR_EXCESS * PRIOR_WEIGHT) / (this.#exceeded + PRIOR_WEIGHT);
    return -Math.log10(1 - this.#share) + (doublings / mean) * Math.LOG10E;
  }

  #add(distance: number): void {
    this.#count++;
    if (distance <= 0) {
      this.#zeros++;
      this.#below++;
    } else {
      const bin = this.#binOf(distance);
      this.#bins[bin] = (this.#bins[bin] as number) + 1;
      if (bin < this.#at) this.#below++;
    }
    if (this.#count >= FORGET_AT) this.#forget();
    this.#follow();
    if (this.#at >= 0 && (this.#at < MARGIN || this.#at >= BINS - MARGIN)) this.#centre();
  }

  /** Outliers are counted in the outermost bins: which of them it is does not move a quantile. */
  #binOf(distance: number): number {
    const key = Math.floor(Math.log2(distance) * BINS_PER_DOUBLING);
    if (this.#count - this.#zeros <= 1) this.#low = key - (BINS >> 1);
    return Math.max(0, Math.min(BINS - 1, key - this.#low));
  }

  /** Moves the range so that the quantile is in its middle; what falls out is counted in the outermost bins. */
  #centre(): void {
    const by = this.#at - (BINS >> 1);
    const moved = new Float32Array(BINS);
    for (let bin = 0; bin < BINS; bin++) {
      const to = Math.max(0, Math.min(BINS - 1, bin - by));
      moved[to] = (moved[to] as number) + (this.#bins[bin] as number);
    }
    this.#bins.set(moved);
    this.#low += by;
    this.#restart();
    this.#follow();
  }

  #forget(): void {
    for (let bin = 0; bin < BINS; bin++) this.#bins[bin] = (this.#bins[bin] as number) / 2;
    this.#count /= 2;
    this.#zeros /= 2;
    this.#excess /= 2;
    this.#exceeded /= 2;
    this.#restart();
  }

  #restart(): void {
    this.#at = -1;
    this.#below = 0;
  }

  /** Steps to the bin below which there are no more than the share, and with which there are. */
  #follow(): void {
    const wanted = this.#share * this.#count;
    if (this.#zeros > wanted) {
      this.#restart();
      return;
    }
    if (this.#at < 0) {
      this.#at = 0;
      this.#below = this.#zeros;
    }
    while (this.#at > 0 && this.#below > wanted) {
      this.#at--;
      this.#below -= this.#bins[this.#at] as number;
    }
    while (this.#at < BINS - 1 && this.#below + (this.#bins[this.#at] as number) <= wanted) {
      this.#below += this.#bins[this.#at] as number;
      this.#at++;
    }
  }
}
