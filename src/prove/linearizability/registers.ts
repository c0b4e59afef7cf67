/**
 * Registers and compare-and-swap registers whose every value is written once: each read and each successful swap
 * then names the write it saw, and `Chains` decides without search. Where a value is written twice, or a refused swap
 * must be placed (it says only what the value was not) and all else is in order, a key is left to the search.
 */
import { FAIL, type History, INFO, OK } from '../history/history.ts';
import type { Chains } from './chains.ts';
import type { Evidence } from './evidence.ts';

/** What the no-search way says of one key: null for in order so far, 'search' when it does not apply. */
export type KeyAnswer = null | 'search' | Evidence;

export interface RegisterFunctions {
  readonly read: number;
  readonly write: number;
  readonly cas: number;
}

export class UniqueRegisters {
  readonly #history: History;
  readonly #chains: Chains;
  readonly #f: RegisterFunctions;
  readonly #initial: number;
  /** By value: the version that holds it, as version + 1; of the key at hand only. */
  readonly #holder: Int32Array;
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #linked: Uint8Array;

  /** `from` and `to` are by row, and only read for cas rows: see `casArguments`. */
  constructor(history: History, chains: Chains, f: RegisterFunctions, initial: number, cas: CasArguments) {
    this.#history = history;
    this.#chains = chains;
    this.#f = f;
    this.#initial = initial;
    this.#holder = new Int32Array(history.values.values.length);
    this.#from = cas.from;
    this.#to = cas.to;
    this.#linked = new Uint8Array(cas.from.length);
  }

