/**
 * What is known about each service that has a symptom: which instances, what kind, since when, and on whom it
 * depends. Everything the evidence lanes look at is gathered here once.
 */

import type { Instance, InstanceExit } from '../../model/instance.ts';
import { reaches } from '../../model/reach.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import { type Symptom, type SymptomKind, serviceOf } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import { type Mechanism, mechanismOf } from './mechanism.ts';
import { type BadWay, badWays } from './ways.ts';

/** What is known before it is asked what happened. */
export type SuspectFacts = Omit<Suspect, 'mechanism'>;

export interface Suspect {
  readonly service: string;
  /** Null: it is called but not run by Holdfast. */
  readonly spec: ServiceSpec | null;
  readonly symptoms: readonly Symptom[];
  readonly onsetAt: Ms;
  readonly instances: readonly Instance[];
  /** Instances with a symptom of their own, in order of onset. */
  readonly afflicted: readonly Afflicted[];
  /** Symptomatic services that it calls, directly or not. */
  readonly callees: readonly string[];
  /** Symptomatic services that call it, directly or not. */
  readonly callers: readonly string[];
  /**
   * A service that it calls has nobody left to answer: then what its instances do for want of it is passed on, also
   * when only one of them shows it yet.
   */
  readonly starved: boolean;
  /** One that it calls was ill no later: few calls spread unevenly, so slowness from there may show at one of many. */
  readonly calleeIll: boolean;
  /** Its instances that are worse off on their callers' way than beside it. */
  readonly ways: readonly BadWay[];
  /** One that it calls failed calls no later: then some of many fail first, by chance or by which calls they get. */
  readonly calleeFails: boolean;
  /** What happened to it, by its strongest evidence. */
  readonly mechanism: Mechanism;
}

export interface Afflicted {
  readonly instance: Instance;
  readonly symptoms: readonly Symptom[];
  readonly onsetAt: Ms;
  /** How its last life ended, when that belongs to this incident. */
  readonly exit: InstanceExit | null;
  /** The kernel reports it as stopped. */
  readonly stopped: boolean;
}

/** Symptoms that are seen at the process, not inferred from what its calls came to. */
export const FACTS: ReadonlySet<SymptomKind> = new Set(['crashed', 'hung', 'unreachable', 'flapping']);

/** Onsets are known to a window or two: a callee this much later may still have been first. */
export const ONSET_TOLERANCE_MS: Ms = 2_500;

/** An exit this much before the first symptom still belongs to it. */
const EXIT_LEAD_MS: Ms = 5_000;

/** Those with symptoms; and those that they call, when the way there is bad. */
export function gatherSuspects({ symptoms, view, onsetAt, now }: Asked): Suspect[] {
  return factsOf(symptoms, view, onsetAt, now).map((facts) => ({ ...facts, mechanism: mechanismOf(facts) }));
}

export interface Asked {
  readonly symptoms: readonly Symptom[];
  readonly view: SystemView;
  readonly onsetAt: Ms;
  readonly now: Ms;
}

