/**
 * Linearizability by abstraction, refined where it lies (counterexample-guided abstraction refinement, Clarke et al.,
 * CAV 2000). A full search explodes because it remembers of every open operation whether it has taken effect, though
 * few of them ever matter. So this one begins by remembering of none: an operation that is not watched may take effect
 * any number of times while it is open, or not at all. That allows more than the truth does, so
 *
 * - when even so nothing explains the history, it is not linearizable;
 * - every configuration carries one witness, a real way to get there with the operations that it uses twice or leaves
 *   out. A witness that reaches the end without any is an explanation;
 * - otherwise what the best witness did wrong is watched from now on, and the walk begins again. It ends, at the
 *   latest when everything is watched.
 *
 * Needs an object with few states, as registers have: one that counts would count without end.
 */
import { IMPOSSIBLE, type Machine } from './machine.ts';
import { CHANGES, LOOKS, OPTIONAL, type Problem } from './problem.ts';
import { type SearchBudget, type SearchOutcome, Walk } from './walk.ts';
import { Witnesses } from './witnesses.ts';

/** What was watched when the history broke: enough to show it once more, and cheaply. */
export type Watched = Uint8Array;

export interface Abstracted {
  readonly outcome: SearchOutcome;
  readonly steps: number;
  readonly watched: Watched;
}

const LEFT_OUT = -1;
/** Faults that are remembered, for every configuration that there is room for. */
const FAULTS_EACH = 4;

/** Refines until there is an answer or the steps are spent. */
export function byAbstraction(problem: Problem, machine: Machine, budget: SearchBudget): Abstracted {
  const watched = new Uint8Array(problem.count);
  let steps = 0;
  for (;;) {
    const walk = new AbstractWalk(problem, machine, watched, { ...budget, steps: budget.steps - steps });
    const outcome = walk.run();
    steps += walk.steps;
    if (outcome.kind !== 'pruned') return { outcome, steps, watched };
    for (const op of walk.faults()) watched[op] = 1;
  }
}

/** One walk along the history with a given set of watched operations; 'pruned' when only faulty witnesses arrive. */
export class AbstractWalk extends Walk<Witnesses> {
  readonly #watched: Watched;
  readonly #mask: Int32Array;
  /** Faults of witnesses, as lists: what was done wrong, and the fault before. */
  readonly #faultOp: number[] = [-1];
  /** The event at which it was used once more; −1 for one that was left out. */
  readonly #faultEvent: number[] = [-1];
  readonly #faultBefore: number[] = [-1];

  constructor(problem: Problem, machine: Machine, watched: Watched, budget: SearchBudget) {
    const [changes, looks, optional] = problem.words;
    const mask = new Int32Array(1 + changes + looks + optional);
    const pool = (): Witnesses => new Witnesses(problem.words, mask);
    super(problem, machine, budget, [pool(), pool(), pool()]);
    this.#watched = watched;
    this.#mask = mask;
  }

