/** When a check runs next and which of its results are worth sending. Pure: time and jitter are handed in. */
import type { CheckSpec } from '../../model/spec.ts';
import type { Ms } from '../../model/time.ts';

/** One pass each so often is a sign of life: healthy systems are quiet. */
export const SIGN_OF_LIFE_MS: Ms = 10_000;
/** A pass that took longer than this is told of. Lower tells more of machines that are merely busy. */
export const SLOW_MS: Ms = 100;
/** Failures in the start period do not count, so that they need not be told ten times a second. */
const START_FAILURE_EVERY_MS: Ms = 1_000;

/**
 * A starting instance is looked at whenever its age has grown by this share: it serves users at most a tenth later
 * than it could, whether it starts in 200 ms or in 20 s. More often than EAGER_LEAST_MS would slow the start itself.
 */
const EAGER_SHARE = 0.1;
const EAGER_LEAST_MS: Ms = 20;

type Timing = Pick<CheckSpec, 'intervalMs' | 'startPeriodMs' | 'startIntervalMs'>;

/** News go up at once: users wait for the instance that has just passed. A sign of life may wait for others. */
export type Worth = 'news' | 'sign of life';

/** Remembers which results were sent. */
export class Reporting {
  #lastPassSent: Ms | null = null;
  #slow = false;
  #lastFailureSent: { readonly at: Ms; readonly error: string } | null = null;

  /**
   * Every failure that counts, the first pass after a failure or a start, a pass as a sign of life; and those that took
   * long, with the first that did not: silence means that it answers at once.
   */
  worthOf(error: string | null, starting: boolean, now: Ms, latencyMs: Ms = 0): Worth | null {
    if (error === null) {
      this.#lastFailureSent = null;
      const last = this.#lastPassSent;
      const slow = latencyMs >= SLOW_MS;
      if (last !== null && now - last < SIGN_OF_LIFE_MS && !slow && !this.#slow) return null;
      this.#slow = slow;
      this.#lastPassSent = now;
      return last === null ? 'news' : 'sign of life';
    }
    this.#lastPassSent = null;
    const last = this.#lastFailureSent;
    if (starting && last?.error === error && now - last.at < START_FAILURE_EVERY_MS) return null;
    this.#lastFailureSent = { at: now, error };
    return 'news';
  }
}

export class CheckSchedule {
  readonly #spec: Timing;
  readonly #startedAt: Ms;
  readonly #phase: number;
  readonly #eager: boolean;
  #passed = false;
  dueAt: Ms;

  /**
   * `phase` in [0, 1) spreads the checks of many instances over the interval. `eager`: a run costs next to nothing (no
   * process is started for it), so that the first runs may follow each other more closely than `startIntervalMs`.
   */
  constructor(spec: Timing, startedAt: Ms, now: Ms, phase: number, eager = false) {
    this.#spec = spec;
    this.#startedAt = startedAt;
    this.#phase = phase;
    this.#eager = eager;
    this.dueAt = now + phase * this.#intervalAt(now);
  }

  /** The instance has never passed and its start period is not over. */
  isStarting(now: Ms): boolean {
    return !this.#passed && now < this.#startedAt + this.#spec.startPeriodMs;
  }

  #intervalAt(now: Ms): Ms {
    if (!this.isStarting(now)) return this.#spec.intervalMs;
    const { startIntervalMs } = this.#spec;
    if (!this.#eager) return startIntervalMs;
    return Math.min(startIntervalMs, Math.max(EAGER_LEAST_MS, (now - this.#startedAt) * EAGER_SHARE));
  }

  /** A run ended. Runs keep their rhythm; one that took longer than the interval is followed by the next at once. */
  finish(passed: boolean, now: Ms): void {
    const first = passed && !this.#passed;
    this.#passed ||= passed;
    this.dueAt = first
      ? // Instances that started together pass together: from here on each has its own place in the interval.
        now + this.#spec.intervalMs * (0.5 + this.#phase / 2)
      : Math.max(this.dueAt + this.#intervalAt(now), now);
  }

  /** The result says nothing: look again at once. */
  repeat(now: Ms): void {
    this.dueAt = now;
  }
}

/** A check made while we ourselves were not running properly says nothing about anybody else. */
export function isVoid(ownLagMs: Ms, intervalMs: Ms): boolean {
  return ownLagMs > Math.max(1_000, 3 * intervalMs);
}
