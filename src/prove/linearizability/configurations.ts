/**
 * A set of configurations (state and which open operations have taken effect) in flat memory. One that can do
 * whatever another can makes that one superfluous: same state, same changes done, at least the looks done, at most
 * the optional operations used up. Clearing is free: a bucket counts only in the round that wrote it.
 */
export class Configurations {
  readonly stride: number;
  pool: Int32Array;
  dead: Uint8Array;
  count = 0;
  /** Comparisons made, for the budget. */
  compared = 0;
  readonly #keyed: number;
  readonly #looks: number;
  #next: Int32Array;
  #heads = new Int32Array(64);
  #rounds = new Int32Array(64);
  #round = 1;

  constructor(words: readonly [number, number, number]) {
    this.#keyed = 1 + words[0];
    this.#looks = this.#keyed + words[1];
    this.stride = this.#looks + words[2];
    this.pool = new Int32Array(64 * this.stride);
    this.dead = new Uint8Array(64);
    this.#next = new Int32Array(64);
  }

  clear(): void {
    this.count = 0;
    this.#round++;
  }

  /** Copies the configuration at `from` of `source` in, unless one here makes it superfluous. */
  add(source: Int32Array, from: number): void {
    const bucket = this.#bucketOf(source, from);
    if (this.#rounds[bucket] === this.#round) {
      for (let at = this.#heads[bucket] as number; at >= 0; at = this.#next[at] as number) {
        this.compared++;
        const relation = this.#compare(source, from, at);
        if (relation > 0) return;
        if (relation < 0) this.dead[at] = 1;
      }
    }
    this.#insert(source, from, bucket);
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

  #bucketOf(source: Int32Array, from: number): number {
    let hash = 0x9e3779b9;
    for (let n = 0; n < this.#keyed; n++) {
      hash = Math.imul(hash ^ (source[from + n] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return (hash >>> 0) & (this.#heads.length - 1);
  }

  #insert(source: Int32Array, from: number, bucket: number): void {
    const at = this.count++;
    if (at === this.dead.length) this.#grow();
    const base = at * this.stride;
    for (let n = 0; n < this.stride; n++) this.pool[base + n] = source[from + n] as number;
    this.dead[at] = 0;
    if (this.count > this.#heads.length) {
      this.#rehash();
      return;
    }
    this.#chain(at, bucket);
  }

  #chain(at: number, bucket: number): void {
    this.#next[at] = this.#rounds[bucket] === this.#round ? (this.#heads[bucket] as number) : -1;
    this.#heads[bucket] = at;
    this.#rounds[bucket] = this.#round;
  }

  #rehash(): void {
    this.#heads = new Int32Array(this.#heads.length * 4);
    this.#rounds = new Int32Array(this.#heads.length);
    this.#round = 1;
    for (let at = 0; at < this.count; at++) {
      if (this.dead[at] === 0) this.#chain(at, this.#bucketOf(this.pool, at * this.stride));
    }
  }

  #grow(): void {
    const size = this.dead.length * 2;
    const pool = new Int32Array(size * this.stride);
    pool.set(this.pool);
    this.pool = pool;
    const dead = new Uint8Array(size);
    dead.set(this.dead);
    this.dead = dead;
    const next = new Int32Array(size);
    next.set(this.#next);
    this.#next = next;
  }
}

function ones(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
