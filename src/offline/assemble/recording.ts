/**
 * From what was gathered to a Recording: the time cut into bins, the incident found (or given), and every kind of
 * evidence that there is laid beside it.
 */
import { fromTraces } from '../../diagnose/accounting/from-traces.ts';
import type {
  Bin,
  Load,
  RecordedEdge,
  RecordedPlacement,
  RecordedResource,
  RecordedService,
  RecordedSymptom,
  Recording,
} from '../../diagnose/recorded/types.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Gathered, Measure, SaidOnset } from '../contract.ts';
import { withOneName } from './aliases.ts';
import { binAt, binned, binsBetween, binWidth, loadOf, stepOf } from './bins.ts';
import { busyOf, couplingsOf, entryOf } from './couplings.ts';
import { livesOf } from './lives.ts';
import { exitsOf, templatesOf } from './logs.ts';
import { mend } from './mend.ts';
import { withMentionedPeers } from './mentions.ts';
import { feltBy, INNER_SUM, LEAST_SUM } from './onset.ts';

export interface Wanted {
  /** Since when, as the alarm says; null: to be found. */
  readonly atMs: number | null;
  /** The incident's end; null: where its symptom ends. */
  readonly untilMs: number | null;
  readonly service: string | null;
  readonly kind: 'slow' | 'erroring' | null;
  /** Normal times within the same data; null: all before the incident. */
  readonly baseline: { readonly fromMs: number; readonly toMs: number } | null;
}

export interface Assembled {
  readonly recording: Recording;
  readonly binMs: number;
  /** True: onset was found, not given. */
  readonly found: boolean;
  /** The file that said when it began; null: none did, or who asked said it. */
  readonly onsetFile: string | null;
  /** What was made of what was read, for people. */
  readonly notes: readonly string[];
}

/** Bins of the incident's recording that lie before onset: what was bad already then is no part of it. */
const BEFORE = 3;
/** Onset found from bins may be this many late: a fault grows. */
const LATE = 1;

