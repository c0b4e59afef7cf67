/**
 * Faults whose cause is known, done to real running systems: is the right component blamed first, with the right kind of
 * fault; how often does the diagnosis abstain; and does its confidence mean what it says? Every fault of the matrices and
 * every kind that can be injected, many times over (cases.ts).
 *
 * HOLDFAST_DRILL_RUNS=5 runs each five times; HOLDFAST_CASES=kill,stop only these; HOLDFAST_SYSTEMS=shop only that one;
 * HOLDFAST_DRILL_RATE=30 customers a second, for machines that are busy with other things;
 * HOLDFAST_DRILLS_AT_ONCE=1 drills all systems at the same time; HOLDFAST_STORIES=DIR keeps what was told of each.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '../../src/model/errors.ts';
import { type Loaded, startShop, startWeb } from '../../test/support/sample-systems.ts';
import { pause } from '../../test/support/system.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { DRILLS, type DrillCase, type SystemName } from './cases.ts';
import { type Drill, drill } from './drill.ts';
import { isMiss, rowsOf } from './score.ts';

const RUNS = 20;
/** A system without a past has no norm: nobody can say yet that it is slow. */
const WARM_UP_MS = 30_000;
const RATE_PER_SEC = Number(process.env.HOLDFAST_DRILL_RATE ?? 60);

export const bench: Bench = {
  name: 'drills',
  what: 'faults with known causes on examples/shop and examples/web: component, fault class, abstention, calibration',
  async run(options: BenchOptions): Promise<BenchRow[]> {
    const runs = Number(process.env.HOLDFAST_DRILL_RUNS ?? (options.quick ? 1 : RUNS));
    const only = process.env.HOLDFAST_CASES?.split(',');
    const names = (process.env.HOLDFAST_SYSTEMS?.split(',') ?? Object.keys(DRILLS)) as SystemName[];
    checkNames(names, only ?? []);
    const disk = ownDisk(options);
    const one = (name: SystemName): Promise<Drill[]> =>
      drillSystem(
        name,
        DRILLS[name].filter(({ id }) => only?.some((each) => means(each, id)) ?? true),
        runs,
        options,
      );
    try {
      if (process.env.HOLDFAST_DRILLS_AT_ONCE === '1') return rowsOf((await Promise.all(names.map(one))).flat());
      const drills: Drill[] = [];
      for (const name of names) drills.push(...(await one(name)));
      return rowsOf(drills);
    } finally {
      disk.end();
    }
  },
};

/** A kind stands for all drills of it. */
const means = (asked: string, id: string): boolean => asked === id || id.startsWith(`${asked}@`);

/** Nothing drilled is nothing shown: what was asked for and is not there is an error. */
export function checkNames(systems: readonly string[], cases: readonly string[]): void {
  const stray = systems.find((name) => !(name in DRILLS));
  if (stray !== undefined) throw unknown('HOLDFAST_SYSTEMS', stray, Object.keys(DRILLS));
  const ids = [...new Set(systems.flatMap((name) => DRILLS[name as SystemName].map(({ id }) => id)))].sort();
  const missing = cases.filter((asked) => !ids.some((id) => means(asked, id)));
  if (missing.length > 0) throw unknown('HOLDFAST_CASES', missing.join(', '), ids);
}

function unknown(variable: string, asked: string, known: readonly string[]): HoldfastError {
  return new HoldfastError('HF8002', `${variable}: there is no ${asked}; there are ${known.join(', ')}`);
}

/** One system for all of its drills, as users have it; only one that does not come to rest is started anew. */
async function drillSystem(
  name: SystemName,
  cases: readonly DrillCase[],
  runs: number,
  options: BenchOptions,
): Promise<Drill[]> {
  const start = name === 'shop' ? startShop : startWeb;
  const drills: Drill[] = [];
  let loaded: Loaded | null = null;
  try {
    for (let run = 1; run <= runs; run++) {
      for (const test of cases) {
        if (loaded === null) {
          loaded = await start(RATE_PER_SEC);
          await pause(WARM_UP_MS);
        }
        const done = await attempt(name, loaded, test);
        drills.push(done);
        options.log(`${name} ${run}/${runs} ${test.id}: ${isMiss(done) ? 'MISSED ' : ''}${done.note}`);
        keepStory(done, run);
        if (done.quiet) continue;
        await end(loaded);
        loaded = null;
      }
    }
  } finally {
    if (loaded !== null) await end(loaded);
  }
  return drills;
}

async function attempt(name: SystemName, loaded: Loaded, test: DrillCase): Promise<Drill> {
  try {
    return await drill(name, loaded, test);
  } catch (error) {
    // It never came to an end: a miss, and said so.
    const note = `no verdict: ${error instanceof Error ? error.message : error}`;
    return { system: name, test, kind: 'judged', told: null, starved: null, note, story: note, quiet: false };
  }
}

async function end({ load, system }: Loaded): Promise<void> {
  await load.stop();
  await system.stop();
}

function keepStory({ system, test, note, story }: Drill, run: number): void {
  const directory = process.env.HOLDFAST_STORIES;
  if (directory === undefined) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${system}-${test.id}-${run}.txt`), `${note}\n\n${story}\n`);
}

/** Room of its own for the state of the systems, so that a full disk hurts nobody else on this machine. */
const DISK_SIZE = '2g';

function ownDisk(options: BenchOptions): { end(): void } {
  const before = process.env.TMPDIR;
  const directory = mkdtempSync(join(tmpdir(), 'hf-drills-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'none', directory], { stdio: 'ignore' });
  } catch {
    options.log('no file system of our own (that takes root): disk-full strikes the machine, down to its floor');
    return { end: () => rmSync(directory, { recursive: true, force: true }) };
  }
  process.env.TMPDIR = directory;
  return {
    end: () => {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      execFileSync('umount', ['--lazy', directory]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
