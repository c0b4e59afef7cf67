/**
 * Damage of one set of calls in the users' units, against what was normal for them:
 *
 *   seconds = Σ_bins requests × max(0, latency − base)        extra seconds that callers waited
 *   failed  = Σ_bins requests × max(0, failedShare − base)    extra calls that failed
 *   base    = the worse of (median of normal bins, lower quartile of the incident's bins before onset):
 *             what was bad already before onset is no part of this incident (recency rule); the quartile, because an
 *             alarm comes late and the last bins before it are often part of what it tells of
 *   gate    : a bin counts only when it lies GATE_SIGMA σ beyond the base;
 *             σ = max(spread, 5 % of the base, 1 ms) for latency, max(spread, 0.25 points, the binomial error of the
 *             bin's number of calls) for failures
 *
 * Floors and signs matter more than the choice of statistic: a metronome of a service deviates by many of its own MADs
 * without anybody waiting, and what became faster is no damage.
 */
import { FEWEST_BINS, isNorm, lowerQuartile, normOf } from '../recorded/norm.ts';
import type { Bin, Load, Measured, Norm, Series } from '../recorded/types.ts';

/** Deviations below this are noise. Lower finds weaker faults and blames more bystanders. */
export const GATE_SIGMA = 2;
/** σ is never taken for less than this part of the base: loads differ by that much from day to day. */
export const LATENCY_FLOOR_SHARE = 0.05;
/** … nor for less than this: clocks and schedulers. */
export const LATENCY_FLOOR_MS = 1;
/** … and for shares of failures: a quarter of a percentage point. */
export const FAILED_FLOOR = 0.0025;
/** Calls that get no answer at all deviate by this much. */
const UNANSWERED_SIGMA = 10;
/** Bins without the symptom after which the incident is over. Fewer split one that comes and goes into two. */
const QUIET_BINS = 3;
/** How long an alarm may come before what it tells of can be seen. */
const PATIENCE_BINS = 5;

export interface Excess {
  readonly seconds: number;
  readonly failed: number;
  /** The same per incident bin; empty when there is none. */
  readonly secondsPerBin: Float64Array;
  readonly failedPerBin: Float64Array;
  /** Largest deviation after onset in σ, gated or not; 0 when nothing could be compared. */
  readonly slowSigma: number;
  readonly failedSigma: number;
  /** Calls in bins beyond the gate. */
  readonly harmedCalls: { readonly seconds: number; readonly failed: number };
  /** Bins after onset beyond the gate, and those in which anything was measured. */
  readonly slowBins: number;
  readonly failedBins: number;
  readonly measuredBins: number;
  /** Calls over the counted bins. */
  readonly requests: number;
  /** False: it was never seen before onset, so nothing of it can be called unusual. */
  readonly known: boolean;
  readonly baseMs: number;
  readonly baseFailed: number;
}

/** Which of the incident's bins lie before onset, and which count as damage. */
export interface Windows {
  readonly bins: number;
  /** Bins [0, beforeTo) lie wholly before onset. */
  readonly beforeTo: number;
  /** Bins [beforeTo, end) belong to the incident. */
  readonly end: number;
}

/** A bin that contains onset counts: part of it is damage. Without any bin before onset the first one must do. */
export function windowsOf(bins: readonly Bin[], onsetMs: number): Windows {
  let beforeTo = 0;
  while (beforeTo < bins.length && (bins[beforeTo] as Bin).toMs <= onsetMs) beforeTo++;
  if (beforeTo === 0 && bins.length > 1) beforeTo = 1;
  // An alarm after everything in the window: then only the first bin is sure to be clean.
  if (beforeTo >= bins.length) beforeTo = Math.min(1, bins.length - 1);
  return { bins: bins.length, beforeTo, end: bins.length };
}

/**
 * Ends the incident where its symptom has been gone for QUIET_BINS bins, or has not come within PATIENCE_BINS: damage
 * after that is another incident, and within hours of bins something always happens. One that never comes ends nothing.
 */
export function endWithSymptom(windows: Windows, symptom: Excess, unit: 'seconds' | 'failed'): Windows {
  const perBin = unit === 'seconds' ? symptom.secondsPerBin : symptom.failedPerBin;
  // Nobody felt it at all: no part of the window is more telling than another.
  if (perBin.every((damage) => damage === 0)) return windows;
  let quiet = 0;
  let patience = PATIENCE_BINS;
  for (let bin = windows.beforeTo; bin < windows.bins; bin++) {
    const there = (perBin[bin] ?? 0) > 0;
    if (there) patience = QUIET_BINS;
    quiet = there ? 0 : quiet + 1;
    if (quiet >= patience) return { ...windows, end: bin + 1 };
  }
  return windows;
}

