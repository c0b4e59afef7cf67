/**
 * Where the damage starts. Every service has suffered some (excess), has passed some of it on to its callers, and what
 * its callees do not account for is its own:
 *
 *   own(n)   = excess(n) − Σ_callees passed(n → c)
 *   passed   = what the caller saw of the edge, where that was measured; else excess(c) × share(n → c),
 *              share ∝ the excess of c's callers
 *   gap(e)   = what the caller saw − what the callee saw: lost between the two, which is the network's
 *   entered  = excess(n) − Σ_callers received(e): what users of n, or callers that nobody measured, suffered
 *
 * Conservation: Σ own + Σ gap = Σ entered, whatever the graph looks like and however many edges are missing, because
 * each edge is counted once at its caller and once at its callee. Own shares may be negative: callees suffered more
 * than came back up (calls in parallel, nobody waited, retries hid it); that part is shown as absorbed.
 *
 * A callee that was never seen before onset has no norm: nothing is passed on from it, so what it does stays with the
 * caller that began to call it.
 */
import type { Measured, Recording } from '../recorded/types.ts';
import { chargeAway } from './away.ts';
import { type Excess, endWithSymptom, excessOf, type Windows, windowsOf } from './excess.ts';
import { type CallGraph, callGraph } from './graph.ts';

/** The two units: extra seconds of waiting, extra failed requests. Never added up in the accounts. */
export type Unit = 'seconds' | 'failed';
export const UNITS: readonly Unit[] = ['seconds', 'failed'];

/** One unit's account, by node and edge number. */
export interface Ledger {
  readonly unit: Unit;
  readonly excess: Float64Array;
  readonly own: Float64Array;
  readonly entered: Float64Array;
  readonly passed: Float64Array;
  readonly received: Float64Array;
  readonly gap: Float64Array;
}

export interface RecordedAccounts {
  readonly graph: CallGraph;
  readonly windows: Windows;
  readonly symptom: number;
  /** Every call is known: none has to be presumed. */
  readonly complete: boolean;
  /** Nobody recorded who calls whom: all calls are guesses. */
  readonly presumed: boolean;
  /** By node; null where nothing at all was measured. */
  readonly excess: readonly (Excess | null)[];
  /** By edge. */
  readonly views: readonly EdgeViews[];
  readonly ledgers: Readonly<Record<Unit, Ledger>>;
}

export function accountFor(recording: Recording): RecordedAccounts {
  const graph = callGraph(recording);
  const windows = incidentOf(recording);
  const views = graph.edges.map((edge) => ({
    seen: edge.seen && excessOf(edge.seen, windows),
    answered: edge.answered && excessOf(edge.answered, windows),
  }));
  const measured = new Map<number, Measured>();
  for (const service of recording.services) measured.set(graph.index.get(service.service) as number, service);
  const excess = graph.names.map((_, node) => {
    const own = measured.get(node);
    return own === undefined ? fromEdges(graph, node, views, windows) : excessOf(own, windows);
  });
  const selfMeasured = (node: number): boolean => measured.has(node);
  const accounts = {
    graph,
    windows,
    symptom: graph.index.get(recording.symptom.service) as number,
    complete: recording.complete === true,
    presumed: recording.presumed === true,
    excess,
    views,
    ledgers: {
      seconds: ledger('seconds', graph, excess, views, selfMeasured),
      failed: ledger('failed', graph, excess, views, selfMeasured),
    },
  };
  if (recording.away !== undefined) chargeAway(accounts, recording.away, recording.bins);
  return accounts;
}

function incidentOf({ bins, symptom, services }: Recording): Windows {
  const windows = windowsOf(bins, symptom.onsetMs);
  const suffering = services.find(({ service }) => service === symptom.service);
  if (suffering === undefined) return windows;
  return endWithSymptom(windows, excessOf(suffering, windows), symptom.kind === 'slow' ? 'seconds' : 'failed');
}

export interface EdgeViews {
  readonly seen: Excess | null;
  readonly answered: Excess | null;
}

