/**
 * Sets whose elements come and go, by a search over the reads alone. Between two reads the elements have nothing to do
 * with one another, so a configuration says of each by itself what it can be (`ElementStates`), all of them as one
 * number (`SetTree`), and which open reads have happened. Whether an addition has taken effect is never guessed: a read
 * tells. Along the history (Lowe's just-in-time search), without losing an answer:
 *
 * - A read happens at the latest when it returns, or right before the return of a change that it may not come after.
 * - A read that rules nothing out happens at once.
 */
import { ElementStates, IMPOSSIBLE_ELEMENT, TooManyOpen } from './element-states.ts';
import { OPTIONAL, type Problem } from './problem.ts';
import { IMPOSSIBLE_SET, SetTree } from './set-tree.ts';
import type { SearchBudget, SearchOutcome } from './walk.ts';

/** What a set's codes mean to this search. */
export interface SetCodes {
  readonly elements: number;
  /** By code: the element that is changed, or −1 for a read. */
  element(code: number): number;
  adds(code: number): boolean;
  /** Of a read or of what is held at first: whether it has an element. */
  has(state: number, element: number): boolean;
  /** Numbers of states whose elements are given. */
  stateOf(elements: readonly number[]): number;
  /** By code of a read: the state that it brought. */
  brought(code: number): number;
}

/** Reads that are open at once: each is a bit. More than that are left to another search. */
const MOST_READS = 30;
/** Of the tree, for each configuration of the budget. */
const BYTES_EACH = 256;
/** States that are shown of a history that breaks. */
const SHOWN = 9;

/** The budget is. */
class Spent extends Error {
  readonly what: 'configurations' | 'steps';

  constructor(what: 'configurations' | 'steps') {
    super(what);
    this.what = what;
  }
}

interface Configuration {
  readonly set: number;
  readonly done: number;
}

export class SetWalk {
  readonly #problem: Problem;
  readonly #codes: SetCodes;
  readonly #states: ElementStates;
  readonly #tree: SetTree;
  readonly #budget: SearchBudget;
  readonly #initial: number;
  /** By element: its open changes, in the order of their returns. */
  readonly #open = new Map<number, number[]>();
  /** Open reads by slot, or −1, and what each brought as a tree. */
  readonly #reads: number[] = [];
  readonly #brought: number[] = [];
  #lastState: number;
  #lastTree: number;
  /** The last event that was explained. */
  #at = 0;
  #taken = 0;
  #peak = 1;

  constructor(problem: Problem, initial: number, codes: SetCodes, budget: SearchBudget) {
    this.#problem = problem;
    this.#initial = initial;
    this.#codes = codes;
    this.#states = new ElementStates();
    this.#tree = new SetTree(codes.elements, this.#states);
    this.#budget = budget;
    this.#lastState = -1;
    this.#lastTree = this.#tree.all(0);
  }

  get steps(): number {
    return this.#taken + this.#tree.steps;
  }

