/**
 * slow: answers take longer than they did. Means, not percentiles, because their sum is what users wait for.
 *
 *   service   in 3 of the last 5 s the mean was RATIO × what the same mix of edges takes normally, FLOOR_MS more than
 *             that, and Z_MIN standard deviations above it (median absolute deviation, at least 5 % and 1 ms);
 *             ENOUGH_REQUESTS in those seconds, a baseline of 10 s. What is less than FELT_MS more has longer to
 *             show that it lasts (8 of 10 s): a disk or a processor that was busy elsewhere for a moment is over then.
 *   instance  its newest ENOUGH_REQUESTS calls take RATIO × the median of its peers and FLOOR_MS more, and are
 *             slower than its edges were before; the slowest tenth of them left out too, because a few stragglers
 *             (a flush, a garbage collection, a stalled callee) are nobody's fault; and in 3 of the last 5 s, because
 *             one pause makes every call slow that falls into it. The only instance of a service is judged as the
 *             service. On fewer calls see slow-few.ts.
 *
 * Cold starts do not count. Cleared CLEAR_MS after the newest seconds are well again.
 */
import type { Ms } from '../model/time.ts';
import { type Claim, type Finding, instanceRef, isAlive } from './claim.ts';
import type { Member, ServiceFacts } from './service-facts.ts';
import { RATIO as FEW_RATIO, fewButSlow } from './slow-few.ts';
import { MAX_LOG_P, median, normalTail } from './statistics.ts';
import { bySecond, ENOUGH_REQUESTS, type Measured, sum, type Tally } from './traffic.ts';

/** Lower finds smaller slowdowns, and calls ordinary load swings slow. */
export const RATIO = 2;
/** Nobody feels less than this. */
export const FLOOR_MS = 10;
export const Z_MIN = 5;
/** Users take what comes within this for at once (Nielsen, Usability Engineering, 1993): no reason to hurry. */
export const FELT_MS = 100;
/** How many of the newest seconds must be bad; longer finds slowness later, and fewer hiccups. */
export const LOOKS = {
  felt: { seconds: 5, bad: 3 },
  small: { seconds: 10, bad: 8 },
} as const;
export const WATCHED_SECONDS = LOOKS.small.seconds;
export const CLEAR_MS: Ms = 3_000;

export function slowInstances(facts: ServiceFacts): Map<string, Finding> {
  const findings = new Map<string, Finding>();
  if (facts.members.length < 2) return findings;
  const tallies = facts.members.map((member) => facts.recent(member, 'completed', (window) => member.isWarm(window)));
  facts.members.forEach((member, index) => {
    const peers = tallies.filter((tally, other) => other !== index && tally.completed >= ENOUGH_REQUESTS);
    const finding = judgeMember(facts, member, tallies[index] as Tally, peers);
    const claimed = finding !== null && finding !== 'unknown';
    findings.set(member.instance.id, claimed ? finding : (judgeFew(facts, member, peers) ?? finding));
  });
  return findings;
}

function judgeMember(facts: ServiceFacts, member: Member, own: Tally, peers: readonly Tally[]): Finding {
  const { instance } = member;
  if (!isAlive(instance)) return null;
  if (own.completed < ENOUGH_REQUESTS || peers.length === 0) return 'unknown';
  const mean = own.sumMs / own.completed;
  const usual = median(peers.map((peer) => peer.sumMs / peer.completed));
  if (mean < RATIO * usual || mean < usual + FLOOR_MS) return null;
  if (own.known === own.completed && mean < 1.5 * (own.expectedMs / own.known)) return null;
  const sigma = own.known > 0 ? own.sigmaMs / own.known : Math.max(0.05 * usual, 1);
  const z = (mean - usual) / sigma;
  if (z < Z_MIN) return null;
  const typical = facts.typicalMs(member, (window) => member.isWarm(window));
  if (typical < RATIO * usual || typical < usual + FLOOR_MS) return null;
  if (secondsAbove(facts, member, Math.max(RATIO * usual, usual + FLOOR_MS)) < LOOKS.felt.bad) return null;
  return {
    kind: 'slow',
    entity: instanceRef(instance),
    resource: null,
    onsetAt: facts.now - 3_000,
    logP: Math.min(MAX_LOG_P, normalTail(z)),
    summary: `${instance.id} is slow: ${milliseconds(mean)} instead of ${milliseconds(usual)}`,
    evidence: [`mean of its last ${own.completed} calls ${milliseconds(mean)}, of its peers ${milliseconds(usual)}`],
  };
}