/** Most services: nothing is allocated for them. */
const UNHARMED = new Float64Array(0);

export function excessOf({ incident, normal }: Measured, windows: Windows): Excess {
  const base = baseOf(incident, pastOf(incident, normal, windows), windows);
  let [secondsPerBin, failedPerBin] = [UNHARMED, UNHARMED];
  let [slowSigma, failedSigma, slowBins, failedBins, measuredBins, requests] = [0, 0, 0, 0, 0, 0];
  const harmedCalls = { seconds: 0, failed: 0 };
  for (let bin = windows.beforeTo; bin < windows.end; bin++) {
    const calls = orZero(incident.requests[bin]);
    const waited = orZero(incident.waitedSeconds?.[bin]);
    if (calls <= 0 && waited <= 0) continue;
    requests += calls;
    measuredBins++;
    if (waited > 0) {
      // No answer at all is beyond any gate. Each second of it harms about one call.
      slowSigma = Math.max(slowSigma, UNANSWERED_SIGMA);
      harmedCalls.seconds += waited;
      if (secondsPerBin.length === 0) secondsPerBin = new Float64Array(windows.bins);
      secondsPerBin[bin] = waited;
    }
    const slower = orZero(incident.latencyMs[bin]) - base.latencyMs;
    const slow = slower > 0 ? slower / base.latencySigma : 0;
    slowSigma = Math.max(slowSigma, slow);
    if (slow >= GATE_SIGMA) {
      harmedCalls.seconds += calls;
      if (secondsPerBin.length === 0) secondsPerBin = new Float64Array(windows.bins);
      secondsPerBin[bin] = (secondsPerBin[bin] as number) + (calls * slower) / 1_000;
    }
    if (slow >= GATE_SIGMA || waited > 0) slowBins++;
    const worse = orZero(incident.failedShare[bin]) - base.failedShare;
    if (worse > 0) {
      const sigma = worse / Math.max(base.failedSigma, binomialError(base, calls));
      failedSigma = Math.max(failedSigma, sigma);
      if (sigma >= GATE_SIGMA) {
        failedBins++;
        harmedCalls.failed += calls;
        if (failedPerBin.length === 0) failedPerBin = new Float64Array(windows.bins);
        failedPerBin[bin] = calls * worse;
      }
    }
  }
  const known = !Number.isNaN(base.latencyMs) || !Number.isNaN(base.failedShare);
  return {
    seconds: sum(secondsPerBin),
    failed: sum(failedPerBin),
    secondsPerBin,
    failedPerBin,
    slowSigma,
    failedSigma,
    harmedCalls,
    slowBins,
    failedBins,
    measuredBins,
    requests,
    known,
    baseMs: base.latencyMs,
    baseFailed: base.failedShare,
  };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Without normal bins those before onset must say what is usual, if there are enough of them. */
function pastOf(incident: Load, normal: Measured['normal'], { beforeTo }: Windows): Norm | null {
  if (normal !== null) return isNorm(normal) ? normal : normOf(normal);
  if (beforeTo < FEWEST_BINS) return null;
  const cut = (series: Series): Series => series.slice(0, beforeTo);
  const { requests, latencyMs, failedShare } = incident;
  return normOf({ requests: cut(requests), latencyMs: cut(latencyMs), failedShare: cut(failedShare) });
}

interface Base {
  readonly calls: number;
  readonly latencyMs: number;
  readonly latencySigma: number;
  readonly failedShare: number;
  readonly failedSigma: number;
}

function baseOf(incident: Load, norm: Norm | null, windows: Windows): Base {
  const before = (series: Series): number => lowerQuartile(series, Math.min(series.length, windows.beforeTo));
  const latencyMs = worse(norm?.latencyMs, before(incident.latencyMs));
  const failedShare = worse(norm?.failedShare, before(incident.failedShare));
  return {
    calls: norm?.calls ?? 0,
    latencyMs,
    latencySigma: Math.max(orZero(norm?.latencySigmaMs), LATENCY_FLOOR_SHARE * latencyMs, LATENCY_FLOOR_MS),
    failedShare,
    failedSigma: Math.max(orZero(norm?.failedSigma), FAILED_FLOOR),
  };
}

/** A share of few calls jumps by chance: one call in fifty is two points. */
function binomialError({ failedShare: share, calls: before }: Base, calls: number): number {
  // (k + 1) / (n + 2): no share is certain, however often it was zero. n: all calls that speak for this share.
  const known = before + calls;
  const smoothed = (share * known + 1) / (known + 2);
  return Math.sqrt((smoothed * (1 - smoothed)) / calls);
}

function worse(a: number | undefined, b: number): number {
  if (a === undefined || Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : Math.max(a, b);
}

function orZero(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value;
}
