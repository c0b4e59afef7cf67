/**
 * The rails that carry an operator's will: stopped (all automation is off), observe (plan and tell, never act),
 * approval (every action waits for a yes), not-allowed (the service does not permit this kind of action). A page
 * is no disruption: it passes all of them.
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { RecoveryMode } from '../model/spec.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow } from './target.ts';

export function stopped(action: ActionDraft, context: GuardContext): GuardVerdict | null {
  if (action.kind === 'page') return null;
  if (!context.stopped) return allow('stopped', 'automation is on');
  return { rail: 'stopped', verdict: 'refuse', reason: 'automation is stopped by an operator', until: null };
}

export function observe(action: ActionDraft, context: GuardContext): GuardVerdict | null {
  if (action.kind === 'page' || modeOf(action, context) !== 'observe') return null;
  return { rail: 'observe', verdict: 'refuse', reason: 'recovery only observes here', until: null };
}

export function approval(action: ActionDraft, context: GuardContext): GuardVerdict | null {
  if (action.kind === 'page' || modeOf(action, context) !== 'approve') return null;
  return { rail: 'approval', verdict: 'delay', reason: 'every action waits for an operator here', until: null };
}

export function notAllowed(action: ActionDraft, { view }: GuardContext): GuardVerdict | null {
  const allowed = view.services.get(action.service)?.recovery.allow;
  if (action.kind === 'page' || !allowed || allowed.includes(action.kind)) return null;
  const reason = `${action.service} does not allow ${action.kind} (recovery.allow)`;
  return { rail: 'not-allowed', verdict: 'refuse', reason, until: null };
}

function modeOf({ service }: ActionDraft, { view }: GuardContext): RecoveryMode {
  return view.services.get(service)?.recovery.mode ?? view.policy.mode;
}
