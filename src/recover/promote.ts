/**
 * When a standby takes the primary's place. A primary that is dead, silent or out of reach is followed at once by a
 * standby that has all that was acknowledged: a promotion takes the same short time whatever the size of the data,
 * while starting a database again after a crash takes as long as its recovery log is. Without such a standby the
 * primary is started again in place, as often as it takes; and only where that has failed twice, and the policy
 * allows losses, is a standby proposed that may lack something.
 */
import type { Instance } from '../model/instance.ts';
import type { ServiceSpec } from '../model/spec.ts';
import type { Symptom } from '../model/symptom.ts';
import type { ActionDraft, PlanInput } from './contract.ts';
import { failedTries } from './ladder.ts';
import { failOver } from './steps.ts';
import { has, instancesOf, isAlive } from './target.ts';

const TRIES_IN_PLACE = 2;

/** Empty: it is not the primary, it is not ill in this way, or there is nobody to take its place. */
export function promotions(
  instance: Instance,
  spec: ServiceSpec,
  why: string,
  symptoms: readonly Symptom[],
  { view, incident }: PlanInput,
): ActionDraft[] {
  const roles = view.failoverOf(spec.name);
  if (roles?.holder !== instance.id || !spec.recovery.allow.includes('failover')) return [];
  const dead = has(symptoms, instance.id, 'crashed') && !isAlive(instance);
  const gone = isAlive(instance) && instance.phase !== 'stopping' && has(symptoms, instance.id, 'hung', 'unreachable');
  if (!dead && !gone) return [];
  const standbys = instancesOf(spec.name, view)
    .filter((other) => other.id !== instance.id && canBePromoted(other, symptoms))
    .sort((a, b) => a.slot - b.slot);
  const caughtUp = standbys.find(({ id }) => roles.caughtUp.includes(id));
  // What would be refused is not proposed: it would stand in the way of what helps.
  const mayLack = spec.failover?.allowLoss === true && failedTries(incident, instance.id) >= TRIES_IN_PLACE;
  const candidate = caughtUp ?? (mayLack ? standbys[0] : undefined);
  return candidate ? [failOver(instance, candidate.id, why)] : [];
}

/** It runs and answers. */
function canBePromoted(instance: Instance, symptoms: readonly Symptom[]): boolean {
  const ill = has(symptoms, instance.id, 'crashed', 'hung', 'unreachable');
  return instance.phase === 'running' && instance.ready && !ill;
}
