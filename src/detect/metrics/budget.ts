/**
 * The alert budget of one series: each alert makes the next one dearer, until time has passed. A series that is always
 * a little odd is heard once in a while; one that is quiet is heard at once. So the cost to whoever is called is bounded,
 * whatever the series does: with scores of at most 3, one alert in about 400 samples in the long run.
 */

import type { Tuning } from './tuning.ts';

export type BudgetTuning = Pick<Tuning, 'base' | 'price' | 'span' | 'gap' | 'maxHorizon' | 'warmUp'>;

export class AlertBudget {
  readonly #tuning: BudgetTuning;
  readonly #horizon: number | null;
  #samples = 0;
  #spent = 0;
  #lastAlert = Number.NEGATIVE_INFINITY;

  /** `horizon`: samples over which it evens out; null: as long as the series has been watched. */
  constructor(tuning: BudgetTuning, horizon: number | null) {
    this.#tuning = tuning;
    this.#horizon = horizon;
  }

  /** What a score must reach to be an alert now, but for the gap. */
  get needed(): number {
    return this.#tuning.base + this.#tuning.price * this.#spent;
  }

  /** Once a sample: is this score an alert? If so it is paid for. */
  spend(score: number): boolean {
    const { span, gap, maxHorizon, warmUp } = this.#tuning;
    const horizon = this.#horizon ?? Math.min(maxHorizon, Math.max(1, this.#samples));
    this.#samples++;
    this.#spent -= this.#spent / Math.max(1, span * horizon);
    if (this.#samples <= warmUp || score < this.needed) return false;
    if (this.#samples - this.#lastAlert <= gap * horizon) return false;
    this.#spent++;
    this.#lastAlert = this.#samples;
    return true;
  }
}
