/**
 * Gives every distinct value a small number, so that checkers compare integers. Small integers, which most recorded
 * values are, go through a flat table; the rest through a map (composite values by their text).
 */
import { textOf, type Value } from './event.ts';

/** Integers below this use the flat table: 4 bytes each, grown as needed. */
const FLAT = 1 << 22;

export class Interner {
  readonly values: Value[] = [];
  #flat = new Int32Array(1 << 10);
  readonly #strings = new Map<string, number>();
  readonly #others = new Map<unknown, number>();

  idOf(value: Value): number {
    if (typeof value === 'number' && value >= 0 && value < FLAT && Number.isInteger(value)) {
      if (value >= this.#flat.length) this.#grow(value);
      const known = this.#flat[value] as number;
      if (known > 0) return known - 1;
      this.#flat[value] = this.values.length + 1;
      return this.#add(value);
    }
    if (typeof value === 'string') return this.#lookUp(this.#strings, value, value);
    if (value !== null && typeof value === 'object') return this.#lookUp(this.#others, `c${textOf(value)}`, value);
    return this.#lookUp(this.#others, value, value);
  }

  /** The number of a value that is known already, else −1. */
  find(value: Value): number {
    if (typeof value === 'number' && value >= 0 && value < FLAT && Number.isInteger(value)) {
      return value < this.#flat.length ? (this.#flat[value] as number) - 1 : -1;
    }
    if (typeof value === 'string') return this.#strings.get(value) ?? -1;
    const key = value !== null && typeof value === 'object' ? `c${textOf(value)}` : value;
    return this.#others.get(key) ?? -1;
  }

  #lookUp<K>(map: Map<K, number>, key: K, value: Value): number {
    const known = map.get(key);
    if (known !== undefined) return known;
    map.set(key, this.values.length);
    return this.#add(value);
  }

  #add(value: Value): number {
    this.values.push(value);
    return this.values.length - 1;
  }

  #grow(value: number): void {
    let size = this.#flat.length;
    while (size <= value) size *= 2;
    const flat = new Int32Array(size);
    flat.set(this.#flat);
    this.#flat = flat;
  }
}
