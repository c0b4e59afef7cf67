/**
 * What the searches share: they walk along a history with a set of configurations, open what is invoked, let looks
 * happen as soon as they can, and close what returns. Which configurations are alike, and what takes effect when, is
 * for who extends it.
 */
import { IMPOSSIBLE, type Machine } from './machine.ts';
import type { Pool } from './pool.ts';
import { CHANGES, LOOKS, OPTIONAL, type Problem } from './problem.ts';

export interface SearchBudget {
  /**
   * Configurations held at once, of up to 8 words (a state, and a word for every 32 open operations of each kind);
   * in proportion fewer when they are wider. States that are lists or texts may take as much again, 64 bytes for each
   * configuration. The default takes up to some 250 MiB in all. Raise it when a verdict is unknown and memory is there.
   */
  readonly configurations: number;
  /** Steps and comparisons in all: some 20 million a second. Raise it to wait longer for a verdict. */
  readonly steps: number;
}

export const SEARCH_BUDGET: SearchBudget = { configurations: 1_000_000, steps: 200_000_000 };

export type SearchOutcome =
  | { readonly kind: 'explained'; readonly peak: number }
  /** Nothing explains it among the configurations that were kept: another might have. */
  | { readonly kind: 'pruned' }
  /** The operation whose return nothing explains, the event of that return, and the states possible before it. */
  | { readonly kind: 'broken'; readonly op: number; readonly event: number; readonly states: readonly number[] }
  | { readonly kind: 'exhausted'; readonly event: number; readonly what: 'configurations' | 'steps' };

/** What a configuration usually takes; see SearchBudget. */
const USUAL_WORDS = 8;
const STATE_BYTES = 64;

export abstract class Walk<P extends Pool> {
  protected readonly problem: Problem;
  protected readonly machine: Machine;
  protected now: P;
  protected after: P;
  protected readonly work: P;
  /** One configuration being made. */
  protected readonly scratch: Int32Array;
  /** By operation: where its bit lies in a configuration. */
  protected readonly word: Int32Array;
  protected readonly bit: Int32Array;
  /** Open operations that change the state, ordered by code, then return: equal ones stand side by side. */
  protected readonly open: Int32Array;
  protected openCount = 0;
  readonly #looking: Int32Array;
  #lookingCount = 0;
  protected taken = 0;
  protected peak = 1;
  /** Configurations that fit: fewer when each is wide, so that memory has one bound whatever the concurrency. */
  protected readonly room: number;
  readonly #stateBytes: number;
  readonly #maxSteps: number;

  protected constructor(problem: Problem, machine: Machine, budget: SearchBudget, pools: readonly [P, P, P]) {
    this.problem = problem;
    this.machine = machine;
    [this.now, this.after, this.work] = pools;
    const { stride } = this.now;
    this.scratch = new Int32Array(stride);
    const { count, kind, slot, words } = problem;
    const [changes, looks] = words;
    const offsets = [1, 1 + changes, 1 + changes + looks];
    this.word = new Int32Array(count);
    this.bit = new Int32Array(count);
    for (let op = 0; op < count; op++) {
      const at = slot[op] as number;
      this.word[op] = (offsets[kind[op] as number] as number) + (at >> 5);
      this.bit[op] = 1 << (at & 31);
    }
    const most = mostOpen(problem);
    this.open = new Int32Array(most);
    this.#looking = new Int32Array(most);
    this.room = Math.ceil(budget.configurations * Math.min(1, USUAL_WORDS / stride));
    this.#stateBytes = budget.configurations * STATE_BYTES;
    this.#maxSteps = budget.steps;
  }

  /** Steps and comparisons so far: what the budget counts. */
  get steps(): number {
    return this.taken + this.work.compared + this.after.compared + this.now.compared;
  }

  /** States that the object could be in now. */
  states(): number[] {
    const states = new Set<number>();
    const { count, dead, pool, stride } = this.now;
    for (let at = 0; at < count; at++) if (dead[at] === 0) states.add(pool[at * stride] as number);
    return [...states];
  }

  protected begin(): void {
    this.scratch[0] = this.machine.initial;
    this.now.add(this.scratch, 0);
  }

  protected invoke(op: number): void {
    if (this.problem.kind[op] === LOOKS) this.#beginLook(op);
    else this.#insertOpen(op);
  }

  /** What ran out, if anything did. */
  protected exhausted(): 'configurations' | 'steps' | null {
    if (this.work.count + this.after.count > this.room) return 'configurations';
    if ((this.machine.bytes?.() ?? 0) > this.#stateBytes) return 'configurations';
    return this.steps > this.#maxSteps ? 'steps' : null;
  }

  protected close(op: number): void {
    [this.now, this.after] = [this.after, this.now];
    if (this.problem.kind[op] === CHANGES) this.openCount = remove(this.open, this.openCount, op);
    else this.#lookingCount = remove(this.#looking, this.#lookingCount, op);
  }

  /** In the scratch configuration, whose state is new: everything that looks and can, does. False: one never will. */
  protected look(state: number): boolean {
    const { code } = this.problem;
    const { bit, machine, scratch, word } = this;
    for (let n = 0; n < this.#lookingCount; n++) {
      const op = this.#looking[n] as number;
      const at = word[op] as number;
      const mark = bit[op] as number;
      if (((scratch[at] as number) & mark) !== 0) continue;
      this.taken++;
      const looked = code[op] as number;
      if (machine.step(state, looked) !== IMPOSSIBLE) scratch[at] = (scratch[at] as number) | mark;
      else if (machine.hopeless?.(state, looked)) return false;
    }
    return true;
  }

  #beginLook(op: number): void {
    this.#looking[this.#lookingCount++] = op;
    const { count, dead, pool, stride } = this.now;
    const code = this.problem.code[op] as number;
    const word = this.word[op] as number;
    const bit = this.bit[op] as number;
    for (let at = 0; at < count; at++) {
      if (dead[at] === 1) continue;
      const base = at * stride;
      if (this.machine.step(pool[base] as number, code) !== IMPOSSIBLE)
        pool[base + word] = (pool[base + word] as number) | bit;
    }
    this.taken += count;
  }

  #insertOpen(op: number): void {
    const { code, end } = this.problem;
    const open = this.open;
    let n = this.openCount++;
    for (; n > 0; n--) {
      const other = open[n - 1] as number;
      const before = (code[other] as number) - (code[op] as number) || (end[other] as number) - (end[op] as number);
      if (before <= 0) break;
      open[n] = other;
    }
    open[n] = op;
  }
}

/** An upper bound of how many are open at once: every slot of each kind. */
function mostOpen({ words }: Problem): number {
  return 32 * (words[CHANGES] + words[LOOKS] + words[OPTIONAL]);
}

function remove(list: Int32Array, count: number, item: number): number {
  const at = list.indexOf(item);
  list.copyWithin(at, at + 1, count);
  return count - 1;
}
