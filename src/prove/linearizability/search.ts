/**
 * Linearizability by search, just in time (Lowe, "Testing for linearizability", 2017): walking along the history with
 * the set of all configurations it can be in, an operation takes effect at the latest when some return needs it. The
 * set is the memory: nothing is visited twice, and nothing older than the present is kept, so memory follows
 * concurrency and not length. A history breaks at the first return that leaves the set empty.
 *
 * What keeps the set small, each without losing an answer:
 * - Operations that only look take effect as soon as they can: they change nothing for the others.
 * - Of equal operations the one that returns first takes effect first: any other order can be swapped into this one.
 * - A configuration that another can stand in for is dropped (see Configurations).
 *
 * An explanation needs one way only, and usually a plain one: so searches that keep few configurations go first, and
 * most histories that are linearizable never meet the explosion. Only the full search can say that one is not.
 */
import { Configurations } from './configurations.ts';
import { IMPOSSIBLE, type Machine } from './machine.ts';
import { OPTIONAL, type Problem } from './problem.ts';
import { SEARCH_BUDGET, type SearchBudget, type SearchOutcome, Walk } from './walk.ts';

/** A beam chooses among so many times what it keeps. */
const SPARE = 4;

export class Search extends Walk<Configurations> {
  readonly #beam: number;
  #pruned = false;

  /** With a beam only so many configurations are kept at a time: what it explains is explained, else it is a guess. */
  constructor(
    problem: Problem,
    machine: Machine,
    budget: SearchBudget = SEARCH_BUDGET,
    beam = Number.POSITIVE_INFINITY,
  ) {
    const pool = (): Configurations => new Configurations(problem.words);
    super(problem, machine, budget, [pool(), pool(), pool()]);
    this.#beam = beam;
  }

  /** Walks to the end, or to `until`, the event at which to stop and look at the states. */
  run(until = this.problem.events.length): SearchOutcome {
    const { events } = this.problem;
    this.begin();
    for (let n = 0; n < until; n++) {
      const event = events[n] as number;
      if (event >= 0) {
        this.invoke(event);
        continue;
      }
      const exhausted = this.#settle(~event);
      if (exhausted) return { kind: 'exhausted', event: n, what: exhausted };
      if (this.after.count === 0) {
        if (this.#pruned) return { kind: 'pruned' };
        return { kind: 'broken', op: ~event, event: n, states: this.states() };
      }
      this.close(~event);
    }
    return { kind: 'explained', peak: this.peak };
  }

  /** Fills `after` with every configuration in which the operation has taken effect, as late as it can. */
  #settle(op: number): 'configurations' | 'steps' | null {
    const { scratch, after, work } = this;
    work.clear();
    after.clear();
    const word = this.word[op] as number;
    const bit = this.bit[op] as number;
    const { count, dead, pool, stride } = this.now;
    for (let at = 0; at < count; at++) {
      if (dead[at] === 1) continue;
      const base = at * stride;
      if (((pool[base + word] as number) & bit) === 0) work.add(pool, base);
      else {
        for (let k = 0; k < stride; k++) scratch[k] = pool[base + k] as number;
        scratch[word] = (scratch[word] as number) & ~bit;
        after.add(scratch, 0);
      }
    }
    for (let at = 0; at < work.count; at++) {
      if (work.dead[at] === 1) continue;
      // Those that come first have taken the fewest steps ahead of their time, and keep the most choices open.
      if (after.count >= this.#beam * SPARE) {
        this.#pruned = true;
        break;
      }
      this.#expand(at, op, word, bit);
      const exhausted = this.exhausted();
      if (exhausted) return exhausted;
    }
    this.peak = Math.max(this.peak, after.count + work.count);
    if (after.count > this.#beam) this.#pruned = after.keepBest(this.#beam) || this.#pruned;
    return null;
  }

  /** Every single next effect from one configuration. */
  #expand(at: number, target: number, word: number, bit: number): void {
    const { code, earliest, end, kind } = this.problem;
    const { machine, open, openCount, scratch, after, work } = this;
    const { stride } = work;
    const base = at * stride;
    const state = work.pool[base] as number;
    const moment = end[target] as number;
    let twinWaits = false;
    let last = -1;
    this.taken += openCount;
    for (let n = 0; n < openCount; n++) {
      const op = open[n] as number;
      const now = code[op] as number;
      if (now !== last) twinWaits = false;
      last = now;
      const opWord = this.word[op] as number;
      const opBit = this.bit[op] as number;
      if (twinWaits || ((work.pool[base + opWord] as number) & opBit) !== 0) continue;
      if (earliest !== null && (earliest[op] as number) > moment && op !== target) continue;
      twinWaits = true;
      const next = machine.step(state, now);
      if (next === IMPOSSIBLE || (next === state && kind[op] === OPTIONAL)) continue;
      for (let k = 0; k < stride; k++) scratch[k] = work.pool[base + k] as number;
      scratch[0] = next;
      scratch[opWord] = (scratch[opWord] as number) | opBit;
      if (next !== state && !this.look(next)) continue;
      if (((scratch[word] as number) & bit) === 0) work.add(scratch, 0);
      else {
        scratch[word] = (scratch[word] as number) & ~bit;
        after.add(scratch, 0);
      }
    }
  }
}
