/**
 * Why a history is not linearizable, as small as it can be made without losing its truth. From the way without
 * search: the few operations that contradict one another. From the search: the operations at the end of the shortest
 * prefix that cannot be explained, what the object may have held before them, and no read that the contradiction
 * does not need (leaving out reads, or what comes later, can only make a history easier to explain).
 */
import { show, type Value } from '../history/event.ts';
import { FAIL, type History, INFO, NEVER } from '../history/history.ts';
import { AbstractWalk, type Watched } from './abstraction.ts';
import { Descent } from './descent.ts';
import type { Evidence } from './evidence.ts';
import { Fifo } from './fifo.ts';
import type { QueueCodes } from './fifo-layout.ts';
import type { Compiler, Machine } from './machine.ts';
import { LOOKS, layOut, OPTIONAL, type Problem } from './problem.ts';
import { Search } from './search.ts';
import { type SetCodes, SetWalk } from './set-walk.ts';
import { drawTimeline } from './timeline.ts';
import type { SearchBudget, SearchOutcome } from './walk.ts';

export interface Counterexample {
  readonly key: Value;
  /** Rows of the history that show it, in the order of invocation. */
  readonly rows: readonly number[];
  /** The row that nothing explains. */
  readonly failed: number;
  readonly why: string;
  /** What the object may have held before the first of these rows; empty when it does not matter. */
  readonly before: readonly string[];
  /** For people: the operations as bars on a common time line. */
  readonly timeline: string;
}

/** Reads that are tried for leaving out: each try is another search. */
const TRIES = 40;
/** Each of them on a reduced budget: a read that cannot be decided within it stays in the drawing. */
const TRY_STEPS = 2_000_000;
/** For what was held before, where a search of its own was needed to judge. */
const LOOK_STEPS = 100_000;
/** Possible states of which the writers are drawn too. */
const MAKERS = 2;
/** States that are named before "…". */
const NAMED = 8;

/** An outcome, and how it was found where it was not by search: by descent, or by what abstraction watched. */
export interface Found {
  readonly outcome: SearchOutcome;
  readonly by?: 'descent' | 'fifo' | 'set' | Watched;
}

type Broken = Extract<SearchOutcome, { kind: 'broken' }>;

/**
 * A search that knows what later looks will bring breaks at the first return that they rule out. What people want to
 * see is the look itself: so once more, without that, as far as a reduced budget goes.
 */
function withoutForesight(problem: Problem, { machine }: Compiler, found: Broken, budget: SearchBudget): Broken {
  if (problem.earliest === null && !machine.hopeless) return found;
  const blind = { initial: machine.initial, step: machine.step, show: machine.show, ...bytesOf(machine) };
  const reduced = { ...budget, steps: Math.min(budget.steps, TRY_STEPS) };
  const outcome = new Search({ ...problem, earliest: null }, blind, reduced).run();
  return outcome.kind === 'broken' ? outcome : found;
}

function bytesOf({ bytes }: Machine): Pick<Machine, 'bytes'> {
  return bytes ? { bytes } : {};
}

export function fromEvidence(history: History, evidence: Evidence): Counterexample {
  return {
    key: history.keys[history.key[evidence.failed] as number] as Value,
    ...evidence,
    before: [],
    timeline: drawTimeline(history, evidence.rows, evidence.failed, Number.POSITIVE_INFINITY),
  };
}

export function fromSearch(
  history: History,
  rows: Int32Array,
  compiler: Compiler,
  problem: Problem,
  found: Found & { readonly outcome: Broken },
  budget: SearchBudget,
): Counterexample {
  // The search for sets has no foresight.
  const broken = found.by === 'set' ? found.outcome : withoutForesight(problem, compiler, found.outcome, budget);
  const failed = problem.row[broken.op] as number;
  const at = history.returned[failed] as number;
  const prefix = rows.filter((row) => (history.invoked[row] as number) < at);
  const from = windowStart(history, problem, broken);
  const shown = inWindow(history, problem, from, at);
  const needless = needlessReads(history, prefix, compiler, problem, shown, failed, budget, found.by);
  const window = shown.filter((row) => !needless.has(row));
  const makers = makersOf(prefix, compiler, failed, broken.states).filter((row) => !window.includes(row));
  const until = problem.events.findIndex((event) => event >= 0 && (problem.row[event] as number) >= (from ?? 0));
  // Where another search was needed, this one rarely comes far.
  const most = found.by === 'set' || found.by === 'fifo' ? LOOK_STEPS : TRY_STEPS;
  const walk = new Search(problem, compiler.machine, { ...budget, steps: Math.min(budget.steps, most) });
  const known = walk.run(Math.max(0, until)).kind === 'explained';
  const before = known ? named(walk.states(), compiler) : [];
  const could = named(broken.states, compiler);
  const contrast = (broken.states.length === 1 && compiler.contrast?.(failed, broken.states[0] as number)) || '';
  const why = `when it returned, the ${could.length === 1 ? 'value was' : 'value was one of'} ${could.join(', ')}${contrast}, and nothing still open changes that`;
  return {
    key: history.keys[history.key[failed] as number] as Value,
    rows: [...makers, ...window],
    failed,
    why,
    // With those drawn that made the values, what was before them does not matter.
    before: makers.length > 0 ? [] : before,
    timeline: drawTimeline(history, [...makers, ...window], failed, at),
  };
}

