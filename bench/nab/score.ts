/**
 * The scoring rules of the Numenta Anomaly Benchmark (Lavin and Ahmad, "Evaluating Real-time Anomaly Detection
 * Algorithms", 2015; github.com/numenta/NAB), exactly: rows of the probationary period are ignored, a window counts
 * once by its earliest detection, a false positive costs the more the further it is from the window before it, one
 * threshold holds for all files, and the sum is put on a scale where detecting nothing is 0 and everything at once 100.
 */

/** First and last row of an anomaly, both inside. */
export interface Window {
  readonly left: number;
  readonly right: number;
}

export interface LabelledRows {
  readonly rows: number;
  /** Ordered, disjoint. */
  readonly windows: readonly Window[];
}

/** One detector's opinion of one file: a score a row, in [0, 1]. */
export interface ScoredFile extends LabelledRows {
  readonly scores: ArrayLike<number>;
}

/** Weights of a true positive, a missed window, a false positive. */
export interface Profile {
  readonly name: 'standard' | 'low FP' | 'low FN';
  readonly tp: number;
  readonly fn: number;
  readonly fp: number;
}

export const PROFILES: readonly Profile[] = [
  { name: 'standard', tp: 1, fn: 1, fp: 0.11 },
  { name: 'low FP', tp: 1, fn: 1, fp: 0.22 },
  { name: 'low FN', tp: 1, fn: 2, fp: 0.11 },
];

export interface Score {
  /** A row is a detection when its score is at least this. */
  readonly threshold: number;
  /** Sum of gains and losses, missed windows included. */
  readonly raw: number;
  /** Of 100; a detector that never fires has 0, one that cries wolf has less. */
  readonly normalised: number;
  readonly hit: number;
  readonly windows: number;
  readonly falsePositives: number;
}

const PROBATION_SHARE = 0.15;
const PROBATION_MOST = 750;
/** Above every score: with it nothing is a detection. */
const NEVER = 1.1;

/** Rows at the beginning that are not scored. */
export function probation(rows: number): number {
  return Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_MOST);
}

/** 1 far before, 0 at, −1 far behind a window's end. */
export function sigmoid(y: number): number {
  return y > 3 ? -1 : 2 / (1 + Math.exp(5 * y)) - 1;
}

const BEST = sigmoid(-1);

/** What a detection at each row is worth before weights: its window and gain in it, or its loss outside. */
interface RowValues {
  readonly from: number;
  /** Index into windows; −1 outside. */
  readonly window: Int32Array;
  readonly value: Float64Array;
}

export function rowValues({ rows, windows }: LabelledRows): RowValues {
  const window = new Int32Array(rows).fill(-1);
  const value = new Float64Array(rows);
  let next = 0;
  for (let row = 0; row < rows; row++) {
    while (next < windows.length && (windows[next] as Window).right < row) next++;
    const inside = windows[next];
    const before = windows[next - 1];
    if (inside !== undefined && inside.left <= row) {
      window[row] = next;
      const width = inside.right - inside.left + 1;
      value[row] = sigmoid(-(inside.right - row + 1) / width) / BEST;
    } else if (before === undefined) {
      value[row] = -1;
    } else {
      value[row] = sigmoid((row - before.right) / (before.right - before.left));
    }
  }
  return { from: probation(rows), window, value };
}

interface Detection {
  readonly score: number;
  /** Index over the windows of all files; −1 outside. */
  readonly window: number;
  readonly value: number;
}

function detections(files: readonly ScoredFile[]): Detection[] {
  const all: Detection[] = [];
  let windows = 0;
  for (const file of files) {
    const { from, window, value } = rowValues(file);
    for (let row = from; row < file.rows; row++) {
      const at = window[row] as number;
      all.push({
        score: file.scores[row] as number,
        window: at < 0 ? -1 : windows + at,
        value: value[row] as number,
      });
    }
    windows += file.windows.length;
  }
  return all.sort((a, b) => b.score - a.score);
}

/** Score at the threshold that maximises it, over all scores that occur. */
export function sweep(files: readonly ScoredFile[], profile: Profile): Score {
  const all = detections(files);
  const tally = new Tally(files, profile);
  let best = tally.score(NEVER);
  for (let index = 0; index < all.length; index++) {
    const detection = all[index] as Detection;
    tally.add(detection);
    if (index + 1 < all.length && (all[index + 1] as Detection).score === detection.score) continue;
    const now = tally.score(detection.score);
    if (now.raw > best.raw) best = now;
  }
  return best;
}

/** Score at a given threshold. */
export function scoreAt(files: readonly ScoredFile[], profile: Profile, threshold: number): Score {
  const tally = new Tally(files, profile);
  for (const detection of detections(files)) if (detection.score >= threshold) tally.add(detection);
  return tally.score(threshold);
}

/** Raw sums of several parts, as one score on the common scale. */
export function total(parts: readonly Score[], profile: Profile): Score {
  const sum = (of: (part: Score) => number): number => parts.reduce((all, part) => all + of(part), 0);
  const windows = sum((part) => part.windows);
  const raw = sum((part) => part.raw);
  return {
    threshold: Number.NaN,
    raw,
    normalised: normalise(raw, windows, profile),
    hit: sum((part) => part.hit),
    windows,
    falsePositives: sum((part) => part.falsePositives),
  };
}

function normalise(raw: number, windows: number, { tp, fn }: Profile): number {
  return (100 * (raw + windows * fn)) / (windows * (tp + fn));
}

class Tally {
  readonly #profile: Profile;
  /** Best gain so far of each window; −1 while it is missed. */
  readonly #gains: Float64Array;
  #gained = 0;
  #lost = 0;
  #hit = 0;
  #falsePositives = 0;

  constructor(files: readonly ScoredFile[], profile: Profile) {
    this.#profile = profile;
    this.#gains = new Float64Array(files.reduce((sum, { windows }) => sum + windows.length, 0)).fill(-1);
  }

  add({ window, value }: Detection): void {
    if (window < 0) {
      this.#lost += value;
      this.#falsePositives++;
      return;
    }
    const gain = this.#gains[window] as number;
    if (value <= gain) return;
    if (gain < 0) this.#hit++;
    this.#gained += value - Math.max(0, gain);
    this.#gains[window] = value;
  }

  score(threshold: number): Score {
    const { tp, fn, fp } = this.#profile;
    const windows = this.#gains.length;
    const raw = tp * this.#gained + fp * this.#lost - fn * (windows - this.#hit);
    return {
      threshold,
      raw,
      normalised: normalise(raw, windows, this.#profile),
      hit: this.#hit,
      windows,
      falsePositives: this.#falsePositives,
    };
  }
}
