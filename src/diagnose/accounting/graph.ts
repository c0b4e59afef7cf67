/** The recorded services and calls as numbered nodes and edges, and who can be reached from where. */
import type { RecordedEdge, Recording } from '../recorded/types.ts';

export interface CallGraph {
  readonly names: readonly string[];
  readonly index: ReadonlyMap<string, number>;
  /** Numbers of edges, by caller and by callee. */
  readonly out: readonly (readonly number[])[];
  readonly into: readonly (readonly number[])[];
  readonly caller: Int32Array;
  readonly callee: Int32Array;
  readonly edges: readonly RecordedEdge[];
}

/** Every service that is measured, called or calling. Calls to oneself are no edges; several between two are one. */
export function callGraph(recording: Recording): CallGraph {
  const index = new Map<string, number>();
  const names: string[] = [];
  const number = (name: string): number => {
    const known = index.get(name);
    if (known !== undefined) return known;
    index.set(name, names.length);
    return names.push(name) - 1;
  };
  for (const { service } of recording.services) number(service);
  number(recording.symptom.service);
  const edges: RecordedEdge[] = [];
  const seen = new Set<string>();
  for (const edge of recording.edges) {
    const key = `${edge.caller}\u0000${edge.callee}`;
    if (edge.caller === edge.callee || seen.has(key)) continue;
    seen.add(key);
    edges.push(edge);
    number(edge.caller);
    number(edge.callee);
  }
  const caller = Int32Array.from(edges, (edge) => number(edge.caller));
  const callee = Int32Array.from(edges, (edge) => number(edge.callee));
  const out: number[][] = names.map(() => []);
  const into: number[][] = names.map(() => []);
  edges.forEach((_, edge) => {
    (out[caller[edge] as number] as number[]).push(edge);
    (into[callee[edge] as number] as number[]).push(edge);
  });
  return { names, index, out, into, caller, callee, edges };
}

/** Number of calls between `from` and each node; −1 where it cannot be reached. */
export function distances(graph: CallGraph, from: number, direction: 'callees' | 'callers' = 'callees'): Int32Array {
  const far = new Int32Array(graph.names.length).fill(-1);
  far[from] = 0;
  const queue = [from];
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head] as number;
    const edges = direction === 'callees' ? graph.out[node] : graph.into[node];
    for (const edge of edges ?? []) {
      const next = (direction === 'callees' ? graph.callee : graph.caller)[edge] as number;
      if (far[next] !== -1) continue;
      far[next] = (far[node] as number) + 1;
      queue.push(next);
    }
  }
  return far;
}
