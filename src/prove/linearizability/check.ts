/**
 * The verdict on a history of one kind of object: linearizable, not, or unknown. Every key is judged alone
 * (linearizability is local), without search where every read names its write, by search elsewhere. When a key runs
 * out of its budget the verdict says so instead of guessing, unless another key proves the history wrong.
 */
import type { Value } from '../history/event.ts';
import { byKey, type History } from '../history/history.ts';
import { byAbstraction } from './abstraction.ts';
import { UniqueAppends } from './appends.ts';
import { Chains } from './chains.ts';
import { queueCompiler, setCompiler } from './collections.ts';
import { type Counterexample, type Found, fromEvidence, fromSearch } from './counterexample.ts';
import { Descent } from './descent.ts';
import type { Evidence } from './evidence.ts';
import { Fifo } from './fifo.ts';
import type { Compiler, Machine } from './machine.ts';
import {
  casArguments,
  counterCompiler,
  FUNCTIONS,
  mutexCompiler,
  type ObjectName,
  registerCompiler,
  textCompiler,
} from './objects.ts';
import { layOut, type Problem } from './problem.ts';
import { uniqueQueue } from './queues.ts';
import { type CasArguments, type KeyAnswer, UniqueRegisters } from './registers.ts';
import { Search } from './search.ts';
import { SetWalk } from './set-walk.ts';
import { uniqueSet } from './sets.ts';
import { SEARCH_BUDGET, type SearchBudget, type SearchOutcome } from './walk.ts';

export interface LinearizabilityOptions {
  /** Default: told by the functions that the history uses. */
  readonly object?: ObjectName;
  /** What every key holds at first. Default nil; a counter 0, a set and a queue empty, a text "". */
  readonly initial?: Value;
  /** Configurations for each key that has to be searched, steps for all of them together. */
  readonly budget?: SearchBudget;
  /**
   * How many configurations the searches that go first keep. Default 16, then 256; none: the full search at once. More
   * explains some histories that fewer do not, each at its own cost.
   */
  readonly beams?: readonly number[];
  /** Default true. False: searches only, to test the one against the other. */
  readonly abstraction?: boolean;
  /** Never take the way without search: to test the one against the other. */
  readonly searchOnly?: boolean;
}

export interface LinearizabilityReport {
  readonly verdict: 'linearizable' | 'not linearizable' | 'unknown';
  readonly object: ObjectName;
  readonly operations: number;
  readonly keys: number;
  /** Keys that needed a search. */
  readonly searched: number;
  /** Most configurations that any search held at once. */
  readonly peak: number;
  /** When not linearizable. */
  readonly counterexample?: Counterexample;
  /** When unknown: what ran out, on which key, and how far the search came. */
  readonly unknown?: { readonly key: Value; readonly why: string; readonly explained: number };
}

export function checkLinearizable(history: History, options: LinearizabilityOptions = {}): LinearizabilityReport {
  return new Checker(history, options).report();
}

/** The object that a history is about; throws when its functions belong to none, or to several. */
export function objectOf(history: History): ObjectName {
  const used = history.functions;
  const fits = (Object.keys(FUNCTIONS) as ObjectName[]).filter((name) =>
    used.every((f) => FUNCTIONS[name].includes(f)),
  );
  if (fits.length === 1 || used.length === 0) return fits[0] as ObjectName;
  if (fits.includes('set') && fits.includes('counter')) return bringsLists(history) ? 'set' : 'counter';
  if (fits.length > 1) return fits[0] as ObjectName;
  throw new TypeError(`no object has the functions ${used.join(', ')}`);
}

function bringsLists(history: History): boolean {
  const reading = history.functions.indexOf('read');
  for (let row = 0; row < history.count; row++) {
    const brought = history.values.values[history.output[row] as number] as Value;
    if (history.f[row] === reading && brought !== null) return Array.isArray(brought);
  }
  return false;
}

/** A way without search. */
interface Judge {
  /** All keys at once, where that is possible. */
  whole?(): KeyAnswer;
  key(key: number, rows: Int32Array): KeyAnswer;
  /** What only shows when all keys have been looked at. */
  sweep(): Evidence | null;
}

/** The part of the budget that is dealt out evenly before the rest goes to whoever needs it. */
const FIRST_SHARE = 2;

const BEAMS = [16, 256];
/** The part of the budget that each of the narrow searches may spend. */
const BEAM_SHARE = 8;

/** The part of the budget that abstraction may spend, where it can be used: it either answers soon or hardly ever. */
const ABSTRACTION_SHARE = 2;

