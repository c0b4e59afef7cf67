/**
 * The traffic's recent past: windows per (caller, callee, instance) as they came, for two minutes, and per edge a
 * baseline folded ever more coarsely, for about an hour. Bounded in memory, cheap to feed, and a pure data structure:
 * detectors and diagnosis read it through EdgeHistoryView.
 *
 * Folding: 120 seconds of 1 s, then 60 of 10 s, then 60 of a minute. Medians over these weigh the last minutes most,
 * and an incident of minutes cannot become the norm: while it lasts a query names the time before which it wants to
 * know, and afterwards its time is left out (`disregard`), so that the next one of its kind is measured against health.
 */
import { Histogram } from './histogram.ts';
import { type EdgeFailures, type EdgeSignal, OUTSIDE } from './signal.ts';
import type { Ms } from './time.ts';
import type { EdgeBaseline, EdgeHistoryView } from './view.ts';

/** Windows are kept this long. Shorter saves memory; diagnosis looks back at most this far. */
export const KEEP_MS: Ms = 120_000;
/** While more windows than this are held (about 100 MB), each edge keeps only `KEEP_CROWDED_MS`. */
export const MAX_WINDOWS = 200_000;
export const KEEP_CROWDED_MS: Ms = 30_000;
/** Fewer known windows give no baseline: the first seconds of an edge are no norm. */
const MIN_BASELINE_WINDOWS = 5;
/** Baselines are computed for times rounded down to this, so that one computation serves many questions. */
const BASELINE_STEP_MS: Ms = 5_000;
/** [how many samples a tier holds, how many of them fold into one of the next]. */
const TIERS: readonly (readonly [cap: number, ratio: number])[] = [
  [120, 10],
  [60, 6],
  [60, 0],
];

/** Numbers of a flat window before its histogram. */
const FLAT_HEAD = 11;

/** One second (or a fold of several) of one edge, all instances together. */
interface Sample {
  readonly at: Ms;
  readonly spanMs: Ms;
  readonly requests: number;
  readonly failures: number;
  /** Calls that were answered: without any there is no latency to speak of. */
  readonly completed: number;
  readonly meanMs: Ms;
  readonly p99Ms: Ms;
}

interface Edge {
  readonly caller: string;
  readonly callee: string;
  windows: EdgeSignal[];
  /** The second that is still being filled. */
  open: EdgeSignal[];
  readonly tiers: Sample[][];
  cached: { readonly before: Ms; readonly baseline: EdgeBaseline | undefined } | null;
}

/** Flat, because a snapshot of a busy system holds 100,000 windows; about 100 bytes each. */
type FlatWindow = readonly [instance: string, protocol: EdgeSignal['protocol'], ...numbers: number[]];
type FlatSample = readonly [
  at: Ms,
  spanMs: Ms,
  requests: number,
  failures: number,
  completed: number,
  meanMs: Ms,
  p99Ms: Ms,
];

interface EdgeSnapshot {
  readonly caller: string;
  readonly callee: string;
  readonly windows: readonly FlatWindow[];
  readonly open: readonly FlatWindow[];
  readonly tiers: readonly (readonly FlatSample[])[];
}

export class EdgeHistory implements EdgeHistoryView {
  readonly #edges = new Map<string, Edge>();
  #held = 0;