/** Of the newest: in how many its mean was at least so long. */
function secondsAbove(facts: ServiceFacts, member: Member, ms: Ms): number {
  const isWarm = (window: Measured): boolean => member.isWarm(window);
  const seconds = bySecond(facts.windowsOf(member), facts.now, LOOKS.felt.seconds, isWarm);
  return [...seconds.values()].filter(({ completed, sumMs }) => completed > 0 && sumMs >= ms * completed).length;
}

/** Before there are enough calls for the test above, or while those from before outnumber the slow ones. */
function judgeFew(facts: ServiceFacts, member: Member, peers: readonly Tally[]): Claim | null {
  if (!isAlive(member.instance) || peers.length === 0) return null;
  const usual = median(peers.map((peer) => peer.sumMs / peer.completed));
  const others = facts.members.filter((other) => other !== member);
  const few = fewButSlow(facts, member, others, Math.max(usual, FLOOR_MS / FEW_RATIO));
  if (few === null) return null;
  return {
    kind: 'slow',
    entity: instanceRef(member.instance),
    resource: null,
    onsetAt: facts.now - 3_000,
    logP: Math.min(MAX_LOG_P, few.logP),
    summary: `${member.instance.id} is slow: ${milliseconds(few.meanMs)} instead of ${milliseconds(usual)}`,
    evidence: [`its last ${few.calls} calls are slower than 95 % of its peers' calls of the same seconds`],
  };
}

/** `without`: instances that are told of as slow already. */
export function slowService(facts: ServiceFacts, without: ReadonlySet<string>): Finding {
  const counted = new Map(facts.members.map((member) => [member.instance.id, member]));
  for (const id of without) counted.delete(id);
  const isWarm = (window: Measured): boolean => counted.get(window.instance)?.isWarm(window) ?? false;
  const seconds = bySecond(facts.windows, facts.now, WATCHED_SECONDS, isWarm);
  if (![...seconds.values()].some(({ known }) => known > 0)) return 'unknown';
  const bad = lasting(seconds);
  return bad === null ? null : claim(facts, bad);
}

export interface BadSeconds {
  /** How many were looked at. */
  readonly of: number;
  /** By age: the seconds in which it was slow. */
  readonly seconds: ReadonlyMap<number, Tally>;
}

/** The bad ones of the newest seconds, by age, when they are many enough for how bad they are. */
export function lasting(seconds: ReadonlyMap<number, Tally>): BadSeconds | null {
  const all = [...seconds].filter(([, tally]) => tally.known > 0 && isBad(tally));
  for (const look of [LOOKS.felt, LOOKS.small]) {
    const bad = all.filter(([age]) => age < look.seconds);
    const { completed, sumMs, expectedMs, known } = sum(bad.map(([, tally]) => tally));
    if (bad.length < look.bad || completed < ENOUGH_REQUESTS) continue;
    if (look === LOOKS.small || sumMs / completed - expectedMs / known >= FELT_MS)
      return { of: look.seconds, seconds: new Map(bad) };
  }
  return null;
}

function claim(facts: ServiceFacts, bad: BadSeconds): Claim {
  const tallies = [...bad.seconds.values()];
  const mean = total(tallies, ({ sumMs }) => sumMs) / total(tallies, ({ completed }) => completed);
  const known = total(tallies, (tally) => tally.known);
  const usual = total(tallies, ({ expectedMs }) => expectedMs) / known;
  const z = (mean - usual) / (total(tallies, ({ sigmaMs }) => sigmaMs) / known);
  const only = facts.members.length === 1 ? facts.members[0]?.instance : undefined;
  const name = only?.id ?? facts.service.name;
  const oldest = Math.max(...bad.seconds.keys());
  return {
    kind: 'slow',
    entity: only ? instanceRef(only) : { kind: 'service', name },
    resource: null,
    onsetAt: facts.now - (oldest + 1) * 1_000,
    logP: normalTail(z),
    summary: `${name} is slow: ${milliseconds(mean)} instead of ${milliseconds(usual)}`,
    evidence: [
      `mean ${milliseconds(mean)} in ${bad.seconds.size} of the last ${bad.of} s, before ${milliseconds(usual)}`,
    ],
  };
}

function isBad(tally: Tally): boolean {
  const mean = tally.sumMs / tally.completed;
  const usual = tally.expectedMs / tally.known;
  const sigma = tally.sigmaMs / tally.known;
  return mean >= RATIO * usual && mean >= usual + FLOOR_MS && (mean - usual) / sigma >= Z_MIN;
}

function total(tallies: readonly Tally[], pick: (tally: Tally) => number): number {
  return tallies.reduce((sum, tally) => sum + pick(tally), 0);
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
