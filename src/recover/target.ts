/** Questions that several rails and the planner ask of an action's target. */

import type { GuardVerdict } from '../model/incident.ts';
import type { Instance } from '../model/instance.ts';
import { reaches } from '../model/reach.ts';
import type { EntityRef, Symptom, SymptomKind } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import type { ActionDraft } from './contract.ts';

/** Takes a running instance from its users. */
export function disrupts(action: ActionDraft, view: SystemView): boolean {
  if (!['restart', 'replace', 'eject', 'failover'].includes(action.kind)) return false;
  const target = view.instances.get(action.target);
  return target !== undefined && isAlive(target);
}

export function isAlive({ phase }: Instance): boolean {
  return phase === 'starting' || phase === 'running' || phase === 'stopping';
}

/** Takes calls now. */
export function serves({ phase, ready, ejected }: Instance): boolean {
  return phase === 'running' && ready && !ejected;
}

export function instancesOf(service: string, view: SystemView): Instance[] {
  return [...view.instances.values()].filter((instance) => instance.service === service);
}

export function has(symptoms: readonly Symptom[], instance: string, ...kinds: readonly SymptomKind[]): boolean {
  return symptoms.some(
    ({ entity, kind }) => entity.kind === 'instance' && entity.name === instance && kinds.includes(kind),
  );
}

/** Directly or not, as declared. */
export function dependsOn(from: string, to: string, view: SystemView): boolean {
  return reaches(from, to, (name) => (view.services.get(name)?.dependsOn ?? []).map(({ service }) => service));
}

/**
 * Longer leaves callers alone for longer after their dependency is well; shorter restarts some of them in vain. Ten
 * seconds are the longest connect and retry times in use, and the windows in which they were measured.
 */
export const ECHO_MS: Ms = 10_000;

export function serviceOf(entity: EntityRef): string | null {
  if (entity.kind === 'instance') return entity.service;
  return entity.kind === 'service' ? entity.name : null;
}

/** The kernel reports it as stopped (SIGSTOP): that is no echo of anything else. */
export function isStopped(instance: Instance, view: SystemView): boolean {
  const last = view.resourcesOf(instance.id).at(-1);
  return last?.state === 'T' && last.incarnation === instance.incarnation;
}

export function allow(rail: GuardVerdict['rail'], reason: string): GuardVerdict {
  return { rail, verdict: 'allow', reason, until: null };
}
