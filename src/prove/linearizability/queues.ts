/**
 * First-in-first-out queues in which every value is put in once: no search, four things to look for, which together
 * are exact (Henzinger, Sezgin & Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013): a value that
 * nobody put in or that was taken twice; one taken before it was put in; two taken in the wrong order; a queue found
 * empty although at every moment some value was certainly in it. O(n log n).
 */
import { FAIL, type History, INFO, NEVER, OK } from '../history/history.ts';
import type { Evidence } from './evidence.ts';
import type { KeyAnswer } from './registers.ts';

/** Of a value that was taken too often: the last of its puts and takes that are drawn. */
const SHOWN = 12;

interface Item {
  readonly put: number;
  taken: number;
}

/** Rows of one key in the order of invocation. */
export function uniqueQueue(history: History, rows: Int32Array): KeyAnswer {
  const { f, functions, input, outcome, output, values } = history;
  const putting = functions.indexOf('enqueue');
  const nil = values.idOf(null);
  const items = new Map<number, Item>();
  const empty: number[] = [];
  const lost: number[] = [];
  for (const row of rows) {
    if (f[row] !== putting || outcome[row] === FAIL) continue;
    if (input[row] === nil || items.has(input[row] as number)) return overdrawn(history, rows) ?? 'search';
    items.set(input[row] as number, { put: row, taken: -1 });
  }
  for (const row of rows) {
    if (f[row] === putting || outcome[row] === FAIL) continue;
    if (outcome[row] === INFO) lost.push(row);
    else if (output[row] === nil) empty.push(row);
    else {
      const broken = take(items.get(output[row] as number), row, history);
      if (broken) return broken;
    }
  }
  const all = [...items.values()];
  if (lost.length > 0) attribute(history, all, lost);
  const broken = disorder(history, all);
  if (broken) return broken;
  const found = notEmpty(history, all, empty);
  // Attribution is exact for order; which value to give up for an empty queue is left to the search.
  return found && lost.length > 0 ? 'search' : found;
}

/**
 * A dequeue of unknown outcome may have taken anything, or nothing. Values that must be gone, because one put in
 * after them was taken, are given to such dequeues: the one that must be gone first to the one that began first
 * (earliest deadline first, which succeeds whenever anything does). The others took nothing.
 */
function attribute(history: History, items: readonly Item[], lost: readonly number[]): void {
  const { invoked, returned } = history;
  const deadline = new Map<Item, number>();
  const byEnd = items
    .filter(({ put }) => returned[put] !== NEVER)
    .sort((a, b) => at(returned, b.put) - at(returned, a.put));
  let next = items.length - 1;
  let earliest = NEVER;
  for (const item of byEnd) {
    for (; next >= 0 && at(invoked, (items[next] as Item).put) > at(returned, item.put); next--) {
      const { taken } = items[next] as Item;
      if (taken >= 0) earliest = Math.min(earliest, at(returned, taken));
    }
    if (item.taken < 0 && earliest !== NEVER) deadline.set(item, earliest);
  }
  const gone = [...deadline.keys()].sort((a, b) => (deadline.get(a) as number) - (deadline.get(b) as number));
  for (let n = 0; n < Math.min(gone.length, lost.length); n++) (gone[n] as Item).taken = lost[n] as number;
}

/** More of one value taken out than were put in: no order explains that, however often a value is put in. */
function overdrawn(history: History, rows: Int32Array): Evidence | null {
  const { f, functions, input, outcome, output, values } = history;
  const putting = functions.indexOf('enqueue');
  const nil = values.find(null);
  const left = new Map<number, number>();
  for (const row of rows) {
    const value = input[row] as number;
    if (f[row] === putting && outcome[row] !== FAIL) left.set(value, (left.get(value) ?? 0) + 1);
  }
  for (const row of rows) {
    const value = output[row] as number;
    if (f[row] === putting || outcome[row] !== OK || value === nil) continue;
    const now = (left.get(value) ?? 0) - 1;
    left.set(value, now);
    if (now >= 0) continue;
    const of = [...rows].filter((other) => takesOrPuts(history, other, value, putting) && other <= row);
    const why =
      of.length > 1 ? 'it was taken out more often than it was put in' : 'nobody ever put in what it took out';
    return { rows: of.slice(-SHOWN), failed: row, why };
  }
  return null;
}

