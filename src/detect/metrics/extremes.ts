/**
 * Merging samples without losing what matters: of each group the value furthest from the recent level, be it the
 * largest or the smallest. A mean would dilute a spike by the size of the group.
 */
export class Extremes {
  /** How fast the level follows: half of the way at each group. */
  static readonly FOLLOW = 0.5;
  #level = Number.NaN;
  #most = Number.NEGATIVE_INFINITY;
  #least = Number.POSITIVE_INFINITY;
  #sum = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    if (value > this.#most) this.#most = value;
    if (value < this.#least) this.#least = value;
    this.#sum += value;
    this.#count++;
  }

  /** Ends the group; there must be a value in it. */
  take(): number {
    if (Number.isNaN(this.#level)) this.#level = this.#sum / this.#count;
    const value = this.#most - this.#level >= this.#level - this.#least ? this.#most : this.#least;
    this.#level += Extremes.FOLLOW * (value - this.#level);
    this.#most = Number.NEGATIVE_INFINITY;
    this.#least = Number.POSITIVE_INFINITY;
    this.#sum = 0;
    this.#count = 0;
    return value;
  }
}
