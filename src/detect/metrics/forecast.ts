/**
 * When will it be full? For disks, memory, descriptors, connections: whatever has a limit. At four paces, from five
 * minutes to two days, usage is kept as 32 means; on each a line is laid by the median of all pairwise slopes (Theil
 * 1950, Sen 1968: a quarter of the points may be wild), with Sen's interval from Kendall's tau. A line counts only if
 *   it rises significantly, its growth is not one step, it still goes on, it has passed what was reached before it
 *   began (a sawtooth has not), and it is not drawn out beyond six times the time it was seen for.
 * The longest pace speaks, unless a shorter one is sure that it goes faster now. Prometheus' `predict_linear` has no
 * interval and takes any step for a trend.
 */
import { formatDuration, type Ms } from '../../model/time.ts';
import { normalTail } from '../statistics.ts';
import { type Line, MeanRing, theilSen } from './theil-sen.ts';

export interface ForecastConfig {
  /** Warn when it is likely to be full within this. Longer warns earlier, and more often in vain. */
  readonly horizonMs: Ms;
  /** Share of the limit below which nothing is forecast: there is time, and programs grow while they start. */
  readonly fromShare: number;
}

/** Disks fill slowly and take people to empty; the others are freed by a restart, and fill in hours or minutes. */
export const FORECASTS = {
  disk: { horizonMs: 24 * 3_600_000, fromShare: 0.6 },
  memory: { horizonMs: 6 * 3_600_000, fromShare: 0.5 },
  descriptors: { horizonMs: 6 * 3_600_000, fromShare: 0.5 },
  connections: { horizonMs: 3_600_000, fromShare: 0.5 },
} as const satisfies Record<string, ForecastConfig>;

export interface TimeToFull {
  /** 90 % interval; latest is null when the growth may as well be too slow to matter. */
  readonly earliestMs: Ms;
  readonly likelyMs: Ms;
  readonly latestMs: Ms | null;
}

export interface ForecastVerdict {
  /** Of the limit, now. */
  readonly share: number;
  /** null: it does not grow, or not in a way that can be drawn out. */
  readonly timeToFull: TimeToFull | null;
  /** How unlikely so steady a rise is by chance; null without one. */
  readonly minusLog10P: number | null;
  /** With hysteresis: raised after two forecasts within the horizon, until three are well beyond it. */
  readonly exhausting: boolean;
  /** One line while exhausting. */
  readonly reason: string | null;
}

export interface Forecast {
  /** Times must not run backwards (a sample that does is ignored). `limit` ≤ 0 or not finite: there is none. */
  push(timeMs: Ms, used: number, limit: number): ForecastVerdict;
  /** What was learnt is void: the process has been replaced. */
  reset(): void;
  readonly bytes: number;
}

/** Durations of a bucket; 32 of them are 5.3 min, 43 min, 5.7 h, 45 h. Longest first. */
export const PACES_MS: readonly Ms[] = [5_120_000, 640_000, 80_000, 10_000];
const BUCKETS = 32;
/** Fewer buckets make no trend. */
const ENOUGH = 12;
/** How far a trend is drawn out, as a multiple of the time it was seen for. */
export const REACH = 6;
/** Chance of taking noise for a rise: 1 in 1,000 by Kendall's test. Neighbouring means agree, so it is more in truth. */
const LOG_P = 3;
/** More of the growth than this in one bucket is a step. */
const STEP_SHARE = 0.5;
/** The last quarter must have grown by at least this share of its part. */
const GOING_ON = 0.3;
const RAISE_AFTER = 2;
const CLEAR_AFTER = 3;
/** Beyond this multiple of the horizon a forecast speaks for clearing. */
export const CLEAR_BEYOND = 1.5;
const CLEAR_SHARE = 0.9;

interface Found {
  readonly timeToFull: TimeToFull;
  readonly minusLog10P: number;
  readonly seenMs: Ms;
}

export function createForecast(config: ForecastConfig): Forecast {
  return new ResourceForecast(config);
}

