/** When to try again something that does not work: the interval doubles from `first` up to `longest`. */
import type { Ms } from '../model/time.ts';

export class ProbeSchedule {
  readonly #first: Ms;
  readonly #longest: Ms;
  #interval: Ms;
  #dueAt: Ms = Number.POSITIVE_INFINITY;

  constructor(first: Ms, longest: Ms) {
    this.#first = first;
    this.#longest = longest;
    this.#interval = first;
  }

  start(now: Ms): void {
    this.#interval = this.#first;
    this.#dueAt = now + this.#interval;
  }

  /** Nothing becomes due until the next `failed` or `start`. */
  running(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  failed(now: Ms): void {
    this.#interval = Math.min(this.#longest, this.#interval * 2);
    this.#dueAt = now + this.#interval;
  }

  isDue(now: Ms): boolean {
    return now >= this.#dueAt;
  }
}
