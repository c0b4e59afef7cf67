/**
 * Configurations in flat memory, found again by a hash of their own. Clearing is free: a bucket counts only in the round
 * that wrote it. Which two are alike, and which of them stays, is for who extends it.
 */
export abstract class Pool {
  /** Words of one configuration. */
  readonly stride: number;
  pool: Int32Array;
  dead: Uint8Array;
  count = 0;
  /** Comparisons made, for the budget. */
  compared = 0;
  #next = new Int32Array(64);
  #heads = new Int32Array(64);
  #rounds = new Int32Array(64);
  #round = 1;

  constructor(stride: number) {
    this.stride = stride;
    this.pool = new Int32Array(64 * stride);
    this.dead = new Uint8Array(64);
  }

  clear(): void {
    this.count = 0;
    this.#round++;
  }

  /** Copies the configuration at `from` of `source` in, unless one here makes it superfluous. */
  abstract add(source: Int32Array, from: number): void;

  /** Of the configuration at `from`: the same for all that may be alike. */
  protected abstract hashOf(source: Int32Array, from: number): number;

  protected bucketOf(source: Int32Array, from: number): number {
    return (this.hashOf(source, from) >>> 0) & (this.#heads.length - 1);
  }

  /** The newest in a bucket, or −1. */
  protected headOf(bucket: number): number {
    return this.#rounds[bucket] === this.#round ? (this.#heads[bucket] as number) : -1;
  }

  /** The one before it in its bucket, or −1. */
  protected before(at: number): number {
    return this.#next[at] as number;
  }

  protected insert(source: Int32Array, from: number, bucket: number): void {
    const at = this.count++;
    if (at === this.dead.length) this.#grow();
    const base = at * this.stride;
    for (let n = 0; n < this.stride; n++) this.pool[base + n] = source[from + n] as number;
    this.dead[at] = 0;
    if (this.count > this.#heads.length) this.#rehash();
    else this.#chain(at, bucket);
  }

  #chain(at: number, bucket: number): void {
    this.#next[at] = this.headOf(bucket);
    this.#heads[bucket] = at;
    this.#rounds[bucket] = this.#round;
  }

  #rehash(): void {
    this.#heads = new Int32Array(this.#heads.length * 4);
    this.#rounds = new Int32Array(this.#heads.length);
    this.#round = 1;
    for (let at = 0; at < this.count; at++) {
      if (this.dead[at] === 0) this.#chain(at, this.bucketOf(this.pool, at * this.stride));
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
