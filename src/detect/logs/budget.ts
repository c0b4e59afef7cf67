/**
 * An allowance of alerts. So many things are looked at so often that something rare is always to be seen; what may
 * be claimed is what would, by chance, come up `perDay` times a day. And each alert makes the next one dearer for a
 * while, so that a stream whose statistics are wrong goes quiet instead of crying on.
 */
import type { Ms } from '../../model/time.ts';

export interface AllowanceOptions {
  /** False alerts a day that a stream may give, all its detectors together. Less is quieter and later. */
  readonly perDay: number;
  /** For how long an alert makes the next one dearer: falls off by e in this time. */
  readonly memoryMs: Ms;
  /** Orders of magnitude that each recent alert adds. */
  readonly step: number;
}

export const ALLOWANCE: AllowanceOptions = { perDay: 1, memoryMs: 3_600_000, step: 1 };

const DAY_MS = 86_400_000;

export class Allowance {
  readonly #options: AllowanceOptions;
  #spent = 0;
  #at: Ms = 0;

  constructor(options: Partial<AllowanceOptions> = {}) {
    this.#options = { ...ALLOWANCE, ...options };
  }

  /** What −log10 p a claim must have when `tests` are made every `everyMs`. */
  needed(tests: number, everyMs: Ms, now: Ms): number {
    const perDay = (Math.max(1, tests) * DAY_MS) / everyMs;
    return Math.log10(perDay / this.#options.perDay) + this.#options.step * this.#recent(now);
  }

  spend(now: Ms): void {
    this.#spent = this.#recent(now) + 1;
    this.#at = now;
  }

  #recent(now: Ms): number {
    return this.#spent * Math.exp(-Math.max(0, now - this.#at) / this.#options.memoryMs);
  }
}
