/**
 * How late this process is: a timer that should fire ten times a second, and what it misses. Who was not looking
 * cannot say that somebody did not answer, so checks made in such a time are void.
 */
import type { Ms } from '../model/time.ts';

/** Lower sees shorter pauses and wakes the process more often. */
export const BEAT_MS: Ms = 100;
/** Lags are kept for so long: longer than any check takes. */
const KEPT_MS = 120_000;
/** Less is the normal jitter of timers and not worth remembering. */
const WORTH_MS = 50;

export class LagMeter {
  #lastBeat: Ms;
  #lags: { readonly at: Ms; readonly lagMs: Ms }[] = [];

  constructor(now: Ms) {
    this.#lastBeat = now;
  }

  /** To be called every BEAT_MS. */
  beat(now: Ms): void {
    const lagMs = this.#pending(now);
    this.#lastBeat = now;
    if (lagMs >= WORTH_MS) this.#lags.push({ at: now, lagMs });
    while (this.#lags[0] && this.#lags[0].at < now - KEPT_MS) this.#lags.shift();
  }

  /** After a pause any timer may fire before ours: what it is going to find counts already. */
  #pending(now: Ms): Ms {
    return Math.max(0, now - this.#lastBeat - BEAT_MS);
  }

  /** The longest pause that ended after `since`. */
  worstSince(since: Ms, now: Ms): Ms {
    let worst = this.#pending(now);
    for (const lag of this.#lags) if (lag.at >= since) worst = Math.max(worst, lag.lagMs);
    return worst;
  }
}