function factsOf(symptoms: readonly Symptom[], view: SystemView, since: Ms, now: Ms): SuspectFacts[] {
  const byService = new Map<string, Symptom[]>();
  for (const symptom of symptoms) {
    const service = serviceOf(symptom.entity);
    if (service === null) continue;
    const list = byService.get(service);
    if (list) list.push(symptom);
    else byService.set(service, [symptom]);
  }
  const ways = badWays(view, since, now);
  for (const service of ways.keys()) {
    const ill = !byService.has(service) && [...byService.keys()].some((name) => calls(name, service, view));
    if (ill) byService.set(service, []);
  }
  const names = new Set(byService.keys());
  const begins = (service: string, own: readonly Symptom[]): Ms => {
    // A way is looked at when somebody is in trouble on it: it was bad before.
    const callers =
      own.length > 0 ? [] : [...byService].filter(([name]) => name !== service && calls(name, service, view));
    const seen = [...own, ...callers.flatMap(([, theirs]) => theirs)].map((symptom) => symptom.onsetAt);
    return Math.min(...seen, ...(ways.get(service) ?? []).map(({ at }) => at));
  };
  return [...byService].map(([service, own]) => {
    const instances = instancesOf(service, view);
    const onsetAt = begins(service, own);
    const callees = [...names].filter((name) => name !== service && calls(service, name, view));
    return {
      service,
      spec: view.services.get(service) ?? null,
      symptoms: own,
      onsetAt,
      instances,
      afflicted: afflictedOf(own, instances, view),
      callees,
      callers: [...names].filter((name) => name !== service && calls(name, service, view)),
      calleeFails: callees.some((callee) =>
        byService
          .get(callee)
          ?.some(
            ({ kind, entity, onsetAt: at }) =>
              kind === 'erroring' && entity.kind !== 'instance' && at <= onsetAt + ONSET_TOLERANCE_MS,
          ),
      ),
      starved: callees.some(
        (callee) =>
          isDown(byService.get(callee) ?? [], callee, view, onsetAt) || isCutOff(ways.get(callee) ?? [], callee, view),
      ),
      calleeIll: callees.some(
        (callee) =>
          (ways.get(callee) ?? []).length > 0 ||
          byService.get(callee)?.some((symptom) => symptom.onsetAt <= onsetAt + ONSET_TOLERANCE_MS),
      ),
      ways: ways.get(service) ?? [],
    };
  });
}

function instancesOf(service: string, view: SystemView): Instance[] {
  return [...view.instances.values()].filter((instance) => instance.service === service);
}

/** Every one of its instances was seen to be down, by itself, and no later than this. */
function isDown(symptoms: readonly Symptom[], service: string, view: SystemView, onsetAt: Ms): boolean {
  const down = new Set(
    symptoms
      .filter(({ kind, onsetAt: at }) => FACTS.has(kind) && at <= onsetAt + ONSET_TOLERANCE_MS)
      .map(({ entity }) => entity.name),
  );
  const instances = instancesOf(service, view);
  return instances.length > 0 && instances.every(({ id }) => down.has(id));
}

function isCutOff(ways: readonly BadWay[], service: string, view: SystemView): boolean {
  return ways.length > 0 && ways.length === instancesOf(service, view).length;
}

/** Declared and measured. */
export function calleesOf(service: string, view: SystemView): string[] {
  const declared = view.services.get(service)?.dependsOn.map((dependency) => dependency.service) ?? [];
  const measured = view.edges.pairs().flatMap(({ caller, callee }) => (caller === service ? [callee] : []));
  return [...new Set([...declared, ...measured])].filter((callee) => callee !== service);
}

/** Directly or not. */
export function calls(from: string, to: string, view: SystemView): boolean {
  return reaches(from, to, (name) => calleesOf(name, view));
}

/** What the kernel said of a process that is replaced by now. */
const saysStopped = (evidence: string): boolean => evidence.includes('(state T)');

function afflictedOf(symptoms: readonly Symptom[], instances: readonly Instance[], view: SystemView): Afflicted[] {
  const afflicted: Afflicted[] = [];
  for (const instance of instances) {
    const own = symptoms.filter(({ entity }) => entity.kind === 'instance' && entity.name === instance.id);
    if (own.length === 0) continue;
    const onsetAt = Math.min(...own.map((symptom) => symptom.onsetAt));
    const crashed = own.some(({ kind }) => kind === 'crashed');
    const recent = view.exitsOf(instance.id).findLast(({ at }) => at >= onsetAt - EXIT_LEAD_MS);
    // One that comes and goes may do so without an end of its own: how a life ended long ago is not why.
    const flaps = own.some(({ kind }) => kind === 'flapping');
    const exit = crashed ? (recent ?? instance.lastExit) : flaps ? (recent ?? null) : null;
    const last = view.resourcesOf(instance.id).at(-1);
    const isStopped = last?.state === 'T' && last.incarnation === instance.incarnation;
    const stopped = isStopped || own.some(({ kind, evidence }) => kind === 'hung' && evidence.some(saysStopped));
    afflicted.push({ instance, symptoms: own, onsetAt, exit, stopped });
  }
  return afflicted.sort((a, b) => a.onsetAt - b.onsetAt);
}
