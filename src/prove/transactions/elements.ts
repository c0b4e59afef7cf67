/**
 * Which write made a value: the index of the micro-operation that wrote (key, value), which is also the name of that
 * version. Values are written once per key, so a flat table answers: by value when values differ across keys, by
 * key's own range when every key counts for itself, and a map only where values are scattered.
 */
import { type Transactions, WRITE } from './history.ts';

/** The ranges of all keys may be this many times as long as there are writes before a map is used. */
const SPARSE = 4;

export class Elements {
  /** Transaction of a micro-operation. */
  readonly transaction: Int32Array;
  /** 1 for a write that the same transaction overwrites or appends to again. */
  readonly intermediate: Uint8Array;
  /** Two writes of the same value to the same key, when there are: versions cannot be told apart. */
  readonly twice: readonly [number, number] | null;
  readonly #t: Transactions;
  readonly #base: Int32Array;
  #table: Int32Array;
  readonly #map = new Map<number, number>();
  readonly #scattered: boolean;

  constructor(t: Transactions) {
    this.#t = t;
    this.transaction = new Int32Array(t.what.length);
    this.intermediate = new Uint8Array(t.what.length);
    this.#base = new Int32Array(t.keys.values.length);
    const size = this.#flat() ?? this.#ranges();
    this.#scattered = size < 0;
    this.#table = new Int32Array(Math.max(0, size));
    this.twice = this.#fill();
    this.#owners();
  }

  /** The write that made this value of this key, or −1. */
  writer(key: number, value: number): number {
    if (this.#scattered) return this.#map.get(key * 2 ** 26 + value) ?? -1;
    const at = (this.#base[key] as number) + value;
    const found = at >= 0 && at < this.#table.length ? (this.#table[at] as number) - 1 : -1;
    return found >= 0 && this.#t.key[found] === key && this.#t.value[found] === value ? found : -1;
  }

  /** The table's size when no two keys share a value, else null. */
  #flat(): number | null {
    const { what, value, values } = this.#t;
    const seen = new Uint8Array(values.values.length);
    for (let m = 0; m < what.length; m++) {
      if (what[m] !== WRITE) continue;
      if (seen[value[m] as number] === 1) return null;
      seen[value[m] as number] = 1;
    }
    return values.values.length;
  }

  /** The table's size when each key has its own range; −1 when that would be too long. */
  #ranges(): number {
    const { what, key, value, keys } = this.#t;
    const low = new Int32Array(keys.values.length).fill(0x7fff_ffff);
    const high = new Int32Array(keys.values.length).fill(-1);
    let writes = 0;
    for (let m = 0; m < what.length; m++) {
      if (what[m] !== WRITE) continue;
      writes++;
      const k = key[m] as number;
      const v = value[m] as number;
      if (v < (low[k] as number)) low[k] = v;
      if (v > (high[k] as number)) high[k] = v;
    }
    let size = 0;
    for (let k = 0; k < low.length; k++) {
      if ((high[k] as number) < 0) continue;
      this.#base[k] = size - (low[k] as number);
      size += (high[k] as number) - (low[k] as number) + 1;
      if (size > writes * SPARSE + 1024) return -1;
    }
    return size;
  }

  #fill(): readonly [number, number] | null {
    const { what, key, value } = this.#t;
    for (let m = 0; m < what.length; m++) {
      if (what[m] !== WRITE) continue;
      const before = this.writer(key[m] as number, value[m] as number);
      if (before >= 0) return [before, m];
      if (this.#scattered) this.#map.set((key[m] as number) * 2 ** 26 + (value[m] as number), m);
      else this.#table[(this.#base[key[m] as number] as number) + (value[m] as number)] = m + 1;
    }
    return null;
  }

  #owners(): void {
    const { count, first, key, what } = this.#t;
    for (let t = 0; t < count; t++) {
      const end = first[t + 1] as number;
      for (let m = first[t] as number; m < end; m++) {
        this.transaction[m] = t;
        if (what[m] !== WRITE) continue;
        for (let later = m + 1; later < end; later++) {
          if (what[later] === WRITE && key[later] === key[m]) {
            this.intermediate[m] = 1;
            break;
          }
        }
      }
    }
  }
}
