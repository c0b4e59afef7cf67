/**
 * Where the damage starts: each service's share of what no callee accounts for. The strongest single lane on recorded
 * metrics, because it weighs by what users felt and not by how unusual a curve looks.
 *
 *   own(n)   after hidden calls and what changed its unit on the way, × UNREACHABLE when the symptom's service is not known to reach n
 *   share(n) = SAME_UNIT × own share in the symptom's unit + (1 − SAME_UNIT) × own share in the other
 *              (a callee that hangs shows as failures above it, one that fails as waiting for retries)
 *   weight   = log10 of share ÷ (1 − share), each at least FLOOR
 *
 * How far and how long a service deviates has no say in the order: services with few calls or two ways of answering
 * deviate most. It decides whether anything happened at all (reality.ts).
 */

import { ownPerBin, UNITS, type Unit } from '../accounting/account.ts';
import { type HiddenCall, hiddenCalls } from '../accounting/hidden.ts';
import { carriedOver } from '../accounting/strain.ts';
import type { Lane, LaneContext, LaneEvidence } from './contract.ts';

/** A missing edge is likelier than damage by magic: unreachable services are doubted, not excluded. */
export const UNREACHABLE = 0.5;
/** How often a fault hurts in the unit in which its symptom was seen. */
const SAME_UNIT = 0.85;
const FLOOR = 0.02;
/** How much damage counts for in bins in which the symptom is not to be seen. */
const OUT_OF_STEP = 0.5;
/** Steepness: the cause usually has several times the share of the loudest bystander. */
const STEEP = 1.5;
export interface OwnShare {
  readonly node: number;
  /** In the symptom's unit, after hidden calls and the doubt about unreachable ones. */
  readonly own: number;
  readonly share: number;
}

export const ownExcess: Lane = {
  name: 'own excess',
  cap: 2,
  examine(context) {
    const { accounts, unit } = context;
    const shares = ownShares(context);
    if (shares.length === 0) return { evidence: [], missing: null };
    const evidence: LaneEvidence[] = [];
    for (const { node, share } of shares) {
      const service = accounts.graph.names[node] as string;
      const text = `${Math.round(share * 100)} % of the damage starts in ${service}${unit === 'seconds' ? ' (waiting)' : ' (failures)'}`;
      evidence.push({ service, text, weight: shareWeight(share), faultClass: null });
    }
    return { evidence, missing: null };
  },
};

function shareWeight(share: number): number {
  return STEEP * Math.log10((share + FLOOR) / (1 - share + FLOOR));
}

/** Services with damage of their own, the largest share first. */
export function ownShares(context: LaneContext): OwnShare[] {
  const { accounts, unit } = context;
  const other: Unit = unit === 'seconds' ? 'failed' : 'seconds';
  const own = { [unit]: adjusted(context, unit), [other]: adjusted(context, other) } as Record<Unit, Float64Array>;
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  const totals = { seconds: total(own.seconds), failed: total(own.failed) };
  const part = (node: number, of: Unit): number => (totals[of] > 0 ? (own[of][node] as number) / totals[of] : 0);
  const same = totals[other] > 0 ? SAME_UNIT : 1;
  const found: OwnShare[] = [];
  accounts.graph.names.forEach((_, node) => {
    if (UNITS.every((each) => own[each][node] === 0)) return;
    const share = same * part(node, unit) + (1 - same) * part(node, other);
    found.push({ node, own: own[unit][node] as number, share });
  });
  return found.sort((a, b) => b.share - a.share);
}

function adjusted(context: LaneContext, unit: Unit): Float64Array {
  const { accounts, reach } = context;
  const own = accounts.ledgers[unit].own.map((value) => Math.max(0, value));
  const calls = hiddenCalls(accounts, unit, reach);
  own.forEach((value, node) => {
    if (value === 0) return;
    const doubt = (reach[node] as number) < 0 ? believed(node, calls) : 1;
    own[node] = value * doubt * coincidence(context, node, unit);
  });
  for (const { caller, passed } of calls) own[caller] = Math.max(0, (own[caller] as number) - passed);
  for (const { caller, callee, passed } of carriedOver(accounts, unit)) {
    const moved = Math.min(passed, own[caller] as number);
    own[caller] = (own[caller] as number) - moved;
    own[callee] = (own[callee] as number) + moved;
  }
  return own;
}

/** What hurts while the symptom lasts explains it better than what hurts before or after: queues and retries trail. */
function coincidence({ accounts, unit: felt }: LaneContext, node: number, unit: Unit): number {
  const symptom = accounts.excess[accounts.symptom];
  if (!symptom || symptom[felt] === 0 || node === accounts.symptom) return 1;
  const hurts = felt === 'seconds' ? symptom.secondsPerBin : symptom.failedPerBin;
  let [during, all] = [0, 0];
  ownPerBin(accounts, node, unit).forEach((value, bin) => {
    if (value <= 0) return;
    all += value;
    if ((hurts[bin] as number) > 0) during += value;
  });
  return all === 0 ? 1 : OUT_OF_STEP + (1 - OUT_OF_STEP) * (during / all);
}

/** A presumed call makes its callee reachable, as far as it is believed. */
function believed(node: number, calls: readonly HiddenCall[]): number {
  return calls.reduce((most, { callee, likeness }) => (callee === node ? Math.max(most, likeness) : most), UNREACHABLE);
}