/** The part of the budget that goes to the search made for an object: what it leaves open, the others rarely decide. */
const OWN_SHARE = 2;

/** What a descent is given at first: a fraction of a second, and more where the history is long. */
const FIRST_STEPS = 1_000_000;
const STEPS_EACH = 50;
/** The part of the budget that it is given when abstraction has failed. */
const DESCENT_SHARE = 8;

function answers({ kind }: SearchOutcome): boolean {
  return kind === 'explained' || kind === 'broken';
}

const NO_ROWS = (_key: number): Int32Array => new Int32Array(0);

class Checker {
  readonly #history: History;
  readonly #options: LinearizabilityOptions;
  readonly #object: ObjectName;
  readonly #cas: CasArguments;
  readonly #initial: Value;
  #peak = 0;
  /** Of the last search. */
  #steps = 0;

  constructor(history: History, options: LinearizabilityOptions) {
    this.#history = history;
    this.#options = options;
    this.#object = options.object ?? objectOf(history);
    this.#initial = options.initial ?? null;
    this.#cas = casArguments(history);
    history.values.idOf(this.#initial);
  }

  report(): LinearizabilityReport {
    const keys = this.#history.keys.length;
    const left: number[] = [];
    const judge = this.#options.searchOnly ? null : this.#judge();
    let evidence = judge?.whole?.() ?? null;
    let part = NO_ROWS;
    if (evidence === 'search' || !judge?.whole) {
      const { rows, starts } = byKey(this.#history);
      part = (key) => rows.subarray(starts[key] as number, starts[key + 1] as number);
      evidence = this.#keyByKey(judge, keys, part, left);
    }
    evidence ??= judge?.sweep() ?? null;
    const base = { object: this.#object, operations: this.#history.count, keys };
    if (evidence) {
      const counterexample = fromEvidence(this.#history, evidence);
      return { verdict: 'not linearizable', ...base, searched: 0, peak: 0, counterexample };
    }
    const { violated, unknown } = this.#searchAll(left, part);
    const counts = { ...base, searched: left.length, peak: this.#peak };
    if (violated) return { verdict: 'not linearizable', ...counts, counterexample: violated };
    return unknown ? { verdict: 'unknown', ...counts, unknown } : { verdict: 'linearizable', ...counts };
  }

  /**
   * Every key gets a small share first, so that one hard key does not hide what an easy one proves; what is then left
   * of the budget goes to the hard ones, in their order.
   */
  #searchAll(
    keys: readonly number[],
    part: (key: number) => Int32Array,
  ): { violated?: Counterexample; unknown?: NonNullable<LinearizabilityReport['unknown']> } {
    const budget = this.#options.budget ?? SEARCH_BUDGET;
    const share = Math.ceil(budget.steps / FIRST_SHARE / Math.max(1, keys.length));
    let left = budget.steps;
    let waiting = keys;
    let unknown: LinearizabilityReport['unknown'];
    for (const most of [share, budget.steps]) {
      const next: number[] = [];
      unknown = undefined;
      for (const key of waiting) {
        const answer = this.#search(key, part(key), { ...budget, steps: Math.min(most, left) });
        left = Math.max(0, left - this.#steps);
        if (answer && 'rows' in answer) return { violated: answer };
        if (!answer) continue;
        next.push(key);
        unknown ??= answer;
      }
      waiting = next;
    }
    return unknown ? { unknown } : {};
  }

  /** Keys that cannot be judged without search are put into `left`. */
  #keyByKey(judge: Judge | null, keys: number, part: (key: number) => Int32Array, left: number[]): Evidence | null {
    for (let key = 0; key < keys; key++) {
      const answer: KeyAnswer = judge ? judge.key(key, part(key)) : 'search';
      if (answer === 'search') left.push(key);
      else if (answer) return answer;
    }
    return null;
  }

  #judge(): Judge | null {
    const history = this.#history;
    const f = (name: string): number => history.functions.indexOf(name);
    if (this.#object === 'set') {
      return { key: (_, rows) => uniqueSet(history, rows, this.#initial), sweep: () => null };
    }
    if (this.#object === 'queue') return { key: (_, rows) => uniqueQueue(history, rows), sweep: () => null };
    const chains = new Chains(history);
    const sweep = (): Evidence | null => chains.sweep();
    if (this.#object === 'register') {
      const initial = history.values.find(this.#initial);
      const functions = { read: f('read'), write: f('write'), cas: f('cas') };
      const registers = new UniqueRegisters(history, chains, functions, initial, this.#cas);
      return { whole: () => registers.whole(), key: (key, rows) => registers.key(key, rows), sweep };
    }
    if (this.#object === 'text' && (this.#initial === null || this.#initial === '')) {
      const appends = new UniqueAppends(history, chains, { get: f('get'), put: f('put'), append: f('append') });
      return { key: (key, rows) => appends.key(key, rows), sweep };
    }
    return null;
  }

  #search(
    key: number,
    rows: Int32Array,
    budget: SearchBudget,
  ): Counterexample | { key: Value; why: string; explained: number } | null {
    const history = this.#history;
    const compiler = this.#compiler(rows);
    const problem = layOut(history, rows, compiler);
    const found = this.#run(problem, compiler, budget);
    const { outcome } = found;
    if (outcome.kind === 'explained') {
      this.#peak = Math.max(this.#peak, outcome.peak);
      return null;
    }
    if (outcome.kind === 'pruned') throw new Error('a full search prunes nothing');
    if (outcome.kind === 'broken') return fromSearch(history, rows, compiler, problem, { ...found, outcome }, budget);
    const allowed = (this.#options.budget ?? SEARCH_BUDGET)[outcome.what];
    const why = `budget exhausted: more than ${allowed} ${outcome.what}`;
    return { key: history.keys[key] as Value, why, explained: outcome.event / problem.events.length };
  }

  /** The ways that suit the object, each on a share of the steps; what they leave open is left to the full search. */
  #run(problem: Problem, compiler: Compiler, budget: SearchBudget): Found {
    this.#steps = 0;
    const { machine } = compiler;
    const share = (part: number): SearchBudget => ({ ...budget, steps: Math.ceil(budget.steps / part) });
    if (compiler.queue && this.#options.abstraction !== false) {
      const fifo = new Fifo(problem, machine, compiler.queue, budget);
      const outcome = fifo.run(Math.ceil(budget.steps / OWN_SHARE));
      this.#steps += fifo.steps;
      if (answers(outcome)) return { outcome, by: 'fifo' };
    }
    if (compiler.set && this.#options.abstraction !== false) {
      const walk = new SetWalk(problem, machine.initial, compiler.set, share(OWN_SHARE));
      const outcome = walk.run();
      this.#steps += walk.steps;
      if (outcome && answers(outcome)) return { outcome, by: 'set' };
    }
    const found = machine.few && this.#options.abstraction !== false ? this.#runFew(problem, machine, budget) : null;
    if (found) return found;
    for (const beam of this.#options.beams ?? BEAMS) {
      const search = new Search(problem, machine, share(BEAM_SHARE), beam);
      const outcome = search.run();
      this.#steps += search.steps;
      if (answers(outcome)) return { outcome };
    }
    const search = new Search(problem, machine, { ...budget, steps: Math.max(0, budget.steps - this.#steps) });
    const outcome = search.run();
    this.#steps += search.steps;
    return { outcome };
  }

  /**
   * Where the object has few states: a descent, which soon explains most of what can be explained, and abstraction,
   * which soon refutes most of what cannot. Neither knows beforehand, so they take turns.
   */
  #runFew(problem: Problem, machine: Machine, budget: SearchBudget): Found | null {
    const descent = new Descent(problem, machine, budget);
    const descend = (steps: number): Found | null => {
      const before = descent.steps;
      const outcome = descent.run(Math.min(before + steps, budget.steps));
      this.#steps += descent.steps - before;
      return answers(outcome) ? { outcome, by: 'descent' } : null;
    };
    const found = descend(FIRST_STEPS + STEPS_EACH * problem.count);
    if (found) return found;
    const allowed = Math.ceil(budget.steps / ABSTRACTION_SHARE);
    const { outcome, steps, watched } = byAbstraction(problem, machine, { ...budget, steps: allowed });
    this.#steps += steps;
    if (answers(outcome)) return { outcome, by: watched };
    return descend(Math.ceil(budget.steps / DESCENT_SHARE));
  }

  #compiler(rows: Int32Array): Compiler {
    const history = this.#history;
    switch (this.#object) {
      case 'register':
        return registerCompiler(history, rows, this.#cas, history.values.idOf(this.#initial));
      case 'counter':
        return counterCompiler(history, rows, this.#initial);
      case 'set':
        return setCompiler(history, rows, this.#initial);
      case 'queue':
        return queueCompiler(history, rows);
      case 'mutex':
        return mutexCompiler(history);
      case 'text':
        return textCompiler(history, rows, this.#initial);
    }
  }
}