export function assemble(read: Gathered, past: Gathered | null, asked: Wanted): Assembled {
  const said = asked.atMs === null ? saidOnset(read.onsets) : { onset: null, notes: [] };
  const wanted = said.onset === null ? asked : { ...asked, atMs: said.onset.atMs };
  const gathered = withOneName(read);
  const { spans: mended, shiftMs } = mend(withMentionedPeers(gathered));
  const logs = gathered.logs.map((line) => ({ ...line, atMs: line.atMs + (shiftMs.get(line.service) ?? 0) }));
  const times = extent(gathered, mended) ?? (wanted.atMs === null ? null : anyExtent(gathered));
  if (times === null)
    throw new HoldfastError(
      'HF8405',
      'nothing in it says how calls went, and when: no spans, and no latency, calls or failures of services',
      {
        remedy: 'Say with --at when it began: log lines and the use of resources alone are then compared with before.',
      },
    );
  const callMeasures = gathered.measures.filter(({ quantity }) => quantity !== 'level');
  const useSpans = mended.length > 0;
  const step = useSpans ? 0 : stepOf(callMeasures.length > 0 ? callMeasures : gathered.measures);
  const binMs = binWidth(times.fromMs, times.toMs + step, step);
  const grid = binsBetween(useSpans ? Math.floor(times.fromMs / binMs) * binMs : times.fromMs, times.toMs + 1, binMs);
  if (grid.length < 2)
    throw new HoldfastError('HF8405', `only ${grid.length} point in time: there is nothing to compare it with`);

  const whole = callsOver(gathered, useSpans ? mended : [], grid, [], Number.NEGATIVE_INFINITY);
  const calls = knownCalls(gathered, whole.edges);
  const onsetBin = wanted.atMs === null ? null : Math.max(1, onsetIn(grid, wanted.atMs));
  const entries = calls.length === 0 ? entryOf(whole.services, onsetBin) : entriesOf(whole.services, calls);
  const loads = new Map(whole.services.map(({ service, incident }) => [service, incident]));
  const history = past === null ? null : pastOf(past, binMs);
  const felt = symptomOf(loads, entries, onsetBin, wanted, history);
  const onsetMs = wanted.atMs ?? (grid[felt.from] as Bin).fromMs;
  const first = Math.max(0, (onsetBin ?? Math.max(0, felt.from - LATE)) - BEFORE);
  const bins = grid.slice(first).filter(({ fromMs }) => wanted.untilMs === null || fromMs < wanted.untilMs);
  const { baseline } = wanted;
  const normalBins =
    baseline === null
      ? grid.slice(0, first)
      : grid.filter(({ fromMs, toMs }) => fromMs >= baseline.fromMs && toMs <= baseline.toMs);
  const parts = callsOver(gathered, useSpans ? mended : [], bins, normalBins, onsetMs);
  const services = parts.services.map((each) => ({ ...each, normal: history?.get(each.service) ?? each.normal }));
  const symptom: RecordedSymptom = { service: felt.service, kind: felt.kind, onsetMs };
  const edges = withKnown(parts.edges, calls, services, symptom.service);
  const names = [
    ...new Set([...services.map(({ service }) => service), ...edges.flatMap(({ caller, callee }) => [caller, callee])]),
  ];
  const hosts = hostsOf(gathered);
  const placement = placementOf(hosts);
  const end = bins.at(-1)?.toMs ?? onsetMs;
  const lives = livesOf(gathered.spans, mended, logs, { fromMs: bins[0]?.fromMs ?? onsetMs, onsetMs, toMs: end });
  const resources = resourcesOf(gathered.measures, bins, normalBins);
  const templates = templatesOf(logs, bins, normalBins);
  const exits = [...exitsOf(logs, names, hosts), ...lives];
  const recording: Recording = {
    bins,
    symptom,
    services,
    edges,
    ...(calls.length === 0 && parts.edges.length === 0 ? { presumed: true } : {}),
    ...(resources.length > 0 ? { resources } : {}),
    ...(logs.length > 0 || exits.length > 0 ? { exits } : {}),
    ...(templates.length > 0 ? { templates } : {}),
    ...(parts.shapes.length > 0 ? { shapes: parts.shapes } : {}),
    ...(gathered.changes.length > 0 ? { changes: gathered.changes } : {}),
    ...(placement.length > 0 ? { placement } : {}),
  };
  const clocks = [...shiftMs].map(
    ([service, by]) =>
      `the clock of ${service} is ${Math.round(Math.abs(by))} ms ${by > 0 ? 'behind' : 'ahead'}: taken out`,
  );
  const onsetFile = said.onset?.file ?? null;
  return { recording, binMs, found: wanted.atMs === null, onsetFile, notes: [...said.notes, ...clocks] };
}

/** One that all files agree on. Of several recordings that lie in one folder each has its own. */
function saidOnset(onsets: readonly SaidOnset[]): {
  readonly onset: SaidOnset | null;
  readonly notes: readonly string[];
} {
  const [onset = null] = onsets;
  if (new Set(onsets.map(({ atMs }) => atMs)).size <= 1) return { onset, notes: [] };
  const files = onsets.map(({ file }) => file).join(', ');
  return { onset: null, notes: [`${files} do not agree on when it began: left out, --at says it`] };
}

function onsetIn(grid: readonly Bin[], atMs: number): number {
  const at = binAt(grid, atMs);
  if (at >= 0) return at;
  const [first, last] = [grid[0] as Bin, grid.at(-1) as Bin];
  const iso = (ms: number): string => new Date(ms).toISOString();
  throw new HoldfastError(
    'HF8405',
    `${iso(atMs)} lies outside what was recorded: ${iso(first.fromMs)} to ${iso(last.toMs)}`,
    { remedy: 'Say with --at when it began, within these times.' },
  );
}

