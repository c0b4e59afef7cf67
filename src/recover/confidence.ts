/**
 * confidence: what takes something away from users needs a diagnosis that is believed. Rolling back a change needs
 * ROLLBACK, restarting an instance that runs and answers RESTART. What is dead, silent or deaf serves nobody: its
 * repair needs no diagnosis.
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, disrupts, has } from './target.ts';

export const ROLLBACK = 0.6;
export const RESTART = 0.3;

export function confidence(action: ActionDraft, { view, cause, symptoms }: GuardContext): GuardVerdict | null {
  const needed = action.kind === 'rollback' ? ROLLBACK : needsBelief(action) ? RESTART : null;
  if (needed === null) return null;
  const known = cause?.confidence ?? 0;
  const percent = `${Math.round(known * 100)} %`;
  if (known >= needed) return allow('confidence', `the cause is believed with ${percent}`);
  const reason = `the cause is believed with ${percent} only, ${action.kind} needs ${needed * 100} %`;
  return { rail: 'confidence', verdict: 'refuse', reason, until: null };

  function needsBelief({ kind, target }: ActionDraft): boolean {
    if (kind !== 'restart' && kind !== 'replace') return false;
    return disrupts(action, view) && !has(symptoms, target, 'hung', 'unreachable', 'saturating');
  }
}
