/**
 * Issues with other causes than those recorded: damage of a known size is put into windows of real normal data at a
 * random service and passed up the real graph, as much per call as the callers' own numbers of calls say. Real noise,
 * real drift, known cause, any place. Not a substitute for recorded issues (propagation is as simple as the model that
 * looks for it); it shows whether a method depends on where the cause lies.
 */
import type { CallGraph } from '../../src/diagnose/accounting/graph.ts';
import { callGraph, distances } from '../../src/diagnose/accounting/graph.ts';
import type { Load, Recording } from '../../src/diagnose/recorded/types.ts';
import type { Random } from '../../src/model/random.ts';
import { type Scenario, slice } from './petshop.ts';
import { recordingOf } from './recordings.ts';

export interface Transplanted {
  readonly recording: Recording;
  readonly cause: string;
  readonly kind: 'slow' | 'erroring';
  readonly place: Place;
  /** The same window without the damage. */
  readonly unharmed: ReadonlyMap<string, Load>;
  /** First bin with damage. */
  readonly onset: number;
}

/** Where in the graph the cause lies: `quiet` has few calls in a bin, whatever it calls. */
export type Place = 'symptom' | 'leaf' | 'inner' | 'quiet';

const ROWS = 5;
const BEFORE = 2;
/** Waiting is passed on in full where callers wait, less where they call in parallel. */
const PASSED = { low: 0.6, high: 1 };
/** How much the symptom's service suffers, in its own normal latency or in share of calls. */
const SUFFERED = { low: 0.15, high: 1 };
const FAILED = { low: 0.02, high: 0.2 };
/** A hang: the cause takes this many times as long, and whoever calls it gives up. */
const HANGS = { low: 5, high: 50, share: 0.25 };

/** One issue at a random place; null when what was drawn cannot be felt at the symptom's service. */
export function transplant(scenario: Scenario, random: Random, fewest = BUSY): Transplanted | null {
  const { normal, edges, issues } = scenario;
  const first = issues[0];
  if (normal === null || first === undefined) return null;
  const rows = normal.startsMs.length;
  const at = (rows >> 1) + random.int((rows >> 1) - ROWS);
  const window = slice(normal, at, at + ROWS);
  const kind = random.chance(0.5) ? 'slow' : 'erroring';
  const symptom = { service: first.symptom.service, kind, onsetMs: window.startsMs[BEFORE] as number } as const;
  const recording = recordingOf(window, slice(normal, 0, at).loads, edges, symptom);
  const graph = callGraph(recording);
  const reach = distances(graph, graph.index.get(symptom.service) as number);
  const places = graph.names.filter(
    (name, node) => (reach[node] as number) >= 0 && busy(window.loads.get(name), fewest),
  );
  const cause = random.pick(places);
  const hangs = kind === 'erroring' && cause !== symptom.service && random.chance(HANGS.share);
  const damaged = damage(graph, window.loads, cause, symptom.service, kind, random);
  if (damaged !== null && hangs) damaged.set(cause, hang(window.loads.get(cause) as Load, random));
  if (damaged === null) return null;
  const told = recordingOf({ ...window, loads: damaged }, slice(normal, 0, at).loads, edges, symptom);
  const place = placeOf(graph, window.loads, cause, symptom.service);
  return { recording: told, cause, kind, place, unharmed: window.loads, onset: BEFORE };
}

/** Calls in a bin from which on a service is busy. */
const BUSY = 20;

function busy(load: Load | undefined, fewest = BUSY): boolean {
  return load !== undefined && Array.from(load.requests).every((calls) => calls >= fewest);
}

function placeOf(graph: CallGraph, loads: ReadonlyMap<string, Load>, cause: string, symptom: string): Place {
  if (cause === symptom) return 'symptom';
  if (!busy(loads.get(cause))) return 'quiet';
  return graph.out[graph.index.get(cause) as number]?.length === 0 ? 'leaf' : 'inner';
}

function damage(
  graph: CallGraph,
  loads: ReadonlyMap<string, Load>,
  cause: string,
  symptom: string,
  kind: 'slow' | 'erroring',
  random: Random,
): Map<string, Load> | null {
  const start = graph.index.get(cause) as number;
  const above = distances(graph, start, 'callers');
  const calls = (node: number): number => sum(loads.get(graph.names[node] as string)?.requests ?? []);
  // Damage per bin in users' units at every caller: its part of its callee's, by its part of the calls.
  const amount = new Float64Array(graph.names.length);
  amount[start] = 1;
  const order = [...graph.names.keys()].filter((node) => (above[node] as number) > 0);
  order.sort((a, b) => (above[a] as number) - (above[b] as number));
  for (const node of order) {
    for (const edge of graph.out[node] as readonly number[]) {
      const callee = graph.callee[edge] as number;
      if ((amount[callee] as number) === 0 || (above[callee] as number) >= (above[node] as number)) continue;
      const callers = (graph.into[callee] as readonly number[]).map((each) => graph.caller[each] as number);
      const part = calls(node) / callers.reduce((all, each) => all + calls(each), 0);
      amount[node] =
        (amount[node] as number) + (amount[callee] as number) * part * random.between(PASSED.low, PASSED.high);
    }
  }
  const there = graph.index.get(symptom) as number;
  const target = loads.get(symptom);
  if (!((amount[there] as number) > 0) || target === undefined) return null;
  const size =
    kind === 'slow'
      ? random.between(SUFFERED.low, SUFFERED.high) * calls(there) * mean(target.latencyMs)
      : random.between(FAILED.low, FAILED.high) * calls(there);
  const scale = size / (amount[there] as number);
  const harm = (name: string): number => (amount[graph.index.get(name) as number] as number) * scale;
  // More failures than calls cannot be.
  if (kind === 'erroring' && [...loads].some(([name, load]) => harm(name) > 0.9 * sum(load.requests))) return null;
  return new Map([...loads].map(([name, load]) => [name, worsen(load, harm(name), kind)]));
}

function hang(load: Load, random: Random): Load {
  const times = random.between(HANGS.low, HANGS.high);
  return { ...load, latencyMs: Float64Array.from(load.latencyMs, (ms, bin) => (bin < BEFORE ? ms : ms * times)) };
}

function worsen(load: Load, total: number, kind: 'slow' | 'erroring'): Load {
  if (!(total > 0)) return load;
  const perCall = total / sum(load.requests);
  if (kind === 'slow')
    return { ...load, latencyMs: Float64Array.from(load.latencyMs, (ms, bin) => (bin < BEFORE ? ms : ms + perCall)) };
  return {
    ...load,
    failedShare: Float64Array.from(load.failedShare, (share, bin) =>
      bin < BEFORE ? share : Math.min(1, share + perCall),
    ),
  };
}

function sum(series: ArrayLike<number>): number {
  return Array.from(series).reduce((all, value) => all + (Number.isNaN(value) ? 0 : value), 0);
}

function mean(series: ArrayLike<number>): number {
  return sum(series) / Math.max(1, series.length);
}
