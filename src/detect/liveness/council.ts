/**
 * What several observers and callers together know of a peer. The number of observers beats the choice of estimator:
 * a link, a pause or a full queue deceives one of them, hardly two at once.
 *
 * - *suspect*: two observers (or the only one) find its silence too unlikely.
 * - *dead*: two observers, and the majority of those appointed, have each heard nothing for 10 s while they were
 *   listening, nobody hears it, and no caller was answered meanwhile. Final for that incarnation: a peer that was declared dead
 *   wrongly comes back under a higher one.
 * - *gray*: those who should agree do not. Heartbeats come, but calls fail; calls succeed, but heartbeats are lost; or
 *   some observers hear it and others do not, and keep not hearing it.
 */
import type { Ms } from '../../model/time.ts';
import { binomialTail } from '../statistics.ts';
import type { CallReport, GrayReason, Opinion, PeerState, Verdict } from './contract.ts';
import { SelfHealth } from './self-health.ts';

export interface CouncilOptions {
  /** Silence that each of them must have heard. Shorter buries peers that only stall; longer delays failover. */
  readonly deadMs: Ms;
  /** Observers that must agree, at least. */
  readonly quorum: number;
  /** Opinions and calls count for so long: three reports, so that two may be lost. */
  readonly freshMs: Ms;
  /** How often `judge` is called: by this the council knows its own pauses. */
  readonly tickMs: Ms;
}

export const COUNCIL: CouncilOptions = { deadMs: 10_000, quorum: 2, freshMs: 3_500, tickMs: 100 };

/** Calls are looked back at for so long. */
export const CALLS_MS: Ms = 10_000;
/** Calls that fail anyway; what goes beyond it is held against the peer. */
const USUAL_FAILURES = 0.05;
/** −log10 p and share of failed or slow calls from which calls contradict heartbeats. */
export const GRAY_LOG_P = 6;
export const GRAY_SHARE = 0.2;
/** An observer that alone does not hear the peer is a passing matter for so long. */
export const ONE_SIDED_MS: Ms = 10_000;

interface Case {
  readonly opinions: Map<string, Opinion>;
  calls: CallReport[];
  verdict: Verdict;
  oneSidedSince: Ms | null;
  /** The highest incarnation that was declared dead. */
  buried: number;
}

export class Council {
  readonly #options: CouncilOptions;
  readonly #health: SelfHealth;
  readonly #appointed: readonly string[];
  readonly #cases = new Map<string, Case>();

  /** `observers`: all who are appointed, whether or not they are heard from. */
  constructor(observers: readonly string[], options: Partial<CouncilOptions> = {}) {
    this.#appointed = observers;
    this.#options = { ...COUNCIL, ...options };
    this.#health = new SelfHealth(this.#options.tickMs);
  }