  static restore(snapshot: unknown): EdgeHistory {
    const history = new EdgeHistory();
    for (const saved of (snapshot as { edges: readonly EdgeSnapshot[] }).edges) {
      const { caller, callee } = saved;
      history.#edges.set(key(caller, callee), {
        caller,
        callee,
        windows: saved.windows.map((flat) => unflatten(caller, callee, flat)),
        open: saved.open.map((flat) => unflatten(caller, callee, flat)),
        tiers: saved.tiers.map((tier) => tier.map(unflattenSample)),
        cached: null,
      });
      history.#held += saved.windows.length;
    }
    return history;
  }

  snapshot(): unknown {
    const edges: EdgeSnapshot[] = [...this.#edges.values()].map(({ caller, callee, windows, open, tiers }) => ({
      caller,
      callee,
      windows: windows.map(flatten),
      open: open.map(flatten),
      tiers: tiers.map((tier) => tier.map(flattenSample)),
    }));
    return { edges };
  }

  ingest(signal: EdgeSignal): void {
    const edge = this.#edge(signal.caller, signal.callee);
    const newest = edge.windows.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
    this.#held += 1;
    if (signal.at >= newest) edge.windows.push(signal);
    else insertByTime(edge.windows, signal);
    this.#trim(edge, Math.max(newest, signal.at));
    const openSecond = edge.open[0] === undefined ? null : secondOf(edge.open[0].at);
    if (openSecond === null || secondOf(signal.at) === openSecond) {
      edge.open.push(signal);
    } else if (secondOf(signal.at) > openSecond) {
      closeSecond(edge);
      edge.open = [signal];
    }
    // A window of a second that is closed already is too late for the baseline; the windows have it.
  }

  pairs(): readonly { readonly caller: string; readonly callee: string }[] {
    return [...this.#edges.values()].map(({ caller, callee }) => ({ caller, callee }));
  }

  windows(caller: string, callee: string, fromMs: Ms, toMs: Ms): readonly EdgeSignal[] {
    const windows = this.#edges.get(key(caller, callee))?.windows ?? [];
    return windows.slice(firstAfter(windows, fromMs), firstAfter(windows, toMs));
  }

  baseline(caller: string, callee: string, beforeMs: Ms): EdgeBaseline | undefined {
    const edge = this.#edges.get(key(caller, callee));
    if (!edge) return undefined;
    const before = Math.floor(beforeMs / BASELINE_STEP_MS) * BASELINE_STEP_MS;
    if (edge.cached?.before !== before) edge.cached = { before, baseline: baselineOf(edge, before) };
    return edge.cached.baseline;
  }

  /** What was measured of calls to this service in (fromMs, toMs] is no norm: something was wrong with it then. */
  disregard(callee: string, fromMs: Ms, toMs: Ms): void {
    for (const edge of this.#edges.values()) {
      if (edge.callee !== callee) continue;
      for (const [tier, samples] of edge.tiers.entries())
        edge.tiers[tier] = samples.filter(({ at }) => at <= fromMs || at > toMs);
      edge.cached = null;
    }
  }

  /** Forgets edges of services that are gone. */
  retain(keep: (service: string) => boolean): void {
    for (const [id, edge] of this.#edges) {
      if (keep(edge.callee) && (edge.caller === OUTSIDE || keep(edge.caller))) continue;
      this.#held -= edge.windows.length;
      this.#edges.delete(id);
    }
  }

  #edge(caller: string, callee: string): Edge {
    const id = key(caller, callee);
    const known = this.#edges.get(id);
    if (known) return known;
    const edge: Edge = { caller, callee, windows: [], open: [], tiers: TIERS.map(() => []), cached: null };
    this.#edges.set(id, edge);
    return edge;
  }

  /** Cuts in batches, so that feeding stays O(1) on average. */
  #trim(edge: Edge, newest: Ms): void {
    const keepMs = this.#held > MAX_WINDOWS ? KEEP_CROWDED_MS : KEEP_MS;
    const oldest = edge.windows[0];
    if (!oldest || oldest.at > newest - keepMs - 5_000) return;
    const cut = firstAfter(edge.windows, newest - keepMs);
    edge.windows = edge.windows.slice(cut);
    this.#held -= cut;
  }
}

export function failuresOf({ connect, reset, timeout, status5xx, unavailable }: EdgeFailures): number {
  return connect + reset + timeout + status5xx + unavailable;
}

function flatten(signal: EdgeSignal): FlatWindow {
  const { failures } = signal;
  return [
    signal.instance,
    signal.protocol,
    signal.at,
    signal.windowMs,
    signal.requests,
    failures.connect,
    failures.reset,
    failures.timeout,
    failures.status5xx,
    failures.unavailable,
    signal.retried,
    signal.inFlight,
    signal.oldestWaitMs,
    ...signal.latency.flat(),
  ];
}

function unflatten(caller: string, callee: string, flat: FlatWindow): EdgeSignal {
  const [instance, protocol, ...numbers] = flat;
  const [at, windowMs, requests, connect, reset, timeout, status5xx, unavailable, retried, inFlight, oldestWaitMs] =
    numbers as [number, number, number, number, number, number, number, number, number, number, number];
  const latency: [number, number][] = [];
  for (let i = FLAT_HEAD; i < numbers.length; i += 2) latency.push([numbers[i] as number, numbers[i + 1] as number]);
  const failures = { connect, reset, timeout, status5xx, unavailable };
  const counts = { requests, failures, retried, latency, inFlight, oldestWaitMs };
  return { kind: 'edge', at, windowMs, caller, callee, instance, protocol, ...counts };
}

