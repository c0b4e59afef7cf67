/** Ratios over drills: who was blamed, for what kind of fault, how often nothing was said, and whether belief was earned. */
import { calibrationOf } from '../calibration.ts';
import type { BenchRow } from '../contract.ts';
import type { Drill } from './drill.ts';

const TARGET = { component: 0.95, class: 0.9, abstained: 0.05, calibration: 0.05 };

const isRight = ({ told }: Drill): boolean => told?.right === true;
const isClass = ({ told }: Drill): boolean => told?.classRight === true;
const abstains = ({ told }: Drill): boolean => told === null || told.abstained;

export const isMiss = (drill: Drill): boolean =>
  drill.kind === 'judged' && (!isRight(drill) || !isClass(drill) || abstains(drill));

export function rowsOf(all: readonly Drill[]): BenchRow[] {
  const drills = all.filter(({ kind }) => kind === 'judged');
  const rows = [...sums('all', 'all drills', drills)];
  const fit = drills.filter(({ starved }) => starved === null);
  if (fit.length > 0 && fit.length < drills.length) rows.push(...sums('fit', 'while the machine kept up', fit));
  for (const name of new Set(drills.map(({ system }) => system))) {
    const of = drills.filter(({ system }) => system === name);
    rows.push(...sums(name, `examples/${name}`, of));
    for (const id of new Set(of.map(({ test }) => test.id))) rows.push(...kindRows(name, id, of));
  }
  return [...rows, ...unjudged(all)];
}

function sums(id: string, what: string, drills: readonly Drill[]): BenchRow[] {
  const part = (is: (drill: Drill) => boolean): number => drills.filter(is).length / Math.max(1, drills.length);
  const starved = drills.filter((drill) => drill.starved !== null).length;
  const note = `${drills.length} drills${starved > 0 ? `, the machine starved in ${starved}` : ''}`;
  const calibration = calibrationOf(
    drills.map((drill) => ({ confidence: drill.told?.confidence ?? 0, right: isRight(drill) && isClass(drill) })),
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
  const misses = own.filter(isMiss).map(({ note }) => note);
  const share = (is: (drill: Drill) => boolean): number => own.filter(is).length / own.length;
  const told = misses.length === 0 ? {} : { note: `missed: ${misses.join('; ')}` };
  const row = { unit: '', target: null, pass: null };
  return [
    { id: `${system}.${id}.component`, what: `${what}: right component`, value: share(isRight), ...row, ...told },
    { id: `${system}.${id}.class`, what: `${what}: right fault class`, value: share(isClass), ...row },
    { id: `${system}.${id}.abstained`, what: `${what}: inconclusive`, value: share(abstains), ...row },
  ];
}

/** What nobody felt, and what could not be done, is no hit and no miss; it is said. */
function unjudged(all: readonly Drill[]): BenchRow[] {
  const row = { unit: 'drills', target: null, pass: null };
  return (['borne', 'idle'] as const).flatMap((kind) => {
    const of = all.filter((drill) => drill.kind === kind);
    if (of.length === 0) return [];
    const note = [...new Set(of.map(({ system, test, note: why }) => `${system} ${test.id}: ${why}`))].join('; ');
    const what = kind === 'borne' ? 'nobody felt it, nobody was accused' : 'had no effect, or cannot be done here';
    return [{ id: kind, what, value: of.length, ...row, note }];
  });
}
