/**
 * A 64-bit hash of byte ranges as two 32-bit halves, because JavaScript has no fast 64-bit integer. Two lanes of the
 * MurmurHash3 x86_32 body (A. Appleby, public domain) with different constants and a seed drawn per process, so that
 * nobody outside can prepare collisions. With 100,000 keys two collide by chance once in 10^9 processes.
 *
 * The running state is in a small typed array, not in a class: engines box 32-bit fields, and this runs per data point.
 */
import { randomBytes } from 'node:crypto';

const seeds = randomBytes(8);
const SEED_LOW = seeds.readInt32LE(0);
const SEED_HIGH = seeds.readInt32LE(4);
const state = new Int32Array(2);

export function hashStart(low = 0, high = 0): void {
  state[0] = SEED_LOW ^ low;
  state[1] = SEED_HIGH ^ high;
}

/** Where a hash went on from, so that a common prefix (a resource, a metric's name) is hashed once. */
export function hashResume(low: number, high: number): void {
  state[0] = low;
  state[1] = high;
}

export function hashLow(): number {
  return state[0] as number;
}

export function hashHigh(): number {
  return state[1] as number;
}

/** Ends with the length, so that `ab`+`c` and `a`+`bc` differ. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): void {
  let a = state[0] as number;
  let b = state[1] as number;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    a = mixA(a, word);
    b = mixB(b, word);
  }
  let tail = 0;
  for (let shift = 0; at < end; at++, shift += 8) tail |= (bytes[at] as number) << shift;
  a = mixA(a, tail);
  b = mixB(b, tail);
  state[0] = mixA(a, end - start);
  state[1] = mixB(b, end - start);
}

export function hashNumber(value: number): void {
  state[0] = mixA(state[0] as number, value | 0);
  state[1] = mixB(state[1] as number, value | 0);
}

export function hashText(text: string): void {
  let a = state[0] as number;
  let b = state[1] as number;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = mixA(a, unit);
    b = mixB(b, unit);
  }
  state[0] = mixA(a, text.length);
  state[1] = mixB(b, text.length);
}

function mixA(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function mixB(hash: number, word: number): number {
  let k = Math.imul(word, 0x239b961b);
  k = Math.imul((k << 16) | (k >>> 16), 0xab0e9789);
  const h = hash ^ k;
  return (Math.imul((h << 17) | (h >>> 15), 5) + 0x0bcaa747) | 0;
}

/** Spreads two halves over the slots of a table: both were mixed above, but ids of spans come as they are. */
export function slotOf(low: number, high: number, mask: number): number {
  let h = low ^ SEED_LOW ^ Math.imul(high ^ SEED_HIGH, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return (h ^ (h >>> 13)) & mask;
}

/** 64-bit key → small non-negative number. Open addressing; grows to twice what it holds. Nothing is removed: clear. */
export class HashIndex {
  #size = 0;
  #mask: number;
  /** [low, high, value + 1] per slot; 0 in the third is an empty slot. */
  #slots: Int32Array;

  constructor(expected = 64) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#mask = capacity - 1;
    this.#slots = new Int32Array(capacity * 3);
  }

  get size(): number {
    return this.#size;
  }

  /** -1 when not there. */
  find(low: number, high: number): number {
    const slots = this.#slots;
    for (let slot = slotOf(low, high, this.#mask); ; slot = (slot + 1) & this.#mask) {
      const at = slot * 3;
      const value = slots[at + 2] as number;
      if (value === 0) return -1;
      if (slots[at] === low && slots[at + 1] === high) return value - 1;
    }
  }

  set(low: number, high: number, value: number): void {
    if ((this.#size + 1) * 2 > this.#mask + 1) this.#grow();
    for (let slot = slotOf(low, high, this.#mask); ; slot = (slot + 1) & this.#mask) {
      const at = slot * 3;
      if (this.#slots[at + 2] !== 0 && !(this.#slots[at] === low && this.#slots[at + 1] === high)) continue;
      if (this.#slots[at + 2] === 0) this.#size++;
      this.#slots[at] = low;
      this.#slots[at + 1] = high;
      this.#slots[at + 2] = value + 1;
      return;
    }
  }

  forEach(visit: (low: number, high: number, value: number) => void): void {
    for (let at = 0; at < this.#slots.length; at += 3) {
      const value = this.#slots[at + 2] as number;
      if (value !== 0) visit(this.#slots[at] as number, this.#slots[at + 1] as number, value - 1);
    }
  }

  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = (this.#mask + 1) * 2 - 1;
    this.#slots = new Int32Array((this.#mask + 1) * 3);
    this.#size = 0;
    for (let at = 0; at < old.length; at += 3)
      if (old[at + 2] !== 0) this.set(old[at] as number, old[at + 1] as number, (old[at + 2] as number) - 1);
  }
}
