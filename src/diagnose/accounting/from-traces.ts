/**
 * Traces to loads. An entry span (server span, or the first span of a service in a trace) is one answered call of its
 * service; the client span above it is the same call as its caller saw it. Both views of an edge are kept apart: their
 * difference is what the network took. A call whose server span never came exists only in the caller's view.
 */
import type {
  Bin,
  Load,
  Measured,
  RecordedEdge,
  RecordedService,
  RecordedShape,
  RecordedSpan,
} from '../recorded/types.ts';

export interface FromTraces {
  readonly services: readonly RecordedService[];
  readonly edges: readonly RecordedEdge[];
  readonly shapes: readonly RecordedShape[];
}

export interface TraceWindows {
  /** The incident's bins, as in the recording. */
  readonly bins: readonly Bin[];
  /** Bins of normal times, as long; may be empty. */
  readonly normalBins: readonly Bin[];
  /** Shapes before this are not the incident's. */
  readonly onsetMs: number;
}

/** Calls that are counted into one service's, or one view of an edge's, bins. */
class Counter {
  readonly #incident: Tally;
  readonly #normal: Tally;

  constructor(windows: TraceWindows) {
    this.#incident = new Tally(windows.bins);
    this.#normal = new Tally(windows.normalBins);
  }

  add(span: RecordedSpan): void {
    if (!this.#incident.add(span)) this.#normal.add(span);
  }

  measured(): Measured {
    return { incident: this.#incident.load(), normal: this.#normal.empty ? null : this.#normal.load() };
  }
}

class Tally {
  readonly #bins: readonly Bin[];
  readonly #requests: Float64Array;
  readonly #ms: Float64Array;
  readonly #failed: Float64Array;
  #any = false;

  constructor(bins: readonly Bin[]) {
    this.#bins = bins;
    this.#requests = new Float64Array(bins.length);
    this.#ms = new Float64Array(bins.length);
    this.#failed = new Float64Array(bins.length);
  }

  get empty(): boolean {
    return !this.#any;
  }

  /** False when it began in none of the bins. */
  add({ startMs, durationMs, failed }: RecordedSpan): boolean {
    const bin = binAt(this.#bins, startMs);
    if (bin < 0) return false;
    this.#any = true;
    this.#requests[bin] = (this.#requests[bin] as number) + 1;
    this.#ms[bin] = (this.#ms[bin] as number) + durationMs;
    if (failed) this.#failed[bin] = (this.#failed[bin] as number) + 1;
    return true;
  }

  load(): Load {
    const requests = this.#requests;
    return {
      requests,
      latencyMs: requests.map((calls, bin) => (this.#ms[bin] as number) / calls),
      failedShare: requests.map((calls, bin) => (this.#failed[bin] as number) / calls),
    };
  }
}

/** Bins are in order and do not overlap. */
function binAt(bins: readonly Bin[], atMs: number): number {
  let [low, high] = [0, bins.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { fromMs, toMs } = bins[middle] as Bin;
    if (atMs < fromMs) high = middle - 1;
    else if (atMs >= toMs) low = middle + 1;
    else return middle;
  }
  return -1;
}

export function fromTraces(spans: readonly RecordedSpan[], windows: TraceWindows): FromTraces {
  const byId = new Map(spans.map((span) => [`${span.trace}/${span.id}`, span]));
  const parentOf = ({ trace, parent }: RecordedSpan): RecordedSpan | undefined =>
    parent === null ? undefined : byId.get(`${trace}/${parent}`);
  const services = new Map<string, Counter>();
  const seen = new Map<string, Counter>();
  const answered = new Map<string, Counter>();
  const count = (into: Map<string, Counter>, key: string, span: RecordedSpan): void => {
    const counter = into.get(key) ?? new Counter(windows);
    counter.add(span);
    into.set(key, counter);
  };
  const calls = new Map<string, { startMs: number; name: string }[]>();
  const entries: RecordedSpan[] = [];
  const met = new Set<RecordedSpan>();
  for (const span of spans) {
    const parent = parentOf(span);
    if (span.kind === 'client' || parent?.service === span.service) continue;
    entries.push(span);
    count(services, span.service, span);
    if (parent === undefined) continue;
    const edge = `${parent.service}\u0000${span.service}`;
    count(answered, edge, span);
    if (parent.kind === 'client') {
      count(seen, edge, parent);
      met.add(parent);
    }
    noteCall(calls, entryOf(parent, parentOf), span.startMs, `${span.service}.${span.operation}`);
  }
  for (const span of spans) {
    if (span.kind !== 'client' || met.has(span) || span.peer === null || span.peer === span.service) continue;
    count(seen, `${span.service}\u0000${span.peer}`, span);
    noteCall(calls, entryOf(span, parentOf), span.startMs, `${span.peer}.${span.operation}`);
  }
  return {
    services: [...services].map(([service, counter]) => ({ service, ...counter.measured() })),
    edges: [...new Set([...seen.keys(), ...answered.keys()])].map((key) => {
      const [caller = '', callee = ''] = key.split('\u0000');
      return {
        caller,
        callee,
        seen: seen.get(key)?.measured() ?? null,
        answered: answered.get(key)?.measured() ?? null,
      };
    }),
    shapes: shapesOf(entries, calls, windows),
  };
}

const keyOf = ({ trace, id }: RecordedSpan): string => `${trace}/${id}`;

/** The span with which its service entered the trace. Guards against parents in a circle. */
function entryOf(span: RecordedSpan, parentOf: (span: RecordedSpan) => RecordedSpan | undefined): RecordedSpan {
  let entry = span;
  for (let depth = 0; depth < 100; depth++) {
    const parent = parentOf(entry);
    if (parent === undefined || parent.service !== span.service) return entry;
    entry = parent;
  }
  return entry;
}

function noteCall(
  calls: Map<string, { startMs: number; name: string }[]>,
  entry: RecordedSpan,
  startMs: number,
  name: string,
): void {
  const of = calls.get(keyOf(entry)) ?? [];
  of.push({ startMs, name });
  calls.set(keyOf(entry), of);
}

/** The same call many times in a row is one step: how many rows a page has is no change of structure. */
function shapesOf(
  entries: readonly RecordedSpan[],
  calls: ReadonlyMap<string, readonly { readonly startMs: number; readonly name: string }[]>,
  windows: TraceWindows,
): RecordedShape[] {
  const shapes = new Map<
    string,
    { service: string; operation: string; calls: string; incident: number; normal: number }
  >();
  for (const entry of entries) {
    const incident = entry.startMs >= windows.onsetMs && binAt(windows.bins, entry.startMs) >= 0;
    if (!incident && binAt(windows.normalBins, entry.startMs) < 0) continue;
    const names = [...(calls.get(keyOf(entry)) ?? [])].sort((a, b) => a.startMs - b.startMs).map(({ name }) => name);
    const steps = names.filter((name, at) => name !== names[at - 1]).join(', ');
    const { service, operation } = entry;
    const key = `${service}\u0000${operation}\u0000${steps}`;
    const shape = shapes.get(key) ?? { service, operation, calls: steps, incident: 0, normal: 0 };
    if (incident) shape.incident++;
    else shape.normal++;
    shapes.set(key, shape);
  }
  return [...shapes.values()];
}