interface Extent {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of what tells how calls went; logs and resources alone are nothing to account for. */
function extent({ measures }: Gathered, spans: readonly { readonly startMs: number }[]): Extent | null {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const note = (at: number): void => {
    if (at < fromMs) fromMs = at;
    if (at > toMs) toMs = at;
  };
  for (const { startMs } of spans) note(startMs);
  if (spans.length === 0) {
    for (const { quantity, atMs } of measures) if (quantity !== 'level') for (const at of atMs) note(at);
  }
  return Number.isFinite(fromMs) && Number.isFinite(toMs) ? { fromMs, toMs } : null;
}

/** Of whatever has a time. */
function anyExtent({ measures, logs }: Gathered): Extent | null {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const note = (at: number): void => {
    fromMs = Math.min(fromMs, at);
    toMs = Math.max(toMs, at);
  };
  for (const { atMs } of measures) for (const at of atMs) note(at);
  for (const { atMs } of logs) note(atMs);
  return Number.isFinite(fromMs) && Number.isFinite(toMs) ? { fromMs, toMs } : null;
}

/** Spans where there are any: they have both views and every edge. Else measures. */
function callsOver(
  { measures }: Gathered,
  spans: Parameters<typeof fromTraces>[0],
  bins: readonly Bin[],
  normalBins: readonly Bin[],
  onsetMs: number,
): ReturnType<typeof fromTraces> {
  const measured = fromMeasures(measures, bins, normalBins);
  if (spans.length === 0) return measured;
  const traced = fromTraces(spans, { bins, normalBins, onsetMs });
  return { ...traced, services: [...traced.services, ...untraced(traced.services, measured.services)] };
}

/**
 * Services that leave no spans (stores, most of all) as their metrics show them. Spans may be a sample of all calls:
 * theirs are counted by the same part, so that damage is comparable.
 */
function untraced(traced: readonly RecordedService[], measured: readonly RecordedService[]): RecordedService[] {
  const known = new Map(traced.map(({ service, incident }) => [service, total(incident)]));
  const parts = measured.flatMap(({ service, incident }) => {
    const spans = known.get(service);
    return spans === undefined || total(incident) === 0 ? [] : [spans / total(incident)];
  });
  const part = Math.min(1, parts.sort((a, b) => a - b)[parts.length >> 1] ?? 1);
  const scaled = (load: Load): Load => ({ ...load, requests: Array.from(load.requests, (calls) => calls * part) });
  return measured
    .filter(({ service }) => !known.has(service))
    .map(({ service, incident, normal }) => ({
      service,
      incident: scaled(incident),
      normal: normal === null || 'bins' in normal ? normal : scaled(normal),
    }));
}

function fromMeasures(
  measures: readonly Measure[],
  bins: readonly Bin[],
  normalBins: readonly Bin[],
): ReturnType<typeof fromTraces> {
  const groups = new Map<string, Measure[]>();
  for (const measure of measures) {
    if (measure.quantity === 'level') continue;
    const key = JSON.stringify([measure.service, measure.callee, measure.view]);
    const of = groups.get(key);
    if (of) of.push(measure);
    else groups.set(key, [measure]);
  }
  const services: RecordedService[] = [];
  const edges = new Map<string, RecordedEdge>();
  for (const of of groups.values()) {
    const { service, callee, view } = of[0] as Measure;
    const incident = loadOf(of, bins);
    if (incident === null) continue;
    const measured = { incident, normal: normalBins.length === 0 ? null : loadOf(of, normalBins) };
    if (callee === null) services.push({ service, ...measured });
    else {
      const key = `${service}\u0000${callee}`;
      const known = edges.get(key) ?? { caller: service, callee, seen: null, answered: null };
      edges.set(key, view === 'caller' ? { ...known, seen: measured } : { ...known, answered: measured });
    }
  }
  return { services, edges: [...edges.values()], shapes: [] };
}

interface Call {
  readonly caller: string;
  readonly callee: string;
}

function knownCalls({ calls }: Gathered, edges: readonly RecordedEdge[]): Call[] {
  return [...calls, ...edges].filter(({ caller, callee }) => caller !== callee);
}

/** Those whom no service calls; all of them when they go in circles. */
function entriesOf(services: readonly RecordedService[], calls: readonly Call[]): Set<string> {
  const called = new Set(calls.map(({ callee }) => callee));
  const names = services.map(({ service }) => service);
  const entries = names.filter((name) => !called.has(name));
  return new Set(entries.length === 0 ? names : entries);
}

interface Chosen {
  readonly service: string;
  readonly kind: 'slow' | 'erroring';
  readonly from: number;
}

/** What users felt most; where they felt nothing, what any service did. */
function symptomOf(
  loads: ReadonlyMap<string, Load>,
  entries: ReadonlySet<string>,
  onset: number | null,
  wanted: Wanted,
  past: ReadonlyMap<string, Load> | null,
): Chosen {
  if (wanted.service !== null && !loads.has(wanted.service)) {
    const known = [...loads.keys()].slice(0, 12).join(', ');
    throw new HoldfastError('HF8405', `nothing was recorded of ${wanted.service}`, { remedy: `There are: ${known}.` });
  }
  const all = feltBy(loads, onset, past).filter(
    ({ service, kind }) => (wanted.service ?? service) === service && (wanted.kind ?? kind) === kind,
  );
  const best =
    all.find(({ service }) => entries.has(service)) ??
    all.find(({ sum }) => sum >= (past === null ? INNER_SUM : LEAST_SUM / 2));
  if (best) return best;
  const busiest = [...loads]
    .filter(([service]) => wanted.service === null || service === wanted.service)
    .sort(([a, x], [b, y]) => Number(entries.has(b)) - Number(entries.has(a)) || total(y) - total(x))[0];
  const bins = busiest?.[1].requests.length ?? 0;
  return { service: busiest?.[0] ?? '', kind: wanted.kind ?? 'slow', from: onset ?? Math.floor((2 * bins) / 3) };
}

function total({ requests }: Load): number {
  return Array.from(requests).reduce((sum, value) => sum + (value || 0), 0);
}

/** What was normal, from other files. */
function pastOf(past: Gathered, binMs: number): Map<string, Load> {
  const spans = mend(past.spans).spans;
  const times = extent(past, spans);
  if (times === null) throw new HoldfastError('HF8405', 'the baseline does not say how calls went');
  const bins = binsBetween(times.fromMs, times.toMs + 1, binMs);
  return new Map(
    callsOver(past, spans, bins, [], Number.NEGATIVE_INFINITY).services.map(({ service, incident }) => [
      service,
      incident,
    ]),
  );
}

/**
 * Calls from a graph beside those that were measured. Where nothing at all is known of calls, the symptom's service is
 * taken to reach everybody who could be waited for within its own time: which of them it calls cannot be told.
 */
function withKnown(
  edges: readonly RecordedEdge[],
  calls: readonly Call[],
  services: readonly RecordedService[],
  symptom: string,
): RecordedEdge[] {
  const all = new Map(edges.map((edge) => [`${edge.caller}\u0000${edge.callee}`, edge]));
  const add = (caller: string, callee: string): void => {
    const key = `${caller}\u0000${callee}`;
    if (!all.has(key)) all.set(key, { caller, callee, seen: null, answered: null });
  };
  for (const { caller, callee } of calls) add(caller, callee);
  if (all.size === 0) {
    const learnt = couplingsOf(services);
    for (const { caller, callee } of learnt) add(caller, callee);
    const called = new Set(learnt.map(({ callee }) => callee));
    const busy = busyOf(services);
    const most = busy.get(symptom) ?? 0;
    for (const [service, time] of busy)
      if (service !== symptom && !called.has(service) && time <= most) add(symptom, service);
  }
  return [...all.values()];
}

function hostsOf({ spans, logs }: Gathered): Map<string, string[]> {
  const hosts = new Map<string, Set<string>>();
  const note = (host: string | null, service: string): void => {
    if (host === null || host === '' || service === '') return;
    const of = hosts.get(host) ?? new Set<string>();
    hosts.set(host, of.add(service));
  };
  for (const { host, service } of spans) note(host, service);
  for (const { host, service } of logs) note(host, service);
  return new Map([...hosts].map(([host, of]) => [host, [...of]]));
}

/** Machines that hold several services, where there are several machines: else it says nothing. */
function placementOf(hosts: ReadonlyMap<string, readonly string[]>): RecordedPlacement[] {
  if (hosts.size < 2 || [...hosts.values()].every((of) => of.length < 2)) return [];
  return [...hosts].flatMap(([name, of]) => of.map((service): RecordedPlacement => ({ service, kind: 'node', name })));
}

function resourcesOf(
  measures: readonly Measure[],
  bins: readonly Bin[],
  normalBins: readonly Bin[],
): RecordedResource[] {
  return measures.flatMap((measure): RecordedResource[] => {
    const { service, instance, resource, quantity } = measure;
    if (quantity !== 'level') return [];
    const incident = binned(measure, bins);
    if (incident.every(Number.isNaN)) return [];
    const normal = normalBins.length === 0 ? null : binned(measure, normalBins);
    return [
      {
        service,
        instance,
        resource,
        limit: null,
        class: resource === 'disk' ? 'hardware' : 'capacity',
        incident,
        normal,
      },
    ];
  });
}
