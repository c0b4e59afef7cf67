/**
 * erroring and slow, of an edge: what only one caller suffers from, while others call the same instances in the same
 * seconds and are well. Then it is not the instances that are ill, and no restart of them helps anybody: it is the way
 * to them, or what this caller asks for. What such an edge shows is taken out before instances and services are judged.
 *
 *   erroring   the binomial test of erroring.ts, over failures of the way alone (refused, reset, no answer: an answer
 *              with an error shows that the way works), and the others would have had as few of them by chance once in
 *              10^LOG_P_SPARED. Of a replicated service in LASTING_SECONDS, because there an ill instance is left by
 *              everybody once the first caller has met it.
 *   slow       the test of slow.ts over the edge's own calls and its own past, while the others take less than
 *              SPARED_RATIO × theirs (or SPARED_SHARE of what it waits longer, at most half of FLOOR_MS), and the
 *              callee's own calls do not explain it: what this caller asks for may be all that goes on to a slow store.
 */
import { type EntityRef, symptomId } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { Board } from './board.ts';
import type { Claim } from './claim.ts';
import { CLEAR_MS as ERRORING_CLEAR_MS, FLOOR_SHARE, LOG_P, MIN_FAILURES } from './erroring.ts';
import { ServiceFacts } from './service-facts.ts';
import { FLOOR_MS, lasting, CLEAR_MS as SLOW_CLEAR_MS, WATCHED_SECONDS } from './slow.ts';
import { binomialTail, MAX_LOG_P, normalTail } from './statistics.ts';
import { add, ageOf, bySecond, ENOUGH_REQUESTS, emptyTally, LOOK_BACK_MS, type Measured, sum } from './traffic.ts';

/** Higher wants more calls of others before they are believed to be spared; lower takes a service's fault for a way's. */
export const LOG_P_SPARED = 4;
export const LASTING_SECONDS = 3;
export const SPARED_RATIO = 1.3;
/** Of what this caller waits longer, so much more may be the others' lot: where all are slow, fast calls grow by little. */
export const SPARED_SHARE = 0.1;
/** Of what this caller waits longer, the callee must not wait so much longer itself. */
export const PASSED_SHARE = 0.5;
/** Windows of one tick of an agent; those of other agents are up to half a tick away. */
const SAME_MS: Ms = 500;

export interface Ways {
  /** By the name of the edge. */
  readonly erroring: ReadonlyMap<string, Claim>;
  readonly slow: ReadonlyMap<string, Claim>;
}

const NONE: Ways = { erroring: new Map(), slow: new Map() };

/**
 * Claims about single callers. With one caller nothing can be told apart. `onward`: the calls that the service makes
 * itself; only asked for when they matter.
 */
export function waysOf(facts: ServiceFacts, onward: () => readonly Measured[]): Ways {
  const callers = [...new Set(facts.windows.map(({ caller }) => caller))];
  if (callers.length < 2) return NONE;
  const serving = facts.windows.filter((window) => facts.serves(window));
  const erroring = new Map<string, Claim>();
  const slow = new Map<string, Claim>();
  for (const caller of callers) {
    const failing = brokenWay(facts, serving, caller);
    if (failing !== null) erroring.set(failing.entity.name, failing);
    const late = lateWay(facts, serving, caller, onward);
    if (late !== null) slow.set(late.entity.name, late);
  }
  return { erroring, slow };
}

/** Also callers about which nothing is claimed any more. */
export function settleWays(board: Board, callee: string, callers: readonly string[], ways: Ways, now: Ms): void {
  for (const caller of callers) {
    const entity: EntityRef = { kind: 'edge', name: `${caller}→${callee}`, caller, callee };
    board.settle(symptomId('erroring', entity), ways.erroring.get(entity.name) ?? null, ERRORING_CLEAR_MS, now);
    board.settle(symptomId('slow', entity), ways.slow.get(entity.name) ?? null, SLOW_CLEAR_MS, now);
  }
}

export function onsetsOfWays(board: Board, callee: string): Ms[] {
  return board
    .open()
    .filter(({ entity }) => entity.kind === 'edge' && entity.callee === callee)
    .map(({ onsetAt }) => onsetAt);
}

/** What is left to be held against the service and its instances. */
export function withoutWays(facts: ServiceFacts, claims: ReadonlyMap<string, Claim>): ServiceFacts {
  if (claims.size === 0) return facts;
  const told = new Set([...claims.values()].flatMap(({ entity }) => (entity.kind === 'edge' ? [entity.caller] : [])));
  const windows = facts.windows.filter(({ caller }) => !told.has(caller));
  return new ServiceFacts(facts.service, facts.members, windows, facts.now);
}

