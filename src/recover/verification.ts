/**
 * Has a repair helped? Succeeded: every symptom of the plan has been away for `forMs` and every instance that was
 * acted upon is ready. Failed: a symptom came back after the repair, or something is still amiss at the deadline.
 * A caller of what was repaired may still be told of for a while: that fails nothing, it only has to pass.
 */
import type { Plan } from '../model/incident.ts';
import type { Symptom } from '../model/symptom.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import { dependsOn, ECHO_MS, serviceOf } from './target.ts';

export interface Verification {
  readonly state: 'waiting' | 'succeeded' | 'failed';
  /** Since when everything has been well: to be handed back as `plan.verifySince`. */
  readonly since: Ms | null;
  readonly outcome: string | null;
}

/** All actions of the plan are over. `open`: the open symptoms of the incident. */
export function verification(plan: Plan, open: readonly Symptom[], view: SystemView, now: Ms): Verification {
  const { symptoms, forMs, deadlineMs } = plan.verify;
  const actedAt = Math.max(plan.createdAt, ...plan.actions.map(({ endedAt }) => endedAt ?? now));
  const relevant = open.filter(({ id }) => symptoms.includes(id));
  const back = relevant.find((symptom) => symptom.detectedAt > actedAt && !isEcho(symptom, plan, actedAt, view));
  if (back) return { state: 'failed', since: null, outcome: `the symptom came back: ${back.summary}` };
  const amiss = relevant[0]?.summary ?? notReady(plan, view);
  if (amiss === null) {
    const since = plan.verifySince ?? now;
    if (now - since < forMs) return { state: 'waiting', since, outcome: null };
    return { state: 'succeeded', since, outcome: `the symptoms stayed away for ${formatDuration(forMs)}` };
  }
  if (now - actedAt <= deadlineMs) return { state: 'waiting', since: null, outcome: null };
  return { state: 'failed', since: null, outcome: `still there after ${formatDuration(deadlineMs)}: ${amiss}` };
}

/** Told late of a caller of what was repaired: its calls of before are still being answered, tried again, counted. */
function isEcho({ entity, detectedAt }: Symptom, plan: Plan, actedAt: Ms, view: SystemView): boolean {
  const service = serviceOf(entity);
  if (service === null || detectedAt > actedAt + ECHO_MS) return false;
  return plan.actions.some(
    (action) => action.status === 'done' && action.service !== service && dependsOn(service, action.service, view),
  );
}

function notReady(plan: Plan, view: SystemView): string | null {
  for (const { kind, status, target } of plan.actions) {
    if (status !== 'done' || (kind !== 'restart' && kind !== 'replace')) continue;
    const instance = view.instances.get(target);
    if (instance && !instance.ready && instance.phase !== 'exited') return `${target} is not ready`;
  }
  return null;
}
