/**
 * brake: when half of a service's instances or more (at least two) misbehave at once, the cause is most likely shared
 * (a dependency, a change, load), and restarting running instances only takes away what still works. They are left
 * alone for HOLD_MS; after that one restart per HOLD_MS is let through, to find out whether it helps after all.
 * Dead instances may always be started, and one that the kernel reports as stopped is no victim of anything shared.
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, disrupts, instancesOf, isStopped } from './target.ts';

/** Longer protects more against restarting victims; shorter heals sooner where restarting does help. */
export const HOLD_MS: Ms = 30_000;

export function brake(action: ActionDraft, context: GuardContext, now: Ms): GuardVerdict | null {
  const { view, memory } = context;
  const target = view.instances.get(action.target);
  if (!target || !disrupts(action, view)) return null;
  if (isStopped(target, view)) return allow('brake', `${target.id} is stopped: nothing shared does that`);
  const instances = instancesOf(action.service, view);
  const sick = sickOf(
    action.service,
    instances.map(({ id }) => id),
    // Of standbys nobody is served: what callers see is the primary alone.
    action.kind === 'failover' ? context.symptoms.filter(({ entity }) => entity.kind === 'instance') : context.symptoms,
  );
  const share = `${sick.ids.size} of ${instances.length} instances of ${action.service} misbehave`;
  if (sick.ids.size < Math.max(2, instances.length / 2)) return allow('brake', share);
  const lastTry = Math.max(
    Number.NEGATIVE_INFINITY,
    ...instances.map(({ id }) => memory.restartsOf(id).at(-1) ?? Number.NEGATIVE_INFINITY),
  );
  const until = Math.max(sick.since, lastTry) + HOLD_MS;
  if (now >= until) return allow('brake', `${share}; one restart is tried`);
  return { rail: 'brake', verdict: 'delay', reason: `${share} at once: the cause is shared`, until };
}

function sickOf(
  service: string,
  instances: readonly string[],
  symptoms: readonly Symptom[],
): { readonly ids: ReadonlySet<string>; readonly since: Ms } {
  const ids = new Set<string>();
  let since = Number.POSITIVE_INFINITY;
  for (const { kind, entity, onsetAt } of symptoms) {
    if (kind === 'saturating' || kind === 'anomalous') continue;
    const own = entity.kind === 'instance' && entity.service === service;
    const whole = entity.kind === 'service' && entity.name === service && kind !== 'unreachable';
    if (!own && !whole) continue;
    for (const id of whole ? instances : [entity.name]) ids.add(id);
    since = Math.min(since, onsetAt);
  }
  return { ids, since };
}
