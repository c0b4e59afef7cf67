/**
 * Faults whose cause is known, done to real running systems: is the right component blamed first, with the right kind of
 * fault; how often does the diagnosis abstain; and does its confidence mean what it says? The drills are those of the
 * fault matrices (test/support/faults/cases.ts), many times over.
 *
 * HOLDFAST_DRILL_RUNS=5 runs each five times; HOLDFAST_CASES=kill,stop only these; HOLDFAST_SYSTEMS=shop only that one.
 */
import { type FaultCase, SYSTEMS } from '../../test/support/faults/cases.ts';
import { type Outcome, runCase } from '../../test/support/faults/runner.ts';
import { type Loaded, startShop, startWeb } from '../../test/support/sample-systems.ts';
import { calibrationOf } from '../calibration.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';

const RUNS = 20;
const TARGET = { component: 0.95, class: 0.9, abstained: 0.05, calibration: 0.05 };

interface Drill {
  readonly system: string;
  readonly test: FaultCase;
  /** Null: no incident came of it, or it never ended. */
  readonly outcome: Outcome | null;
  readonly note: string;
}

export const bench: Bench = {
  name: 'drills',
  what: 'faults with known causes on examples/shop and examples/web: component, fault class, abstention, calibration',
  async run(options: BenchOptions): Promise<BenchRow[]> {
    const runs = Number(process.env.HOLDFAST_DRILL_RUNS ?? (options.quick ? 1 : RUNS));
    const only = process.env.HOLDFAST_CASES?.split(',');
    const names = process.env.HOLDFAST_SYSTEMS?.split(',') ?? SYSTEMS.map(({ name }) => name);
    const drills: Drill[] = [];
    for (const { name, cases } of SYSTEMS.filter((system) => names.includes(system.name))) {
      const wanted = cases.filter(({ id }) => only?.includes(id) ?? true);
      drills.push(...(await drillSystem(name, wanted, runs, options)));
    }
    return rowsOf(drills);
  },
};

/** One system for all of its drills, as users have it; only one that does not come to rest is started anew. */
async function drillSystem(
  name: 'shop' | 'web',
  cases: readonly FaultCase[],
  runs: number,
  options: BenchOptions,
): Promise<Drill[]> {
  const start = name === 'shop' ? startShop : startWeb;
  const drills: Drill[] = [];
  let loaded: Loaded | null = null;
  try {
    for (let run = 1; run <= runs; run++) {
      for (const test of cases) {
        loaded ??= await start();
        const drill: Drill = await once(name, loaded, test);
        drills.push(drill);
        options.log(`${name} ${run}/${runs} ${test.id}: ${drill.note}`);
        if (drill.outcome !== null) continue;
        await end(loaded);
        loaded = null;
      }
    }
  } finally {
    if (loaded !== null) await end(loaded);
  }
  return drills;
}

async function once(system: string, loaded: Loaded, test: FaultCase): Promise<Drill> {
  try {
    const outcome = await runCase(system, loaded, test, false);
    const { blamed, faultClass, confidence, abstained } = outcome;
    const sure = `${Math.round(confidence * 100)} %${abstained ? ', inconclusive' : ''}`;
    return { system, test, outcome, note: `${blamed}, ${faultClass}, ${sure}` };
  } catch (error) {
    // Never told of, or never over: both are misses, and said so.
    return { system, test, outcome: null, note: `no verdict: ${error instanceof Error ? error.message : error}` };
  }
}

async function end({ load, system }: Loaded): Promise<void> {
  await load.stop();
  await system.stop();
}

const isRight = ({ test, outcome }: Drill): boolean =>
  outcome !== null && (test.expect.blamed ?? [test.target]).includes(outcome.blamed);
const isClass = ({ test, outcome }: Drill): boolean =>
  outcome !== null && (test.expect.classes as readonly string[]).includes(outcome.faultClass);
const abstains = ({ outcome }: Drill): boolean => outcome === null || outcome.abstained;

function rowsOf(drills: readonly Drill[]): BenchRow[] {
  const rows = [...sums('all', 'all drills', drills)];
  for (const name of new Set(drills.map(({ system }) => system))) {
    const of = drills.filter(({ system }) => system === name);
    rows.push(...sums(name, `examples/${name}`, of));
    for (const id of new Set(of.map(({ test }) => test.id))) rows.push(...kindRows(name, id, of));
  }
  return rows;
}

function sums(id: string, what: string, drills: readonly Drill[]): BenchRow[] {
  const part = (is: (drill: Drill) => boolean): number => drills.filter(is).length / Math.max(1, drills.length);
  const note = `${drills.length} drills`;
  const calibration = calibrationOf(
    drills.map((drill) => ({ confidence: drill.outcome?.confidence ?? 0, right: isRight(drill) && isClass(drill) })),
  );
  const most = (value: number, target: number) => ({ value, unit: '', target, pass: value <= target });
  const least = (value: number, target: number) => ({ value, unit: '', target, pass: value >= target });
  return [
    { id: `${id}.component`, what: `${what}: right component first`, ...least(part(isRight), TARGET.component), note },
    { id: `${id}.class`, what: `${what}: right fault class`, ...least(part(isClass), TARGET.class), note },
    {
      id: `${id}.abstained`,
      what: `${what}: inconclusive, or never told`,
      ...most(part(abstains), TARGET.abstained),
      note,
    },
    {
      id: `${id}.calibration`,
      what: `${what}: mean gap between confidence and hits, ten bins`,
      ...most(calibration.error, TARGET.calibration),
      note: `confidence→hits (drills): ${calibration.bins.join(', ')}`,
    },
  ];
}

/** For information: with some runs each, one miss more or less is chance. */
function kindRows(system: string, id: string, drills: readonly Drill[]): BenchRow[] {
  const own = drills.filter(({ test }) => test.id === id);
  const what = `${own[0]?.test.what ?? id} (${own[0]?.test.target})`;
  const misses = own.filter((drill) => !isRight(drill) || !isClass(drill)).map(({ note }) => note);
  const share = (is: (drill: Drill) => boolean): number => own.filter(is).length / own.length;
  const told = misses.length === 0 ? {} : { note: `missed: ${misses.join('; ')}` };
  const row = { unit: '', target: null, pass: null };
  return [
    { id: `${system}.${id}.component`, what: `${what}: right component`, value: share(isRight), ...row, ...told },
    { id: `${system}.${id}.class`, what: `${what}: right fault class`, value: share(isClass), ...row },
    { id: `${system}.${id}.abstained`, what: `${what}: inconclusive`, value: share(abstains), ...row },
  ];
}
