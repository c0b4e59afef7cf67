/**
 * Was this process itself running? Who was not looking cannot say that somebody was silent. A timer that fires late
 * means that everything seen meanwhile is void: silences are counted anew from now.
 */
import type { Ms } from '../../model/time.ts';

/** Lag of one's own timer beyond which evidence is void, at least. */
export const MIN_LAG_MS: Ms = 1_000;

export class SelfHealth {
  readonly #everyMs: Ms;
  #last: Ms | null = null;

  /** `everyMs`: how often `tick` is meant to be called. */
  constructor(everyMs: Ms) {
    this.#everyMs = everyMs;
  }

  /** True when the evidence of the time since the last tick is void: late by more than 1 s and three ticks. */
  tick(now: Ms): boolean {
    const lag = this.#pending(now);
    this.#last = now;
    return lag;
  }

  /** The same for what arrives before the late timer has fired. */
  isLate(now: Ms): boolean {
    return this.#pending(now);
  }

  #pending(now: Ms): boolean {
    if (this.#last === null) return false;
    return now - this.#last - this.#everyMs > Math.max(MIN_LAG_MS, 3 * this.#everyMs);
  }
}
