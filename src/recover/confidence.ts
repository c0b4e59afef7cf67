/**
 * confidence: what takes something away from users needs a diagnosis that is believed: reversible actions (taking an
 * instance out of the routes, restarting one that runs and answers) a little, irreversible ones (rolling back, failing
 * over, restoring) a lot. What counts is the belief in a cause that concerns the target, not in any cause. What is
 * dead, silent or deaf serves nobody: its repair needs no diagnosis.
 */
import type { Cause, GuardVerdict } from '../model/incident.ts';
import type { ActionKind } from '../model/spec.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, disrupts, has } from './target.ts';

/**
 * Belief from which on an action that can be taken back is taken. Lower acts sooner and sometimes in vain, which costs
 * one restart; higher leaves users with what is slow or failing until somebody looks.
 */
export const REVERSIBLE = 0.3;
/**
 * … and one that cannot. Lower takes back changes that were innocent, with all that was good in them; higher calls a
 * human for changes that were bad. `bench drills` prints how often a belief was right.
 */
export const IRREVERSIBLE = 0.6;

const LASTING: ReadonlySet<ActionKind> = new Set(['rollback', 'failover', 'restore']);

export function confidence(action: ActionDraft, { view, causes, symptoms }: GuardContext): GuardVerdict | null {
  const needed = LASTING.has(action.kind) ? IRREVERSIBLE : needsBelief(action) ? REVERSIBLE : null;
  if (needed === null) return null;
  const known = Math.max(0, ...causes.filter((cause) => concerns(cause, action)).map((cause) => cause.confidence));
  const percent = `${Math.round(known * 100)} %`;
  if (known >= needed) return allow('confidence', `the cause is believed with ${percent}`);
  const kind = LASTING.has(action.kind) ? 'cannot be taken back and' : 'takes from users and';
  const reason = `the cause is believed with ${percent} only; ${action.kind} ${kind} needs ${needed * 100} %`;
  return { rail: 'confidence', verdict: 'refuse', reason, until: null };

  function needsBelief({ kind, target }: ActionDraft): boolean {
    if (kind !== 'restart' && kind !== 'replace' && kind !== 'eject') return false;
    return disrupts(action, view) && !has(symptoms, target, 'hung', 'unreachable', 'saturating');
  }
}

/** A roll-back needs belief in that very change; everything else in its service or one of its instances. */
function concerns({ entity, changeId }: Cause, { kind, service, argument }: ActionDraft): boolean {
  if (kind === 'rollback') return changeId === argument;
  return entity.kind === 'instance' ? entity.service === service : entity.name === service;
}
