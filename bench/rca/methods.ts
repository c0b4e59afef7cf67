/** The methods that are compared: each ranks services for one recording; an empty ranking reports nothing. */
import { accountFor } from '../../src/diagnose/accounting/account.ts';
import { type CallGraph, callGraph } from '../../src/diagnose/accounting/graph.ts';
import { diagnoseRecording } from '../../src/diagnose/combine.ts';
import { isNorm, MAD_TO_SIGMA, mad, median, normOf } from '../../src/diagnose/recorded/norm.ts';
import type { Recording, Series } from '../../src/diagnose/recorded/types.ts';
import { Random } from '../../src/model/random.ts';
import type { Ranked } from './score.ts';

export interface Method {
  readonly name: string;
  readonly what: string;
  rank(recording: Recording): Ranked[];
  /** Does it report anything at all? */
  reports(recording: Recording): boolean;
}

export const holdfast: Method = {
  name: 'holdfast',
  what: 'accounts and evidence lanes',
  rank: (recording) => diagnoseRecording(recording).causes.map(({ name, score }) => ({ name, score })),
  reports: (recording) => !diagnoseRecording(recording).abstained,
};

/** The dataset's own baseline: anomalous by more than 5 MAD; cause = anomalous without an anomalous callee. */
export const anomalyTraversal: Method = {
  name: 'traversal',
  what: 'anomaly traversal (after the dataset’s own baseline)',
  rank: (recording) => {
    const graph = callGraph(recording);
    const scores = anomalies(recording, graph, 5);
    const start = graph.index.get(recording.symptom.service) as number;
    const path = scores[start] === 0 ? new Map<number, number>() : pathScores(graph, scores, start);
    return [...path].flatMap(([node, score]) => {
      const callees = (graph.out[node] as readonly number[]).map((edge) => graph.callee[edge] as number);
      return callees.some((callee) => (scores[callee] as number) > 0)
        ? []
        : [{ name: graph.names[node] as string, score }];
    });
  },
  reports: (recording) => anomalyTraversal.rank(recording).length > 0,
};

/** The largest deviation from the normal mean in standard deviations, without a graph; 3 is the usual alarm. */
export const nSigma: Method = {
  name: 'nsigma',
  what: 'n-sigma: the largest deviation in standard deviations',
  rank: (recording) =>
    recording.services.flatMap(({ service, incident, normal }) => {
      const series = seriesOf(recording, incident);
      const past = normal === null || isNorm(normal) ? series.slice(0, 1) : seriesOf(recording, normal);
      const values = Array.from(past).filter((value) => !Number.isNaN(value));
      const center = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / values.length);
      const score = Math.max(0, ...Array.from(series).map((value) => (value - center) / Math.max(spread, 1e-9)));
      return score > 3 ? [{ name: service, score }] : [];
    }),
  reports: (recording) => nSigma.rank(recording).length > 0,
};

export function atRandom(seed: number): Method {
  const random = Random.seeded(seed);
  const rank = ({ services }: Recording): Ranked[] =>
    services.map(({ service }) => ({ name: service, score: random.float() }));
  return { name: 'random', what: 'random order', rank, reports: () => true };
}

/** Excess alone, nothing subtracted: what the graph adds. */
export const excessOnly: Method = {
  name: 'excess',
  what: 'the most damaged service, whatever its callees suffer',
  rank: (recording) => {
    const { graph, ledgers } = accountFor(recording);
    const { excess } = ledgers[recording.symptom.kind === 'slow' ? 'seconds' : 'failed'];
    return graph.names.map((name, node) => ({ name, score: excess[node] as number }));
  },
  reports: () => true,
};

function seriesOf({ symptom }: Recording, load: { latencyMs: Series; failedShare: Series }): Series {
  return symptom.kind === 'slow' ? load.latencyMs : load.failedShare;
}

/**
 * Deviation in (scaled) MADs in one bin: the third, or the first from there on in which the symptom's own service is
 * anomalous; 0 where a service is not. A service that never varied is anomalous as soon as it does.
 */
function anomalies(recording: Recording, graph: CallGraph, threshold: number): Float64Array {
  const slow = recording.symptom.kind === 'slow';
  const deviations = new Map(
    recording.services.map(({ service, incident, normal }) => {
      const series = Array.from(seriesOf(recording, incident));
      const norm = normal === null ? null : isNorm(normal) ? normal : normOf(normal);
      const center = norm === null ? median(series.slice(0, 2)) : slow ? norm.latencyMs : norm.failedShare;
      const spread =
        norm === null ? 0 : mad(normal === null || isNorm(normal) ? [] : seriesOf(recording, normal)) * MAD_TO_SIGMA;
      const scored = series.map((value) => (spread > 0 ? Math.abs(value - center) / spread : Math.abs(value - center)));
      return [service, scored.map((score) => (score > (spread > 0 ? threshold : 0) ? score : 0))];
    }),
  );
  const symptom = deviations.get(recording.symptom.service) ?? [];
  const at = Math.max(
    2,
    symptom.findIndex((score, bin) => bin >= 2 && score > 0),
  );
  const scores = new Float64Array(graph.names.length);
  for (const [service, series] of deviations) scores[graph.index.get(service) as number] = series[at] ?? 0;
  return scores;
}

/** Anomalous nodes that are reached over anomalous ones alone, with the sum of scores on the way. */
function pathScores(graph: CallGraph, scores: Float64Array, start: number): Map<number, number> {
  const best = new Map([[start, scores[start] as number]]);
  const queue = [start];
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head] as number;
    for (const edge of graph.out[node] as readonly number[]) {
      const callee = graph.callee[edge] as number;
      if ((scores[callee] as number) === 0 || best.has(callee)) continue;
      best.set(callee, (best.get(node) as number) + (scores[callee] as number));
      queue.push(callee);
    }
  }
  return best;
}
