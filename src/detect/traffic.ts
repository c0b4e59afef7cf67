/** A service's traffic over the last seconds, per instance and in all, beside what was normal for the same mix. */

import { bucketMidUs, type SparseHistogram } from '../model/histogram.ts';
import type { EdgeSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import type { EdgeBaseline, SystemView } from '../model/view.ts';

/** Enough requests for a verdict. Fewer notices sooner on quiet services, and is wrong more often. */
export const ENOUGH_REQUESTS = 20;
/** Looks back at least this far, and on quiet services further until there are enough requests. */
export const LOOK_BACK_MS: Ms = 3_000;
export const LOOK_BACK_MAX_MS: Ms = 30_000;
/** The baseline ends this long ago, so that a fault in the making is not part of its own norm. */
export const BASELINE_GAP_MS: Ms = 15_000;
/** A symptom of traffic that is this old has been told: from then on its level becomes the norm, and it clears. */
export const ADAPT_MS: Ms = 600_000;
/** A baseline of fewer seconds says little about latency. */
export const BASELINE_WINDOWS = 10;

/** A window with what would have been normal for it. */
export interface Measured {
  readonly at: Ms;
  readonly caller: string;
  readonly instance: string;
  readonly requests: number;
  /** Calls that the instance answered wrongly or not at all, those tried again elsewhere included. */
  readonly failed: number;
  /** Of these the ones without an answer: refused, reset, or not answered in time. */
  readonly broken: number;
  /** Failures that callers saw, those for want of an instance included. */
  readonly visible: number;
  readonly completed: number;
  readonly sumMs: number;
  readonly latency: SparseHistogram;
  readonly baseline: EdgeBaseline | undefined;
}

export interface Tally {
  requests: number;
  failed: number;
  visible: number;
  completed: number;
  sumMs: number;
  /** What `sumMs` would have been, and how much it may wander; over calls with a known baseline. */
  expectedMs: number;
  sigmaMs: number;
  known: number;
}

export function gather(
  view: SystemView,
  callee: string,
  callers: readonly string[],
  now: Ms,
  baselineBefore: Ms,
  isVoid: (at: Ms) => boolean,
): Measured[] {
  const measured: Measured[] = [];
  for (const caller of callers) {
    const windows = view.edges.windows(caller, callee, now - LOOK_BACK_MAX_MS, now);
    if (windows.length === 0) continue;
    const baseline = view.edges.baseline(caller, callee, baselineBefore);
    for (const window of windows) if (!isVoid(window.at)) measured.push(measure(window, baseline));
  }
  // Newest first: who has enough stops looking.
  return measured.sort((a, b) => b.at - a.at);
}

/** A window is looked at every second for half a minute: what does not change is worked out once. */
const measuredWindows = new WeakMap<EdgeSignal, Omit<Measured, 'baseline'> & { baseline: EdgeBaseline | undefined }>();

function measure(window: EdgeSignal, baseline: EdgeBaseline | undefined): Measured {
  const known = measuredWindows.get(window);
  if (known) {
    known.baseline = baseline;
    return known;
  }
  const { connect, reset, timeout, status5xx, unavailable } = window.failures;
  const own = connect + reset + timeout + status5xx;
  let sumUs = 0;
  let completed = 0;
  for (const [bucket, count] of window.latency) {
    sumUs += count * bucketMidUs(bucket);
    completed += count;
  }
  const measured = {
    at: window.at,
    caller: window.caller,
    instance: window.instance,
    requests: window.requests + window.retried,
    failed: own + window.retried,
    broken: connect + reset + timeout,
    visible: own + unavailable,
    completed,
    sumMs: sumUs / 1_000,
    latency: window.latency,
    baseline,
  };
  measuredWindows.set(window, measured);
  return measured;
}

export function emptyTally(): Tally {
  return { requests: 0, failed: 0, visible: 0, completed: 0, sumMs: 0, expectedMs: 0, sigmaMs: 0, known: 0 };
}

export function add(tally: Tally, measured: Measured): void {
  tally.requests += measured.requests;
  tally.failed += measured.failed;
  tally.visible += measured.visible;
  tally.completed += measured.completed;
  tally.sumMs += measured.sumMs;
  const { baseline, completed } = measured;
  if (!baseline || baseline.windows < BASELINE_WINDOWS) return;
  tally.expectedMs += completed * baseline.meanMs;
  tally.sigmaMs += completed * Math.max(1.4826 * baseline.meanMadMs, 0.05 * baseline.meanMs, 1);
  tally.known += completed;
}

/** Of the newest `seconds`, by age: what satisfies `which`. Windows newest first. */
export function bySecond(
  windows: readonly Measured[],
  now: Ms,
  seconds: number,
  which: (measured: Measured) => boolean,
): Map<number, Tally> {
  const found = new Map<number, Tally>();
  for (const window of windows) {
    const age = ageOf(window, now);
    if (age >= seconds) break;
    if (!which(window)) continue;
    const tally = found.get(age) ?? emptyTally();
    add(tally, window);
    found.set(age, tally);
  }
  return found;
}

/** In whole seconds. */
export function ageOf({ at }: Measured, now: Ms): number {
  return Math.floor((now - at) / 1_000);
}

export function sum(tallies: readonly Tally[]): Tally {
  const total = emptyTally();
  for (const tally of tallies) {
    for (const key of Object.keys(total) as (keyof Tally)[]) total[key] += tally[key];
  }
  return total;
}

/**
 * The newest windows that satisfy `which`, at least LOOK_BACK_MS of them and until there is enough of what is judged:
 * requests for failures, completed ones for latency.
 */
export function recent(
  windows: readonly Measured[],
  now: Ms,
  judged: 'requests' | 'completed',
  which: (measured: Measured) => boolean,
): Tally {
  const tally = emptyTally();
  for (const measured of windows) {
    if (measured.at < now - LOOK_BACK_MS && tally[judged] >= ENOUGH_REQUESTS) break;
    if (which(measured)) add(tally, measured);
  }
  return tally;
}

/** This share of the slowest calls is left out of what is typical. */
export const STRAGGLERS = 0.1;

/** Mean of the same calls that `recent` takes for latency, without the slowest of them. */
export function typicalMs(windows: readonly Measured[], now: Ms, which: (measured: Measured) => boolean): number {
  const counts = new Map<number, number>();
  let total = 0;
  for (const measured of windows) {
    if (measured.at < now - LOOK_BACK_MS && total >= ENOUGH_REQUESTS) break;
    if (!which(measured)) continue;
    total += measured.completed;
    for (const [bucket, count] of measured.latency) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  const kept = Math.floor(total * (1 - STRAGGLERS));
  let left = kept;
  let sumUs = 0;
  for (const [bucket, count] of [...counts].sort(([a], [b]) => a - b)) {
    const taken = Math.min(left, count);
    sumUs += taken * bucketMidUs(bucket);
    left -= taken;
  }
  return kept === 0 ? 0 : sumUs / kept / 1_000;
}

/** Weighted by the requests of each edge. Undefined while no baseline is known. */
export function expectedFailureShare(windows: readonly Measured[]): number | undefined {
  let requests = 0;
  let failures = 0;
  for (const { baseline, requests: count } of windows) {
    if (!baseline) continue;
    requests += count;
    failures += count * baseline.failureShare;
  }
  return requests === 0 ? undefined : failures / requests;
}

export function calleesOf(view: SystemView, caller: string): string[] {
  return view.edges
    .pairs()
    .filter((pair) => pair.caller === caller)
    .map(({ callee }) => callee);
}

export function callersByCallee(view: SystemView): Map<string, string[]> {
  const callers = new Map<string, string[]>();
  for (const { caller, callee } of view.edges.pairs()) {
    const list = callers.get(callee);
    if (list) list.push(caller);
    else callers.set(callee, [caller]);
  }
  return callers;
}

/** While something is wrong the norm is what was before it began; what lasts is the new norm after ADAPT_MS. */
export function normBefore(onsets: readonly Ms[], now: Ms): Ms {
  const recent = onsets.filter((onset) => now - onset < ADAPT_MS);
  return Math.min(now - BASELINE_GAP_MS, ...recent.map((onset) => onset - 1_000));
}
