/**
 * budget: at most policy.maxDisruption instances are out at once, over the whole system, whoever took them out:
 * repairs, ejections, rollouts, operators. What is dead already costs nothing to start again, and what is out already
 * costs nothing more.
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, disrupts } from './target.ts';

export function budget(action: ActionDraft, { view, out }: GuardContext): GuardVerdict | null {
  if (!disrupts(action, view)) return null;
  const max = view.policy.maxDisruption;
  if (out.some(({ instance }) => instance === action.target)) return allow('budget', `${action.target} is out already`);
  if (out.length < max) return allow('budget', `${out.length} of ${max} out`);
  const names = out.map(({ instance }) => instance).join(', ');
  return { rail: 'budget', verdict: 'delay', reason: `${names} out: at most ${max} at a time`, until: null };
}
