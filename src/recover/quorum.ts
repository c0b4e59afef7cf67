/**
 * quorum: minAvailable instances of the service must stay in service. A target that serves nobody now (not ready,
 * ejected, dead) costs nothing. A minimum of all instances or more would forbid every repair: one may always be
 * taken then (to forbid that, leave restart, replace and eject out of `recovery.allow`).
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, disrupts, instancesOf, serves } from './target.ts';

export function quorum(action: ActionDraft, { view }: GuardContext): GuardVerdict | null {
  if (!disrupts(action, view)) return null;
  const spec = view.services.get(action.service);
  const target = view.instances.get(action.target);
  if (!spec || !target) return null;
  if (!serves(target)) return allow('quorum', `${action.target} serves nobody now`);
  const instances = instancesOf(action.service, view);
  const needed = Math.min(spec.recovery.minAvailable, instances.length - 1);
  const left = instances.filter((instance) => instance.id !== action.target && serves(instance)).length;
  if (left >= needed) return allow('quorum', `${left} would stay, ${needed} must`);
  const reason = `only ${left} instances of ${action.service} would stay in service, ${needed} must`;
  return { rail: 'quorum', verdict: 'delay', reason, until: null };
}
