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
import { CHANGES, LOOKS, OPTIONAL, type Problem } from './problem.ts';

export interface SearchBudget {
  /**
   * Configurations held at once, of up to 8 words (a state, and a word for every 32 open operations of each kind);
   * in proportion fewer when they are wider. The default takes up to some 100 MiB. Raise it when a verdict is unknown
   * and memory is there.
   */
  readonly configurations: number;
  /** Steps and comparisons in all: some 20 million a second. Raise it to wait longer for a verdict. */
  readonly steps: number;
}

export const SEARCH_BUDGET: SearchBudget = { configurations: 1_000_000, steps: 200_000_000 };

/** A state that is a list takes so many times the memory of a configuration. */
const HEAVIER = 4;
/** A beam chooses among so many times what it keeps. */
const SPARE = 4;
/** What a configuration usually takes; see SearchBudget. */
const USUAL_WORDS = 8;

export type SearchOutcome =
  | { readonly kind: 'explained'; readonly peak: number }
  /** Nothing explains it among the configurations that were kept: another might have. */
  | { readonly kind: 'pruned' }
  /** The operation whose return nothing explains, the event of that return, and the states possible before it. */
  | { readonly kind: 'broken'; readonly op: number; readonly event: number; readonly states: readonly number[] }
  | { readonly kind: 'exhausted'; readonly event: number; readonly what: 'configurations' | 'steps' };

export class Search {
  readonly #problem: Problem;
  readonly #machine: Machine;
  readonly #budget: SearchBudget;
  readonly #offsets: readonly [number, number, number];
  #now: Configurations;
  #then: Configurations;
  readonly #work: Configurations;
  readonly #scratch: Int32Array;
  /** Open operations that change the state, ordered by code, then return: equal ones stand side by side. */
  readonly #open: Int32Array;
  #openCount = 0;
  readonly #looking: Int32Array;
  #lookingCount = 0;
  #steps = 0;
  #peak = 1;
  /** Configurations that fit: fewer when each is wide, so that memory has one bound whatever the concurrency. */
  readonly #room: number;

  readonly #beam: number;
  #pruned = false;

  /** With a beam only so many configurations are kept at a time: what it explains is explained, else it is a guess. */
  constructor(
    problem: Problem,
    machine: Machine,
    budget: SearchBudget = SEARCH_BUDGET,
    beam = Number.POSITIVE_INFINITY,
  ) {
    this.#beam = beam;
    this.#problem = problem;
    this.#machine = machine;
    this.#budget = budget;
    const [changes, looks] = problem.words;
    this.#offsets = [1, 1 + changes, 1 + changes + looks];
    this.#now = new Configurations(problem.words);
    this.#then = new Configurations(problem.words);
    this.#work = new Configurations(problem.words);
    this.#scratch = new Int32Array(this.#now.stride);
    this.#open = new Int32Array(problem.count);
    this.#looking = new Int32Array(problem.count);
    this.#room = Math.ceil(budget.configurations * Math.min(1, USUAL_WORDS / this.#now.stride));
  }

  /** Steps and comparisons so far: what the budget counts. */
  get steps(): number {
    return this.#steps + this.#work.compared + this.#then.compared + this.#now.compared;
  }

