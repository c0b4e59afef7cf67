/**
 * intensity: at most maxAttempts automatic restarts of one instance (or failovers of one service) within windowMs. Past that, restarting is not
 * the cure: the planner escalates (compare plan.ts), and the next restart waits until the window has room again.
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { RestartPolicy } from '../model/spec.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { failoverKey, type RecoveryMemory } from './memory.ts';
import { allow } from './target.ts';

export function intensity(action: ActionDraft, context: GuardContext, now: Ms): GuardVerdict | null {
  if (action.kind !== 'restart' && action.kind !== 'replace' && action.kind !== 'failover') return null;
  const policy = context.view.services.get(action.service)?.restart;
  if (!policy) return null;
  const [key, what] =
    action.kind === 'failover' ? [failoverKey(action.service), 'failovers'] : [action.target, 'restarts'];
  const recent = restartsWithin(context.memory, key, policy, now);
  const limit = limitOf(policy);
  if (recent.length < limit) return allow('intensity', `${recent.length} of ${limit} ${what} used`);
  const freed = recent[recent.length - limit] as Ms;
  const reason = `${recent.length} ${what} within ${formatDuration(policy.windowMs)}: more of them will not help`;
  return { rail: 'intensity', verdict: 'delay', reason, until: freed + policy.windowMs };
}

export function isExhausted(memory: RecoveryMemory, instance: string, policy: RestartPolicy, now: Ms): boolean {
  return restartsWithin(memory, instance, policy, now).length >= limitOf(policy);
}

function restartsWithin(memory: RecoveryMemory, instance: string, policy: RestartPolicy, now: Ms): readonly Ms[] {
  return memory.restartsOf(instance).filter((at) => at > now - policy.windowMs);
}

/** 0 would strand. */
function limitOf(policy: RestartPolicy): number {
  return Math.max(1, policy.maxAttempts);
}
