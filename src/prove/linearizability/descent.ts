/**
 * Linearizability by descent: one explanation at a time, the likeliest choice first, and never twice from where one
 * failed (Wing & Gong, "Testing and verifying concurrent objects", 1993; the memory is Lowe's, 2017). The other searches
 * hold every configuration there is, and operations of unknown outcome, which stay open for ever, multiply those; this
 * one meets only what its own way needs. What keeps the way short, each without losing an answer:
 *
 * - Operations that only look take effect as soon as they can.
 * - What must return next comes first, then what brings about the state that it waits for, then the rest by their
 *   return. Operations of unknown outcome come last: one costs nothing while nobody needs it.
 * - Of equal operations the one that returns first goes first; of equal ones of unknown outcome only the number counts.
 * - A configuration that failed makes those superfluous that differ only in having used up more of unknown outcome.
 */
import { IMPOSSIBLE, type Machine } from './machine.ts';
import { CHANGES, LOOKS, OPTIONAL, type Problem } from './problem.ts';
import { Refuted, Spending } from './refuted.ts';
import type { SearchBudget, SearchOutcome } from './walk.ts';

/** Words that a configuration may take, of those that the budget counts. */
const WORDS_EACH = 8;

export class Descent {
  readonly #problem: Problem;
  readonly #machine: Machine;
  readonly #refuted: Refuted;
  readonly #spending: Spending;
  /** The events of operations that have not taken effect, as a ring; the last place is its head. */
  readonly #next: Int32Array;
  readonly #prev: Int32Array;
  readonly #head: number;
  readonly #callAt: Int32Array;
  readonly #returnAt: Int32Array;
  /** By code: the events at which its operations of unknown outcome began. */
  readonly #crashed: readonly (readonly number[])[];
  readonly #crashedCodes: readonly number[];
  /** By code: the node that last looked at it, so that twins wait. */
  readonly #stamp: Int32Array;
  #round = 0;
  #steps = 0;
  #state: number;
  /** The event of the first return that is left: nothing that begins after it can happen yet. */
  #frontier = 0;
  /** Looks that have taken effect, in order. */
  readonly #trail: number[] = [];
  /** Choices of all nodes on the way: an operation, or the complement of a code of unknown outcome. */
  readonly #choices: number[] = [];
  /** By depth: where its choices begin and which comes next, the looks before it, what led to it, the state before. */
  readonly #begins: number[] = [];
  readonly #cursor: number[] = [];
  readonly #looked: number[] = [];
  readonly #taken: number[] = [];
  readonly #before: number[] = [];
  /** The furthest frontier, and the states in which it was come to. */
  #furthest = -1;
  readonly #arrived = new Set<number>();
  readonly #key: Int32Array;

  constructor(problem: Problem, machine: Machine, { configurations }: Pick<SearchBudget, 'configurations'>) {
    this.#problem = problem;
    this.#machine = machine;
    this.#refuted = new Refuted(configurations * WORDS_EACH);
    this.#state = machine.initial;
    const { code, count, events, kind } = problem;
    const codes = code.subarray(0, count).reduce((most, one) => Math.max(most, one), -1) + 1;
    this.#spending = new Spending(codes);
    this.#stamp = new Int32Array(codes);
    this.#head = events.length;
    this.#next = new Int32Array(events.length + 1);
    this.#prev = new Int32Array(events.length + 1);
    this.#callAt = new Int32Array(count).fill(this.#head);
    this.#returnAt = new Int32Array(count).fill(this.#head);
    this.#key = new Int32Array(count + 2);
    const crashed: number[][] = Array.from({ length: codes }, () => []);
    let last = this.#head;
    for (let at = 0; at < events.length; at++) {
      const event = events[at] as number;
      const op = event < 0 ? ~event : event;
      if (kind[op] === OPTIONAL) {
        crashed[code[op] as number]?.push(at);
        continue;
      }
      if (event < 0) this.#returnAt[op] = at;
      else this.#callAt[op] = at;
      this.#next[last] = at;
      this.#prev[at] = last;
      last = at;
    }
    this.#next[last] = this.#head;
    this.#prev[this.#head] = last;
    this.#crashed = crashed;
    this.#crashedCodes = crashed.flatMap((begun, one) => (begun.length > 0 ? [one] : []));
  }

  /** Steps and comparisons: what the budget counts. */
  get steps(): number {
    return this.#steps + this.#refuted.compared;
  }

