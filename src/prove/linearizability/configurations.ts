/**
 * A set of configurations (state and which open operations have taken effect) in flat memory. One that can do
 * whatever another can makes that one superfluous: same state, same changes done, at least the looks done, at most
 * the optional operations used up.
 */
import { Pool } from './pool.ts';

export class Configurations extends Pool {
  readonly #keyed: number;
  readonly #looks: number;

  constructor(words: readonly [number, number, number]) {
    super(1 + words[0] + words[1] + words[2]);
    this.#keyed = 1 + words[0];
    this.#looks = this.#keyed + words[1];
  }

  /** Copies the configuration at `from` of `source` in, unless one here makes it superfluous. */
  add(source: Int32Array, from: number): void {
    const bucket = this.bucketOf(source, from);
    for (let at = this.headOf(bucket); at >= 0; at = this.before(at)) {
      this.compared++;
      const relation = this.#compare(source, from, at);
      if (relation > 0) return;
      if (relation < 0) this.dead[at] = 1;
    }
    this.insert(source, from, bucket);
  }

  /** Keeps those that have used up the fewest optional operations, the earliest first; whether any was given up. */
  keepBest(most: number): boolean {
    const living: { readonly at: number; readonly used: number }[] = [];
    for (let at = 0; at < this.count; at++) if (this.dead[at] === 0) living.push({ at, used: this.#used(at) });
    if (living.length <= most) return false;
    living.sort((a, b) => a.used - b.used || a.at - b.at);
    for (const { at } of living.slice(most)) this.dead[at] = 1;
    return true;
  }

  #used(at: number): number {
    let used = 0;
    for (let n = this.#looks; n < this.stride; n++) used += ones(this.pool[at * this.stride + n] as number);
    return used;
  }

  /** 1: the one at `at` makes the source's superfluous; −1: the other way round; 0: neither. */
  #compare(source: Int32Array, from: number, at: number): -1 | 0 | 1 {
    const pool = this.pool;
    const base = at * this.stride;
    for (let n = 0; n < this.#keyed; n++) if (pool[base + n] !== source[from + n]) return 0;
    let here = true;
    let there = true;
    for (let n = this.#keyed; n < this.#looks; n++) {
      const a = pool[base + n] as number;
      const b = source[from + n] as number;
      if ((b & ~a) !== 0) here = false;
      if ((a & ~b) !== 0) there = false;
    }
    for (let n = this.#looks; n < this.stride; n++) {
      const a = pool[base + n] as number;
      const b = source[from + n] as number;
      if ((a & ~b) !== 0) here = false;
      if ((b & ~a) !== 0) there = false;
    }
    return here ? 1 : there ? -1 : 0;
  }

  protected hashOf(source: Int32Array, from: number): number {
    let hash = 0x9e3779b9;
    for (let n = 0; n < this.#keyed; n++) {
      hash = Math.imul(hash ^ (source[from + n] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}

function ones(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
