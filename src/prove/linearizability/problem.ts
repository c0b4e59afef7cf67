/**
 * One key's part of a history, laid out for the search: events in order, and for every operation a slot, a bit of a
 * configuration that says whether it has taken effect. Slots of operations that return are used again, so that a
 * configuration is as wide as the history is concurrent, not as long as it is. There are three kinds of slots:
 * operations that must happen and may change the state, those that must happen and only look, and those of unknown
 * outcome, which may happen at any time from their invocation on, or never.
 */
import { type History, NEVER } from '../history/history.ts';
import type { Compiler } from './machine.ts';

export const CHANGES = 0;
export const LOOKS = 1;
export const OPTIONAL = 2;

export interface Problem {
  readonly count: number;
  /** By operation: its row in the history, code, kind of slot, slot within its kind, position of its return. */
  readonly row: Int32Array;
  readonly code: Int32Array;
  readonly kind: Uint8Array;
  readonly slot: Int32Array;
  readonly end: Int32Array;
  /** By operation: a position before which it cannot have taken effect, where the compiler knows; see Meaning. */
  readonly earliest: Int32Array | null;
  /** Invocations as the operation, returns as its complement (~operation). */
  readonly events: Int32Array;
  /** 32-bit words that each kind of slot needs. */
  readonly words: readonly [changes: number, looks: number, optional: number];
}

/** `leftOut` rows are treated as if they had never been invoked; only sound for operations that look. */
export function layOut(history: History, rows: Int32Array, compiler: Compiler, leftOut?: ReadonlySet<number>): Problem {
  const row = new Int32Array(rows.length);
  const code = new Int32Array(rows.length);
  const kind = new Uint8Array(rows.length);
  const end = new Int32Array(rows.length);
  let earliest: Int32Array | null = null;
  let count = 0;
  for (let n = 0; n < rows.length; n++) {
    const at = rows[n] as number;
    if (leftOut?.has(at)) continue;
    const meaning = compiler.compile(at);
    if (!meaning) continue;
    const ends = history.returned[at] as number;
    if (ends === NEVER && meaning.readOnly) continue;
    row[count] = at;
    code[count] = meaning.code;
    end[count] = ends;
    if (meaning.earliest !== undefined) {
      earliest ??= new Int32Array(rows.length);
      earliest[count] = meaning.earliest;
    }
    kind[count++] = ends === NEVER ? OPTIONAL : meaning.readOnly ? LOOKS : CHANGES;
  }
  const events = order(history, row, end, count);
  const { slot, words } = slots(events, kind, count);
  return { count, row, code, kind, slot, end, earliest, events, words };
}

function order(history: History, row: Int32Array, end: Int32Array, count: number): Int32Array {
  // One number holds position and event, so that a typed array's own sort puts them in order.
  const keyed = new Float64Array(count * 2);
  let events = 0;
  for (let op = 0; op < count; op++) {
    keyed[events++] = (history.invoked[row[op] as number] as number) * 2 ** 22 + op;
    if (end[op] !== NEVER) keyed[events++] = (end[op] as number) * 2 ** 22 + op + 2 ** 21;
  }
  if (count > 2 ** 21) throw new RangeError('more than two million operations on one key');
  const sorted = keyed.subarray(0, events).sort();
  const ordered = new Int32Array(events);
  for (let n = 0; n < events; n++) {
    const low = (sorted[n] as number) % 2 ** 22;
    ordered[n] = low >= 2 ** 21 ? ~(low - 2 ** 21) : low;
  }
  return ordered;
}

function slots(events: Int32Array, kind: Uint8Array, count: number): Pick<Problem, 'slot' | 'words'> {
  const slot = new Int32Array(count);
  const free: [number[], number[], number[]] = [[], [], []];
  const used: [number, number, number] = [0, 0, 0];
  for (const event of events) {
    const op = event < 0 ? ~event : event;
    const of = kind[op] as 0 | 1 | 2;
    if (event < 0) free[of].push(slot[op] as number);
    else slot[op] = free[of].pop() ?? used[of]++;
  }
  return { slot, words: [(used[0] + 31) >> 5, (used[1] + 31) >> 5, (used[2] + 31) >> 5] };
}