/** A service that is not measured itself suffered what its callers' calls to it did. */
function fromEdges(graph: CallGraph, node: number, views: readonly EdgeViews[], windows: Windows): Excess | null {
  const parts = (graph.into[node] as readonly number[])
    .map((edge) => views[edge]?.answered ?? views[edge]?.seen ?? null)
    .filter((part) => part !== null);
  if (parts.length === 0) return null;
  const sum = (value: (part: Excess) => number): number => parts.reduce((total, part) => total + value(part), 0);
  const most = (value: (part: Excess) => number): number => Math.max(...parts.map(value));
  const bins = (value: (part: Excess) => Float64Array): Float64Array =>
    Float64Array.from({ length: windows.bins }, (_, bin) => sum((part) => value(part)[bin] ?? 0));
  return {
    seconds: sum(({ seconds }) => seconds),
    failed: sum(({ failed }) => failed),
    secondsPerBin: bins(({ secondsPerBin }) => secondsPerBin),
    failedPerBin: bins(({ failedPerBin }) => failedPerBin),
    slowSigma: most(({ slowSigma }) => slowSigma),
    failedSigma: most(({ failedSigma }) => failedSigma),
    harmedCalls: {
      seconds: sum(({ harmedCalls }) => harmedCalls.seconds),
      failed: sum(({ harmedCalls }) => harmedCalls.failed),
    },
    slowBins: most(({ slowBins }) => slowBins),
    failedBins: most(({ failedBins }) => failedBins),
    measuredBins: most(({ measuredBins }) => measuredBins),
    requests: sum(({ requests }) => requests),
    known: parts.some(({ known }) => known),
    baseMs: most(({ baseMs }) => baseMs),
    baseFailed: most(({ baseFailed }) => baseFailed),
  };
}

function ledger(
  unit: Unit,
  graph: CallGraph,
  excess: readonly (Excess | null)[],
  views: readonly EdgeViews[],
  selfMeasured: (node: number) => boolean,
): Ledger {
  const nodes = Float64Array.from(excess, (each) => (each === null ? 0 : each[unit]));
  const passed = new Float64Array(graph.edges.length);
  const received = new Float64Array(graph.edges.length);
  const gap = new Float64Array(graph.edges.length);
  const callers = new Float64Array(graph.names.length);
  graph.edges.forEach((_, edge) => {
    callers[graph.callee[edge] as number] =
      (callers[graph.callee[edge] as number] as number) + (nodes[graph.caller[edge] as number] as number);
  });
  views.forEach(({ seen, answered }, edge) => {
    const callee = graph.callee[edge] as number;
    const all = callers[callee] as number;
    const share = all > 0 ? (nodes[graph.caller[edge] as number] as number) / all : 0;
    // A callee that nobody knew before passes nothing on: see above.
    const estimate = excess[callee]?.known ? (nodes[callee] as number) * share : 0;
    // Without its view of these very calls what it measured of all of them is its view: the rest was lost on the way.
    const told = seen !== null && selfMeasured(callee) ? Math.min(seen[unit], estimate) : seen?.[unit];
    received[edge] = answered?.[unit] ?? told ?? estimate;
    passed[edge] = seen?.[unit] ?? (received[edge] as number);
    gap[edge] = (passed[edge] as number) - (received[edge] as number);
  });
  const own = Float64Array.from(nodes);
  const entered = Float64Array.from(nodes);
  graph.edges.forEach((_, edge) => {
    const [caller, callee] = [graph.caller[edge] as number, graph.callee[edge] as number];
    // Users, and callers that nothing is known of: what they suffer entered at their callee.
    if (excess[caller] === null) {
      entered[callee] = (entered[callee] as number) + (gap[edge] as number);
      return;
    }
    own[caller] = (own[caller] as number) - (passed[edge] as number);
    entered[callee] = (entered[callee] as number) - (received[edge] as number);
  });
  return { unit, excess: nodes, own, entered, passed, received, gap };
}

/** own(n) bin by bin, each edge passing in every bin the share that it passes over all of them. */
export function ownPerBin(
  { graph, windows, excess, views, ledgers }: RecordedAccounts,
  node: number,
  unit: Unit,
): Float64Array {
  const bins = (from: Excess | null): Float64Array | null =>
    from === null ? null : unit === 'seconds' ? from.secondsPerBin : from.failedPerBin;
  const own = new Float64Array(windows.bins);
  own.set(bins(excess[node] ?? null) ?? []);
  for (const edge of graph.out[node] as readonly number[]) {
    const seen = views[edge]?.seen ?? views[edge]?.answered ?? null;
    const callee = graph.callee[edge] as number;
    const from = bins(seen) ?? bins(excess[callee] ?? null);
    const all = ledgers[unit].excess[callee] as number;
    const share = seen !== null ? 1 : all > 0 ? (ledgers[unit].passed[edge] as number) / all : 0;
    if (from !== null)
      for (let bin = 0; bin < own.length; bin++) own[bin] = (own[bin] as number) - share * (from[bin] ?? 0);
  }
  return own;
}
