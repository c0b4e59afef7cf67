/**
 * Queues in which values repeat, by a search that never asks in which order what was put in at the same time lies: that
 * shows only when it is taken out. What lies in the queue is a partial order: a value can be the first when no other
 * that is left had been put in before it was (as in Henzinger, Sezgin & Vafeiadis, CONCUR 2013, where every value is
 * put in once and nothing is left to search). So only the order of those that take out is tried, one at a time, and
 * never twice from where it failed. Without losing an answer:
 *
 * - Of equal values that could be the first, the one whose put returned first is it: the other one can stand in for it
 *   later. Of equal takes the one that returns first goes first.
 * - A queue that can be found empty is found empty at once.
 * - What must be gone before the next return, and cannot be, refutes all that is left to try.
 */
import { NEVER } from '../history/history.ts';
import { ENQUEUE, Left, NOTHING, type QueueCodes, TAKE_ANY } from './fifo-layout.ts';
import type { Machine } from './machine.ts';
import { OPTIONAL, type Problem } from './problem.ts';
import { Refuted, Spending } from './refuted.ts';
import type { SearchBudget, SearchOutcome } from './walk.ts';

const WORDS_EACH = 8;
/** States that are remembered for the counterexample. */
const ARRIVALS = 32;

/** What led to a node: who took, and what; `by` is −1 for one of unknown outcome. */
interface Taking {
  readonly by: number;
  readonly item: number;
}

interface Node {
  readonly led: Taking | null;
  /** Empty looks that could happen before it. */
  readonly looked: number;
  /** The latest beginning of whatever has happened. */
  readonly moment: number;
  readonly choices: readonly Taking[];
  next: number;
}

export class Fifo {
  readonly #problem: Problem;
  readonly #machine: Machine;
  readonly #puts: Left;
  readonly #takes: Left;
  /** Takes of unknown outcome: when they began, in order. */
  readonly #lost: readonly number[];
  readonly #spending = new Spending(1);
  readonly #refuted: Refuted;
  readonly #words: Int32Array;
  readonly #nothing: Uint8Array;
  readonly #nodes: Node[] = [];
  readonly #looks: number[] = [];
  /** By value: takes that are open at a node, less those that are needed. */
  readonly #open = new Map<number, number>();
  #moment = -1;
  #steps = 0;
  #furthest = -1;
  readonly #arrived = new Set<number>();

