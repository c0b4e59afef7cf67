/**
 * Where the damage starts: each service's share of what no callee accounts for. The strongest single lane on recorded
 * metrics, because it weighs by what users felt and not by how unusual a curve looks (accounting/shares.ts).
 */
import { type Lane, type LaneContext, type LaneEvidence, ofService, shareWeight } from './contract.ts';

/** A service that nobody measured may be the cause as well as not: doubted a little, for want of any sign. */
const UNMEASURED = -0.4;

export const ownExcess: Lane = {
  name: 'own excess',
  cap: 1.8,
  ofDamage: true,
  examine(context) {
    const { shares, accounts } = context;
    const evidence = shares.map(({ node, own }) => ofShare(context, accounts.graph.names[node] as string, own));
    return { evidence, missing: isMeasured(context) ? null : 'latency and failures per service' };
  },
  silence(context, service) {
    const node = context.accounts.graph.index.get(service);
    const measured = node !== undefined && context.accounts.excess[node];
    if (measured) return ofShare(context, service, 0);
    return ofService(service, `calls of ${service} were not measured`, { weight: UNMEASURED, faultClass: null });
  },
};

function ofShare({ unit }: LaneContext, service: string, share: number): LaneEvidence {
  const text = `${Math.round(share * 100)} % of the ${unit === 'seconds' ? 'extra waiting starts' : 'failures start'} in ${service}`;
  return ofService(service, text, { weight: shareWeight(share), faultClass: null, share });
}

function isMeasured({ accounts }: LaneContext): boolean {
  return accounts.excess.some((each) => each !== null);
}
