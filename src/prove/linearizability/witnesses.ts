/**
 * A set of configurations of which only a part counts (see abstraction.ts): the state and, under a mask, which of the
 * watched operations have taken effect. The rest is a witness, one way to get there, with the number of its faults.
 * Of two that are alike the one whose witness has fewer faults stays.
 */
import { Pool } from './pool.ts';

export class Witnesses extends Pool {
  /** Words of a configuration: how many faults its witness has, and where the list of them begins. */
  readonly countWord: number;
  readonly listWord: number;
  readonly #mask: Int32Array;
  readonly #keyed: number;
  readonly #looks: number;
  readonly #optional: number;

  constructor(words: readonly [number, number, number], mask: Int32Array) {
    const optional = 1 + words[0] + words[1] + words[2];
    super(optional + 2);
    this.#mask = mask;
    this.#keyed = 1 + words[0];
    this.#looks = this.#keyed + words[1];
    this.#optional = optional;
    this.countWord = optional;
    this.listWord = optional + 1;
  }

  /** Where the one with the fewest faults begins in the pool. */
  best(): number {
    let best = -1;
    for (let at = 0; at < this.count; at++) {
      if (this.dead[at] === 0 && (best < 0 || this.#faults(at) < this.#faults(best))) best = at;
    }
    return best * this.stride;
  }

  leastFaults(): number {
    return this.pool[this.best() + this.countWord] as number;
  }

  #faults(at: number): number {
    return this.pool[at * this.stride + this.countWord] as number;
  }

  /** Copies the configuration at `from` of `source` in, unless one here is as good. */
  add(source: Int32Array, from: number): void {
    const bucket = this.bucketOf(source, from);
    const faults = source[from + this.countWord] as number;
    for (let at = this.headOf(bucket); at >= 0; at = this.before(at)) {
      if (this.dead[at] === 1) continue;
      this.compared++;
      const relation = this.#compare(source, from, at);
      if (relation === 0) continue;
      if (relation > 0 && this.#faults(at) <= faults) return;
      if (relation !== 1 && this.#faults(at) >= faults) this.dead[at] = 1;
    }
    this.insert(source, from, bucket);
  }

  /** 1: the one at `at` can do whatever the source's can; −1: the other way round; 2: both; 0: neither. */
  #compare(source: Int32Array, from: number, at: number): -1 | 0 | 1 | 2 {
    const pool = this.pool;
    const mask = this.#mask;
    const base = at * this.stride;
    if (pool[base] !== source[from]) return 0;
    for (let n = 1; n < this.#keyed; n++) {
      if ((((pool[base + n] as number) ^ (source[from + n] as number)) & (mask[n] as number)) !== 0) return 0;
    }
    let here = true;
    let there = true;
    for (let n = this.#keyed; n < this.#optional; n++) {
      const a = (pool[base + n] as number) & (mask[n] as number);
      const b = (source[from + n] as number) & (mask[n] as number);
      const [more, less] = n < this.#looks ? [a, b] : [b, a];
      if ((less & ~more) !== 0) here = false;
      if ((more & ~less) !== 0) there = false;
    }
    if (here) return there ? 2 : 1;
    return there ? -1 : 0;
  }

  protected hashOf(source: Int32Array, from: number): number {
    let hash = Math.imul(0x9e3779b9 ^ (source[from] as number), 0x85ebca6b);
    for (let n = 1; n < this.#keyed; n++) {
      hash = Math.imul(hash ^ ((source[from + n] as number) & (this.#mask[n] as number)), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    hash ^= hash >>> 13;
    return hash;
  }
}
