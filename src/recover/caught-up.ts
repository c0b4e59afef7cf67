/**
 * caught-up: a standby becomes the primary only while it has everything that was acknowledged to clients; without a
 * synchronous engine: while it was close behind (failover.max_lag) when the primary was last heard. To let one take
 * over that may lack something, set failover.allow_loss or override this rail for the one action.
 */
import type { GuardVerdict } from '../model/incident.ts';
import type { ActionDraft, GuardContext } from './contract.ts';
import { allow, serves } from './target.ts';

export function caughtUp(action: ActionDraft, { view }: GuardContext): GuardVerdict | null {
  if (action.kind !== 'failover' || action.argument === null) return null;
  const roles = view.failoverOf(action.service);
  const policy = view.services.get(action.service)?.failover;
  const standby = view.instances.get(action.argument);
  if (!roles || !policy || !standby || !serves(standby)) return refuse(`${action.argument} is not there to take over`);
  const has = policy.synchronous === 'off' ? 'was close behind' : 'has every acknowledged write';
  if (roles.caughtUp.includes(standby.id)) return allow('caught-up', `${standby.id} ${has}`);
  const lacks = `${standby.id} may lack acknowledged writes`;
  return policy.allowLoss ? allow('caught-up', `${lacks}; failover.allow_loss permits that`) : refuse(lacks);
}

function refuse(reason: string): GuardVerdict {
  return { rail: 'caught-up', verdict: 'refuse', reason, until: null };
}