function flattenSample({ at, spanMs, requests, failures, completed, meanMs, p99Ms }: Sample): FlatSample {
  return [at, spanMs, requests, failures, completed, meanMs, p99Ms];
}

function unflattenSample([at, spanMs, requests, failures, completed, meanMs, p99Ms]: FlatSample): Sample {
  return { at, spanMs, requests, failures, completed, meanMs, p99Ms };
}

function key(caller: string, callee: string): string {
  return `${caller}→${callee}`;
}

function secondOf(at: Ms): number {
  return Math.floor(at / 1_000);
}

function insertByTime(windows: EdgeSignal[], signal: EdgeSignal): void {
  windows.splice(firstAfter(windows, signal.at), 0, signal);
}

/** Index of the first window with `at > time`. */
function firstAfter(windows: readonly EdgeSignal[], time: Ms): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((windows[middle] as EdgeSignal).at > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

function closeSecond(edge: Edge): void {
  const histogram = new Histogram();
  let requests = 0;
  let failures = 0;
  let spanMs = 0;
  let at = 0;
  for (const signal of edge.open) {
    histogram.merge(signal.latency);
    requests += signal.requests;
    failures += failuresOf(signal.failures);
    spanMs = Math.max(spanMs, signal.windowMs);
    at = Math.max(at, signal.at);
  }
  if (requests === 0) return;
  const sample = {
    at,
    spanMs,
    requests,
    failures,
    completed: histogram.total,
    meanMs: histogram.meanUs() / 1_000,
    p99Ms: histogram.quantileUs(0.99) / 1_000,
  };
  fold(edge, 0, sample);
  if (edge.cached && at <= edge.cached.before) edge.cached = null;
}

function fold(edge: Edge, tier: number, sample: Sample): void {
  const samples = edge.tiers[tier] as Sample[];
  const [cap, ratio] = TIERS[tier] as readonly [number, number];
  samples.push(sample);
  if (samples.length <= cap) return;
  edge.cached = null;
  if (ratio === 0) samples.shift();
  else fold(edge, tier + 1, mergeSamples(samples.splice(0, ratio)));
}

function mergeSamples(samples: readonly Sample[]): Sample {
  const total = (pick: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + pick(sample), 0);
  const completed = total((sample) => sample.completed);
  const weighted = (pick: (sample: Sample) => number): number =>
    completed === 0 ? 0 : total((sample) => pick(sample) * sample.completed) / completed;
  return {
    at: samples.at(-1)?.at ?? 0,
    spanMs: total(({ spanMs }) => spanMs),
    requests: total(({ requests }) => requests),
    failures: total(({ failures }) => failures),
    completed,
    meanMs: weighted(({ meanMs }) => meanMs),
    p99Ms: weighted(({ p99Ms }) => p99Ms),
  };
}

function baselineOf(edge: Edge, before: Ms): EdgeBaseline | undefined {
  const samples = edge.tiers.flat().filter(({ at }) => at <= before);
  // In seconds: what was folded counts for as many as it was made of.
  const windows = Math.round(samples.reduce((sum, { spanMs }) => sum + spanMs, 0) / 1_000);
  if (windows < MIN_BASELINE_WINDOWS) return undefined;
  const answered = samples.filter(({ completed }) => completed > 0);
  if (answered.length === 0) return undefined;
  const means = answered.map(({ meanMs }) => meanMs);
  const p99s = answered.map(({ p99Ms }) => p99Ms);
  const meanMs = median(means);
  const p99Ms = median(p99s);
  return {
    windows,
    requestsPerSec: median(samples.map((sample) => (sample.requests * 1_000) / sample.spanMs)),
    failureShare: usualFailureShare(samples),
    meanMs,
    meanMadMs: median(means.map((value) => Math.abs(value - meanMs))),
    p99Ms,
    p99MadMs: median(p99s.map((value) => Math.abs(value - p99Ms))),
  };
}

/** Over all but the worst tenth of the samples: an outage in the past is no excuse for the next one. */
function usualFailureShare(samples: readonly Sample[]): number {
  const sorted = [...samples].sort((a, b) => a.failures / a.requests - b.failures / b.requests);
  const kept = sorted.slice(0, Math.max(1, Math.floor(sorted.length * 0.9)));
  const requests = kept.reduce((sum, sample) => sum + sample.requests, 0);
  return kept.reduce((sum, { failures }) => sum + failures, 0) / requests;
}

function median(values: number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
