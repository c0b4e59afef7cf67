/**
 * Discords: the newest stretch of a series that resembles no stretch before it (Keogh, Lin and Fu 2005), found as it
 * happens. For every lag up to the history's length we keep the distance between "now" and "then",
 *
 *   D(lag) ← (1 − 1/WINDOW) · D(lag) + (x[now] − x[now − lag])²
 *
 * an exponentially fading window in place of a sliding one: one multiplication a lag and sample, nothing to subtract,
 * so no error builds up, however large a spike was. Values are compared raw: level and size are what operators look at
 * (z-normalised stretches find shape in noise). The second-nearest counts: one earlier incident does not make
 * the next one usual.
 */
import type { Comparison } from './contract.ts';
import { Tail } from './tail.ts';

export interface DiscordOptions {
  /** Past values to compare with. More finds rarer habits and costs in proportion. */
  readonly history: number;
  /** Mean age of what counts in a comparison, in values: about two thirds of a window of that many. */
  readonly fade: number;
  /** Lags below this overlap with now, and pasts younger than this have seen too little: neither is compared. */
  readonly skip: number;
  /** Quantile of past distances that counts as usual. */
  readonly usual: number;
}

/** Keeps fading distances out of the range where arithmetic is slow (subnormal numbers). */
const DUST = 1e-200;
/** Differences below this share of the values are rounding. */
const ROUNDING = 1e-9;

export class Discord {
  readonly #keep: number;
  /** From a lasting difference to its distance. */
  readonly #scale: number;
  readonly #skip: number;
  readonly #values: Float64Array;
  /** Squared distances by lag; [0] is not used. */
  readonly #distances: Float64Array;
  readonly #tail: Tail;
  /** Values seen. */
  #count = 0;
  #magnitude = 0;
  #nearestLag = 0;
  #last: Comparison | null = null;
  /** Of the sweep under way. */
  #best = 0;
  #second = 0;

  constructor({ history, fade, skip, usual }: DiscordOptions) {
    this.#tail = new Tail(usual);
    this.#keep = 1 - 1 / fade;
    this.#scale = Math.sqrt(fade);
    this.#skip = skip;
    this.#values = new Float64Array(history);
    this.#distances = new Float64Array(history + 1);
  }

  get bytes(): number {
    return this.#values.byteLength + this.#distances.byteLength + this.#tail.bytes;
  }

  /** null until there is a past to compare with. */
  push(value: number): Comparison | null {
    const nearest = this.#advance(value);
    const size = this.#values.length;
    const newest = Math.abs(value - (this.#values[(this.#count - this.#nearestLag + size) % size] as number));
    this.#values[this.#count % size] = value;
    this.#count++;
    this.#magnitude += (Math.abs(value) - this.#magnitude) / Math.min(this.#count, size);
    if (nearest === Number.POSITIVE_INFINITY) return null;
    const distance = Math.sqrt(nearest);
    const nothing = distance <= ROUNDING * this.#magnitude || nearest < DUST * 1e6;
    this.#last = this.#tail.judge(nothing ? 0 : distance, nothing ? 0 : newest * this.#scale);
    return this.#last;
  }

  /** The newest values and those they resemble most, as long as a comparison reaches; newest last. */
  explain(): (Comparison & { recent: number[]; baseline: number[]; lag: number }) | null {
    if (this.#last === null) return null;
    const before = (lag: number): number[] => {
      const from = Math.max(0, this.#count - lag - this.#skip);
      const values: number[] = [];
      for (let at = from; at < this.#count - lag; at++)
        if (at >= this.#count - this.#values.length) values.push(this.#values[at % this.#values.length] as number);
      return values;
    };
    const lag = this.#nearestLag;
    return { ...this.#last, recent: before(0), baseline: before(lag), lag };
  }

  /** Updates every lag; gives the second-smallest squared distance to a past that may be compared. */
  #advance(value: number): number {
    const size = this.#values.length;
    const lags = Math.min(this.#count, size);
    const head = this.#count % size;
    // Lags count back from the newest value at head − 1 to slot 0, then from the last slot down to head.
    this.#best = Number.POSITIVE_INFINITY;
    this.#second = Number.POSITIVE_INFINITY;
    const wrap = Math.min(lags, head);
    this.#sweep(value, 1, wrap, head);
    if (lags > wrap) this.#sweep(value, wrap + 1, lags, head + size);
    return this.#second;
  }

  /** Lags `from` to `to`, whose values lie at slot `origin − lag`. */
  #sweep(value: number, from: number, to: number, origin: number): void {
    const values = this.#values;
    const distances = this.#distances;
    const keep = this.#keep;
    const comparable = Math.max(from, this.#skip);
    for (let lag = from; lag < comparable && lag <= to; lag++) {
      const difference = value - (values[origin - lag] as number);
      distances[lag] = keep * (distances[lag] as number) + difference * difference + DUST;
    }
    const oldest = Math.min(to, this.#count - this.#skip + 1);
    let best = this.#best;
    let second = this.#second;
    for (let lag = comparable; lag <= oldest; lag++) {
      const difference = value - (values[origin - lag] as number);
      const distance = keep * (distances[lag] as number) + difference * difference + DUST;
      distances[lag] = distance;
      if (distance < second) {
        if (distance < best) {
          second = best;
          best = distance;
          this.#nearestLag = lag;
        } else second = distance;
      }
    }
    for (let lag = Math.max(comparable, oldest + 1); lag <= to; lag++) {
      const difference = value - (values[origin - lag] as number);
      distances[lag] = keep * (distances[lag] as number) + difference * difference + DUST;
    }
    this.#best = best;
    this.#second = second;
  }
}
