/** Made-up systems of any size, to time a diagnosis: layers of services, a few calls each, one slow service. */
import type { Load, RecordedEdge, RecordedService, Recording } from '../../src/diagnose/recorded/types.ts';
import type { Random } from '../../src/model/random.ts';

const BIN_MS = 60_000;
const BINS = 10;
const ONSET_BIN = 5;
const NORMAL_BINS = 120;
const CALLEES = 3;

/** Service 0 is the entry and has the symptom. Every service calls a few with larger numbers. */
export function synthetic(services: number, random: Random): { recording: Recording; cause: string } {
  const name = (node: number): string => `s${node}`;
  const edges: RecordedEdge[] = [];
  const suffers = new Float64Array(services);
  const cause = services - 1;
  for (let node = 0; node < services - 1; node++) {
    const reachOf = Math.min(services - node - 1, Math.max(8, services >> 3));
    const callees = new Set([node + 1 + random.int(Math.min(4, reachOf))]);
    while (callees.size < Math.min(CALLEES, reachOf)) callees.add(node + 1 + random.int(reachOf));
    for (const callee of callees) edges.push({ caller: name(node), callee: name(callee), seen: null, answered: null });
  }
  suffers[cause] = 400;
  const callers = new Map<string, number[]>();
  for (const { caller, callee } of edges) {
    const of = callers.get(callee) ?? [];
    of.push(Number(caller.slice(1)));
    callers.set(callee, of);
  }
  for (let node = services - 1; node > 0; node--) {
    if (suffers[node] === 0) continue;
    const of = callers.get(name(node)) ?? [];
    for (const caller of of) suffers[caller] = (suffers[caller] as number) + (suffers[node] as number) / of.length;
  }
  const all = Array.from({ length: services }, (_, node): RecordedService => {
    const base = random.between(5, 50);
    return {
      service: name(node),
      normal: load(NORMAL_BINS, base, 0, NORMAL_BINS, random),
      incident: load(BINS, base, suffers[node] as number, ONSET_BIN, random),
    };
  });
  const bins = Array.from({ length: BINS }, (_, bin) => ({ fromMs: bin * BIN_MS, toMs: (bin + 1) * BIN_MS }));
  const symptom = { service: name(0), kind: 'slow', onsetMs: ONSET_BIN * BIN_MS } as const;
  return { recording: { bins, symptom, services: all, edges }, cause: name(cause) };
}

function load(bins: number, baseMs: number, extraMs: number, onset: number, random: Random): Load {
  const series = (value: (bin: number) => number): Float64Array =>
    Float64Array.from({ length: bins }, (_, bin) => value(bin));
  return {
    requests: series(() => 900 + random.int(200)),
    latencyMs: series((bin) => baseMs * random.between(0.97, 1.03) + (bin >= onset ? extraMs : 0)),
    failedShare: series(() => 0),
  };
}
