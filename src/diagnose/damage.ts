/**
 * Damage in the users' own units: extra seconds they waited and requests that failed, measured at the edges against
 * what was normal there.
 *
 *   excess(edge) = Σ windows  completed × max(0, mean − base) seconds  +  failures beyond the base
 *                + seconds that calls without any answer have waited so far
 *   base         = the worse of the edge's baseline and its last seconds before onset: what was bad already is no
 *                  part of this incident
 *   own(n)       = excess over the edges into n − excess over the edges out of n (never below 0)
 *
 * What a service passes on is measured, not estimated: every caller has its own edge to a callee, so the callee's
 * excess is shared out among its callers in proportion to what each of them suffered. A failed request weighs as
 * FAILED_SECONDS of waiting where both are added up.
 */
import { bucketMidUs } from '../model/histogram.ts';
import type { Damage } from '../model/incident.ts';
import { type EdgeSignal, OUTSIDE } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';

/** How long a user would have waited gladly instead of an error. Shifts the balance between slow and failing. */
export const FAILED_SECONDS = 5;
/** The last seconds before onset, compared with the baseline. */
const BEFORE_MS: Ms = 5_000;
/** Onset is known to a window or two: begin to count a little earlier. */
const LEAD_MS: Ms = 1_000;
/** Below this an edge is as it always was. */
const GATE_SECONDS = 0.25;

export interface EdgeDamage {
  readonly caller: string;
  readonly callee: string;
  readonly extraSeconds: number;
  readonly failed: number;
  readonly requests: number;
  /** Both in one number of seconds. */
  readonly excess: number;
}

export interface ServiceDamage {
  readonly service: string;
  readonly excess: number;
  /** What starts here and is not passed on from callees. */
  readonly own: number;
}

export interface Accounts {
  readonly edges: readonly EdgeDamage[];
  readonly services: ReadonlyMap<string, ServiceDamage>;
  /** Σ own over all services. */
  readonly total: number;
  readonly users: Omit<Damage, 'unexplainedShare'>;
}

export function account(view: SystemView, onsetAt: Ms, now: Ms): Accounts {
  const edges = view.edges.pairs().map(({ caller, callee }) => edgeDamage(view, caller, callee, onsetAt, now));
  const into = new Map<string, number>();
  const outOf = new Map<string, number>();
  for (const { caller, callee, excess } of edges) {
    into.set(callee, (into.get(callee) ?? 0) + excess);
    outOf.set(caller, (outOf.get(caller) ?? 0) + excess);
  }
  const services = new Map<string, ServiceDamage>();
  let total = 0;
  for (const [service, excess] of into) {
    const own = Math.max(0, excess - (outOf.get(service) ?? 0));
    services.set(service, { service, excess, own });
    total += own;
  }
  return { edges, services, total, users: usersDamage(edges) };
}

/** Users are outside; where nothing enters from outside, the services that nobody calls stand for them. */
function usersDamage(edges: readonly EdgeDamage[]): Accounts['users'] {
  const called = new Set(edges.map(({ callee }) => callee));
  const outside = edges.filter(({ caller }) => caller === OUTSIDE);
  const top = outside.length > 0 ? outside : edges.filter(({ caller }) => !called.has(caller));
  return {
    extraWaitSeconds: round(top.reduce((sum, { extraSeconds }) => sum + extraSeconds, 0)),
    failedRequests: Math.round(top.reduce((sum, { failed }) => sum + failed, 0)),
    requests: top.reduce((sum, { requests }) => sum + requests, 0),
  };
}

function edgeDamage(view: SystemView, caller: string, callee: string, onsetAt: Ms, now: Ms): EdgeDamage {
  const before = sumUp(view.edges.windows(caller, callee, onsetAt - LEAD_MS - BEFORE_MS, onsetAt - LEAD_MS));
  const during = sumUp(view.edges.windows(caller, callee, onsetAt - LEAD_MS, now));
  const baseline = view.edges.baseline(caller, callee, onsetAt - LEAD_MS);
  const baseMs = Math.max(baseline?.meanMs ?? 0, before.completed > 0 ? before.sumMs / before.completed : 0);
  const baseShare = Math.max(baseline?.failureShare ?? 0, before.requests > 0 ? before.failed / before.requests : 0);
  // An edge without a past has no norm to exceed in time, but a failure is a failure.
  const known = baseline !== undefined || before.completed > 0;
  const slack = Math.max(1, 0.05 * baseMs, 2 * (baseline?.meanMadMs ?? 0));
  const meanMs = during.completed > 0 ? during.sumMs / during.completed : 0;
  const slower = known && meanMs > baseMs + slack ? (during.completed * (meanMs - baseMs)) / 1_000 : 0;
  const extraSeconds = slower + waiting(view.edges.windows(caller, callee, onsetAt - LEAD_MS, now), baseMs);
  const failed = Math.max(0, during.failed - during.requests * baseShare);
  const excess = extraSeconds + failed * FAILED_SECONDS;
  const counts = excess >= GATE_SECONDS;
  return {
    caller,
    callee,
    extraSeconds: counts ? extraSeconds : 0,
    failed: counts ? failed : 0,
    requests: during.requests,
    excess: counts ? excess : 0,
  };
}

/** Calls that got no answer in a whole window, though the usual time for one is long over. */
function waiting(windows: readonly EdgeSignal[], baseMs: Ms): number {
  let seconds = 0;
  for (const { inFlight, oldestWaitMs, windowMs } of windows) {
    if (oldestWaitMs > windowMs + 2 * baseMs) seconds += (inFlight * windowMs) / 1_000;
  }
  return seconds;
}

function sumUp(windows: readonly EdgeSignal[]): { requests: number; failed: number; completed: number; sumMs: number } {
  const sum = { requests: 0, failed: 0, completed: 0, sumMs: 0 };
  for (const { requests, failures, latency } of windows) {
    sum.requests += requests;
    sum.failed += failures.connect + failures.reset + failures.timeout + failures.status5xx + failures.unavailable;
    for (const [bucket, count] of latency) {
      sum.completed += count;
      sum.sumMs += (count * bucketMidUs(bucket)) / 1_000;
    }
  }
  return sum;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
