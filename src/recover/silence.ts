/** silence: while somebody works on a service nothing automatic is done to it, and nobody is paged about it. */
import type { GuardVerdict } from '../model/incident.ts';
import type { Ms } from '../model/time.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow } from './target.ts';

export function silence(action: ActionDraft, { silences }: GuardContext, now: Ms): GuardVerdict {
  const found = silences.filter(
    ({ service, until }) => until > now && (service === null || service === action.service),
  );
  if (found.length === 0) return allow('silence', 'nothing is silenced');
  const until = Math.max(...found.map((each) => each.until));
  return { rail: 'silence', verdict: 'delay', reason: `silenced: ${found[0]?.why ?? ''}`, until };
}
