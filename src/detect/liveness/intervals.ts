/**
 * The usual time between two heartbeats of a peer, and from it φ (Hayashibara et al., "The φ accrual failure
 * detector", 2004): −log10 of the chance that a living peer stays silent for so long, taken as normally distributed.
 */
import type { Ms } from '../../model/time.ts';
import { normalTail } from '../statistics.ts';

/** Intervals kept: enough for a standard deviation, little enough to follow a link that changes. 1.6 KB a peer. */
const WINDOW = 200;
/** Smaller deviations are not believed: a clean link would make φ jump at the first late packet. As in Akka. */
export const MIN_DEVIATION_MS: Ms = 100;

export class Intervals {
  readonly #window = new Float64Array(WINDOW);
  #count = 0;
  #next = 0;
  #sum = 0;
  #squares = 0;

  /** As long as nothing is known, intervals are taken to be as configured, give or take a quarter. */
  constructor(expectedMs: Ms) {
    this.add(expectedMs * 0.75);
    this.add(expectedMs * 1.25);
  }

  add(intervalMs: Ms): void {
    if (this.#count === WINDOW) {
      const old = this.#window[this.#next] as number;
      this.#sum -= old;
      this.#squares -= old * old;
    } else this.#count++;
    this.#window[this.#next] = intervalMs;
    this.#next = (this.#next + 1) % WINDOW;
    this.#sum += intervalMs;
    this.#squares += intervalMs * intervalMs;
  }

  get meanMs(): Ms {
    return this.#sum / this.#count;
  }

  get deviationMs(): Ms {
    const mean = this.meanMs;
    return Math.max(MIN_DEVIATION_MS, Math.sqrt(Math.max(0, this.#squares / this.#count - mean * mean)));
  }

  /** φ after a silence; a pause of up to `pauseMs` beyond the usual interval is nobody's failure. */
  phi(silentMs: Ms, pauseMs: Ms): number {
    return normalTail((silentMs - this.meanMs - pauseMs) / this.deviationMs);
  }
}