function takesOrPuts({ f, input, outcome, output }: History, row: number, value: number, putting: number): boolean {
  if (f[row] === putting) return outcome[row] !== FAIL && input[row] === value;
  return outcome[row] === OK && output[row] === value;
}

function take(item: Item | undefined, row: number, history: History): Evidence | null {
  if (!item) return { rows: [row], failed: row, why: 'nobody ever put in what it took out' };
  if (item.taken >= 0) return { rows: [item.taken, row], failed: row, why: 'the same value was taken out twice' };
  item.taken = row;
  if ((history.returned[row] as number) > (history.invoked[item.put] as number)) return null;
  return { rows: [row, item.put], failed: row, why: 'it was taken out before it was put in' };
}

/** a was put in before b, but b was taken out before a, or a never. */
function disorder(history: History, items: readonly Item[]): Evidence | null {
  const { invoked, returned } = history;
  const takenAt = (item: Item): number => (item.taken < 0 ? NEVER : (invoked[item.taken] as number));
  const byEnd = items
    .filter(({ put }) => returned[put] !== NEVER)
    .sort((a, b) => at(returned, a.put) - at(returned, b.put));
  let next = 0;
  let latest: Item | null = null;
  // Items are in the order of invocation already: rows were.
  for (const item of items) {
    while (next < byEnd.length && at(returned, (byEnd[next] as Item).put) < at(invoked, item.put)) {
      const before = byEnd[next++] as Item;
      if (!latest || takenAt(before) > takenAt(latest)) latest = before;
    }
    if (!latest || item.taken < 0 || takenAt(latest) <= at(returned, item.taken)) continue;
    const rows = [latest.put, item.put, item.taken, latest.taken].filter((row) => row >= 0).sort((a, b) => a - b);
    return { rows, failed: item.taken, why: 'a value that was put in earlier was still in the queue' };
  }
  return null;
}

/** The stretches of time in which some value was certainly in the queue; a queue found empty may not lie within one. */
function notEmpty(history: History, items: readonly Item[], empty: readonly number[]): Evidence | null {
  const { invoked, outcome, returned } = history;
  const inside = items
    .filter(({ put }) => outcome[put] === OK)
    .map(({ put, taken }) => ({ put, start: at(returned, put), end: taken < 0 ? NEVER : at(invoked, taken) }))
    .filter(({ start, end }) => start < end)
    .sort((a, b) => a.start - b.start);
  let next = 0;
  let start = NEVER;
  let end = -1;
  let put = -1;
  for (const row of empty) {
    while (next < inside.length && (inside[next] as { start: number }).start < at(invoked, row)) {
      const one = inside[next++] as (typeof inside)[number];
      if (one.start > end) {
        start = one.start;
        end = one.end;
        put = one.put;
      } else if (one.end > end) {
        end = one.end;
        put = one.put;
      }
    }
    const found = { rows: [put, row].sort((a, b) => a - b), failed: row, why: 'the queue was found empty and was not' };
    if (start < at(invoked, row) && end > at(returned, row)) return found;
    // What begins during the look may carry the stretch on beyond its return.
    let reach = end;
    for (let ahead = next; ahead < inside.length && reach > at(invoked, row); ahead++) {
      const one = inside[ahead] as (typeof inside)[number];
      if (one.start > reach || one.start > at(returned, row)) break;
      if (one.end > reach) reach = one.end;
      if (start < at(invoked, row) && reach > at(returned, row)) return found;
    }
  }
  return null;
}

function at(positions: Int32Array, row: number): number {
  return positions[row] as number;
}