  /**
   * All keys at once, in the order of the rows, which is how memory lies; 'search' when that does not apply: there are
   * swaps, or a value was written twice, be it to different keys. Then `key` has to be asked for each.
   */
  whole(): KeyAnswer {
    const { count, f, input, key, outcome, output, keys } = this.#history;
    if (this.#f.cas >= 0) return 'search';
    const { read: reading } = this.#f;
    const holder = new Int32Array(this.#holder.length);
    for (let row = 0; row < count; row++) {
      if (f[row] === reading || outcome[row] === FAIL) continue;
      const value = input[row] as number;
      if (holder[value] !== 0 || value === this.#initial) return 'search';
      holder[value] = row + 1;
    }
    for (let row = 0; row < count; row++) {
      if (f[row] !== reading || outcome[row] !== OK) continue;
      const value = output[row] as number;
      const k = key[row] as number;
      const writer = (holder[value] as number) - 1;
      if (value === this.#initial) this.#chains.read(k, row);
      else if (writer >= 0 && key[writer] === k) this.#chains.read(this.#chains.versionOf(writer), row);
      else return { rows: [row], failed: row, why: 'nobody ever wrote what it read' };
    }
    for (let k = 0; k < keys.length; k++) this.#chains.close(k, k);
    for (let row = 0; row < count; row++) {
      if (f[row] === reading || outcome[row] === FAIL) continue;
      const version = this.#chains.versionOf(row);
      if (outcome[row] === INFO && !this.#chains.isRead(version)) continue;
      const broken = this.#chains.close(version, key[row] as number);
      if (broken) return broken;
    }
    return null;
  }

  /** Rows of one key in the order of invocation. */
  key(key: number, rows: Int32Array): KeyAnswer {
    const swaps = this.#hold(key, rows);
    const answer = swaps < 0 ? 'search' : this.#follow(key, rows, swaps);
    this.#release(rows);
    return answer;
  }

  /** Who wrote which value; the number of swaps that happened or may have, or −1 when a value has two writers. */
  #hold(key: number, rows: Int32Array): number {
    const { f, input, outcome } = this.#history;
    const holder = this.#holder;
    let swaps = 0;
    if (this.#initial >= 0) holder[this.#initial] = key + 1;
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n] as number;
      if (f[row] === this.#f.read || outcome[row] === FAIL) continue;
      const isSwap = f[row] === this.#f.cas;
      const value = (isSwap ? this.#to[row] : input[row]) as number;
      if (isSwap) swaps++;
      if (holder[value] !== 0) return -1;
      holder[value] = this.#chains.versionOf(row) + 1;
    }
    return swaps;
  }

  #release(rows: Int32Array): void {
    const { f, input } = this.#history;
    if (this.#initial >= 0) this.#holder[this.#initial] = 0;
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n] as number;
      if (f[row] === this.#f.write) this.#holder[input[row] as number] = 0;
      else if (f[row] === this.#f.cas) this.#holder[this.#to[row] as number] = 0;
    }
  }

  #follow(key: number, rows: Int32Array, swaps: number): KeyAnswer {
    const { f, outcome, output } = this.#history;
    const chains = this.#chains;
    const reading = this.#f.read;
    let refused = false;
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n] as number;
      if (f[row] === reading) {
        if (outcome[row] !== OK) continue;
        const holder = this.#holder[output[row] as number] as number;
        if (holder === 0) return { rows: [row], failed: row, why: 'nobody ever wrote what it read' };
        chains.read(holder - 1, row);
      } else if (f[row] === this.#f.cas && outcome[row] === FAIL && !this.#history.failedWithError[row]) {
        if (this.#holder[this.#from[row] as number] !== 0) refused = true;
      }
    }
    const broken = (swaps > 0 ? this.#link(rows) : null) ?? this.#close(key, rows, swaps);
    // What is broken without the refused swaps is broken with them.
    return broken ?? (refused ? 'search' : null);
  }

  /** Swaps that happened, and those of unknown outcome whose value was seen, build on the version they found. */
  #link(rows: Int32Array): Evidence | null {
    const { f, outcome } = this.#history;
    for (const row of rows) {
      if (f[row] === this.#f.cas && outcome[row] === OK) {
        const broken = this.#linkOne(row);
        if (broken) return broken;
      }
    }
    for (const row of rows) {
      if (f[row] !== this.#f.cas || outcome[row] !== INFO) continue;
      const version = this.#chains.versionOf(row);
      if (!this.#chains.isRead(version) && this.#chains.after(version) < 0) continue;
      const broken = this.#linkOne(row);
      if (broken) return broken;
    }
    return null;
  }

  /** Links a swap, and with it every swap of unknown outcome that it rests on. */
  #linkOne(start: number): Evidence | null {
    const { f, outcome } = this.#history;
    for (let row = start; this.#linked[row] === 0; ) {
      this.#linked[row] = 1;
      const found = (this.#holder[this.#from[row] as number] as number) - 1;
      if (found < 0) return { rows: [row], failed: row, why: 'nobody ever wrote what it compared with' };
      const rival = this.#chains.after(found);
      if (rival >= 0) {
        const other = this.#chains.rowOf(rival);
        const pair = [other, row].sort((a, b) => a - b);
        return { rows: pair, failed: pair[1] as number, why: 'two swaps replaced the same value' };
      }
      this.#chains.build(found, this.#chains.versionOf(row));
      const below = this.#chains.rowOf(found);
      if (below < 0 || f[below] !== this.#f.cas || outcome[below] !== INFO) break;
      row = below;
    }
    return null;
  }

  #close(key: number, rows: Int32Array, swaps: number): Evidence | null {
    const { f, outcome } = this.#history;
    const chains = this.#chains;
    let visited = 0;
    const visit = swaps > 0 ? () => void visited++ : undefined;
    if (this.#initial >= 0) {
      const broken = chains.close(key, key, visit);
      if (broken) return broken;
    }
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n] as number;
      if (f[row] !== this.#f.write || outcome[row] === FAIL) continue;
      const version = chains.versionOf(row);
      if (outcome[row] === INFO && !chains.isRead(version) && chains.after(version) < 0) continue;
      const broken = chains.close(version, key, visit);
      if (broken) return broken;
    }
    return swaps > 0 ? this.#circle(rows, visited) : null;
  }

  /** Swaps that no write leads to rest on one another: a circle. */
  #circle(rows: Int32Array, visited: number): Evidence | null {
    const linked = rows.filter((row) => this.#f.cas === this.#history.f[row] && this.#linked[row] === 1);
    if (linked.length === visited) return null;
    const failed = linked[linked.length - 1] as number;
    return { rows: [...linked], failed, why: 'swaps each found what another of them wrote' };
  }
}

/** The two arguments of every compare-and-swap, as values' numbers. */
export interface CasArguments {
  readonly from: Int32Array;
  readonly to: Int32Array;
}
