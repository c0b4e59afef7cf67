/**
 * States that are not numbers themselves, numbered in the order in which they are met: lists and sets as words in flat
 * memory, texts as they are. Both know what they take, so that a search can stop before memory does.
 */

/** Transitions that are remembered: a power of two, grown up to the larger one. Forgetting one costs time only. */
const FEW = 1 << 8;
const MOST = 1 << 18;

/** Transitions seen lately; `next` is asked about the others. */
export class Transitions {
  #from = new Int32Array(FEW).fill(-1);
  #code = new Int32Array(FEW);
  #to = new Int32Array(FEW);
  #misses = 0;

  step(state: number, code: number, next: (state: number, code: number) => number): number {
    const at = (Math.imul(state, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b)) >>> 0;
    let slot = (at ^ (at >>> 15)) & (this.#from.length - 1);
    if (this.#from[slot] === state && this.#code[slot] === code) return this.#to[slot] as number;
    const to = next(state, code);
    if (++this.#misses > 2 * this.#from.length && this.#from.length < MOST) {
      this.#grow();
      slot = (at ^ (at >>> 15)) & (this.#from.length - 1);
    }
    this.#from[slot] = state;
    this.#code[slot] = code;
    this.#to[slot] = to;
    return to;
  }

  #grow(): void {
    const size = this.#from.length * 4;
    this.#from = new Int32Array(size).fill(-1);
    this.#code = new Int32Array(size);
    this.#to = new Int32Array(size);
    this.#misses = 0;
  }
}

/** Besides the words themselves: where they begin, their hash, and their place in the table. */
const OVERHEAD_BYTES = 24;

/** States made of words: equal words are one state. */
export class WordStates {
  #words = new Int32Array(64);
  #starts = new Int32Array(17);
  #hashes = new Int32Array(16);
  #table = new Int32Array(64);
  #count = 0;

  /** Of the first `length` words; they are copied. */
  number(words: Int32Array, length: number): number {
    let hash = length;
    for (let n = 0; n < length; n++) {
      hash = Math.imul(hash ^ (words[n] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    let at = hash & (this.#table.length - 1);
    for (; this.#table[at] !== 0; at = (at + 1) & (this.#table.length - 1)) {
      const known = (this.#table[at] as number) - 1;
      if (this.#hashes[known] === hash && this.#equals(known, words, length)) return known;
    }
    return this.#add(words, length, hash, at);
  }

  length(state: number): number {
    return (this.#starts[state + 1] as number) - (this.#starts[state] as number);
  }

  at(state: number, n: number): number {
    return this.#words[(this.#starts[state] as number) + n] as number;
  }

  /** Copies the words of a state from its `from`th on, and says how many they are. */
  copy(state: number, to: Int32Array, from = 0): number {
    const start = (this.#starts[state] as number) + from;
    const end = this.#starts[state + 1] as number;
    for (let n = start; n < end; n++) to[n - start] = this.#words[n] as number;
    return end - start;
  }

  bytes(): number {
    return 4 * (this.#starts[this.#count] as number) + this.#count * OVERHEAD_BYTES;
  }

  #equals(known: number, words: Int32Array, length: number): boolean {
    const start = this.#starts[known] as number;
    if ((this.#starts[known + 1] as number) - start !== length) return false;
    for (let n = 0; n < length; n++) if (this.#words[start + n] !== words[n]) return false;
    return true;
  }

  #add(words: Int32Array, length: number, hash: number, at: number): number {
    const state = this.#count++;
    const start = this.#starts[state] as number;
    while (start + length > this.#words.length) this.#words = doubled(this.#words);
    if (state + 2 > this.#starts.length) this.#starts = doubled(this.#starts);
    if (state + 1 > this.#hashes.length) this.#hashes = doubled(this.#hashes);
    for (let n = 0; n < length; n++) this.#words[start + n] = words[n] as number;
    this.#starts[state + 1] = start + length;
    this.#hashes[state] = hash;
    this.#table[at] = state + 1;
    if (this.#count * 2 > this.#table.length) this.#rehash();
    return state;
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 4);
    const last = table.length - 1;
    for (let state = 0; state < this.#count; state++) {
      let at = (this.#hashes[state] as number) & last;
      while (table[at] !== 0) at = (at + 1) & last;
      table[at] = state + 1;
    }
    this.#table = table;
  }
}

function doubled(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}

/** What a text takes beyond its characters. */
const TEXT_BYTES = 100;

/** States that are texts. */
export class TextStates {
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();
  #bytes = 0;

  number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    this.#bytes += TEXT_BYTES + 2 * text.length;
    return this.#texts.push(text) - 1;
  }

  text(state: number): string {
    return this.#texts[state] as string;
  }

  bytes(): number {
    return this.#bytes;
  }
}
