/**
 * A queue's operations as `Fifo` walks them: what was put in and what was taken out, each in the order of invocation,
 * and which of them are left at a moment, in time that does not grow with the history.
 */
import { NEVER } from '../history/history.ts';
import { OPTIONAL, type Problem } from './problem.ts';

/** What a code of a queue means. */
export interface QueueCodes {
  readonly kind: readonly number[];
  /** The value that is put in or taken out. */
  readonly a: readonly number[];
}

export const [ENQUEUE, TAKE, NOTHING, TAKE_ANY] = [0, 1, 2, 3];

/** Operations by number, in the order of invocation, and which of them are left. */
export class Left {
  readonly op: number[] = [];
  readonly value: number[] = [];
  /** Positions of events; NEVER for what did not return. */
  readonly start: number[] = [];
  readonly end: number[] = [];
  readonly gone: Uint8Array;
  /** The numbers by their ends, and of those left the first. */
  readonly #byEnd: number[];
  readonly #place: number[] = [];
  #firstEnd = 0;
  #firstStart = 0;

  constructor(ops: readonly number[], start: Int32Array, problem: Problem, codes: QueueCodes) {
    for (const op of ops) {
      this.op.push(op);
      this.value.push(codes.a[problem.code[op] as number] as number);
      this.start.push(start[op] as number);
      this.end.push(problem.kind[op] === OPTIONAL ? NEVER : (problem.end[op] as number));
    }
    this.gone = new Uint8Array(ops.length);
    this.#byEnd = ops.map((_, n) => n).sort((a, b) => this.endOf(a) - this.endOf(b));
    for (const [place, n] of this.#byEnd.entries()) this.#place[n] = place;
  }

  get count(): number {
    return this.op.length;
  }

  startOf(n: number): number {
    return this.start[n] as number;
  }

  endOf(n: number): number {
    return this.end[n] as number;
  }

  /** Of those left the one that returns first, or −1. */
  first(): number {
    return this.#byEnd[this.#firstEnd] ?? -1;
  }

  /** Of those left the one that was invoked first; `count` for none. */
  get oldest(): number {
    return this.#firstStart;
  }

  /** Of those left the first return after that of n, or −1. */
  after(n: number): number {
    let place = (this.#place[n] as number) + 1;
    while (place < this.count && this.gone[this.#byEnd[place] as number] === 1) place++;
    return this.#byEnd[place] ?? -1;
  }

  take(n: number): void {
    this.gone[n] = 1;
    while (this.#firstEnd < this.count && this.gone[this.#byEnd[this.#firstEnd] as number] === 1) this.#firstEnd++;
    while (this.gone[this.#firstStart] === 1) this.#firstStart++;
  }

  putBack(n: number): void {
    this.gone[n] = 0;
    this.#firstEnd = Math.min(this.#firstEnd, this.#place[n] as number);
    this.#firstStart = Math.min(this.#firstStart, n);
  }

  /** Which of those that began before a moment are gone, as words from `at` on; where they end. */
  write(words: Int32Array, from: number, moment: number): number {
    let at = from;
    words[at++] = this.#firstStart;
    let word = 0;
    let bits = 0;
    for (let n = this.#firstStart; n < this.count && (this.start[n] as number) < moment; n++) {
      if (this.gone[n] === 1) word |= 1 << bits;
      if (++bits < 32) continue;
      words[at++] = word;
      word = 0;
      bits = 0;
    }
    if (bits > 0) words[at++] = word;
    return at;
  }
}