class ResourceForecast implements Forecast {
  readonly #config: ForecastConfig;
  readonly #paces = PACES_MS.map((bucketMs) => new MeanRing(BUCKETS, bucketMs));
  #lines: (Line | null)[] = PACES_MS.map(() => null);
  #lastMs = Number.NEGATIVE_INFINITY;
  #exhausting = false;
  #votes = 0;
  #verdict: ForecastVerdict = {
    share: 0,
    timeToFull: null,
    minusLog10P: null,
    exhausting: false,
    reason: null,
  };

  constructor(config: ForecastConfig) {
    this.#config = config;
  }

  get bytes(): number {
    return this.#paces.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  reset(): void {
    for (const pace of this.#paces) pace.clear();
    this.#lines = PACES_MS.map(() => null);
    this.#exhausting = false;
    this.#votes = 0;
  }

  push(timeMs: Ms, used: number, limit: number): ForecastVerdict {
    if (!Number.isFinite(used) || !(timeMs >= this.#lastMs)) return this.#verdict;
    this.#lastMs = timeMs;
    const share = Number.isFinite(limit) && limit > 0 ? used / limit : 0;
    const matters = share > 0 && share >= CLEAR_SHARE * this.#config.fromShare;
    let renewed = false;
    this.#paces.forEach((pace, index) => {
      if (!pace.push(timeMs, used)) return;
      this.#lines[index] = matters && pace.count >= ENOUGH ? this.#believable(theilSen(pace)) : null;
      renewed = true;
    });
    const found = share > 0 && share >= this.#config.fromShare ? this.#choose(timeMs, limit) : null;
    if (renewed) this.#vote(found, share);
    this.#verdict = {
      share,
      timeToFull: found?.timeToFull ?? null,
      minusLog10P: found?.minusLog10P ?? null,
      exhausting: this.#exhausting,
      reason: this.#exhausting ? reason(share, found) : null,
    };
    return this.#verdict;
  }

  #choose(nowMs: Ms, limit: number): Found | null {
    let best: Found | null = null;
    for (const line of this.#lines) {
      const found = line === null ? null : drawOut(line, nowMs, limit);
      if (found === null) continue;
      const { latestMs } = found.timeToFull;
      if (best === null || (latestMs !== null && latestMs < best.timeToFull.earliestMs)) best = found;
    }
    return best;
  }

  #believable(line: Line): Line | null {
    const { slope, z, growth, largestStep, lastQuarter, fromMs, last } = line;
    if (slope <= 0 || growth <= 0 || normalTail(z) < LOG_P) return null;
    if (largestStep > STEP_SHARE * growth) return null;
    if (lastQuarter < (GOING_ON * growth) / 4) return null;
    return this.#paces.some((pace) => pace.highBefore(fromMs) >= last) ? null : line;
  }

  #vote(found: Found | null, share: number): void {
    const { horizonMs, fromShare } = this.#config;
    const likely = found?.timeToFull.likelyMs ?? Number.POSITIVE_INFINITY;
    if (!this.#exhausting) {
      this.#votes = likely <= horizonMs ? this.#votes + 1 : 0;
      if (this.#votes >= RAISE_AFTER) this.#turn(true);
      return;
    }
    this.#votes = likely > CLEAR_BEYOND * horizonMs || share < CLEAR_SHARE * fromShare ? this.#votes + 1 : 0;
    if (this.#votes >= CLEAR_AFTER) this.#turn(false);
  }

  #turn(exhausting: boolean): void {
    this.#exhausting = exhausting;
    this.#votes = 0;
  }
}

function drawOut(line: Line, nowMs: Ms, limit: number): Found | null {
  const reach = (level: number, slope: number): Ms => Math.max(0, (limit - level) / slope - (nowMs - line.toMs));
  const likelyMs = reach(line.level, line.slope);
  if (likelyMs > REACH * line.spanMs) return null;
  const earliestMs = Math.min(likelyMs, reach(line.levelHigh, line.high));
  const latestMs = line.low > 0 ? Math.max(likelyMs, reach(line.levelLow, line.low)) : null;
  return { timeToFull: { earliestMs, likelyMs, latestMs }, minusLog10P: normalTail(line.z), seenMs: line.spanMs };
}

function reason(share: number, found: Found | null): string {
  const used = `${Math.round(share * 100)} % used`;
  if (found === null) return `${used}; it was growing towards its limit`;
  const { earliestMs, likelyMs, latestMs } = found.timeToFull;
  const until = latestMs === null ? 'or more' : `to ${formatDuration(Math.round(latestMs))}`;
  return (
    `${used}, full in ${formatDuration(Math.round(likelyMs))} (${formatDuration(Math.round(earliestMs))} ${until}) ` +
    `at the rate of the last ${formatDuration(found.seenMs)}`
  );
}