  constructor(problem: Problem, machine: Machine, codes: QueueCodes, { configurations }: SearchBudget) {
    this.#problem = positioned(problem);
    this.#machine = machine;
    const { code, count, kind } = problem;
    const start = new Int32Array(count);
    problem.events.forEach((event, at) => {
      if (event >= 0) start[event] = at;
    });
    const of = (fits: (meaning: number, op: number) => boolean): number[] =>
      [...new Array(count).keys()]
        .filter((op) => fits(codes.kind[code[op] as number] as number, op))
        .sort((a, b) => (start[a] as number) - (start[b] as number));
    const isTake = (meaning: number): boolean => meaning !== ENQUEUE;
    this.#puts = new Left(
      of((meaning) => meaning === ENQUEUE),
      start,
      this.#problem,
      codes,
    );
    this.#takes = new Left(
      of((meaning, op) => isTake(meaning) && kind[op] !== OPTIONAL),
      start,
      this.#problem,
      codes,
    );
    this.#lost = of((meaning) => meaning === TAKE_ANY).map((op) => start[op] as number);
    this.#nothing = Uint8Array.from(this.#takes.op, (op) => (codes.kind[code[op] as number] === NOTHING ? 1 : 0));
    this.#refuted = new Refuted(configurations * WORDS_EACH);
    this.#words = new Int32Array(8 + ((this.#puts.count + this.#takes.count) >> 5));
  }

  get steps(): number {
    return this.#steps + this.#refuted.compared;
  }

  /** Until there is an answer, or so many steps are taken in all; may be called again with more of them. */
  run(maxSteps: number): SearchOutcome {
    if (this.#nodes.length === 0) this.#enter(null);
    while (this.#takes.first() >= 0) {
      if (this.steps > maxSteps) return { kind: 'exhausted', event: this.#furthest, what: 'steps' };
      if (this.#refuted.full) return { kind: 'exhausted', event: this.#furthest, what: 'configurations' };
      const node = this.#nodes[this.#nodes.length - 1] as Node;
      const choice = node.choices[node.next++];
      if (choice) this.#enter(choice);
      else if (node.led) this.#leave(node);
      else return this.#broken();
    }
    return { kind: 'explained', peak: this.#refuted.count };
  }

  #broken(): SearchOutcome {
    const op = ~(this.#problem.events[this.#furthest] as number);
    return { kind: 'broken', op, event: this.#furthest, states: [...this.#arrived] };
  }

  #enter(led: Taking | null): void {
    const moment = this.#moment;
    if (led) {
      this.#puts.take(led.item);
      this.#moment = Math.max(moment, this.#puts.startOf(led.item));
      if (led.by < 0) {
        this.#moment = Math.max(this.#moment, this.#lost[this.#spending.spent(0)] as number);
        this.#spending.spend(0);
      } else {
        this.#takes.take(led.by);
        this.#moment = Math.max(this.#moment, this.#takes.startOf(led.by));
      }
    }
    const looked = this.#looks.length;
    this.#findEmpty();
    this.#nodes.push({ led, looked, moment, choices: this.#choices(), next: 0 });
  }

  #leave({ led, looked, moment }: Node): void {
    this.#nodes.pop();
    while (this.#looks.length > looked) this.#takes.putBack(this.#looks.pop() as number);
    this.#moment = moment;
    if (!led) return;
    if (led.by < 0) this.#spending.takeBack(0);
    else this.#takes.putBack(led.by);
    this.#puts.putBack(led.item);
  }

  /** Looks at an empty queue that can happen now, happen. */
  #findEmpty(): void {
    const takes = this.#takes;
    for (let again = true; again; ) {
      again = false;
      const target = takes.first();
      if (target < 0) return;
      const frontier = takes.endOf(target);
      const full = this.#firstPutEnd();
      for (let n = takes.oldest; n < takes.count && takes.startOf(n) < frontier; n++) {
        this.#steps++;
        if (takes.gone[n] === 1 || this.#nothing[n] === 0) continue;
        const moment = Math.max(this.#moment, takes.startOf(n));
        if (moment >= full) continue;
        this.#moment = moment;
        takes.take(n);
        this.#looks.push(n);
        again = true;
      }
    }
  }

  /** The first return of what is left in the queue, or is still to be put in. */
  #firstPutEnd(): number {
    const first = this.#puts.first();
    return first < 0 ? NEVER : this.#puts.endOf(first);
  }

  #choices(): Taking[] {
    const takes = this.#takes;
    const target = takes.first();
    if (target < 0) return [];
    const frontier = takes.endOf(target);
    const isFurther = frontier > this.#furthest;
    if (isFurther) {
      this.#furthest = frontier;
      this.#arrived.clear();
    }
    if (frontier === this.#furthest && this.#arrived.size < ARRIVALS) this.#arrive(frontier);
    if (this.#isHopeless(target, frontier) || this.#isKnown(frontier)) return [];
    return this.#possible(target, frontier);
  }

  /** Remembers what may lie in the queue: what has been put in, in an order that is possible. */
  #arrive(frontier: number): void {
    const puts = this.#puts;
    let state = this.#machine.initial;
    for (let n = puts.first(); n >= 0 && puts.endOf(n) < frontier; n = puts.after(n))
      state = this.#machine.step(state, this.#problem.code[puts.op[n] as number] as number);
    this.#arrived.add(state);
  }

  #isKnown(frontier: number): boolean {
    const words = this.#words;
    let length = this.#takes.write(words, 0, frontier);
    words[length++] = -1;
    length = this.#puts.write(words, length, frontier);
    return this.#refuted.knows(words, length, this.#spending);
  }

  /** Whether what must be gone before the next return cannot be, whoever takes it. */
  #isHopeless(target: number, frontier: number): boolean {
    const open = this.#gather(frontier);
    const puts = this.#puts;
    let until = Math.max(this.#moment, this.#takes.startOf(target));
    if (this.#nothing[target] === 0) {
      const value = this.#takes.value[target] as number;
      let item = puts.oldest;
      while (
        item < puts.count &&
        (puts.gone[item] === 1 || puts.value[item] !== value) &&
        puts.startOf(item) < frontier
      )
        item++;
      if (item >= puts.count || puts.startOf(item) >= frontier) return true;
      until = puts.startOf(item) - 1;
    }
    let spare = this.#lostLeft(frontier);
    for (let n = puts.first(); n >= 0 && puts.endOf(n) <= until; n = puts.after(n)) {
      this.#steps++;
      const value = puts.value[n] as number;
      const takers = open.get(value) ?? 0;
      if (takers > 0) open.set(value, takers - 1);
      else if (--spare < 0) return true;
    }
    return false;
  }

  #lostLeft(frontier: number): number {
    let left = 0;
    for (let n = this.#spending.spent(0); n < this.#lost.length && (this.#lost[n] as number) < frontier; n++) left++;
    return left;
  }

  /** By value, how many open takes bring it. */
  #gather(frontier: number): Map<number, number> {
    const takes = this.#takes;
    const open = this.#open;
    open.clear();
    for (let n = takes.oldest; n < takes.count && takes.startOf(n) < frontier; n++) {
      this.#steps++;
      if (takes.gone[n] === 1 || this.#nothing[n] === 1) continue;
      const value = takes.value[n] as number;
      open.set(value, (open.get(value) ?? 0) + 1);
    }
    return open;
  }

  /** What can be taken now, and by whom: the target first, then what stands longest in the way; the lost take last. */
  #possible(target: number, frontier: number): Taking[] {
    const takes = this.#takes;
    const heads = this.#heads(frontier);
    const first = new Map<number, Taking>();
    for (let n = takes.oldest; n < takes.count && takes.startOf(n) < frontier; n++) {
      if (takes.gone[n] === 1 || this.#nothing[n] === 1) continue;
      const value = takes.value[n] as number;
      const item = heads.get(value);
      const other = first.get(value);
      if (item === undefined || (other && takes.endOf(other.by) < takes.endOf(n))) continue;
      first.set(value, { by: n, item });
    }
    const rank = ({ by, item }: Taking): number => (by === target ? -1 : this.#puts.endOf(item));
    const chosen = [...first.values()].sort((a, b) => rank(a) - rank(b));
    const lost = this.#lost[this.#spending.spent(0)];
    if (lost !== undefined && lost < frontier) {
      for (const item of heads.values()) if (this.#puts.endOf(item) !== NEVER) chosen.push({ by: -1, item });
    }
    return chosen;
  }

  /** By value: what could be the first in the queue. Of equal ones, whose put returned first. */
  #heads(frontier: number): Map<number, number> {
    const puts = this.#puts;
    const heads = new Map<number, number>();
    const until = Math.min(frontier, this.#firstPutEnd());
    for (let n = puts.oldest; n < puts.count && puts.startOf(n) < until; n++) {
      this.#steps++;
      if (puts.gone[n] === 1) continue;
      const other = heads.get(puts.value[n] as number);
      if (other === undefined || puts.endOf(n) < puts.endOf(other)) heads.set(puts.value[n] as number, n);
    }
    return heads;
  }
}

/** The same, with ends as the events that they are. */
function positioned(problem: Problem): Problem {
  const end = new Int32Array(problem.count).fill(NEVER);
  problem.events.forEach((event, at) => {
    if (event < 0) end[~event] = at;
  });
  return { ...problem, end };
}