  /** Until there is an answer, or so many steps are taken in all; may be called again with more of them. */
  run(maxSteps: number): SearchOutcome {
    if (this.#begins.length === 0) this.#enter(-1, this.#state);
    while (this.#next[this.#head] !== this.#head) {
      if (this.steps > maxSteps) return { kind: 'exhausted', event: this.#furthest, what: 'steps' };
      if (this.#refuted.full) return { kind: 'exhausted', event: this.#furthest, what: 'configurations' };
      const depth = this.#begins.length - 1;
      const at = this.#cursor[depth] as number;
      if (at < this.#choices.length) {
        this.#cursor[depth] = at + 1;
        this.#take(this.#choices[at] as number);
      } else if (depth === 0) return this.#broken();
      else this.#leave();
    }
    return { kind: 'explained', peak: this.#refuted.count };
  }

  #broken(): SearchOutcome {
    const op = ~(this.#problem.events[this.#furthest] as number);
    return { kind: 'broken', op, event: this.#furthest, states: [...this.#arrived] };
  }

  #take(choice: number): void {
    const before = this.#state;
    const code = choice < 0 ? ~choice : (this.#problem.code[choice] as number);
    this.#state = this.#machine.step(before, code);
    if (choice < 0) this.#spending.spend(code);
    else this.#lift(choice);
    this.#enter(choice, before);
  }

  /** Undoes the newest node: its looks, and what led to it. */
  #leave(): void {
    this.#choices.length = this.#begins.pop() as number;
    this.#cursor.pop();
    const looks = this.#looked.pop() as number;
    while (this.#trail.length > looks) this.#putBack(this.#trail.pop() as number);
    const choice = this.#taken.pop() as number;
    this.#state = this.#before.pop() as number;
    if (choice < 0) this.#spending.takeBack(~choice);
    else this.#putBack(choice);
  }

  /** A new node: looks that can, happen; then its choices, none where it is refuted already. */
  #enter(choice: number, before: number): void {
    this.#begins.push(this.#choices.length);
    this.#cursor.push(this.#choices.length);
    this.#looked.push(this.#trail.length);
    this.#taken.push(choice);
    this.#before.push(before);
    const { events, code, kind } = this.#problem;
    const state = this.#state;
    const key = this.#key;
    let length = 2;
    let at = this.#next[this.#head] as number;
    for (; at !== this.#head; at = this.#next[at] as number) {
      const op = events[at] as number;
      if (op < 0) break;
      this.#steps++;
      if (kind[op] === LOOKS && this.#machine.step(state, code[op] as number) !== IMPOSSIBLE) {
        this.#lift(op);
        this.#trail.push(op);
      } else key[length++] = op;
    }
    if (at === this.#head) return;
    if (at > this.#furthest) {
      this.#furthest = at;
      this.#arrived.clear();
    }
    if (at === this.#furthest && at !== this.#frontier) this.#arrived.add(state);
    this.#frontier = at;
    key[0] = at;
    key[1] = state;
    if (this.#refuted.knows(key, length, this.#spending)) return;
    this.#choose(length, ~(events[at] as number));
  }

  /** The choices of a node whose open operations are in the key from its third word on. */
  #choose(length: number, target: number): void {
    const wanted = this.#problem.code[target] as number;
    // What returns next waits for nobody where it can happen at once.
    const waits = this.#machine.step(this.#state, wanted) === IMPOSSIBLE;
    this.#chooseOpen(length, (op, next) => op === target || (waits && this.#leadsTo(next, wanted)));
    if (waits) this.#chooseCrashed((next) => this.#leadsTo(next, wanted));
    this.#chooseOpen(length, (op, next) => op !== target && !(waits && this.#leadsTo(next, wanted)));
    this.#chooseCrashed((next) => !(waits && this.#leadsTo(next, wanted)));
  }

  #leadsTo(state: number, wanted: number): boolean {
    return this.#machine.step(state, wanted) !== IMPOSSIBLE;
  }

  #chooseOpen(length: number, fits: (op: number, next: number) => boolean): void {
    const { code, end, kind } = this.#problem;
    const choices = this.#choices;
    const from = choices.length;
    for (let n = 2; n < length; n++) {
      const op = this.#key[n] as number;
      if (kind[op] !== CHANGES) continue;
      const next = this.#machine.step(this.#state, code[op] as number);
      if (next === IMPOSSIBLE || !fits(op, next)) continue;
      let to = choices.length;
      choices.push(op);
      for (; to > from && (end[choices[to - 1] as number] as number) > (end[op] as number); to--)
        choices[to] = choices[to - 1] as number;
      choices[to] = op;
    }
    const round = ++this.#round;
    let kept = from;
    for (let n = from; n < choices.length; n++) {
      const now = code[choices[n] as number] as number;
      if (this.#stamp[now] === round) continue;
      this.#stamp[now] = round;
      choices[kept++] = choices[n] as number;
    }
    choices.length = kept;
  }

  #chooseCrashed(fits: (next: number) => boolean): void {
    for (const code of this.#crashedCodes) {
      const begun = (this.#crashed[code] as readonly number[])[this.#spending.spent(code)];
      if (begun === undefined || begun > this.#frontier) continue;
      this.#steps++;
      const next = this.#machine.step(this.#state, code);
      if (next !== IMPOSSIBLE && next !== this.#state && fits(next)) this.#choices.push(~code);
    }
  }

  #lift(op: number): void {
    // The return first: what then follows the call is still on the ring.
    this.#unlink(this.#returnAt[op] as number);
    this.#unlink(this.#callAt[op] as number);
  }

  /** In the reverse order of lifting only. */
  #putBack(op: number): void {
    this.#link(this.#callAt[op] as number);
    this.#link(this.#returnAt[op] as number);
  }

  #unlink(at: number): void {
    const before = this.#prev[at] as number;
    const after = this.#next[at] as number;
    this.#next[before] = after;
    this.#prev[after] = before;
  }

  #link(at: number): void {
    this.#next[this.#prev[at] as number] = at;
    this.#prev[this.#next[at] as number] = at;
  }
}
