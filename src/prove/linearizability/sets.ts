/**
 * Sets that only grow, each element added once: the reads, ordered by size, say in which order elements came in, and
 * the whole history is one chain of blocks (the additions first seen by a read, then the reads that saw just those).
 * Linearizable exactly when every read includes the smaller ones and no operation returned before one of an earlier
 * block began. O(n + what the reads brought).
 */
import type { Value } from '../history/event.ts';
import { FAIL, type History, OK } from '../history/history.ts';
import { itemsOf } from './collections.ts';
import type { Evidence } from './evidence.ts';
import type { KeyAnswer } from './registers.ts';

interface Read {
  readonly row: number;
  readonly elements: ReadonlySet<number>;
}

/** Rows of one key in the order of invocation. */
export function uniqueSet(history: History, rows: Int32Array, initial: Value): KeyAnswer {
  const { f, functions, input, outcome, values } = history;
  const reading = functions.indexOf('read');
  const adders = new Map<number, number>();
  const reads: Read[] = [];
  const start = elementsOf(history, initial);
  for (const id of start) adders.set(id, -1);
  for (const row of rows) {
    if (functions[f[row] as number] === 'remove') return 'search';
    if (f[row] === reading) {
      if (outcome[row] !== OK) continue;
      const seen = values.values[history.output[row] as number] as Value;
      reads.push({ row, elements: elementsOf(history, seen) });
    } else if (outcome[row] !== FAIL) {
      if (adders.has(input[row] as number)) return 'search';
      adders.set(input[row] as number, row);
    }
  }
  return inBlocks(history, rows, adders, reads, start);
}

function elementsOf(history: History, value: Value): Set<number> {
  return new Set(itemsOf(value).map((item) => history.values.idOf(item)));
}

function inBlocks(
  history: History,
  rows: Int32Array,
  adders: ReadonlyMap<number, number>,
  reads: Read[],
  start: ReadonlySet<number>,
): Evidence | null {
  reads.sort((a, b) => a.elements.size - b.elements.size);
  const before = new Latest(history);
  const seen = new Set(start);
  let last: Read | null = null;
  for (let n = 0; n < reads.length; ) {
    const { row, elements } = reads[n] as Read;
    const added: number[] = [];
    let known = 0;
    for (const id of elements) {
      const adder = adders.get(id);
      if (adder === undefined) return { rows: [row], failed: row, why: 'nobody ever added one of its elements' };
      if (seen.has(id)) known++;
      else if (adder >= 0) added.push(adder);
    }
    if (known < seen.size) {
      return last
        ? disagree(last.row, row)
        : { rows: [row], failed: row, why: 'an element that was there from the start is missing' };
    }
    const broken = before.block(added);
    if (broken) return broken;
    for (const id of elements) seen.add(id);
    const same: number[] = [];
    for (; n < reads.length && (reads[n] as Read).elements.size === seen.size; n++) {
      const other = reads[n] as Read;
      for (const id of other.elements) if (!seen.has(id)) return disagree(row, other.row);
      same.push(other.row);
    }
    const late = before.block(same);
    if (late) return late;
    last = reads[n - 1] as Read;
  }
  const unseen = rows.filter((row) => {
    if (history.functions[history.f[row] as number] === 'read' || history.outcome[row] !== OK) return false;
    return !seen.has(history.input[row] as number);
  });
  return before.block([...unseen]);
}

function disagree(a: number, b: number): Evidence {
  const rows = [a, b].sort((x, y) => x - y);
  return { rows, failed: rows[1] as number, why: 'two reads each lack an element that the other one has' };
}

/** The latest beginning of everything in the blocks so far. */
class Latest {
  readonly #history: History;
  #start = -1;
  #row = -1;

  constructor(history: History) {
    this.#history = history;
  }

  block(rows: readonly number[]): Evidence | null {
    const { invoked, returned } = this.#history;
    for (const row of rows) {
      if ((returned[row] as number) < this.#start) {
        return { rows: [row, this.#row], failed: this.#row, why: 'it should have been seen, and was not' };
      }
    }
    for (const row of rows) {
      if ((invoked[row] as number) > this.#start) {
        this.#start = invoked[row] as number;
        this.#row = row;
      }
    }
    return null;
  }
}
