/**
 * The machine itself as a cause. Processes that get no processor answer late, miss their checks and time out on each
 * other: every service looks ill, and each by itself could be the cause. The same goes for a machine that looks for memory,
 * and for a disk that takes long for what it is to keep. What tells is the kernel's account, and our own experience:
 *
 *   processors  the median of its instances waits for WAITING of the time since onset, MORE times as much as before; or our
 *               timers are LATE_MS late in a quarter of the samples, MORE times as much; or all instances together wait
 *               CROWDED times as long as they run, CROWDED_MORE times as much as before. The first is about who wants to run
 *               all the time, the last about who mostly sleeps: for him each piece of work takes twice as long
 *   memory      somebody waited for memory PRESSED of the time (NodeSignal.memoryPressure), MORE times as much as before
 *   disk        a small write of our own took SYNC_MS to be kept (NodeSignal.diskSyncMs) in half of the tries, SLOWER times
 *               as long as before
 *
 * What was so before onset explains no incident. What is said of a machine speaks
 *
 *   for it         and as much again when several services on it are ill with what such want does
 *   against those  whose symptoms are of that kind, while nothing but the machine's state sets them apart
 *
 * One instance that uses the processors up is not the machine's fault: then the machine is not accused, and who waits is
 * accused less than who uses.
 */
import type { FaultClass } from '../../model/incident.ts';
import type { NodeSignal, ResourceSignal } from '../../model/signal.ts';
import type { Symptom, SymptomKind } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import { median, upperQuartile } from '../recorded/norm.ts';
import type { Suspect } from './suspects.ts';

export interface Starved {
  readonly node: string;
  /** For people. */
  readonly text: string;
  readonly mechanism: string;
  readonly faultClass: FaultClass;
  /** The service whose instance uses it all up; null: nobody that we run. */
  readonly user: string | null;
  /** Ill services on it whose symptoms such want can bring about, and that call no other of them. */
  readonly services: readonly string[];
  /** All services with an instance on it. */
  readonly residents: ReadonlySet<string>;
}

const WAITING = 0.15;
const LATE_MS: Ms = 250;
const MORE = 3;
const CROWDED = 1;
const CROWDED_MORE = 2;
/** Of a core, all instances together: less waiting than this is felt by nobody, whatever it is a part of. */
const LEAST_WAITS = 0.05;
/** An instance that has come to use so many cores more, and half of what all of them use, is why the others wait. */
const HOG = { rise: 0.5, part: 0.5 };
const PRESSED = 0.2;
const SYNC_MS: Ms = 100;
const SLOWER = 5;
const LEAD_MS: Ms = 3_000;
/** Samples from further back are another time. */
const PAST_MS: Ms = 45_000;

/** What a process does that is not let run; dying is not among it. */
const BY_STARVING: ReadonlySet<SymptomKind> = new Set(['slow', 'hung', 'erroring', 'unreachable']);

/** One look at an incident asks for it many times: what follows from the same suspects is worked out once. */
const worked = new WeakMap<readonly Suspect[], readonly Starved[]>();

export function starvedNodes(suspects: readonly Suspect[], view: SystemView, onsetAt: Ms, now: Ms): readonly Starved[] {
  const known = worked.get(suspects) ?? workOut(suspects, view, onsetAt, now);
  worked.set(suspects, known);
  return known;
}

function workOut(suspects: readonly Suspect[], view: SystemView, onsetAt: Ms, now: Ms): Starved[] {
  if (suspects.length === 0) return [];
  const nodes = new Set([...view.instances.values()].map(({ node }) => node));
  return [...nodes].flatMap((node) => {
    const during = seenOn(node, view, onsetAt - LEAD_MS, now);
    const before = seenOn(node, view, onsetAt - PAST_MS, onsetAt - LEAD_MS);
    const wants = [ofProcessors(during, before), ofMemory(during, before), ofDisk(during, before)];
    const services = illOn(node, suspects);
    const here = [...view.instances.values()].filter((instance) => instance.node === node);
    const residents = new Set(here.map(({ service }) => service));
    return wants.flatMap((want) =>
      want === null
        ? []
        : [{ ...want, node, text: `${node} ${want.text}`, user: want.user ?? null, services, residents }],
    );
  });
}

/** Ill services on it that may be ill by its state; who suffers from another one that is ill says nothing more of it. */
function illOn(node: string, suspects: readonly Suspect[]): string[] {
  const ill = suspects.filter((suspect) => isOn(suspect, node) && isByStarving(suspect)).map(({ service }) => service);
  return ill.filter(
    (service) => !suspects.some((one) => one.service === service && one.callees.some((callee) => ill.includes(callee))),
  );
}

type Want = Pick<Starved, 'text' | 'mechanism' | 'faultClass'> & { readonly user?: string | null };

