/**
 * Bounds how many retries may be under way at once, as a share of what is active: a pool in trouble gets at most
 * `share` more load, so retries cannot turn a slow service into a dead one.
 */

/** Small pools need some retries to have any use of them (the same floor as Envoy's). */
export const MIN_CONCURRENT_RETRIES = 3;

export class RetryBudget {
  active = 0;
  retrying = 0;
  #share: number;

  constructor(share: number) {
    this.#share = share;
  }

  setShare(share: number): void {
    this.#share = share;
  }

  get available(): boolean {
    return this.retrying < Math.max(MIN_CONCURRENT_RETRIES, this.#share * this.active);
  }
}