function brokenWay(facts: ServiceFacts, windows: readonly Measured[], caller: string): Claim | null {
  const own = { requests: 0, broken: 0 };
  const bad: Measured[] = [];
  for (const window of windows) {
    if (window.caller !== caller) continue;
    if (window.at < facts.now - LOOK_BACK_MS && own.requests >= ENOUGH_REQUESTS) break;
    own.requests += window.requests;
    own.broken += window.broken;
    if (window.broken > 0) bad.push(window);
  }
  const share = own.requests === 0 ? 0 : own.broken / own.requests;
  const p0 = Math.max(FLOOR_SHARE, facts.pastFailureShare * 1.5 + 0.005);
  if (own.broken < MIN_FAILURES || share < 2 * p0) return null;
  const logP = binomialTail(own.broken, own.requests, p0);
  const seconds = new Set(bad.map(({ at }) => Math.round(at / 1_000))).size;
  if (logP < LOG_P || (facts.members.length > 1 && seconds < LASTING_SECONDS)) return null;
  const spared = othersOf(windows, bad, caller);
  const worst = bad.reduce((sum, { requests }) => sum + requests, 0);
  const shareThen = own.broken / worst;
  const well = spared.requests - spared.broken;
  if (binomialTail(well, spared.requests, 1 - shareThen) < LOG_P_SPARED) return null;
  const name = `${caller}→${facts.service.name}`;
  return {
    kind: 'erroring',
    entity: { kind: 'edge', name, caller, callee: facts.service.name },
    resource: null,
    onsetAt: Math.min(...bad.map(({ at }) => at)) - 1_000,
    logP,
    summary: `${percent(share)} of the calls from ${caller} to ${facts.service.name} break on the way`,
    evidence: [
      `${own.broken} of ${own.requests} calls of ${caller} were refused, reset or not answered`,
      `${spared.broken} of ${spared.requests} calls of ${spared.callers.join(', ')} to the same instances at the same time`,
    ],
  };
}

function lateWay(
  facts: ServiceFacts,
  windows: readonly Measured[],
  caller: string,
  onward: () => readonly Measured[],
): Claim | null {
  const isOwn = (window: Measured): boolean => window.caller === caller && facts.isWarm(window);
  const seconds = bySecond(windows, facts.now, WATCHED_SECONDS, isOwn);
  const bad = lasting(seconds);
  if (bad === null) return null;
  const own = sum([...bad.seconds.values()]);
  const others = emptyTally();
  const when = new Set(bad.seconds.keys());
  for (const window of windows)
    if (window.caller !== caller && when.has(ageOf(window, facts.now)) && facts.isWarm(window)) add(others, window);
  if (others.known < ENOUGH_REQUESTS || others.known < others.completed / 2) return null;
  const [mean, usual] = [others.sumMs / others.completed, others.expectedMs / others.known];
  const [late, before] = [own.sumMs / own.completed, own.expectedMs / own.known];
  const slack = Math.min(FLOOR_MS / 2, SPARED_SHARE * (late - before));
  if (mean > SPARED_RATIO * usual && mean > usual + slack) return null;
  const passed = excessMs(onward().filter((window) => when.has(ageOf(window, facts.now))));
  if (passed >= PASSED_SHARE * (late - before) * own.completed) return null;
  const name = `${caller}→${facts.service.name}`;
  return {
    kind: 'slow',
    entity: { kind: 'edge', name, caller, callee: facts.service.name },
    resource: null,
    onsetAt: facts.now - (Math.max(...when) + 1) * 1_000,
    logP: Math.min(MAX_LOG_P, normalTail((late - before) / (own.sigmaMs / own.known))),
    summary: `${facts.service.name} is slow for ${caller} alone: ${ms(late)} instead of ${ms(before)}`,
    evidence: [
      `mean ${ms(late)} in ${bad.seconds.size} of the last ${bad.of} s, before ${ms(before)}`,
      `its other callers wait ${ms(mean)}, usually ${ms(usual)}`,
    ],
  };
}

/** What these calls took more than usual, all together; those without a past are left out. */
function excessMs(windows: readonly Measured[]): number {
  return windows.reduce(
    (sum, { sumMs, completed, baseline }) => sum + (baseline ? sumMs - completed * baseline.meanMs : 0),
    0,
  );
}

interface Others {
  requests: number;
  broken: number;
  readonly callers: string[];
}

/** What others made of the same instances in the seconds in which they were bad for this caller. */
function othersOf(windows: readonly Measured[], bad: readonly Measured[], caller: string): Others {
  const others: Others = { requests: 0, broken: 0, callers: [] };
  for (const window of windows) {
    if (window.caller === caller || window.requests === 0) continue;
    const then = bad.some(({ instance, at }) => instance === window.instance && Math.abs(at - window.at) < SAME_MS);
    if (!then) continue;
    others.requests += window.requests;
    others.broken += window.broken;
    if (!others.callers.includes(window.caller)) others.callers.push(window.caller);
  }
  return others;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
