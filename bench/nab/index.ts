/**
 * The metric anomaly detector on the Numenta Anomaly Benchmark: every file that the labels name and that lies in
 * `nab/data`, by the benchmark's own rules, beside a detector that fires blindly and the benchmark's simplest one.
 * The detector sees a sample once, in order, and nothing of the future. Rows "live" know no file length: that is what
 * users get. Rows "length known" even the alert budget out over the file's probation, as published detectors do.
 */
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { alone, fleet } from './cost.ts';
import { type NabFile, nabFolder, readNab } from './data.ts';
import { type Basis, bases, crossValidate, type Grid, grid, spread } from './folds.ts';
import { PROFILES, type Profile, type Score, type ScoredFile, scoreAt, sweep } from './score.ts';
import {
  ADAPTIVE,
  alerts,
  blind,
  constant,
  type Horizon,
  KNOWN,
  opinions,
  tailShare,
  windowedGaussian,
} from './subjects.ts';

const KNOWN_TARGET = 75;
const CROSS_TARGET = 73;
const LIVE_TARGET = 70;
const MICROSECONDS = 25;
const BYTES = 65_536;
const SERIES = 10_000;
/** One core, one second. */
const ROUND_MS = 1_000;
const CONSTANT = 600;

export const bench: Bench = {
  name: 'nab',
  what: 'anomalies in metric series: score by the rules of the Numenta Anomaly Benchmark, cost a sample and a series',
  run: async (options) => {
    const folder = nabFolder();
    if (folder === null) options.log('no data: put the files of github.com/numenta/NAB in $HOLDFAST_DATASETS/nab');
    const scored = folder === null ? [] : scoreRows(readNab(folder), options);
    return [...scored, ...fleetRows(options)];
  },
};

function scoreRows(files: readonly NabFile[], options: BenchOptions): BenchRow[] {
  const windows = files.reduce((sum, file) => sum + file.windows.length, 0);
  options.log(`${files.length} files, ${windows} windows`);
  const scores = files.map((file) => opinions(file));
  const by = (horizon: Horizon): ScoredFile[] =>
    files.map((file, index) => ({ ...file, scores: alerts(file, scores[index] as Float64Array, horizon) }));
  const rows = [
    ...profiles('null', 'firing blindly every half probation', scoredBy(files, blind), null),
    ...profiles('gaussian', 'windowed Gaussian', scoredBy(files, windowedGaussian), null),
    ...profiles('live', 'Holdfast, live: no length known', by(ADAPTIVE), LIVE_TARGET),
    asShipped(by(ADAPTIVE)),
    ...profiles('constant', `Holdfast, budget over ${CONSTANT} samples always`, by(constant(CONSTANT)), LIVE_TARGET),
    ...profiles('known', 'Holdfast, length known', by(KNOWN), KNOWN_TARGET),
  ];
  options.log('cross-validation: 486 settings around the shipped one');
  const settings = bases(files);
  rows.push(...crossRows('live', files, settings, ADAPTIVE), ...crossRows('known', files, settings, KNOWN));
  return [...rows, calibration(files), costRow(files)];
}

function scoredBy(files: readonly NabFile[], detector: (file: NabFile) => Float64Array): ScoredFile[] {
  return files.map((file) => ({ ...file, scores: detector(file) }));
}

/** In-sample as the benchmark has it: one threshold per profile, chosen on the files themselves. */
function profiles(id: string, what: string, files: readonly ScoredFile[], target: number | null): BenchRow[] {
  return PROFILES.map((profile) => {
    const score = sweep(files, profile);
    const goal = profile.name === 'standard' ? target : null;
    return row(
      `${id}.${profile.name.replace(' ', '-')}`,
      `${what}, ${profile.name}`,
      score.normalised,
      goal,
      note(score),
    );
  });
}

function asShipped(files: readonly ScoredFile[]): BenchRow {
  const score = scoreAt(files, PROFILES[0] as Profile, 0.5);
  return row(
    'live.shipped',
    'Holdfast, live: every alert counts, no threshold chosen',
    score.normalised,
    null,
    note(score),
  );
}

function note(score: Score): string {
  return `${score.hit} of ${score.windows} windows, ${score.falsePositives} false positives`;
}

function crossRows(id: string, files: readonly NabFile[], settings: readonly Basis[], horizon: Horizon): BenchRow[] {
  const profile = PROFILES[0] as Profile;
  const all: Grid = grid(files, settings, horizon, profile);
  const { least, median, most } = spread(all, profile);
  const ground = `all settings on all files: ${least.toFixed(1)} to ${most.toFixed(1)}, median ${median.toFixed(1)}`;
  return [2, 5, files.length].map((folds) => {
    const { mean, least, most } = crossValidate(all, folds, profile);
    const name = folds === files.length ? 'leave one file out' : `${folds} folds by file, mean of 40 splits`;
    const range = folds === files.length ? ground : `${least.toFixed(1)} to ${most.toFixed(1)} over the splits`;
    const label = `${id === 'live' ? 'Holdfast, live' : 'Holdfast, length known'}, cross-validated: ${name}`;
    const target = folds === 5 ? CROSS_TARGET : null;
    return row(`${id}.cv${folds === files.length ? '1' : folds}`, label, mean, target, range);
  });
}

/** Does 10⁻² happen once in a hundred? Outside of the labelled windows, after the probation. */
function calibration(files: readonly NabFile[]): BenchRow {
  const { share, samples } = tailShare(files, 2);
  const text = `of ${samples} samples outside of windows; 0.01 would be exact. Neighbouring samples agree, so it comes in runs`;
  return { ...info('calibration', 'share of samples with −log10 p ≥ 2', share, ''), note: text };
}

function costRow(files: readonly NabFile[]): BenchRow {
  const { microseconds, samples } = alone(files);
  return most(
    'cost.sample',
    'one sample of one series, amortised',
    microseconds,
    'µs',
    MICROSECONDS,
    `over ${samples} samples`,
  );
}

function fleetRows(options: BenchOptions): BenchRow[] {
  const series = options.quick ? SERIES / 10 : SERIES;
  options.log(`${series} series at 1 sample/s${options.quick ? '' : ' (some minutes)'}`);
  const { p50Ms, p99Ms, microseconds, bytes } = fleet(series, options.quick);
  const text = `p99 ${p99Ms.toFixed(0)} ms, ${microseconds.toFixed(1)} µs a sample with no cache to help; ${(
    (series * bytes) / 2 ** 20
  ).toFixed(0)} MiB of state`;
  const what = `one sample of each of ${series} series, on one core`;
  return [
    most('cost.series', 'state of one series, buffers and objects', Math.round(bytes), 'B', BYTES),
    most('cost.fleet', what, p50Ms, 'ms', options.quick ? ROUND_MS / 10 : ROUND_MS, text),
  ];
}

function row(id: string, what: string, value: number, target: number | null, note: string): BenchRow {
  return { id, what, value, unit: '', target, pass: target === null ? null : value >= target, note };
}

function most(id: string, what: string, value: number, unit: string, target: number, note?: string): BenchRow {
  return { id, what, value, unit, target, pass: value <= target, ...(note === undefined ? {} : { note }) };
}

function info(id: string, what: string, value: number, unit: string): BenchRow {
  return { id, what, value, unit, target: null, pass: null };
}