  run(): SearchOutcome {
    const { events } = this.problem;
    this.begin();
    for (let n = 0; n < events.length; n++) {
      const event = events[n] as number;
      if (event >= 0) {
        if (this.#watched[event] === 1) this.#setMask(event, true);
        this.invoke(event);
        continue;
      }
      const op = ~event;
      const exhausted = this.#settle(op, n);
      if (exhausted) return { kind: 'exhausted', event: n, what: exhausted };
      if (this.after.count === 0) return { kind: 'broken', op, event: n, states: this.states() };
      this.close(op);
      this.#setMask(op, false);
    }
    return this.now.leastFaults() === 0 ? { kind: 'explained', peak: this.peak } : { kind: 'pruned' };
  }

  /** What the best witness did wrong: the operations to watch. */
  faults(): number[] {
    const best = this.now.best();
    const ops = new Set<number>();
    for (let n = this.now.pool[best + this.now.listWord] as number; n > 0; n = this.#faultBefore[n] as number) {
      const op = this.#faultOp[n] as number;
      const event = this.#faultEvent[n] as number;
      if (event < 0) ops.add(op);
      else for (const twin of this.#twinsAt(op, event)) ops.add(twin);
    }
    return [...ops];
  }

  /** Every operation of equal code that was open when the other was used once more. */
  #twinsAt(op: number, event: number): number[] {
    const { code, events } = this.problem;
    const open = new Set<number>();
    for (let n = 0; n < event; n++) {
      const one = events[n] as number;
      if (one >= 0) {
        if (code[one] === code[op]) open.add(one);
      } else open.delete(~one);
    }
    open.add(op);
    return [...open];
  }

  #settle(op: number, event: number): 'configurations' | 'steps' | null {
    const work = this.work;
    const after = this.after;
    const scratch = this.scratch;
    work.clear();
    after.clear();
    const word = this.word[op] as number;
    const bit = this.bit[op] as number;
    const watched = this.#watched[op] === 1;
    const { kind } = this.problem;
    const { count, dead, pool, stride } = this.now;
    for (let at = 0; at < count; at++) {
      if (dead[at] === 1) continue;
      const base = at * stride;
      const done = ((pool[base + word] as number) & bit) !== 0;
      // What only looks changes nothing by being seen or not: nobody has to wait for it.
      if (!done || (!watched && kind[op] === CHANGES)) work.add(pool, base);
      if (!done && watched) continue;
      scratch.set(pool.subarray(base, base + stride));
      scratch[word] = (scratch[word] as number) & ~bit;
      if (!done) this.#fault(op, LEFT_OUT);
      after.add(scratch, 0);
    }
    for (let at = 0; at < work.count; at++) {
      if (work.dead[at] === 1) continue;
      this.#expand(at, op, word, bit, event);
      if (this.#faultOp.length > this.room * FAULTS_EACH) return 'configurations';
      const exhausted = this.exhausted();
      if (exhausted) return exhausted;
    }
    this.peak = Math.max(this.peak, after.count + work.count);
    return null;
  }

  #expand(at: number, target: number, word: number, bit: number, event: number): void {
    const { code, kind } = this.problem;
    const work = this.work;
    const scratch = this.scratch;
    const base = at * work.stride;
    const state = work.pool[base] as number;
    let twinWaits = false;
    let spareTwin = false;
    this.taken += this.openCount;
    for (let n = 0; n < this.openCount; n++) {
      const op = this.open[n] as number;
      if (n === 0 || code[this.open[n - 1] as number] !== code[op]) {
        twinWaits = false;
        spareTwin = false;
      }
      const opWord = this.word[op] as number;
      const opBit = this.bit[op] as number;
      const used = ((work.pool[base + opWord] as number) & opBit) !== 0;
      const watched = this.#watched[op] === 1;
      if (watched && (used || twinWaits)) continue;
      if (watched) twinWaits = true;
      // Of those that are not watched one is as good as another: the first that the witness has not used.
      if (!watched && spareTwin && op !== target) continue;
      if (!watched && used && op !== target && this.#spare(n, base)) continue;
      const next = this.machine.step(state, code[op] as number);
      if (next === IMPOSSIBLE || (next === state && (kind[op] === OPTIONAL || (used && op !== target)))) continue;
      if (!watched) spareTwin = true;
      for (let k = 0; k < work.stride; k++) scratch[k] = work.pool[base + k] as number;
      scratch[0] = next;
      if (used) this.#fault(op, event);
      scratch[opWord] = (scratch[opWord] as number) | opBit;
      if (next !== state && !this.look(next)) continue;
      if (op !== target && (kind[target] !== LOOKS || ((scratch[word] as number) & bit) === 0)) work.add(scratch, 0);
      else {
        scratch[word] = (scratch[word] as number) & ~bit;
        this.after.add(scratch, 0);
      }
    }
  }

  /** Whether a later twin that is not watched has not been used. */
  #spare(from: number, base: number): boolean {
    const { code } = this.problem;
    const op = this.open[from] as number;
    for (let n = from + 1; n < this.openCount; n++) {
      const twin = this.open[n] as number;
      if (code[twin] !== code[op]) return false;
      if (this.#watched[twin] === 1) continue;
      if (((this.work.pool[base + (this.word[twin] as number)] as number) & (this.bit[twin] as number)) === 0)
        return true;
    }
    return false;
  }

  /** Puts a fault on the scratch witness. */
  #fault(op: number, event: number): void {
    const { countWord, listWord } = this.work;
    const scratch = this.scratch;
    this.#faultOp.push(op);
    this.#faultEvent.push(event);
    this.#faultBefore.push(scratch[listWord] as number);
    scratch[listWord] = this.#faultOp.length - 1;
    scratch[countWord] = (scratch[countWord] as number) + 1;
  }

  #setMask(op: number, on: boolean): void {
    const word = this.word[op] as number;
    const bit = this.bit[op] as number;
    this.#mask[word] = on ? (this.#mask[word] as number) | bit : (this.#mask[word] as number) & ~bit;
  }
}