  /** Walks to the end, or to `until`, the event at which to stop and look at the states. */
  run(until = this.#problem.events.length): SearchOutcome {
    const { events, kind } = this.#problem;
    this.#scratch[0] = this.#machine.initial;
    this.#now.add(this.#scratch, 0);
    for (let n = 0; n < until; n++) {
      const event = events[n] as number;
      if (event >= 0) {
        if (kind[event] === LOOKS) this.#beginLook(event);
        else this.#insertOpen(event);
        continue;
      }
      const exhausted = this.#settle(~event);
      if (exhausted) return { kind: 'exhausted', event: n, what: exhausted };
      if (this.#then.count === 0) {
        if (this.#pruned) return { kind: 'pruned' };
        return { kind: 'broken', op: ~event, event: n, states: this.states() };
      }
      this.#close(~event);
    }
    return { kind: 'explained', peak: this.#peak };
  }

  /** States that the object could be in now. */
  states(): number[] {
    const states = new Set<number>();
    const { count, dead, pool, stride } = this.#now;
    for (let at = 0; at < count; at++) if (dead[at] === 0) states.add(pool[at * stride] as number);
    return [...states];
  }

  #beginLook(op: number): void {
    this.#looking[this.#lookingCount++] = op;
    const { count, dead, pool, stride } = this.#now;
    const code = this.#problem.code[op] as number;
    const word = this.#wordOf(op);
    const bit = this.#bitOf(op);
    for (let at = 0; at < count; at++) {
      if (dead[at] === 1) continue;
      const base = at * stride;
      if (this.#machine.step(pool[base] as number, code) !== IMPOSSIBLE)
        pool[base + word] = (pool[base + word] as number) | bit;
    }
    this.#steps += count;
  }

  /** Fills `then` with every configuration in which the operation has taken effect, as late as it can. */
  #settle(op: number): 'configurations' | 'steps' | null {
    const work = this.#work;
    const then = this.#then;
    work.clear();
    then.clear();
    const word = this.#wordOf(op);
    const bit = this.#bitOf(op);
    const { count, dead, pool, stride } = this.#now;
    for (let at = 0; at < count; at++) {
      if (dead[at] === 1) continue;
      const base = at * stride;
      if (((pool[base + word] as number) & bit) === 0) work.add(pool, base);
      else {
        this.#scratch.set(pool.subarray(base, base + stride));
        this.#scratch[word] = (this.#scratch[word] as number) & ~bit;
        then.add(this.#scratch, 0);
      }
    }
    for (let at = 0; at < work.count; at++) {
      if (work.dead[at] === 1) continue;
      // Those that come first have taken the fewest steps ahead of their time, and keep the most choices open.
      if (then.count >= this.#beam * SPARE) {
        this.#pruned = true;
        break;
      }
      this.#expand(at, word, bit);
      if ((this.#machine.states?.() ?? 0) > this.#room / HEAVIER) return 'configurations';
      if (work.count + then.count > this.#room) return 'configurations';
      if (this.steps > this.#budget.steps) return 'steps';
    }
    this.#peak = Math.max(this.#peak, then.count + work.count);
    if (then.count > this.#beam) this.#pruned = then.keepBest(this.#beam) || this.#pruned;
    return null;
  }

  /** Every single next effect from one configuration. */
  #expand(at: number, word: number, bit: number): void {
    const { code, kind } = this.#problem;
    const work = this.#work;
    const scratch = this.#scratch;
    const base = at * work.stride;
    const state = work.pool[base] as number;
    let twinWaits = false;
    this.#steps += this.#openCount;
    for (let n = 0; n < this.#openCount; n++) {
      const op = this.#open[n] as number;
      if (n === 0 || code[this.#open[n - 1] as number] !== code[op]) twinWaits = false;
      const opWord = this.#wordOf(op);
      const opBit = this.#bitOf(op);
      if (twinWaits || ((work.pool[base + opWord] as number) & opBit) !== 0) continue;
      twinWaits = true;
      const next = this.#machine.step(state, code[op] as number);
      if (next === IMPOSSIBLE || (next === state && kind[op] === OPTIONAL)) continue;
      for (let k = 0; k < work.stride; k++) scratch[k] = work.pool[base + k] as number;
      scratch[0] = next;
      scratch[opWord] = (scratch[opWord] as number) | opBit;
      if (next !== state) this.#look(next);
      if (((scratch[word] as number) & bit) === 0) work.add(scratch, 0);
      else {
        scratch[word] = (scratch[word] as number) & ~bit;
        this.#then.add(scratch, 0);
      }
    }
  }

  /** In the scratch configuration: everything that looks and can, does. */
  #look(state: number): void {
    const { code } = this.#problem;
    const scratch = this.#scratch;
    for (let n = 0; n < this.#lookingCount; n++) {
      const op = this.#looking[n] as number;
      const word = this.#wordOf(op);
      const bit = this.#bitOf(op);
      if (((scratch[word] as number) & bit) !== 0) continue;
      this.#steps++;
      if (this.#machine.step(state, code[op] as number) !== IMPOSSIBLE) scratch[word] = (scratch[word] as number) | bit;
    }
  }

  #insertOpen(op: number): void {
    const { code, end } = this.#problem;
    const open = this.#open;
    let n = this.#openCount++;
    for (; n > 0; n--) {
      const other = open[n - 1] as number;
      const before = (code[other] as number) - (code[op] as number) || (end[other] as number) - (end[op] as number);
      if (before <= 0) break;
      open[n] = other;
    }
    open[n] = op;
  }

  #close(op: number): void {
    [this.#now, this.#then] = [this.#then, this.#now];
    if (this.#problem.kind[op] === CHANGES) this.#openCount = remove(this.#open, this.#openCount, op);
    else this.#lookingCount = remove(this.#looking, this.#lookingCount, op);
  }

  #wordOf(op: number): number {
    const { kind, slot } = this.#problem;
    return (this.#offsets[kind[op] as 0 | 1 | 2] as number) + ((slot[op] as number) >> 5);
  }

  #bitOf(op: number): number {
    return 1 << ((this.#problem.slot[op] as number) & 31);
  }
}

function remove(list: Int32Array, count: number, item: number): number {
  const at = list.indexOf(item);
  list.copyWithin(at, at + 1, count);
  return count - 1;
}
