/**
 * erroring: calls fail more often than before. With p0 = the larger of FLOOR_SHARE and 1.5 × the edge's own past
 * (+ 0.5 pp), it takes MIN_FAILURES failures, a share of twice p0, and a binomial tail of LOG_P against p0.
 *
 *   instance  the same test, and against its peers as well: the median of their shares counts as past (+ 1 pp). Failures that were
 *             retried elsewhere count, and so does the traffic layer's own word (consecutive failures). Also when
 *             its liveness check gets wrong answers. The only instance of a service is judged without peers.
 *   service   what is left without such instances and without those that are dead or silent.
 *
 * Tests run once a second: LOG_P 6 is one false claim in 11 days and service if failures are independent. Cleared
 * CLEAR_MS after the newest requests are well again.
 */
import type { Ms } from '../model/time.ts';
import { natureOf } from './checks.ts';
import { type Claim, type Finding, instanceRef, isAlive } from './claim.ts';
import type { Member, ServiceFacts } from './service-facts.ts';
import { binomialTail, median } from './statistics.ts';
import { ENOUGH_REQUESTS, type Measured, sum, type Tally } from './traffic.ts';

/** Shares below twice this are never claimed. Lower it for services that must not fail at all. */
export const FLOOR_SHARE = 0.01;
export const MIN_FAILURES = 5;
export const LOG_P = 6;
export const CLEAR_MS: Ms = 3_000;
/** A peer with fewer calls is no yardstick. */
const PEER_REQUESTS = 5;

/** `ways`: some callers cannot reach them; then calls that fail in a row at the traffic layer tell nothing. */
export function erroringInstances(facts: ServiceFacts, ways = false): Map<string, Finding> {
  const { members } = facts;
  const tellers = members.filter(({ record }) => record.stall?.state === 'erroring');
  const untold = ways || (members.length > 1 && tellers.length * 2 > members.length);
  const tallies = members.map((member) => facts.recent(member, 'requests', (window) => member.counts(window)));
  return new Map(
    members.map((member, index) => {
      const peers = tallies.filter((tally, other) => other !== index && tally.requests >= PEER_REQUESTS);
      // The median: two bad instances of four must not excuse each other.
      const usual = peers.length === 0 ? null : median(peers.map(({ failed, requests }) => failed / requests));
      return [member.instance.id, judgeMember(facts, member, tallies[index] as Tally, usual, untold)];
    }),
  );
}

function judgeMember(facts: ServiceFacts, member: Member, own: Tally, usual: number | null, untold: boolean): Finding {
  const { instance, record } = member;
  if (!isAlive(instance)) return null;
  const { liveness, stall } = record;
  if (liveness.verdict === false && natureOf(liveness.error) === 'wrong') {
    return {
      kind: 'erroring',
      entity: instanceRef(instance),
      resource: null,
      onsetAt: liveness.firstFailAt ?? facts.now,
      logP: null,
      summary: `${instance.id} fails its liveness check (${liveness.error})`,
      evidence: [`${liveness.failures} times in a row`],
    };
  }
  const p0 = base(facts, usual === null ? 0 : usual + 0.01);
  const claim = test(facts, own, own.failed, p0, usual);
  if (claim !== null) return { ...claim, entity: instanceRef(instance), summary: `${instance.id} ${claim.summary}` };
  if (stall?.state === 'erroring' && !untold) {
    return {
      kind: 'erroring',
      entity: instanceRef(instance),
      resource: null,
      onsetAt: stall.since,
      logP: binomialTail(MIN_FAILURES, MIN_FAILURES, p0),
      summary: `${instance.id} answers call after call with an error`,
      evidence: [stall.detail],
    };
  }
  return own.requests < ENOUGH_REQUESTS ? 'unknown' : null;
}

/** `without`: instances whose failures are told of already. */
export function erroringService(facts: ServiceFacts, without: ReadonlySet<string>): Finding {
  const counted = facts.members.filter(({ instance }) => !without.has(instance.id));
  const own = sum(counted.map((member) => facts.recent(member, 'requests', (window) => member.serves(window))));
  if (own.requests === 0) return 'unknown';
  const claim = test(facts, own, own.visible, base(facts, 0), null);
  if (claim === null) return null;
  return {
    ...claim,
    entity: { kind: 'service', name: facts.service.name },
    summary: `${facts.service.name} ${claim.summary}`,
  };
}

function base(facts: ServiceFacts, peers: number): number {
  return Math.max(FLOOR_SHARE, facts.pastFailureShare * 1.5 + 0.005, peers);
}

function test(facts: ServiceFacts, own: Tally, failures: number, p0: number, usual: number | null): Claim | null {
  const share = own.requests === 0 ? 0 : failures / own.requests;
  if (failures < MIN_FAILURES || share < 2 * p0) return null;
  const logP = binomialTail(failures, own.requests, p0);
  if (logP < LOG_P) return null;
  const evidence = [`${failures} of ${own.requests} calls failed lately, ${percent(facts.pastFailureShare)} before`];
  if (usual !== null) evidence.push(`${percent(usual)} at its peers`);
  return {
    kind: 'erroring',
    entity: { kind: 'service', name: facts.service.name },
    resource: null,
    onsetAt: onset(facts.windows, facts.now),
    logP,
    summary: `fails ${percent(share)} of its calls`,
    evidence,
  };
}

/** Going back from now: the last second in which failures began. */
function onset(windows: readonly Measured[], now: Ms): Ms {
  let at = now;
  for (const window of windows) {
    if (window.at < at - 2_500) break;
    if (window.failed > 0) at = window.at;
  }
  return at - 1_000;
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? `${(share * 100).toFixed(2)} %` : `${Math.round(share * 100)} %`;
}
