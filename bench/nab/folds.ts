/**
 * How much of a score is owed to tuning on the very files that are scored. A grid of settings around the shipped one
 * (486 of them); those best on some of the files are scored on the others, over many random splits.
 */
import { TUNING, type Tuning } from '../../src/detect/metrics/index.ts';
import { Random } from '../../src/model/random.ts';
import type { NabFile } from './data.ts';
import { type Profile, type Score, scoreAt, total } from './score.ts';
import { alerts, type Horizon, opinions } from './subjects.ts';

const SHAPES: readonly (readonly [fade: number, skip: number])[] = [
  [8, 11],
  [12, 16],
  [16, 21],
];
const USUAL = [0.75, 0.8, 0.85];
const BASES = [0.5, 0.6, 0.7, 0.8, 0.9, 1];
const PRICES = [0.15, 0.25, 0.4];
const HORIZONS = [0.75, 1, 1.5];
const SPLITS = 40;
const SEED = 1;

/** By setting, then by file. */
export type Grid = readonly (readonly Score[])[];

/** The scores a setting starts from: comparisons are costly and do not depend on budget or horizon. */
export interface Basis {
  readonly tuning: Tuning;
  readonly scores: readonly Float64Array[];
}

export function bases(files: readonly NabFile[]): Basis[] {
  return SHAPES.flatMap(([fade, skip]) =>
    USUAL.map((usual) => {
      const tuning: Tuning = { ...TUNING, fade, skip, usual };
      return { tuning, scores: files.map((file) => opinions(file, tuning)) };
    }),
  );
}

export function grid(files: readonly NabFile[], bases: readonly Basis[], horizon: Horizon, profile: Profile): Grid {
  const settings: Score[][] = [];
  for (const { tuning, scores } of bases)
    for (const base of BASES)
      for (const price of PRICES)
        for (const stretch of HORIZONS) {
          const set: Tuning = { ...tuning, base, price, maxHorizon: TUNING.maxHorizon * stretch };
          const stretched: Horizon = (file) => {
            const samples = horizon(file);
            return samples === null ? null : samples * stretch;
          };
          settings.push(
            files.map((file, index) => {
              const fired = alerts(file, scores[index] as Float64Array, stretched, set);
              return scoreAt([{ ...file, scores: fired }], profile, 0.5);
            }),
          );
        }
  return settings;
}

export interface CrossValidation {
  /** Mean over splits, of the scores on files that the setting was not chosen on. */
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

export function crossValidate(grid: Grid, folds: number, profile: Profile): CrossValidation {
  const random = Random.seeded(SEED);
  const files = grid[0]?.length ?? 0;
  const results = Array.from({ length: folds >= files ? 1 : SPLITS }, () => {
    const fold = shuffled(
      Array.from({ length: files }, (_, index) => index % folds),
      random,
    );
    const tested: Score[] = [];
    for (let out = 0; out < folds; out++) {
      const setting = bestOn(grid, (file) => fold[file] !== out);
      tested.push(...setting.filter((_, file) => fold[file] === out));
    }
    return total(tested, profile).normalised;
  });
  const mean = results.reduce((sum, result) => sum + result, 0) / results.length;
  return { mean, least: Math.min(...results), most: Math.max(...results) };
}

function bestOn(grid: Grid, chosen: (file: number) => boolean): readonly Score[] {
  let best: readonly Score[] = [];
  let most = Number.NEGATIVE_INFINITY;
  for (const setting of grid) {
    let raw = 0;
    for (let file = 0; file < setting.length; file++) if (chosen(file)) raw += (setting[file] as Score).raw;
    if (raw > most) {
      most = raw;
      best = setting;
    }
  }
  return best;
}

/** The whole grid on all files: how flat the ground is around the shipped setting. */
export function spread(grid: Grid, profile: Profile): { least: number; median: number; most: number } {
  const scores = grid.map((setting) => total(setting, profile).normalised).sort((a, b) => a - b);
  return {
    least: scores[0] ?? 0,
    median: scores[scores.length >> 1] ?? 0,
    most: scores.at(-1) ?? 0,
  };
}

/** Fisher and Yates. */
function shuffled<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.int(last + 1);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}
