/**
 * What a descent remembers: configurations that it has been in, and how many operations of unknown outcome each had
 * spent by then. One that spent no more of any code makes those superfluous that are alike otherwise.
 */

/** How many operations of unknown outcome are spent, by code; equal numbers have one name. */
export class Spending {
  /** Which of the known ones it is now. */
  id = 0;
  readonly #now: Int32Array;
  readonly #known: Int32Array[];
  readonly #ids = new Map<string, number>();
  /** By name and code: the name after one more. */
  readonly #after = new Map<number, number>();
  /** The names before the present one. */
  readonly #past: number[] = [];

  constructor(codes: number) {
    this.#now = new Int32Array(codes);
    this.#known = [this.#now.slice()];
    this.#ids.set(this.#now.join(), 0);
  }

  spent(code: number): number {
    return this.#now[code] as number;
  }

  spend(code: number): void {
    this.#past.push(this.id);
    this.#now[code] = (this.#now[code] as number) + 1;
    const step = this.id * this.#now.length + code;
    let id = this.#after.get(step);
    if (id === undefined) {
      id = this.#name();
      this.#after.set(step, id);
    }
    this.id = id;
  }

  takeBack(code: number): void {
    this.#now[code] = (this.#now[code] as number) - 1;
    this.id = this.#past.pop() as number;
  }

  /** Whether the one of that name had spent no more of anything than is spent now. */
  covers(id: number): boolean {
    if (id === this.id || id === 0) return true;
    const then = this.#known[id] as Int32Array;
    const now = this.#now;
    for (let code = 0; code < now.length; code++) if ((then[code] as number) > (now[code] as number)) return false;
    return true;
  }

  /** Words that the known ones take. */
  get words(): number {
    return this.#known.length * this.#now.length;
  }

  #name(): number {
    const text = this.#now.join();
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    this.#ids.set(text, this.#known.length);
    return this.#known.push(this.#now.slice()) - 1;
  }
}

/** Of an entry: the entry before it in its bucket, the name of what was spent, how many words follow. */
const FRONT = 3;

export class Refuted {
  count = 0;
  /** Comparisons made, for the budget. */
  compared = 0;
  readonly #most: number;
  #words = new Int32Array(1 << 12);
  #used = 1;
  #heads = new Int32Array(1 << 8);

  /** `most` words at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  get full(): boolean {
    return this.#used > this.#most;
  }

  /** Whether it is superfluous; remembers it otherwise. */
  knows(key: Int32Array, length: number, spending: Spending): boolean {
    const hash = hashOf(key, 0, length);
    const words = this.#words;
    const bucket = hash & (this.#heads.length - 1);
    for (let at = this.#heads[bucket] as number; at !== 0; at = words[at] as number) {
      this.compared++;
      if (words[at + 2] !== length || !alike(words, at + FRONT, key, length)) continue;
      if (spending.covers(words[at + 1] as number)) return true;
    }
    this.#insert(key, length, spending.id, bucket);
    return false;
  }

  #insert(key: Int32Array, length: number, spent: number, bucket: number): void {
    const at = this.#used;
    this.#used += FRONT + length;
    if (this.#used > this.#words.length) {
      const more = new Int32Array(this.#words.length * 2 + length);
      more.set(this.#words);
      this.#words = more;
    }
    const words = this.#words;
    words[at] = this.#heads[bucket] as number;
    words[at + 1] = spent;
    words[at + 2] = length;
    for (let n = 0; n < length; n++) words[at + FRONT + n] = key[n] as number;
    this.#heads[bucket] = at;
    if (++this.count > this.#heads.length) this.#rehash();
  }

  #rehash(): void {
    const heads = new Int32Array(this.#heads.length * 4);
    const words = this.#words;
    for (let at = 1; at < this.#used; at += FRONT + (words[at + 2] as number)) {
      const bucket = hashOf(words, at + FRONT, words[at + 2] as number) & (heads.length - 1);
      words[at] = heads[bucket] as number;
      heads[bucket] = at;
    }
    this.#heads = heads;
  }
}

function alike(words: Int32Array, from: number, key: Int32Array, length: number): boolean {
  for (let n = 0; n < length; n++) if (words[from + n] !== key[n]) return false;
  return true;
}

function hashOf(words: Int32Array, from: number, length: number): number {
  let hash = 0x9e3779b9;
  for (let n = 0; n < length; n++) {
    hash = Math.imul(hash ^ (words[from + n] as number), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash ^ (hash >>> 13);
}