function ofProcessors(during: Seen, before: Seen): Want | null {
  const [waits, lags] = [medianWait(during), upperQuartile(during.nodes.map(({ ownLagMs }) => ownLagMs))];
  const late = lags >= LATE_MS && lags >= MORE * upperQuartile(before.nodes.map(({ ownLagMs }) => ownLagMs));
  const waiting = waits !== null && waits >= WAITING && waits >= MORE * (medianWait(before) ?? 0);
  const ratio = waitPerRun(during);
  const usual = waitPerRun(before);
  const crowded = ratio !== null && usual !== null && ratio >= CROWDED && ratio >= CROWDED_MORE * usual;
  if (!waiting && !late && !crowded) return null;
  const user = hogOf(during, before);
  const said = [
    ...(waiting ? [`its processes waited for a processor ${percent(waits)} of the time`] : []),
    ...(crowded ? [`its processes waited ${times(ratio)} as long as they ran, before ${times(usual)}`] : []),
    ...(late ? [`timers were ${Math.round(lags)} ms late`] : []),
    ...(user === null ? [] : [`${user.instance} has come to use ${user.cores.toFixed(1)} cores`]),
  ];
  return {
    text: `is starved: ${said.join(', ')}`,
    mechanism: 'short of processors',
    faultClass: 'capacity',
    user: user?.service ?? null,
  };
}

function ofMemory(during: Seen, before: Seen): Want | null {
  const pressed = meanOf(during.nodes.flatMap(({ memoryPressure }) => memoryPressure ?? []));
  const usual = meanOf(before.nodes.flatMap(({ memoryPressure }) => memoryPressure ?? [])) ?? 0;
  if (pressed === null || pressed < PRESSED || pressed < MORE * usual) return null;
  const text = `is short of memory: somebody waited for it ${percent(pressed)} of the time`;
  return { text, mechanism: 'short of memory', faultClass: 'capacity' };
}

function ofDisk(during: Seen, before: Seen): Want | null {
  const took = during.nodes.flatMap(({ diskSyncMs }) => diskSyncMs ?? []);
  const usual = before.nodes.flatMap(({ diskSyncMs }) => diskSyncMs ?? []);
  if (took.length === 0 || usual.length === 0) return null;
  const [slow, was] = [median(took), median(usual)];
  if (slow < SYNC_MS || slow < SLOWER * was) return null;
  const text = `has a slow disk: a small write took ${Math.round(slow)} ms to be kept, before ${Math.round(was)} ms`;
  return { text, mechanism: 'slow disk', faultClass: 'hardware' };
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;
const times = (ratio: number): string => `${ratio.toFixed(1)} times`;

/** It answers, and says that it cannot: who only waits for a processor does not say so. */
const saysStatus = (evidence: string): boolean => /\bstatus \d/.test(evidence);

/** All that is seen of it may come from want of a processor: also that calls are late on the way, not that they break. */
export function isByStarving({ symptoms, afflicted, mechanism }: Suspect): boolean {
  const fits = ({ kind, resource, evidence }: Symptom): boolean =>
    (BY_STARVING.has(kind) && !evidence.some(saysStatus)) || (kind === 'saturating' && resource === 'cpu');
  const late = mechanism.faultClass !== 'network' || mechanism.passedOn;
  return late && symptoms.every(fits) && afflicted.every(({ stopped }) => !stopped);
}

export function isOn({ instances }: Pick<Suspect, 'instances'>, node: string): boolean {
  return instances.some((instance) => instance.node === node);
}

/** What is known of one node in a span of time. */
interface Seen {
  readonly instances: readonly Used[];
  readonly nodes: readonly NodeSignal[];
}

/** Means over the samples of one instance, in cores; waits null: the kernel does not say. */
interface Used {
  readonly id: string;
  readonly service: string;
  readonly runs: number;
  readonly waits: number | null;
}

function seenOn(node: string, view: SystemView, fromMs: Ms, toMs: Ms): Seen {
  const within = ({ at }: { readonly at: Ms }): boolean => at > fromMs && at <= toMs;
  const instances = [...view.instances.values()].flatMap((instance): Used[] => {
    if (instance.node !== node) return [];
    const samples = view
      .resourcesOf(instance.id)
      .filter((sample) => sample.incarnation === instance.incarnation && within(sample));
    const runs = meanOf(samples.map(({ cpuCores }) => cpuCores));
    return runs === null ? [] : [{ id: instance.id, service: instance.service, runs, waits: meanOf(waitsOf(samples)) }];
  });
  return { instances, nodes: view.nodePastOf(node).filter(within) };
}

const waitsOf = (samples: readonly ResourceSignal[]): number[] =>
  samples.flatMap(({ cpuWaitShare }) => cpuWaitShare ?? []);

function medianWait({ instances }: Seen): number | null {
  const waits = instances.flatMap((each) => each.waits ?? []);
  return waits.length === 0 ? null : median(waits);
}

/** Of all instances together: how long they could have run and were not let, for each second that they ran. */
function waitPerRun({ instances }: Seen): number | null {
  const known = instances.filter(({ waits }) => waits !== null);
  if (known.length === 0) return null;
  const waits = known.reduce((sum, each) => sum + (each.waits ?? 0), 0);
  const runs = known.reduce((sum, each) => sum + each.runs, 0);
  // Samples are counted in hundredths: below that the ratio is of roundings.
  return waits < LEAST_WAITS ? 0 : waits / Math.max(0.01, runs);
}

/** Who has come to use most of what all use. */
function hogOf(
  { instances }: Seen,
  before: Seen,
): { readonly instance: string; readonly service: string; readonly cores: number } | null {
  const all = instances.reduce((sum, { runs }) => sum + runs, 0);
  const hog = instances.find(({ id, runs }) => {
    const usual = before.instances.find((each) => each.id === id)?.runs ?? 0;
    return runs - usual >= HOG.rise && runs >= HOG.part * all;
  });
  return hog === undefined ? null : { instance: hog.id, service: hog.service, cores: hog.runs };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
