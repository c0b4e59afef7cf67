/**
 * Linearizability without search, for histories in which every read says which write it saw: Gibbons & Korach,
 * "Testing shared memories" (SIAM J. Comput. 26, 1997), extended from one write with its reads to a chain of
 * versions: a write, what reads saw of it, the compare-and-swap or append that built on it, what reads saw of that, …
 * A chain must happen without anything in between. So each is one interval, its zone: from the first return to the
 * last invocation in it (forward), or the other way round when all of it overlaps (backward). The history is
 * linearizable exactly when every chain is in order within itself, no two forward zones overlap, and no backward
 * zone lies inside a forward one. Positions in time are small integers, so one sweep needs no sorting: O(n) in all.
 *
 * A version is numbered by what made it: key k's initial value is k, what row r made is keys + r.
 */
import { type History, NEVER } from '../history/history.ts';
import type { Evidence } from './evidence.ts';

const NONE = -1;

export class Chains {
  readonly #history: History;
  readonly #keys: number;
  /** The version built on this one, as version + 1; 0 for none. */
  readonly #next: Int32Array;
  /** Its reads: the row that returned first and the row that was invoked last, as row + 1; 0 for none. */
  readonly #firstRead: Int32Array;
  readonly #lastRead: Int32Array;
  /** By position: which zone begins there, as root + 1, negative for a backward one. */
  readonly #begins: Int32Array;
  readonly #end: Int32Array;
  /** By key: how far the zone that is open in the sweep reaches, and whose it is. */
  readonly #openUntil: Int32Array;
  readonly #openRoot: Int32Array;

  constructor(history: History) {
    this.#history = history;
    this.#keys = history.keys.length;
    const versions = this.#keys + history.count;
    this.#next = new Int32Array(versions);
    this.#firstRead = new Int32Array(versions);
    this.#lastRead = new Int32Array(versions);
    this.#begins = new Int32Array(history.events);
    this.#end = new Int32Array(versions);
    this.#openUntil = new Int32Array(this.#keys).fill(NONE);
    this.#openRoot = new Int32Array(this.#keys);
  }

  versionOf(row: number): number {
    return this.#keys + row;
  }

  /** The row that made a version; −1 for an initial value. */
  rowOf(version: number): number {
    return version < this.#keys ? NONE : version - this.#keys;
  }

  /** Rows must come in the order of invocation. */
  read(version: number, row: number): void {
    this.#lastRead[version] = row + 1;
    const first = (this.#firstRead[version] as number) - 1;
    const { returned } = this.#history;
    if (first < 0 || (returned[row] as number) < (returned[first] as number)) this.#firstRead[version] = row + 1;
  }

  isRead(version: number): boolean {
    return this.#lastRead[version] !== 0;
  }

  /** The version built on this one, or −1. */
  after(version: number): number {
    return (this.#next[version] as number) - 1;
  }

  build(on: number, version: number): void {
    this.#next[on] = version + 1;
  }

  /**
   * Closes the chain that begins at `root`: its own order is checked, its zone is kept for the sweep.
   * `visited` is called with every version of it after the first.
   */
  close(root: number, key: number, visited?: (version: number) => void): Evidence | null {
    const { invoked, returned } = this.#history;
    let lastStart = NONE;
    let lastStartRow = NONE;
    let firstEnd = NEVER;
    for (let version = root; ; ) {
      const row = version - this.#keys;
      if (row >= 0) {
        const start = invoked[row] as number;
        const end = returned[row] as number;
        if (end < lastStart) return this.#disorder(version, row, lastStartRow);
        if (start > lastStart) {
          lastStart = start;
          lastStartRow = row;
        }
        if (end < firstEnd) firstEnd = end;
      }
      const first = (this.#firstRead[version] as number) - 1;
      if (first >= 0) {
        const end = returned[first] as number;
        if (end < lastStart) return this.#disorder(version, first, lastStartRow);
        if (end < firstEnd) firstEnd = end;
        const last = (this.#lastRead[version] as number) - 1;
        const start = invoked[last] as number;
        if (start > lastStart) {
          lastStart = start;
          lastStartRow = last;
        }
      }
      const next = this.#next[version] as number;
      if (next === 0) break;
      version = next - 1;
      visited?.(version);
    }
    this.#keep(root, key, firstEnd, lastStart);
    return null;
  }

  #keep(root: number, key: number, firstEnd: number, lastStart: number): void {
    if (root < this.#keys) {
      // Nothing comes before the initial value: as if a zone had been open from the beginning.
      this.#openUntil[key] = lastStart;
      this.#openRoot[key] = root;
    } else if (firstEnd < lastStart) {
      this.#begins[firstEnd] = root + 1;
      this.#end[root] = lastStart;
    } else if (lastStart !== NONE) {
      this.#begins[lastStart] = -(root + 1);
      this.#end[root] = firstEnd;
    }
  }

  /** The zones of every key at once, from left to right. */
  sweep(): Evidence | null {
    const { key, events } = this.#history;
    const begins = this.#begins;
    const openUntil = this.#openUntil;
    for (let at = 0; at < events; at++) {
      const mark = begins[at] as number;
      if (mark === 0) continue;
      const root = (mark > 0 ? mark : -mark) - 1;
      const k = key[root - this.#keys] as number;
      const until = openUntil[k] as number;
      const end = this.#end[root] as number;
      // A forward zone may not begin inside an open one; a backward one may not end inside it.
      if ((mark > 0 ? at : end) < until) return this.#conflict(this.#openRoot[k] as number, root);
      if (mark > 0) {
        openUntil[k] = end;
        this.#openRoot[k] = root;
      }
    }
    return null;
  }

  /** An operation on a version returned before `lastRow`, which belongs to an earlier or the same version, began. */
  #disorder(version: number, row: number, lastRow: number): Evidence {
    const maker = this.rowOf(version);
    const rows = maker >= 0 && maker !== row && maker !== lastRow ? [maker, lastRow, row] : [lastRow, row];
    return { rows, failed: row, why: 'it had returned before what it follows from began' };
  }

  #conflict(first: number, second: number): Evidence {
    const a = this.#bounds(first);
    const b = this.#bounds(second);
    const rows = [a.maker, a.firstEndRow, a.lastStartRow, b.maker, b.firstEndRow, b.lastStartRow];
    const why = 'one value was seen before and after another that must have replaced it';
    return { rows: unique(rows), failed: later(this.#history, a.lastStartRow, b.lastStartRow), why };
  }

  #bounds(root: number): { maker: number; firstEndRow: number; lastStartRow: number } {
    const { invoked, returned } = this.#history;
    let firstEndRow = NONE;
    let lastStartRow = NONE;
    for (let version = root; version >= 0; version = this.after(version)) {
      const last = (this.#lastRead[version] as number) - 1;
      const first = (this.#firstRead[version] as number) - 1;
      for (const row of [this.rowOf(version), first, last]) {
        if (row < 0) continue;
        if (firstEndRow < 0 || (returned[row] as number) < (returned[firstEndRow] as number)) firstEndRow = row;
        if (lastStartRow < 0 || (invoked[row] as number) > (invoked[lastStartRow] as number)) lastStartRow = row;
      }
    }
    return { maker: this.rowOf(root), firstEndRow, lastStartRow };
  }
}

function later(history: History, a: number, b: number): number {
  if (a < 0 || b < 0) return Math.max(a, b);
  return (history.invoked[a] as number) > (history.invoked[b] as number) ? a : b;
}

function unique(rows: readonly number[]): number[] {
  return [...new Set(rows.filter((row) => row >= 0))].sort((a, b) => a - b);
}
