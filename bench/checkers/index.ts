/**
 * The checkers against histories of more than a thousand operations whose truth is known, beside a plain search
 * (Wing, Gong and Lowe's, without our refinements): every wrong verdict, every `unknown`, and what each takes.
 * HOLDFAST_CHECKERS: cells whose name contains it. HOLDFAST_SEEDS: histories of each kind in a cell.
 */
import type { HistoryEvent } from '../../src/prove/history/event.ts';
import { byKey, type History, historyOf } from '../../src/prove/history/history.ts';
import { checkLinearizable } from '../../src/prove/linearizability/check.ts';
import { queueCompiler, setCompiler } from '../../src/prove/linearizability/collections.ts';
import type { Compiler } from '../../src/prove/linearizability/machine.ts';
import {
  casArguments,
  counterCompiler,
  type ObjectName,
  registerCompiler,
  textCompiler,
} from '../../src/prove/linearizability/objects.ts';
import { layOut } from '../../src/prove/linearizability/problem.ts';
import { plainSearch } from '../../src/prove/linearizability/testing/plain-search.ts';
import { SPECS } from '../../src/prove/linearizability/testing/simulate.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { CELLS, type Cell, honest, lying, type Made, tampered } from './objects.ts';
import { transactionCells } from './transactions.ts';

const PLAIN_STEPS = 100_000;
const OPERATIONS = 1_200;
/** A second or so at most: what a person waits for. */
const BUDGET = { configurations: 500_000, steps: 20_000_000 };

export const bench: Bench = {
  name: 'checkers',
  what: 'consistency checkers: histories of more than a thousand operations with a known truth, beside a plain search',
  run: async (options) => [...objects(options), ...transactions(options)],
};

interface Tally {
  histories: number;
  wrong: number;
  unknown: number;
  plainUnknown: number;
  ms: number;
  worst: number;
  plainMs: number;
  plainWorst: number;
}

function objects({ quick, log }: BenchOptions): BenchRow[] {
  const only = process.env.HOLDFAST_CHECKERS ?? '';
  const seeds = Number(process.env.HOLDFAST_SEEDS ?? (quick ? 1 : 3));
  const all: [string, Tally][] = [];
  for (const cell of CELLS.filter(({ name }) => name.includes(only))) {
    const tally: Tally = {
      histories: 0,
      wrong: 0,
      unknown: 0,
      plainUnknown: 0,
      ms: 0,
      worst: 0,
      plainMs: 0,
      plainWorst: 0,
    };
    for (let seed = 1; seed <= seeds; seed++) {
      for (const make of [honest, lying, tampered])
        judge(make(seed, cell, OPERATIONS), cell, tally, `${make.name} ${seed}`, log);
    }
    all.push([cell.name, tally]);
    const { histories, wrong, unknown, plainUnknown, ms, worst, plainMs, plainWorst } = tally;
    log(
      `${cell.name.padEnd(45)} ${histories} histories: ${wrong} wrong, ${unknown} unknown (plain ${plainUnknown}), ${ms.toFixed(0)} ms, worst ${worst.toFixed(0)} (plain ${plainMs.toFixed(0)}, ${plainWorst.toFixed(0)})`,
    );
  }
  return rows(all);
}

/** Of this process: what else the machine does, does not count. */
function cpuMs(): number {
  const { system, user } = process.cpuUsage();
  return (system + user) / 1_000;
}

/** Histories of so many transactions. */
const TRANSACTIONS = 1_500;

function transactions({ quick, log }: BenchOptions): BenchRow[] {
  const seeds = Number(process.env.HOLDFAST_SEEDS ?? (quick ? 1 : 6));
  const all = (['list-append', 'rw-register'] as const).flatMap((kind) => transactionCells(kind, TRANSACTIONS, seeds));
  for (const { name, histories, misses, ms } of all) {
    log(`${name.padEnd(45)} ${histories} histories: ${misses.length} wrong or unknown, ${ms.toFixed(0)} ms`);
    for (const miss of misses) log(`  ${miss}`);
  }
  const misses = all.reduce((sum, one) => sum + one.misses.length, 0);
  const histories = all.reduce((sum, one) => sum + one.histories, 0);
  const what = `transactions: verdicts wrong or unknown, of ${histories} histories of ${TRANSACTIONS}`;
  return [{ id: 'transactions', what, value: misses, unit: '', target: 0, pass: misses === 0 }];
}

