/**
 * The alert budget of one series: each alert makes the next one dearer, until time has passed. A series that is always
 * a little odd is heard once in a while; one that is quiet is heard at once. So the cost to whoever is called is bounded,
 * whatever the series does: with scores of at most 3, one alert in about 400 samples in the long run.
 */

/** Score an alert needs when the budget is full: 2^0.7 = 1.6 times the usual distance. Lower hears more, sooner. */
export const BASE = 0.7;
/** Added to it for each recent alert. */
export const PRICE = 0.25;
/** Recent means e^(−age / (4 horizons)). */
export const SPAN = 4;
/** Two alerts within a quarter of a horizon are one. */
export const GAP = 0.25;
/** A live series has no length: the horizon is how long it has been watched, up to this many samples. */
export const MAX_HORIZON = 1_000;
/** Nothing is an alert before so many samples. */
export const WARM_UP = 128;

export class AlertBudget {
  readonly #horizon: number | null;
  #samples = 0;
  #spent = 0;
  #lastAlert = Number.NEGATIVE_INFINITY;

  constructor(horizon: number | null) {
    this.#horizon = horizon;
  }

  /** What a score must reach to be an alert now, but for the gap. */
  get needed(): number {
    return BASE + PRICE * this.#spent;
  }

  get warm(): boolean {
    return this.#samples > WARM_UP;
  }

  /** Once a sample: is this score an alert? If so it is paid for. */
  spend(score: number): boolean {
    const horizon = this.#horizon ?? Math.min(MAX_HORIZON, Math.max(1, this.#samples));
    this.#samples++;
    this.#spent -= this.#spent / (SPAN * horizon);
    if (!this.warm || score < this.needed || this.#samples - this.#lastAlert <= GAP * horizon) return false;
    this.#spent++;
    this.#lastAlert = this.#samples;
    return true;
  }
}