  /** An opinion as it arrives. Older than the one that is known, or of somebody not appointed: ignored. */
  report(opinion: Opinion): void {
    if (!this.#appointed.includes(opinion.observer)) return;
    const { opinions } = this.#caseOf(opinion.peer, opinion.at);
    const known = opinions.get(opinion.observer);
    if (known && known.at > opinion.at) return;
    opinions.set(opinion.observer, opinion);
  }

  calls(report: CallReport): void {
    this.#caseOf(report.peer, report.at).calls.push(report);
  }

  forget(peer: string): void {
    this.#cases.delete(peer);
  }

  /** To be called every tickMs for every peer, after `tick`. */
  judge(peer: string, now: Ms): Verdict {
    const known = this.#caseOf(peer, now);
    known.calls = known.calls.filter(({ at }) => now - at <= CALLS_MS);
    const fresh = [...known.opinions.values()].filter(({ at }) => now - at <= this.#options.freshMs);
    const incarnation = Math.max(known.verdict.incarnation, ...fresh.map((opinion) => opinion.incarnation));
    const finding = this.#find(known, fresh, incarnation, now);
    if (finding.state === 'dead') known.buried = Math.max(known.buried, incarnation);
    const { verdict } = known;
    const same =
      verdict.state === finding.state && verdict.reason === finding.reason && verdict.incarnation === incarnation;
    known.verdict = { peer, incarnation, ...finding, at: now, since: same ? verdict.since : now };
    return known.verdict;
  }

  /** The council's own pulse. After a pause of its own, what it was told before is void. */
  tick(now: Ms): void {
    if (!this.#health.tick(now)) return;
    for (const known of this.#cases.values()) {
      known.opinions.clear();
      known.oneSidedSince = null;
    }
  }

  #find(known: Case, fresh: readonly Opinion[], incarnation: number, now: Ms): Finding {
    if (incarnation >= 0 && incarnation <= known.buried) {
      return { state: 'dead', reason: null, logP: known.verdict.logP, evidence: known.verdict.evidence };
    }
    // Who still speaks of a former life has not heard this one.
    const current = fresh.map((opinion) => (opinion.incarnation < incarnation ? unsure(opinion) : opinion));
    const suspecting = current.filter(({ state }) => state === 'suspects');
    const hearing = current.filter(({ state }) => state === 'hears');
    const needed = Math.min(this.#options.quorum, this.#appointed.length);
    if (suspecting.length >= needed) return this.#silent(known, suspecting, hearing, now);
    return this.#spokenFor(known, suspecting, hearing, now);
  }

  /** Enough of them suspect it. */
  #silent(known: Case, suspecting: readonly Opinion[], hearing: readonly Opinion[], now: Ms): Finding {
    known.oneSidedSince = null;
    const logP = Math.min(...suspecting.map((opinion) => opinion.logP));
    const evidence = [
      ...suspecting.map(({ observer, silentMs }) => `${observer} has heard nothing for ${silentMs} ms`),
      ...hearing.map(({ observer }) => `${observer} hears it`),
    ];
    const lastHeard = Math.max(...suspecting.map(({ at, silentMs }) => at - silentMs));
    const answered = known.calls.filter(({ at, ok }) => ok > 0 && at > lastHeard && now - at <= this.#options.freshMs);
    if (answered.length > 0) {
      const callers = answered.map(({ caller, ok }) => `${caller} was answered ${ok} times since`);
      return { state: 'gray', reason: 'heartbeats-lost', logP, evidence: [...evidence, ...callers] };
    }
    const sure = suspecting.filter(({ silentMs }) => silentMs >= this.#options.deadMs);
    const majority = Math.max(this.#options.quorum, Math.floor(this.#appointed.length / 2) + 1);
    const state: PeerState = sure.length >= majority && hearing.length === 0 ? 'dead' : 'suspect';
    return { state, reason: null, logP, evidence };
  }

  /** Not enough of them suspect it. */
  #spokenFor(known: Case, suspecting: readonly Opinion[], hearing: readonly Opinion[], now: Ms): Finding {
    if (suspecting.length > 0 && hearing.length > 0) known.oneSidedSince ??= now;
    else known.oneSidedSince = null;
    if (hearing.length === 0) return { state: 'unknown', reason: null, logP: null, evidence: [] };
    const failing = failures(known.calls);
    if (failing) return { state: 'gray', reason: 'calls-fail', ...failing };
    if (known.oneSidedSince !== null && now - known.oneSidedSince >= ONE_SIDED_MS) {
      const evidence = [
        ...suspecting.map(({ observer, silentMs }) => `${observer} has heard nothing for ${silentMs} ms`),
        ...hearing.map(({ observer }) => `${observer} hears it`),
      ];
      return { state: 'gray', reason: 'one-sided', logP: null, evidence };
    }
    return { state: 'alive', reason: null, logP: null, evidence: [] };
  }

  #caseOf(peer: string, now: Ms): Case {
    let known = this.#cases.get(peer);
    if (!known) {
      const verdict: Verdict = {
        peer,
        incarnation: -1,
        state: 'unknown',
        reason: null,
        since: now,
        at: now,
        logP: null,
        evidence: [],
      };
      known = { opinions: new Map(), calls: [], verdict, oneSidedSince: null, buried: -1 };
      this.#cases.set(peer, known);
    }
    return known;
  }
}

interface Finding {
  readonly state: PeerState;
  readonly reason: GrayReason | null;
  readonly logP: number | null;
  readonly evidence: readonly string[];
}

function unsure(opinion: Opinion): Opinion {
  return { ...opinion, state: 'unknown' };
}

/** Do callers contradict the heartbeats? Two of them must, unless there is only one. */
function failures(reports: readonly CallReport[]): { logP: number; evidence: string[] } | null {
  const callers = new Map<string, { bad: number; all: number }>();
  for (const { caller, ok, failed, slow } of reports) {
    const sum = callers.get(caller) ?? { bad: 0, all: 0 };
    callers.set(caller, { bad: sum.bad + failed + slow, all: sum.all + ok + failed + slow });
  }
  const hurt = [...callers].filter(([, { bad, all }]) => {
    return all > 0 && bad / all >= GRAY_SHARE && binomialTail(bad, all, USUAL_FAILURES) >= GRAY_LOG_P;
  });
  if (hurt.length < Math.min(2, callers.size) || hurt.length === 0) return null;
  return {
    logP: Math.min(...hurt.map(([, { bad, all }]) => binomialTail(bad, all, USUAL_FAILURES))),
    evidence: hurt.map(([caller, { bad, all }]) => `${bad} of ${all} calls of ${caller} failed or were slow`),
  };
}
