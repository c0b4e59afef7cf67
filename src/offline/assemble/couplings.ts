/**
 * Who calls whom, where nothing recorded says so: learnt from how often each service was asked while all was well.
 * Every call of a callee is made for some call of its callers, so its counts follow theirs bin by bin, in their random
 * ups and downs too, beyond what the load of the day does to all. That a call has a direction shows in how long it
 * takes: who waits for another takes at least as long, and longer when the other does; what two have in common that are
 * only asked by the same caller is counts without times.
 *
 *   calls(c) = Σ_callers k × calls(p) + rest, k > 0, callers chosen one by one as long as one explains what the others
 *   leave: |correlation with the rest| ≥ LEAST_LIKE, and beyond chance for that many bins
 */
import type { RecordedService } from '../../diagnose/recorded/types.ts';

export interface Coupling {
  readonly caller: string;
  readonly callee: string;
}

/** Fewer bins than this with calls couple by chance. */
const FEWEST_BINS = 20;
const LEAST_LIKE = 0.3;
/** … and this many standard deviations of a correlation of nothing with nothing. */
const SIGMAS = 3.5;
/** Ups and downs slower than this many bins either way are the load of the day, and everybody's. */
const AROUND = 5;
/** Of callers whose correlations are this close, it is the one whose times rise and fall with the callee's the most. */
const ALIKE = 0.1;
const WAITS = 0.5;
const MOST_CALLERS = 4;
/** Who waits takes as long at least, but for what measuring does to it. */
const AS_LONG = 0.9;

interface Usual {
  readonly service: string;
  readonly counts: Float64Array;
  readonly times: Float64Array;
  readonly latencyMs: number;
}

export function couplingsOf(services: readonly RecordedService[]): Coupling[] {
  const usual = services.map(usualOf).filter((each) => each !== null);
  return usual.flatMap((callee) => {
    const others = usual.filter(
      ({ service, counts, latencyMs }) =>
        service !== callee.service && counts.length === callee.counts.length && latencyMs >= AS_LONG * callee.latencyMs,
    );
    return callersOf(callee, others).map(({ service }) => ({ caller: service, callee: callee.service }));
  });
}

/**
 * Time for which calls of each service are under way, all together, in normal times: calls × mean time (Little, 1961).
 * Whoever waits for others is under way for as long as they are, at least.
 */
export function busyOf(services: readonly RecordedService[], before: number | null = null): Map<string, number> {
  return new Map(
    services.map(({ service, incident, normal }) => {
      const { requests, latencyMs } = normal === null || 'bins' in normal ? incident : normal;
      let sum = 0;
      for (let bin = 0; bin < (before ?? requests.length); bin++) sum += (requests[bin] || 0) * (latencyMs[bin] || 0);
      return [service, sum];
    }),
  );
}

/** Whom users call, where nobody recorded who calls whom: within its time lies that of all others. `before`: of bins. */
export function entryOf(services: readonly RecordedService[], before: number | null): Set<string> {
  const busy = busyOf(services, before);
  const most = Math.max(0, ...busy.values());
  return new Set([...busy].filter(([, time]) => time >= most).map(([service]) => service));
}

function usualOf({ service, normal }: RecordedService): Usual | null {
  if (normal === null || 'bins' in normal) return null;
  const counts = Float64Array.from(normal.requests, (calls) => calls || 0);
  if (counts.filter((calls) => calls > 0).length < FEWEST_BINS) return null;
  const times = Array.from(normal.latencyMs)
    .filter((ms) => !Number.isNaN(ms))
    .sort((a, b) => a - b);
  const latencyMs = times[times.length >> 1];
  if (latencyMs === undefined) return null;
  const filled = Float64Array.from(normal.latencyMs, (ms) => (Number.isNaN(ms) ? latencyMs : ms));
  return { service, counts: quick(counts), times: quick(filled.map(Math.log)), latencyMs };
}

function callersOf({ counts, times }: Usual, others: readonly Usual[]): Usual[] {
  const chosen: Usual[] = [];
  let rest = counts;
  const least = Math.max(LEAST_LIKE, SIGMAS / Math.sqrt(counts.length));
  while (chosen.length < MOST_CALLERS) {
    const likes = others
      .filter((each) => !chosen.includes(each))
      .map((each) => ({ each, like: likeness(each.counts, rest) }));
    const most = Math.max(...likes.map(({ like }) => like), 0);
    if (most < least) break;
    const near = likes.filter(({ like }) => like >= Math.max(least, most - ALIKE));
    const waits = ({ each, like }: (typeof near)[number]): number =>
      like + WAITS * Math.max(0, likeness(each.times, times));
    chosen.push(near.reduce((best, one) => (waits(one) > waits(best) ? one : best)).each);
    rest = unexplained(
      counts,
      chosen.map((each) => each.counts),
    );
  }
  return chosen;
}

/** What is left of `of` after least squares over `by`, by Gauss and Seidel's steps, no factor below nothing. */
function unexplained(of: Float64Array, by: readonly Float64Array[]): Float64Array {
  const rest = Float64Array.from(of);
  const factors = by.map(() => 0);
  for (let round = 0; round < 30; round++) {
    by.forEach((each, n) => {
      const known = factors[n] as number;
      const next = Math.max(0, known + dot(each, rest) / (dot(each, each) || 1));
      for (let bin = 0; bin < rest.length; bin++)
        rest[bin] = (rest[bin] as number) - (next - known) * (each[bin] as number);
      factors[n] = next;
    });
  }
  return rest;
}

/** What is left of the ups and downs without the slow ones. */
function quick(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  values.forEach((value, bin) => {
    sums[bin + 1] = (sums[bin] as number) + value;
  });
  return values.map((value, bin) => {
    const [from, to] = [Math.max(0, bin - AROUND), Math.min(values.length, bin + AROUND + 1)];
    return value - ((sums[to] as number) - (sums[from] as number)) / (to - from);
  });
}

function likeness(a: Float64Array, b: Float64Array): number {
  return dot(a, b) / (Math.sqrt(dot(a, a) * dot(b, b)) || 1);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] as number) * (b[n] as number);
  return sum;
}
