/**
 * Sequential objects as the search sees them: a state is an integer, an operation a code, and equal operations
 * (same function, argument and result) share a code. What a state stands for is the machine's own business.
 */

import type { QueueCodes } from './fifo-layout.ts';
import type { SetCodes } from './set-walk.ts';

/** Not a state: the operation could not have happened there. */
export const IMPOSSIBLE = -0x8000_0000;

export interface Machine {
  readonly initial: number;
  /** The state after an operation, or IMPOSSIBLE. A read-only code gives its state back. */
  step(state: number, code: number): number;
  /** That a look which is impossible now stays so, whatever happens: nothing has to be tried from here. */
  hopeless?(state: number, code: number): boolean;
  /** What its states take, where each takes memory of its own. */
  bytes?(): number;
  /** Its states stay few whatever is done how often: abstraction can be used. */
  readonly few?: boolean;
  show(state: number): string;
}

/** What an operation means to the search. */
export interface Meaning {
  readonly code: number;
  /** It never changes the state, whatever the state is. */
  readonly readOnly: boolean;
  /** The position of an invocation that comes before it took effect, or its own return does: a look that lacks it. */
  readonly earliest?: number;
}

/** Operations to codes, and the machine that knows them; one for each key, so that codes stay few. */
export interface Compiler {
  /** null: the row says nothing that could contradict or change anything, and is left out. */
  compile(row: number): Meaning | null;
  readonly machine: Machine;
  /** Of queues: what the codes mean. */
  readonly queue?: QueueCodes;
  /** Of sets: the same. */
  readonly set?: SetCodes;
  /** For counterexamples, of objects that hold one value: the state that a row leaves behind, or demands; else null. */
  leaves?(row: number): number | null;
  demands?(row: number): number | null;
  /** Of collections: in words, how what a row brought differs from a state; '' when it does not say. */
  contrast?(row: number, state: number): string;
}

/** Gives equal operations one code, and remembers kind and arguments of each. */
export class Codes {
  readonly kind: number[] = [];
  readonly a: number[] = [];
  readonly b: number[] = [];
  readonly #known = new Map<string, number>();

  of(kind: number, a: number, b = 0): number {
    const name = `${kind}/${a}/${b}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const code = this.kind.length;
    this.#known.set(name, code);
    this.kind.push(kind);
    this.a.push(a);
    this.b.push(b);
    return code;
  }
}
