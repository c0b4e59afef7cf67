/**
 * Each service's share of the damage that starts somewhere: its own, and what is lost on its calls.
 *
 *   own(n)   after hidden calls and what changed its unit on the way, × UNREACHABLE when the symptom's service is not
 *            known to reach n, × less for what hurts while the symptom is not to be seen
 *   share(n) = SAME_UNIT × share in the symptom's unit + (1 − SAME_UNIT) × share in the other
 *
 * How far and how long a service deviates has no say: services with few calls or two ways of answering deviate most.
 * That decides whether anything happened at all (reality.ts).
 */
import { ownPerBin, type RecordedAccounts, UNITS, type Unit } from './account.ts';
import { distances } from './graph.ts';
import { type HiddenCall, hiddenCalls } from './hidden.ts';
import { carriedOver } from './strain.ts';
import { moveLost } from './unseen-gap.ts';

/** A missing edge is likelier than damage by magic: unreachable services are doubted, not excluded. */
export const UNREACHABLE = 0.5;
/** How often a fault hurts in the unit in which its symptom was seen. */
const SAME_UNIT = 0.85;
/** How much damage counts for in bins in which the symptom is not to be seen. */
const OUT_OF_STEP = 0.5;

export interface ShareContext {
  readonly accounts: RecordedAccounts;
  /** The unit in which the symptom hurts. */
  readonly unit: Unit;
  /** Calls from the symptom's service to each node; −1 unreachable. */
  readonly reach: Int32Array;
}

export interface DamageShare {
  readonly node: number;
  /** 0–1: starts in the service. */
  readonly own: number;
  /** 0–1: is lost on its calls, between the caller's view and the callee's. */
  readonly gap: number;
}

/** Services with a share, the largest first. */
export function damageShares(context: ShareContext): DamageShare[] {
  const { accounts, unit } = context;
  const other: Unit = unit === 'seconds' ? 'failed' : 'seconds';
  const own = { [unit]: adjusted(context, unit), [other]: adjusted(context, other) } as Record<Unit, Float64Array>;
  const gaps = { [unit]: gapsOf(accounts, unit), [other]: gapsOf(accounts, other) } as Record<Unit, Float64Array>;
  moveLost(accounts, own.seconds, gaps.seconds);
  const total = (of: Unit): number => sum(own[of]) + sum(gaps[of]);
  const totals = { seconds: total('seconds'), failed: total('failed') };
  const same = totals[other] > 0 ? SAME_UNIT : 1;
  const part = (from: Record<Unit, Float64Array>, node: number, of: Unit): number =>
    totals[of] > 0 ? (from[of][node] as number) / totals[of] : 0;
  const mixed = (from: Record<Unit, Float64Array>, node: number): number =>
    same * part(from, node, unit) + (1 - same) * part(from, node, other);
  const found: DamageShare[] = [];
  accounts.graph.names.forEach((_, node) => {
    if (UNITS.every((each) => own[each][node] === 0 && gaps[each][node] === 0)) return;
    found.push({ node, own: mixed(own, node), gap: mixed(gaps, node) });
  });
  return found.sort((a, b) => b.own + b.gap - a.own - a.gap);
}

function sum(values: Float64Array): number {
  return values.reduce((all, value) => all + value, 0);
}

/** Losing this part of what the call in question loses, per call, another call loses too. */
const LOSES_TOO = 0.25;

/**
 * What is lost between two services, laid upon that end of the call whose other calls lose as much: a service whose
 * every call is slow on the way has a bad network; a caller with one such callee among many has not. Each call counts by
 * how often it was made during the incident, so that a callee which is gone, and calls nobody, is not excused by that.
 * Equal parts, or no other calls to compare with: upon the callee.
 */
function gapsOf({ graph, ledgers, views }: RecordedAccounts, unit: Unit): Float64Array {
  const { gap } = ledgers[unit];
  const gaps = new Float64Array(graph.names.length);
  const callsOf = (edge: number): number => (views[edge]?.answered && views[edge]?.seen?.requests) || 0;
  const losesToo = (node: number, edge: number): number => {
    const perCall = (gap[edge] as number) / Math.max(1, callsOf(edge));
    let [losing, all] = [0, 0];
    for (const other of [...(graph.out[node] as readonly number[]), ...(graph.into[node] as readonly number[])]) {
      const calls = other === edge ? 0 : callsOf(other);
      all += calls;
      if (calls > 0 && (gap[other] as number) / calls >= LOSES_TOO * perCall) losing += calls;
    }
    return all === 0 ? 0 : losing / all;
  };
  gap.forEach((value, edge) => {
    if (value <= 0) return;
    const [caller, callee] = [graph.caller[edge] as number, graph.callee[edge] as number];
    const end = losesToo(caller, edge) > losesToo(callee, edge) ? caller : callee;
    gaps[end] = (gaps[end] as number) + value;
  });
  return gaps;
}

function adjusted(context: ShareContext, unit: Unit): Float64Array {
  const { accounts, reach } = context;
  const own = accounts.ledgers[unit].own.map((value) => Math.max(0, value));
  const calls = accounts.complete ? [] : hiddenCalls(accounts, unit, reach);
  const belief = believed(accounts, calls);
  own.forEach((value, node) => {
    if (value === 0) return;
    const doubt = (reach[node] as number) < 0 ? (belief[node] as number) : 1;
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
function coincidence({ accounts, unit: felt }: ShareContext, node: number, unit: Unit): number {
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

/** A presumed call makes its callee reachable, and all that this one calls, as far as it is believed. */
function believed({ graph }: RecordedAccounts, calls: readonly HiddenCall[]): Float64Array {
  const belief = new Float64Array(graph.names.length).fill(UNREACHABLE);
  for (const { callee, likeness } of calls) {
    distances(graph, callee).forEach((far, node) => {
      if (far >= 0) belief[node] = Math.max(belief[node] as number, likeness);
    });
  }
  return belief;
}