/** The last that wrote what was read, and the last that wrote what it should have been: they tell what happened. */
function makersOf(prefix: Int32Array, compiler: Compiler, failed: number, states: readonly number[]): number[] {
  const demanded = compiler.demands?.(failed) ?? null;
  if (demanded === null || states.length > MAKERS) return [];
  const makers = [demanded, ...states].map((state) => prefix.findLast((row) => compiler.leaves?.(row) === state));
  const rows = makers.filter((row) => row !== undefined && row !== failed) as number[];
  return [...new Set(rows)].sort((a, b) => a - b);
}

/** The first row of those still open when the history broke: what came before is summed up by its possible states. */
function windowStart(history: History, problem: Problem, broken: { op: number; event: number }): number {
  let first = problem.row[broken.op] as number;
  const at = history.returned[first] as number;
  for (let op = 0; op < problem.count; op++) {
    const row = problem.row[op] as number;
    if (problem.kind[op] === OPTIONAL || (history.invoked[row] as number) > at) continue;
    if ((problem.end[op] as number) >= at && row < first) first = row;
  }
  return first;
}

function inWindow(history: History, problem: Problem, from: number, at: number): number[] {
  const start = history.invoked[from] as number;
  const rows: number[] = [];
  for (let op = 0; op < problem.count; op++) {
    const row = problem.row[op] as number;
    if ((history.invoked[row] as number) < at && (problem.end[op] as number) > start) rows.push(row);
  }
  return rows;
}

function needlessReads(
  history: History,
  prefix: Int32Array,
  compiler: Compiler,
  problem: Problem,
  shown: readonly number[],
  failed: number,
  budget: SearchBudget,
  by: Found['by'],
): Set<number> {
  const looks = new Set<number>();
  for (let op = 0; op < problem.count; op++) if (problem.kind[op] === LOOKS) looks.add(problem.row[op] as number);
  const needless = new Set<number>();
  const reduced = { ...budget, steps: Math.min(budget.steps, TRY_STEPS) };
  let tries = 0;
  let descended = 0;
  for (const row of shown) {
    if (descended > (by === 'set' || by === 'fifo' ? LOOK_STEPS * 4 : TRY_STEPS)) break;
    if (row === failed || !looks.has(row) || ++tries > TRIES) continue;
    needless.add(row);
    const smaller = layOut(history, prefix, compiler, needless);
    let outcome: SearchOutcome;
    if (by === 'descent') {
      const descent = new Descent(smaller, compiler.machine, reduced);
      outcome = descent.run(reduced.steps);
      descended += descent.steps;
    } else if (by === 'fifo') {
      const fifo = new Fifo(smaller, compiler.machine, compiler.queue as QueueCodes, reduced);
      outcome = fifo.run(reduced.steps);
      descended += fifo.steps;
    } else if (by === 'set') {
      const walk = new SetWalk(smaller, compiler.machine.initial, compiler.set as SetCodes, reduced);
      outcome = walk.run() ?? { kind: 'pruned' };
      descended += walk.steps;
    } else if (by)
      outcome = new AbstractWalk(smaller, compiler.machine, watchedOf(problem, by, smaller), reduced).run();
    else outcome = new Search(smaller, compiler.machine, reduced).run();
    if (outcome.kind !== 'broken' || smaller.row[outcome.op] !== failed) needless.delete(row);
  }
  return needless;
}

/** The same operations watched when some are left out. */
function watchedOf(problem: Problem, watched: Watched, smaller: Problem): Watched {
  const rows = new Set<number>();
  for (let op = 0; op < problem.count; op++) if (watched[op] === 1) rows.add(problem.row[op] as number);
  return Uint8Array.from(smaller.row.subarray(0, smaller.count), (row) => (rows.has(row) ? 1 : 0));
}

function named(states: readonly number[], compiler: Compiler): string[] {
  const names = states.slice(0, NAMED).map((state) => compiler.machine.show(state));
  return states.length > NAMED ? [...names, '…'] : names;
}

/** Functions whose nil is an answer. */
const BRINGS: ReadonlySet<string> = new Set(['read', 'get', 'dequeue']);

/** `read → 3`, `cas 2→4 refused`, `write 1 ?`. */
export function describe(history: History, row: number): string {
  const value = (id: number | undefined): Value => history.values.values[id as number] as Value;
  const f = history.functions[history.f[row] as number] as string;
  const argument = value(history.input[row]);
  const brought = value(history.output[row]);
  const name = argument === null ? f : `${f} ${show(argument)}`;
  if (history.outcome[row] === INFO || history.returned[row] === NEVER) return `${name} ?`;
  if (history.outcome[row] === FAIL) return `${name} refused`;
  if (brought === null && argument === null && !BRINGS.has(f)) return name;
  if (argument !== null && (brought === null || show(brought) === show(argument))) return name;
  return `${name} → ${show(brought)}`;
}