  /** null: too much at once for this search. */
  run(): SearchOutcome | null {
    try {
      return this.#walk();
    } catch (error) {
      if (error instanceof TooManyOpen) return null;
      if (error instanceof Spent) return { kind: 'exhausted', event: this.#at, what: error.what };
      throw error;
    }
  }

  #walk(): SearchOutcome {
    const { events, code } = this.#problem;
    let now: readonly Configuration[] = [{ set: this.#start(), done: 0 }];
    for (const [at, event] of events.entries()) {
      const op = event < 0 ? ~event : event;
      const element = this.#codes.element(code[op] as number);
      let after: readonly Configuration[];
      if (event >= 0) after = element < 0 ? this.#beginRead(op, now) : this.#beginChange(op, element, now);
      else after = element < 0 ? this.#endRead(op, now) : this.#endChange(op, element, now);
      if (after.length === 0) return { kind: 'broken', op, event: at, states: this.#show(now) };
      this.#peak = Math.max(this.#peak, after.length);
      const { configurations, steps } = this.#budget;
      if (after.length > configurations || this.#tree.bytes > configurations * BYTES_EACH)
        throw new Spent('configurations');
      if (this.steps > steps) throw new Spent('steps');
      now = after;
      this.#at = at;
    }
    return { kind: 'explained', peak: this.#peak };
  }

  #start(): number {
    const [missing, there] = [this.#states.start(0), this.#states.start(1)];
    let set = this.#tree.all(missing);
    for (let element = 0; element < this.#codes.elements; element++) {
      if (this.#codes.has(this.#initial, element)) set = this.#tree.set(set, element, there);
    }
    return set;
  }

  #beginChange(op: number, element: number, now: readonly Configuration[]): Configuration[] {
    const { code, end, kind } = this.#problem;
    const adds = this.#codes.adds(code[op] as number) ? 1 : 0;
    if (kind[op] === OPTIONAL) return this.#change(now, element, (leaf) => this.#states.lose(leaf, adds));
    const open = this.#open.get(element) ?? [];
    this.#open.set(element, open);
    let place = open.length;
    while (place > 0 && (end[open[place - 1] as number] as number) > (end[op] as number)) place--;
    open.splice(place, 0, op);
    return this.#change(now, element, (leaf) => this.#states.begin(leaf, adds, place));
  }

  #endChange(op: number, element: number, now: readonly Configuration[]): Configuration[] {
    const open = this.#open.get(element) as number[];
    if (open.shift() !== op) throw new Error('what returns first is not the first');
    const before = new Distinct();
    for (const one of now) {
      before.add(one);
      if (this.#states.mattersBefore(this.#tree.get(one.set, element))) this.#readAhead(one, before, -1);
    }
    this.#taken += before.all.length;
    return this.#change(before.all, element, (leaf) => this.#states.end(leaf));
  }

  #change(now: readonly Configuration[], element: number, next: (leaf: number) => number): Configuration[] {
    const after = new Distinct();
    for (const { set, done } of now) {
      this.#taken++;
      const leaf = next(this.#tree.get(set, element));
      if (leaf !== IMPOSSIBLE_ELEMENT) after.add({ set: this.#tree.set(set, element, leaf), done });
    }
    return after.all;
  }

  #beginRead(op: number, now: readonly Configuration[]): Configuration[] {
    let slot = this.#reads.indexOf(-1);
    if (slot < 0) slot = this.#reads.length;
    if (slot >= MOST_READS) throw new TooManyOpen();
    this.#reads[slot] = op;
    this.#brought[slot] = this.#treeOf(this.#codes.brought(this.#problem.code[op] as number));
    const after = new Distinct();
    for (const one of now) after.add(this.#settled(one));
    return after.all;
  }

  #endRead(op: number, now: readonly Configuration[]): Configuration[] {
    const slot = this.#reads.indexOf(op);
    const ahead = new Distinct();
    for (const one of now) {
      if (((one.done >> slot) & 1) === 1) ahead.add(one);
      else this.#readAhead(one, ahead, slot);
    }
    this.#reads[slot] = -1;
    const after = new Distinct();
    for (const { set, done } of ahead.all) after.add({ set, done: done & ~(1 << slot) });
    return after.all;
  }

  /** Adds what comes of letting open reads happen, in every order; with a `target`, up to its happening only. */
  #readAhead(from: Configuration, into: Distinct, target: number): void {
    const work = new Distinct();
    work.add(from);
    for (const one of work.all) {
      for (let slot = 0; slot < this.#reads.length; slot++) {
        if (this.#reads[slot] === -1 || ((one.done >> slot) & 1) === 1) continue;
        this.#taken++;
        const set = this.#tree.see(one.set, this.#brought[slot] as number);
        if (set === IMPOSSIBLE_SET) continue;
        const next = this.#settled({ set, done: one.done | (1 << slot) });
        if (target < 0 || ((next.done >> target) & 1) === 1) into.add(next);
        if (target < 0 || ((next.done >> target) & 1) === 0) work.add(next);
        if (work.all.length > this.#budget.configurations) throw new Spent('configurations');
        if (this.steps > this.#budget.steps) throw new Spent('steps');
      }
    }
  }

  /** Reads that rule nothing out have happened. */
  #settled({ set, done }: Configuration): Configuration {
    let all = done;
    for (let slot = 0; slot < this.#reads.length; slot++) {
      if (this.#reads[slot] === -1 || ((all >> slot) & 1) === 1) continue;
      this.#taken++;
      if (this.#tree.see(set, this.#brought[slot] as number) === set) all |= 1 << slot;
    }
    return { set, done: all };
  }

  /** Reads resemble the one before: only what differs is put in. */
  #treeOf(state: number): number {
    let tree = this.#lastTree;
    for (let element = 0; element < this.#codes.elements; element++) {
      const has = this.#codes.has(state, element);
      if (has === (this.#lastState >= 0 && this.#codes.has(this.#lastState, element))) continue;
      tree = this.#tree.set(tree, element, has ? 1 : 0);
    }
    this.#lastState = state;
    this.#lastTree = tree;
    return tree;
  }

  /** What the set could be: with as little as is possible, and with as much. */
  #show(now: readonly Configuration[]): number[] {
    const states = new Set<number>();
    for (const { set } of now.slice(0, SHOWN)) {
      const [least, most]: [number[], number[]] = [[], []];
      for (let element = 0; element < this.#codes.elements; element++) {
        const there = this.#states.certain(this.#tree.get(set, element));
        if (there === 1) least.push(element);
        if (there !== 0) most.push(element);
      }
      for (const elements of [least, most]) states.add(this.#codes.stateOf(elements));
    }
    return [...states];
  }
}

/** Configurations, each once; one with more reads done makes those superfluous that are alike otherwise. */
class Distinct {
  readonly all: Configuration[] = [];
  readonly #done = new Map<number, number[]>();

  add(one: Configuration): void {
    const known = this.#done.get(one.set);
    if (known?.some((done) => (one.done & ~done) === 0)) return;
    if (known) known.push(one.done);
    else this.#done.set(one.set, [one.done]);
    this.all.push(one);
  }
}
