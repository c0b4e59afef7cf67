/**
 * The running system as a recording: what the traffic layer measured on every call, what the instances use, where they
 * run, what was changed. From here on the running system and recorded data of any other are accounted for and weighed
 * by the same code.
 *
 * Bins: five of one second before the damage (what was bad already is no part of it), then at most eight over the
 * incident, so that each holds enough calls to say something.
 */
import { bucketMidUs } from '../../model/histogram.ts';
import { type EdgeSignal, OUTSIDE, type ResourceSignal } from '../../model/signal.ts';
import type { Symptom } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import { MAD_TO_SIGMA } from '../recorded/norm.ts';
import type {
  Bin,
  Load,
  Norm,
  RecordedEdge,
  RecordedPlacement,
  RecordedResource,
  Recording,
} from '../recorded/types.ts';
import { awayOf } from './away.ts';
import { changesOf } from './changes.ts';
import type { Suspect } from './suspects.ts';

const BEFORE_BINS = 5;
const BEFORE_BIN_MS: Ms = 1_000;
const INCIDENT_BINS = 8;
const LEAST_BIN_MS: Ms = 1_500;
/** Onset is known to a window or two: begin to count a little earlier. */
const LEAD_MS: Ms = 1_000;

/** Rises below these come from a handful of calls more or less. */
const DUST = { memoryBytes: 32_000_000, openFiles: 50, cpuCores: 0.2 };

export interface LiveInput {
  readonly now: Ms;
  readonly onsetAt: Ms;
  readonly view: SystemView;
  /** All symptoms of the incident, those that are over too. */
  readonly history?: readonly Symptom[];
  /** Count damage from here on; left out: from onset. */
  readonly fromMs?: Ms;
}

export function observe(
  { now, onsetAt, view, fromMs, history = [] }: LiveInput,
  suspects: readonly Suspect[],
): Recording {
  const bins = binsOf(onsetAt, now, fromMs ?? onsetAt - LEAD_MS);
  const edges = view.edges.pairs().flatMap(({ caller, callee }) => edgeOf(caller, callee, bins, onsetAt, view));
  return {
    bins,
    symptom: { service: entryOf(edges), kind: 'slow', onsetMs: onsetAt },
    services: [],
    edges,
    resources: suspects.flatMap((suspect) => resourcesOf(suspect, bins, view)),
    changes: changesOf(suspects, view, now),
    placement: placementOf(view),
    away: awayOf(history, suspects, view, now),
    complete: true,
  };
}

/** Where damage enters: from outside, or else a service that nobody calls. */
function entryOf(edges: readonly RecordedEdge[]): string {
  const called = new Set(edges.map(({ callee }) => callee));
  const roots = edges.map(({ caller }) => caller).filter((caller) => !called.has(caller));
  return roots.includes(OUTSIDE) ? OUTSIDE : (roots[0] ?? edges[0]?.caller ?? OUTSIDE);
}

function binsOf(onsetAt: Ms, now: Ms, start: Ms): Bin[] {
  const end = Math.max(now, onsetAt + 1, start + 1);
  const count = Math.max(1, Math.min(INCIDENT_BINS, Math.floor((end - start) / LEAST_BIN_MS)));
  const size = (end - start) / count;
  const before = Array.from({ length: BEFORE_BINS }, (_, bin) => {
    const fromMs = onsetAt - LEAD_MS - (BEFORE_BINS - bin) * BEFORE_BIN_MS;
    return { fromMs, toMs: fromMs + BEFORE_BIN_MS };
  });
  const during = Array.from({ length: count }, (_, bin) => ({
    fromMs: start + bin * size,
    toMs: start + (bin + 1) * size,
  }));
  return [...before, ...during];
}

/** The bin in which a window ended; −1: none. */
function binAt(bins: readonly Bin[], at: Ms): number {
  for (let bin = bins.length - 1; bin >= 0; bin--) {
    if (at > (bins[bin] as Bin).fromMs) return at <= (bins[bin] as Bin).toMs + 1e-6 ? bin : -1;
  }
  return -1;
}

function edgeOf(caller: string, callee: string, bins: readonly Bin[], onsetAt: Ms, view: SystemView): RecordedEdge[] {
  const [first, last] = [bins[0] as Bin, bins.at(-1) as Bin];
  const windows = view.edges.windows(caller, callee, first.fromMs, last.toMs);
  const normal = normOf(caller, callee, onsetAt - LEAD_MS, view);
  const incident = loadOf(windows, bins, normal);
  return [{ caller, callee, seen: { incident, normal }, answered: null }];
}

