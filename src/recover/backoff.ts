/**
 * backoff: time between two starts of an instance that keeps dying. The first restart comes at once; the n-th after
 * it waits d/2 … d (uniformly), d = delayMs × 2^(n−1), at most maxDelayMs. Half the delay is jitter, so that
 * instances that died together do not come back together; the other half is kept, so that a loop stays slow.
 *
 * It never strands: at the cap it goes on for ever, and a dependency that has come back since the failure ends the
 * wait. An instance that had been up for RESET_MS counts as new.
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { Instance } from '../model/instance.ts';
import type { Random } from '../model/random.ts';
import type { RestartPolicy } from '../model/spec.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, isAlive } from './target.ts';

export const RESET_MS: Ms = 600_000;

/** `attempts`: restarts since it was last well. */
export function delayAfter(attempts: number, policy: RestartPolicy, random: Random): Ms {
  if (attempts === 0) return 0;
  const full = Math.min(policy.maxDelayMs, policy.delayMs * 2 ** Math.min(attempts - 1, 30));
  return Math.round(random.between(full / 2, full));
}

export function backoff(action: ActionDraft, context: GuardContext, now: Ms, random: Random): GuardVerdict | null {
  if (action.kind !== 'restart' && action.kind !== 'replace') return null;
  const { view, memory } = context;
  const instance = view.instances.get(action.target);
  const policy = view.services.get(action.service)?.restart;
  if (!instance || !policy || isAlive(instance)) return null;
  const failedAt = instance.lastExit?.at ?? now;
  const last = memory.restartsOf(instance.id).at(-1);
  const until = memory.notBefore(instance.id, instance.incarnation, () => {
    if (last !== undefined && failedAt - last >= RESET_MS) memory.resetAttempts(instance.id);
    return failedAt + delayAfter(memory.attemptsOf(instance.id), policy, random);
  });
  if (now >= until) return allow('backoff', 'no delay is due');
  const back = recoveredDependency(instance, view, failedAt);
  if (back !== null) return allow('backoff', `${back} has come back since the failure`);
  const attempts = memory.attemptsOf(instance.id);
  const reason = `restarted ${attempts} times lately: the next start comes in ${formatDuration(until - now)}`;
  return { rail: 'backoff', verdict: 'delay', reason, until };
}

function recoveredDependency(instance: Instance, view: SystemView, since: Ms): string | null {
  const dependencies = view.services.get(instance.service)?.dependsOn.map(({ service }) => service) ?? [];
  for (const other of view.instances.values()) {
    const back = other.ready && other.readyAt !== null && other.readyAt > since;
    if (back && dependencies.includes(other.service)) return other.service;
  }
  return null;
}
