/**
 * The machine itself as a cause. Processes that get no processor answer late, miss their checks and time out on each
 * other: every service looks ill, and each by itself could be the cause. What tells is the kernel's account of how long
 * each process was ready to run and was not let (ResourceSignal.cpuWaitShare), and how late our own timers were.
 *
 *   starved(node)  the median of its instances waits for WAITING of the time since onset, or our timers are LATE_MS late in
 *                  a quarter of the samples; MORE times as much as before onset: what was so before explains no incident
 *   for it         that, and as much again when several services on it are ill with what want of a processor does
 *   against those  whose symptoms are of that kind, while nothing but the machine's state sets them apart
 *
 * One instance that uses the processors up is not the machine's fault: then who waits is accused less than who uses.
 */
import type { Symptom, SymptomKind } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import { median } from '../recorded/norm.ts';
import type { Suspect } from './suspects.ts';

export interface Starved {
  readonly node: string;
  /** For people. */
  readonly text: string;
  /** Ill services on it whose symptoms want of a processor can bring about, and that call no other of them. */
  readonly services: readonly string[];
}

const WAITING = 0.15;
const LATE_MS: Ms = 250;
const MORE = 3;
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
    const waits = waitsOn(node, view, onsetAt - LEAD_MS, now);
    const before = waitsOn(node, view, onsetAt - PAST_MS, onsetAt - LEAD_MS);
    const lags = lagsOn(node, view, onsetAt - LEAD_MS, now);
    const late = lags >= LATE_MS && lags >= MORE * lagsOn(node, view, onsetAt - PAST_MS, onsetAt - LEAD_MS);
    const waiting = waits !== null && waits >= WAITING && waits >= MORE * (before ?? 0);
    if (!waiting && !late) return [];
    const said = [
      ...(waiting ? [`its processes waited for a processor ${Math.round(100 * (waits ?? 0))} % of the time`] : []),
      ...(late ? [`timers were ${Math.round(lags)} ms late`] : []),
    ];
    const ill = suspects
      .filter((suspect) => isOn(suspect, node) && isByStarving(suspect))
      .map(({ service }) => service);
    // What suffers from another one that is ill says nothing more of the machine.
    const services = ill.filter(
      (service) =>
        !suspects.some((one) => one.service === service && one.callees.some((callee) => ill.includes(callee))),
    );
    return [{ node, text: `${node} is starved: ${said.join(', ')}`, services }];
  });
}

/** All that is seen of it may come from want of a processor. */
export function isByStarving({ symptoms, afflicted, mechanism }: Suspect): boolean {
  const fits = ({ kind, resource }: Symptom): boolean =>
    BY_STARVING.has(kind) || (kind === 'saturating' && resource === 'cpu');
  return mechanism.faultClass !== 'network' && symptoms.every(fits) && afflicted.every(({ stopped }) => !stopped);
}

export function isOn({ instances }: Pick<Suspect, 'instances'>, node: string): boolean {
  return instances.some((instance) => instance.node === node);
}

/** Median over instances of each one's mean; null: the kernel does not say. */
function waitsOn(node: string, view: SystemView, fromMs: Ms, toMs: Ms): number | null {
  const means: number[] = [];
  for (const instance of view.instances.values()) {
    if (instance.node !== node) continue;
    const shares = view
      .resourcesOf(instance.id)
      .flatMap(({ at, cpuWaitShare, incarnation }) =>
        cpuWaitShare !== undefined && incarnation === instance.incarnation && at > fromMs && at <= toMs
          ? [cpuWaitShare]
          : [],
      );
    if (shares.length > 0) means.push(shares.reduce((sum, share) => sum + share, 0) / shares.length);
  }
  return means.length === 0 ? null : median(means);
}

/** Upper quartile: a single pause is a pause. */
function lagsOn(node: string, view: SystemView, fromMs: Ms, toMs: Ms): Ms {
  const lags = view
    .nodePastOf(node)
    .filter(({ at }) => at > fromMs && at <= toMs)
    .map(({ ownLagMs }) => ownLagMs)
    .sort((a, b) => a - b);
  return lags[Math.floor(0.75 * (lags.length - 1))] ?? 0;
}
