/**
 * cooldown: after an automatic action on a running instance (or a change of the service: rollback, scaling) that did
 * not help, cooldownMs must pass before the next. Starts of dead instances have the backoff instead.
 */
import type { GuardVerdict } from '../model/incident.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, disrupts } from './target.ts';

export function cooldown(action: ActionDraft, { view, memory }: GuardContext, now: Ms): GuardVerdict | null {
  const cooldownMs = view.services.get(action.service)?.recovery.cooldownMs;
  if (cooldownMs === undefined) return null;
  let last: Ms | undefined;
  if (action.kind === 'rollback' || action.kind === 'scale') {
    last = view.changes.findLast(({ kind, services }) => kind === action.kind && services.includes(action.service))?.at;
  } else if (action.kind !== 'eject' && disrupts(action, view)) {
    last = memory.restartsOf(action.target).at(-1);
  } else {
    return null;
  }
  if (last === undefined || now - last >= cooldownMs) return allow('cooldown', 'nothing was tried lately');
  const reason = `the last ${action.kind} was ${formatDuration(now - last)} ago`;
  return { rail: 'cooldown', verdict: 'delay', reason, until: last + cooldownMs };
}