function judge(made: Made, cell: Cell, tally: Tally, name: string, log: (line: string) => void): void {
  const initial = SPECS[cell.object].initial;
  const history = historyOf(made.events as HistoryEvent[]);
  const begun = cpuMs();
  const report = checkLinearizable(history, { object: cell.object, initial, budget: BUDGET });
  const ms = cpuMs() - begun;
  const problem = plainProblem(history, cell.object);
  const plainBegun = cpuMs();
  const plain = plainSearch(problem.problem, problem.machine, PLAIN_STEPS);
  const plainMs = cpuMs() - plainBegun;
  tally.histories++;
  tally.ms += ms;
  tally.worst = Math.max(tally.worst, ms);
  tally.plainMs += plainMs;
  tally.plainWorst = Math.max(tally.plainWorst, plainMs);
  if (plain === 'unknown') tally.plainUnknown++;
  const truth = made.truth === 'ask the plain search' ? plain : made.truth;
  if (report.verdict === 'unknown') {
    tally.unknown++;
    log(`  unknown: ${cell.name}: ${name} (truth: ${truth}, plain: ${plain}, ${ms.toFixed(0)} ms)`);
  } else if (truth !== 'unknown' && report.verdict !== truth) {
    tally.wrong++;
    log(`  WRONG: ${cell.name}: ${name}: ${report.verdict}, and is ${truth} (plain: ${plain})`);
  }
  if (plain !== 'unknown' && truth !== plain) log(`  the plain search is wrong: ${cell.name}: ${name}`);
  if (ms > 2 * plainMs && ms > 20 && plain !== 'unknown')
    log(`  slow: ${cell.name}: ${name}: ${ms.toFixed(0)} ms, plain ${plainMs.toFixed(0)} ms (${report.verdict})`);
}

function plainProblem(
  history: History,
  object: ObjectName,
): { problem: ReturnType<typeof layOut>; machine: Compiler['machine'] } {
  const { rows } = byKey(history);
  const compiler = compilerOf(history, rows, object);
  return { problem: layOut(history, rows, compiler), machine: compiler.machine };
}

function compilerOf(history: History, rows: Int32Array, object: ObjectName): Compiler {
  const { initial } = SPECS[object];
  switch (object) {
    case 'register':
      return registerCompiler(history, rows, casArguments(history), history.values.idOf(initial));
    case 'counter':
      return counterCompiler(history, rows, initial);
    case 'set':
      return setCompiler(history, rows, initial);
    case 'queue':
      return queueCompiler(history, rows);
    default:
      return textCompiler(history, rows, initial);
  }
}

function rows(all: readonly (readonly [string, Tally])[]): BenchRow[] {
  const sum = (of: (tally: Tally) => number): number => all.reduce((total, [, tally]) => total + of(tally), 0);
  const most = (of: (tally: Tally) => number): number => all.reduce((top, [, tally]) => Math.max(top, of(tally)), 0);
  const histories = sum((tally) => tally.histories);
  const decided = histories - sum((tally) => tally.unknown);
  const row = (id: string, what: string, value: number, unit: string, target: number | null): BenchRow => ({
    id,
    what,
    value,
    unit,
    target,
    pass: target === null ? null : value === target,
  });
  return [
    row(
      'wrong',
      'verdicts that are not the truth',
      sum((tally) => tally.wrong),
      '',
      0,
    ),
    row('decided', `of ${histories} histories of ${OPERATIONS} operations`, decided, '', histories),
    row('plain.decided', 'the plain search', histories - sum((tally) => tally.plainUnknown), '', null),
    row(
      'total',
      'all of them',
      sum((tally) => tally.ms),
      'ms',
      null,
    ),
    row(
      'worst',
      'the slowest one',
      most((tally) => tally.worst),
      'ms',
      null,
    ),
    row(
      'plain.total',
      'the plain search: all of them',
      sum((tally) => tally.plainMs),
      'ms',
      null,
    ),
    row(
      'plain.worst',
      'the plain search: the slowest one',
      most((tally) => tally.plainWorst),
      'ms',
      null,
    ),
  ];
}