/** An edge without a past has no time to exceed, but a failure is a failure. */
function normOf(caller: string, callee: string, before: Ms, view: SystemView): Norm {
  const baseline = view.edges.baseline(caller, callee, before);
  return {
    bins: baseline?.windows ?? 0,
    calls: Math.round((baseline?.windows ?? 0) * (baseline?.requestsPerSec ?? 0)),
    latencyMs: baseline?.meanMs ?? Number.NaN,
    latencySigmaMs: baseline === undefined ? Number.NaN : MAD_TO_SIGMA * baseline.meanMadMs,
    failedShare: baseline?.failureShare ?? 0,
    failedSigma: 0,
  };
}

function loadOf(windows: readonly EdgeSignal[], bins: readonly Bin[], normal: Norm): Load {
  const requests = new Float64Array(bins.length);
  const failed = new Float64Array(bins.length);
  const completed = new Float64Array(bins.length);
  const ms = new Float64Array(bins.length);
  const waitedSeconds = new Float64Array(bins.length);
  const usualMs = Number.isNaN(normal.latencyMs) ? 0 : normal.latencyMs;
  const add = (to: Float64Array, bin: number, value: number): void => {
    to[bin] = (to[bin] as number) + value;
  };
  for (const { at, windowMs, requests: calls, failures, latency, inFlight, oldestWaitMs } of windows) {
    const bin = binAt(bins, at);
    if (bin < 0) continue;
    const { connect, reset, timeout, status5xx, unavailable } = failures;
    add(requests, bin, calls);
    add(failed, bin, connect + reset + timeout + status5xx + unavailable);
    for (const [bucket, count] of latency) {
      add(completed, bin, count);
      add(ms, bin, (count * bucketMidUs(bucket)) / 1_000);
    }
    // No answer in a whole window, though the usual time for one is long over.
    if (oldestWaitMs > windowMs + 2 * usualMs) add(waitedSeconds, bin, (inFlight * windowMs) / 1_000);
  }
  return {
    requests,
    latencyMs: ms.map((sum, bin) => sum / (completed[bin] as number)),
    failedShare: failed.map((sum, bin) => sum / (requests[bin] as number)),
    waitedSeconds,
  };
}

/** Of the present life: what another one used says nothing about it. */
function resourcesOf(
  { service, instances, spec }: Suspect,
  bins: readonly Bin[],
  view: SystemView,
): RecordedResource[] {
  return instances.flatMap((instance) => {
    const samples = view.resourcesOf(instance.id).filter(({ incarnation }) => incarnation === instance.incarnation);
    const last = samples.at(-1);
    if (last === undefined) return [];
    const one = (
      resource: string,
      limit: number | null,
      dust: number,
      pick: (sample: ResourceSignal) => number,
    ): RecordedResource => ({
      service,
      instance: instance.id,
      resource,
      limit,
      class: 'capacity',
      dust,
      ...(resource === 'memory' ? { unit: 'bytes' } : {}),
      incident: meansOf(samples, bins, pick),
      normal: samples.filter(({ at }) => at <= (bins[0] as Bin).fromMs).map(pick),
    });
    return [
      one('memory', last.memoryLimitBytes, DUST.memoryBytes, ({ memoryBytes }) => memoryBytes),
      one('open files', last.openFilesLimit, DUST.openFiles, ({ openFiles }) => openFiles),
      one('cpu', spec?.resources.cpus ?? null, DUST.cpuCores, ({ cpuCores }) => cpuCores),
    ];
  });
}

function meansOf(
  samples: readonly ResourceSignal[],
  bins: readonly Bin[],
  pick: (sample: ResourceSignal) => number,
): Float64Array {
  const sum = new Float64Array(bins.length);
  const count = new Float64Array(bins.length);
  for (const sample of samples) {
    const bin = binAt(bins, sample.at);
    if (bin < 0) continue;
    sum[bin] = (sum[bin] as number) + pick(sample);
    count[bin] = (count[bin] as number) + 1;
  }
  return sum.map((value, bin) => value / (count[bin] as number));
}

/** Machines of the instances, and what is called but not run by Holdfast. */
function placementOf(view: SystemView): RecordedPlacement[] {
  const seen = new Map<string, RecordedPlacement>();
  const place = (service: string, kind: RecordedPlacement['kind'], name: string): void => {
    seen.set(`${service}\u0000${kind}\u0000${name}`, { service, kind, name });
  };
  for (const { service, node } of view.instances.values()) place(service, 'node', node);
  for (const { name, dependsOn } of view.services.values()) {
    for (const { service } of dependsOn) if (!view.services.has(service)) place(name, 'dependency', service);
  }
  return [...seen.values()];
}
