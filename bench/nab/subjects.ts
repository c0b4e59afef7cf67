/** What is scored: the product's detector with several horizons, and two baselines to see it beside. */
import { AlertBudget } from '../../src/detect/metrics/budget.ts';
import { create, TOP_SCORE, TUNING, type Tuning } from '../../src/detect/metrics/index.ts';
import type { NabFile } from './data.ts';
import { probation } from './score.ts';

/** Samples over which the alert budget evens out, by file. null: the detector finds it by itself, as it does live. */
export type Horizon = (file: NabFile) => number | null;

export const ADAPTIVE: Horizon = () => null;
export const constant =
  (samples: number): Horizon =>
  () =>
    samples;
/** Tells the detector how long the file is, as most published detectors are told. */
export const KNOWN: Horizon = (file) => probation(file.rows);

/** The detector's scores before its budget, each row from what came before it. */
export function opinions(file: NabFile, tuning: Tuning = TUNING): Float64Array {
  const detector = create({}, tuning);
  return Float64Array.from(file.values, (value, row) => detector.push(file.times[row] as number, value).score);
}

/** Its alerts, weighed by how unusual they were: 0 where there is none, 0.5 to 1 where there is one. */
export function alerts(file: NabFile, scores: Float64Array, horizon: Horizon, tuning: Tuning = TUNING): Float64Array {
  const budget = new AlertBudget(tuning, horizon(file));
  return scores.map((score) => (budget.spend(score) ? 0.5 + score / (2 * TOP_SCORE) : 0));
}

/** Fires blindly every half probation, knowing nothing but the length: what a score is worth for nothing. */
export function blind(file: NabFile): Float64Array {
  const from = probation(file.rows);
  const step = Math.max(1, Math.floor(from / 2));
  return Float64Array.from({ length: file.rows }, (_, row) => (row >= from && (row - from) % step === 0 ? 1 : 0));
}

const WINDOW = 6_400;
const STEP = 100;

/** The benchmark's own simplest detector: a Gaussian over the last 6,400 values, renewed every 100. */
export function windowedGaussian(file: NabFile): Float64Array {
  const window: number[] = [];
  let pending: number[] = [];
  let mean = 0;
  let deviation = 1;
  const renew = (): void => {
    mean = window.reduce((sum, value) => sum + value, 0) / window.length;
    const variance = window.reduce((sum, value) => sum + (value - mean) ** 2, 0) / window.length;
    deviation = Math.max(1e-6, Math.sqrt(variance));
  };
  let sum = 0;
  let squares = 0;
  return file.values.map((value) => {
    const score = window.length === 0 ? 0 : 1 - upperTail(Math.abs(value - mean) / deviation);
    if (window.length < WINDOW) {
      window.push(value);
      sum += value;
      squares += value * value;
      mean = sum / window.length;
      deviation = Math.max(1e-6, Math.sqrt(Math.max(0, squares / window.length - mean * mean)));
    } else if (pending.push(value) === STEP) {
      window.splice(0, STEP);
      window.push(...pending);
      pending = [];
      renew();
    }
    return score;
  });
}

/** P(Z ≥ z) for z ≥ 0 (Abramowitz and Stegun 7.1.26, error below 1.5e−7 of erfc). */
function upperTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return 0.5 * series * Math.exp(-x * x);
}

/** How often the detector calls something as unlikely as 10^−least where nothing is labelled. */
export function tailShare(files: readonly NabFile[], least: number): { share: number; samples: number } {
  let samples = 0;
  let claimed = 0;
  for (const file of files) {
    const detector = create();
    const from = probation(file.rows);
    for (let row = 0; row < file.rows; row++) {
      const { minusLog10P } = detector.push(file.times[row] as number, file.values[row] as number);
      const labelled = file.windows.some(({ left, right }) => left <= row && row <= right);
      if (row < from || labelled || minusLog10P === null) continue;
      samples++;
      if (minusLog10P >= least) claimed++;
    }
  }
  return { share: claimed / Math.max(1, samples), samples };
}
