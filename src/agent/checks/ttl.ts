/**
 * The other way round: the instance reports by itself, and its silence is the failure. Pure: time is handed in.
 */
import type { CheckSpec } from '../../model/spec.ts';
import type { Ms } from '../../model/time.ts';

export class TtlSchedule {
  readonly #ttlMs: Ms;
  #lastReport: Ms;
  /** When silence becomes a failure, or the next one. */
  dueAt: Ms;

  /** Silence counts from the end of the start period, or from now when it is we who have just begun to listen. */
  constructor(ttlMs: Ms, spec: Pick<CheckSpec, 'startPeriodMs'>, startedAt: Ms, now: Ms) {
    this.#ttlMs = ttlMs;
    this.#lastReport = now;
    this.dueAt = Math.max(startedAt + Math.max(spec.startPeriodMs, ttlMs), now + ttlMs);
  }

  report(now: Ms): void {
    this.#lastReport = now;
    this.dueAt = now + this.#ttlMs;
  }

  /** The time is over: says what is wrong, and when to say it again. */
  expire(now: Ms): string {
    this.dueAt = now + this.#ttlMs;
    return `no report for ${Math.round((now - this.#lastReport) / 100) / 10} s`;
  }
}
