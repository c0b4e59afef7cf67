/**
 * What recordings do to damage besides telling of it: the ways in which real windows differ from a clean one with a
 * step in it. Each is applied alone to a transplanted issue, so that it shows which of them a method cannot bear.
 */
import { callGraph, distances } from '../../src/diagnose/accounting/graph.ts';
import type { Load, RecordedEdge, Recording } from '../../src/diagnose/recorded/types.ts';
import type { Random } from '../../src/model/random.ts';

/** An issue before a trouble befalls it. */
export interface Clean {
  readonly recording: Recording;
  /** The same window without the damage. */
  readonly unharmed: ReadonlyMap<string, Load>;
  readonly cause: string;
  /** First bin with damage. */
  readonly onset: number;
}

export type Trouble = (clean: Clean, random: Random) => Recording;

/** By how much levels move in months. */
const DRIFT = { low: 0.3, high: 3 };
const SPIKE = { low: 2, high: 6 };
/** Queues grow with load, everywhere a little. */
const SPIKE_SLOWS = { low: 1, high: 1.15 };
const BLANK = { window: 0.25, past: 0.6 };
const BYSTANDER = { low: 1.3, high: 2.5 };
const NOISE = 0.15;

export const TROUBLES: Readonly<Record<string, { readonly what: string; readonly befall: Trouble }>> = {
  none: { what: 'as it is', befall: ({ recording }) => recording },
  early: {
    what: 'the bin before the alarm is hurt already',
    befall: ({ recording, unharmed, onset }) =>
      mapLoads(recording, (load, name) => {
        const was = unharmed.get(name) as Load;
        const pull = (now: Load['latencyMs'], then: Load['latencyMs']): Float64Array =>
          Float64Array.from(now, (value, bin) =>
            bin === onset - 1 ? value + 0.7 * ((now[onset] as number) - (then[onset] as number) || 0) : value,
          );
        return {
          ...load,
          latencyMs: pull(load.latencyMs, was.latencyMs),
          failedShare: pull(load.failedShare, was.failedShare).map((share) => Math.min(1, share)),
        };
      }),
  },
  drift: {
    what: 'levels have moved by x0.3 to x3 since normal times',
    befall: ({ recording, unharmed }, random) => {
      const factors = new Map<string, number>();
      for (const { service } of recording.services)
        factors.set(service, DRIFT.low * (DRIFT.high / DRIFT.low) ** random.float());
      return mapLoads(recording, (load, name) => {
        const was = unharmed.get(name) as Load;
        const factor = factors.get(name) as number;
        const latencyMs = Float64Array.from(
          load.latencyMs,
          (ms, bin) => ms + (factor - 1) * (was.latencyMs[bin] as number),
        );
        return { ...load, latencyMs };
      });
    },
  },
  blanks: {
    what: 'a quarter of the window and most of the past is blank for every second service',
    befall: ({ recording, cause }, random) => ({
      ...recording,
      services: recording.services.map((each) => {
        if (each.service === cause || each.service === recording.symptom.service || random.chance(0.5)) return each;
        const { incident, normal } = each;
        return {
          ...each,
          incident: blanked(incident, BLANK.window, random),
          normal: normal === null || 'bins' in normal ? normal : blanked(normal, BLANK.past, random),
        };
      }),
    }),
  },
  load: {
    what: 'calls rise to x2 to x6 when it begins',
    befall: ({ recording, onset }, random) => {
      const factor = random.between(SPIKE.low, SPIKE.high);
      return mapLoads(recording, (load) => {
        const slows = random.between(SPIKE_SLOWS.low, SPIKE_SLOWS.high);
        return {
          ...load,
          requests: Float64Array.from(load.requests, (calls, bin) => (bin < onset ? calls : calls * factor)),
          latencyMs: Float64Array.from(load.latencyMs, (ms, bin) => (bin < onset ? ms : ms * slows)),
        };
      });
    },
  },
  quiet: {
    what: 'calls fall to a fifth when it begins',
    befall: ({ recording, onset }) =>
      mapLoads(recording, (load) => ({
        ...load,
        requests: Float64Array.from(load.requests, (calls, bin) => (bin < onset ? calls : Math.ceil(calls / 5))),
      })),
  },
  noise: {
    what: 'every latency jitters by 15 % more',
    befall: ({ recording }, random) =>
      mapLoads(recording, (load) => ({
        ...load,
        latencyMs: Float64Array.from(load.latencyMs, (ms) => ms * Math.exp(NOISE * gauss(random))),
      })),
  },
  bystander: {
    what: 'a service that the symptom does not depend on, or a busy one below it, is a little slower too',
    befall: ({ recording, cause, onset }, random) => {
      const graph = callGraph(recording);
      const from = distances(graph, graph.index.get(cause) as number, 'callers');
      const others = recording.services.filter(
        ({ service }) => service !== cause && (from[graph.index.get(service) as number] as number) < 0,
      );
      if (others.length === 0) return recording;
      const chosen = random.pick(others).service;
      const factor = random.between(BYSTANDER.low, BYSTANDER.high);
      return mapLoads(recording, (load, name) =>
        name === chosen
          ? { ...load, latencyMs: Float64Array.from(load.latencyMs, (ms, bin) => (bin < onset ? ms : ms * factor)) }
          : load,
      );
    },
  },
  'no past': {
    what: 'nobody knows what was normal',
    befall: ({ recording }) => ({
      ...recording,
      services: recording.services.map((each) => ({ ...each, normal: null })),
    }),
  },
  unlinked: {
    what: 'no call to the cause is known',
    befall: ({ recording, cause }) => ({
      ...recording,
      edges: recording.edges.filter(({ callee }: RecordedEdge) => callee !== cause),
    }),
  },
  graphless: { what: 'no call at all is known', befall: ({ recording }) => ({ ...recording, edges: [] }) },
};

function mapLoads(recording: Recording, change: (load: Load, service: string) => Load): Recording {
  return {
    ...recording,
    services: recording.services.map((each) => ({ ...each, incident: change(each.incident, each.service) })),
  };
}

function blanked(load: Load, share: number, random: Random): Load {
  const gone = Array.from(load.requests, () => random.chance(share));
  const cut = (series: Load['requests']): Float64Array =>
    Float64Array.from(series, (value, bin) => (gone[bin] ? Number.NaN : value));
  return { requests: cut(load.requests), latencyMs: cut(load.latencyMs), failedShare: cut(load.failedShare) };
}

function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}
