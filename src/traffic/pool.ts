/**
 * A pool at work: who may take the next call, what is learnt from each outcome, and who waits. The judgements
 * themselves are pure and lie beside it (balancer, ejection, stall, retry-budget); here they are put together.
 */
import type { PoolMember, PoolPolicy, PoolQuestion, Pool as PoolSpec } from '../model/routes.ts';
import type { StallSignal } from '../model/signal.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import { candidatesOf, chooseOfTwo } from './balancer.ts';
import { EdgeWindow } from './edge-window.ts';
import { mayEject } from './ejection.ts';
import type { PoolFaults } from './faults/board.ts';
import { FaultSeat } from './faults/seat.ts';
import { LatencyModel } from './latency-model.ts';
import { Member } from './member.ts';
import { isOwnError } from './own-errors.ts';
import type { PoolEnvironment } from './pool-environment.ts';
import { RetryBudget } from './retry-budget.ts';
import { judgeStall, silenceLimit } from './stall.ts';
import { WaitQueue } from './wait-queue.ts';

/** Idle upstream connections are closed. Below the 5 s after which Node's servers close theirs. */
const IDLE_MS: Ms = 4_000;

export class Pool {
  readonly id: string;
  service: string;
  protocol: PoolSpec['protocol'];
  policy: PoolPolicy;
  ask: PoolQuestion | null = null;
  /** Highest fencing token seen; null: everybody may serve. */
  token: number | null = null;
  members: Member[] = [];
  /** Network faults on the way to its members. */
  readonly faults = new FaultSeat();
  /** Out of the table, not yet empty. */
  readonly #leaving = new Set<Member>();
  readonly budget: RetryBudget;
  readonly queue = new WaitQueue();
  readonly model: LatencyModel;
  /** Calls that no instance took, by caller. */
  readonly #nobody = new Map<string, EdgeWindow>();
  readonly #env: PoolEnvironment;
  #candidates: Member[] = [];
  /** Members that want one request to show whether they work again. */
  #trials: Member[] = [];

  constructor(spec: PoolSpec, env: PoolEnvironment) {
    this.#env = env;
    this.id = spec.id;
    this.service = spec.service;
    this.protocol = spec.protocol;
    this.policy = spec.policy;
    this.budget = new RetryBudget(spec.policy.retryBudget);
    this.model = new LatencyModel(env.now());
    this.update(spec);
  }

  update(spec: Omit<PoolSpec, 'ask'> & { readonly ask?: PoolQuestion | null }): void {
    const token = spec.token ?? null;
    // Who speaks for an older token may have been asleep.
    if (token !== null && this.token !== null && token < this.token) return;
    const now = this.#env.now();
    this.token = token;
    this.service = spec.service;
    this.protocol = spec.protocol;
    this.policy = spec.policy;
    this.ask = spec.ask ?? null;
    this.budget.setShare(spec.policy.retryBudget);
    const before = this.members;
    this.members = spec.members.map((source) => this.#keepOrCreate(before, source, now));
    for (const member of before) {
      if (this.members.includes(member)) continue;
      member.drain(now);
      this.#leaving.add(member);
      if (token !== null) member.cut();
    }
    for (const member of this.members) if (member.state === 'fenced') member.cut();
    this.#refresh();
  }

  #keepOrCreate(before: readonly Member[], source: PoolMember, now: Ms): Member {
    const member = before.find((known) => known.isLifeOf(source)) ?? new Member(source, now);
    if (source.state === 'drain') member.drain(now);
    else {
      member.state = source.state;
      member.drainingSince = null;
    }
    return member;
  }

  /** New faults, also on what is open already. */
  setFaults(faults: PoolFaults | null): void {
    this.faults.set(faults, [...this.members, ...this.#leaving]);
  }

  /** Everyone leaves: the pool is no longer in the table. */
  retire(): void {
    this.update({ ...this, members: [] });
  }
  get empty(): boolean {
    return this.members.length === 0 && this.#leaving.size === 0 && this.queue.size === 0;
  }

  /**
   * The member for the next attempt; null when nobody can take it now. `tried` is avoided while there is another.
   * `safe`: the call may be repeated elsewhere, so it may serve as a trial.
   */
  pick(tried: readonly Member[] | null, safe: boolean): Member | null {
    if (this.#trials.length > 0) {
      const trial = this.#takeTrial(tried, safe);
      if (trial) return trial;
    }
    let candidates = this.#candidates;
    if (tried !== null) {
      const others = candidates.filter((member) => !tried.includes(member));
      if (others.length > 0) candidates = others;
    }
    return chooseOfTwo(candidates, this.#env.random);
  }

  /** Whether a retry could go to a member that has not been tried. */
  hasOther(tried: readonly Member[]): boolean {
    return this.#candidates.some((member) => !tried.includes(member));
  }

  get hasCandidates(): boolean {
    return this.#candidates.length > 0;
  }

  #takeTrial(tried: readonly Member[] | null, safe: boolean): Member | null {
    for (const member of this.#trials) {
      if (tried?.includes(member)) continue;
      if (member.stalled && !safe && this.protocol === 'http') continue;
      if (member.suspect && !safe) continue;
      if (member.ejection.wantsTrial) member.ejection.trial(true);
      else if (member.stalled) member.stallTrial.failed(this.#env.now());
      member.suspect = false;
      this.#refresh();
      return member;
    }
    return null;
  }

  #refresh(): void {
    this.#candidates = candidatesOf(this.members, this.policy.panicShare);
    const now = this.#env.now();
    this.#trials = this.members.filter(
      (member) =>
        member.serving &&
        !member.refusing &&
        (member.ejection.wantsTrial ||
          (member.stalled && member.stallTrial.isDue(now)) ||
          (member.suspect && !member.stalled)),
    );
    this.release();
  }

  /** Lets waiting calls go on where that has become possible. */
  release(): void {
    if (this.queue.size === 0) return;
    this.queue.release((waiter) => this.hasCandidates && (!waiter.isRetry || this.budget.available));
  }

  // What is learnt from outcomes.

  /** Any byte from the member; `sentAt` of the request that it is the first answer to, or null. */
  heard(member: Member, now: Ms, sentAt: Ms | null): void {
    if (member.stalled) {
      // What waited through a stall says nothing about what is normal.
      member.heard(now);
      this.#resumed(member, now);
      return;
    }
    if (sentAt !== null) {
      this.model.gap(now - member.silentSince());
      this.model.latency(now - sentAt);
    }
    member.heard(now);
  }

  succeeded(member: Member): void {
    if (member.ejection.consecutive === 0 && member.ejection.state === 'closed' && member.claimed === null) return;
    const closed = member.ejection.succeed(this.#env.now());
    if (member.claimed !== null && !member.refusing) {
      member.claimed = null;
      this.#claim(member, 'recovered', `${this.id}: answers again`);
    }
    if (closed) this.#refresh();
  }

  failed(member: Member, what: string): void {
    if (member.ejection.fail(this.policy)) this.#eject(member, what);
  }

  /**
   * A connection broke. `stale`: one from the pool, before any byte of an answer; that may have been closed for
   * idleness and is no failure. Either way it is the first sign of a crash, and a connection attempt tells at once.
   */
  connectionLost(member: Member, stale: boolean): void {
    if (!stale) this.failed(member, 'connection reset');
    if (member.checking || member.refusing) return;
    member.checking = true;
    this.#env.probe(member, this.policy.connectTimeoutMs, this.faults.here, (error) => {
      member.checking = false;
      if (error !== null && !isOwnError(error)) this.refused(member, `connection failed (${error})`);
    });
  }

  #eject(member: Member, what: string): void {
    const { policy } = this;
    const total = this.members.filter(({ serving }) => serving).length;
    const ejected = this.members.filter((other) => other !== member && other.serving && other.ejected).length;
    const allowed = member.ejected || mayEject(ejected, total, policy.maxEjectedShare);
    const failures = `${member.ejection.consecutive} calls in a row failed (${what})`;
    if (allowed) {
      const duration = member.ejection.eject(this.#env.now(), policy);
      this.#refresh();
      this.#claimOnce(member, 'erroring', `${this.id}: ${failures}; no traffic for ${formatDuration(duration)}`);
    } else {
      this.#claimOnce(member, 'erroring', `${this.id}: ${failures}; it keeps its traffic, too few others are left`);
    }
  }

  /** A trial ended without saying anything about the member. */
  trialVoid(member: Member): void {
    if (member.ejection.state !== 'half-open') return;
    member.ejection.trial(false);
    this.#refresh();
  }

  /** Connections are refused or time out: known at once, and nothing was lost by trying. */
  refused(member: Member, error: string): void {
    // Being refused takes it out by itself; only a trial that is refused prolongs an ejection.
    if (member.ejection.state === 'half-open') this.failed(member, error);
    if (member.refusing || !this.members.includes(member)) return;
    member.refusing = true;
    member.refusingProbe.start(this.#env.now());
    member.closeIdle();
    this.#refresh();
    this.#claimOnce(member, 'refusing', `${this.id}: ${error} at ${member.host}:${member.port}`);
  }

  #accepts(member: Member): void {
    member.refusing = false;
    if (member.claimed === 'refusing') {
      member.claimed = null;
      this.#claim(member, 'recovered', `${this.id}: accepts connections again`);
    }
    this.#refresh();
  }

  // What happens with time.

  tick(now: Ms, late: boolean): void {
    this.model.tick(now);
    let changed = false;
    for (const member of this.members) {
      if (member.ejection.tick(now)) changed = true;
      if (member.refusing && member.refusingProbe.isDue(now)) this.#probe(member);
      if (member.stalled && member.stallTrial.isDue(now)) changed = true;
      member.forgetGivenUp(now);
      if (member.busy) {
        this.#timeouts(member, now);
        // When this process itself was held up, the silence was ours.
        if (late) member.lastByteAt = now;
        else if (member.stalled) this.#moveAway(member, now);
        else if (this.#judge(member, now)) changed = true;
      }
      member.closeIdle(now - IDLE_MS);
      this.#cut(member, now);
    }
    for (const member of this.#leaving) {
      this.#timeouts(member, now);
      this.#cut(member, now);
    }
    this.queue.expire(now);
    if (changed) this.#refresh();
    else this.release();
  }

  #timeouts(member: Member, now: Ms): void {
    for (const request of member.held) {
      if (now - request.sentAt < this.policy.responseTimeoutMs) break;
      request.timedOut();
    }
  }

  #cut(member: Member, now: Ms): void {
    if (member.drainingSince !== null && now - member.drainingSince >= this.policy.drainMs) member.cut();
  }

  #probe(member: Member): void {
    member.refusingProbe.running();
    this.#env.probe(member, this.policy.connectTimeoutMs, this.faults.here, (error) => {
      if (!member.refusing) return;
      if (error === null) this.#accepts(member);
      else member.refusingProbe.failed(this.#env.now());
    });
  }

  #judge(member: Member, now: Ms): boolean {
    const silentSince = member.silentSince();
    if (now - silentSince < this.policy.stallMs || !member.serving || member.refusing) return false;
    const peers = this.members.filter((other) => other !== member && other.serving);
    const peersLastByteAt = peers.reduce((last, { lastByteAt }) => Math.max(last, lastByteAt), 0);
    const evidence = { now, silentSince, ages: member.ages(now), peers: peers.length, peersLastByteAt };
    const verdict = judgeStall(evidence, this.model, this.policy.stallMs);
    if (verdict === 'stalled') {
      const limit = silenceLimit(this.model, this.policy.stallMs, peers.length === 0, now);
      this.#stalled(member, now, limit);
      return true;
    }
    if (verdict === 'suspect' && !member.suspect) {
      member.suspect = true;
      return true;
    }
    return false;
  }

  #stalled(member: Member, now: Ms, limit: Ms): void {
    member.stalled = true;
    member.suspect = false;
    member.stalledSince = member.silentSince();
    member.stallClaimedAt = now;
    member.stallTrial.start(now);
    member.closeIdle();
    const silent = now - member.stalledSince;
    const detail = `${this.id}: ${member.held.size} requests wait, no byte for ${formatDuration(silent)} (normal: under ${formatDuration(limit)})`;
    this.#claim(member, 'stalled', detail, silent);
    this.#refresh();
    this.#moveAway(member, now);
  }

  /**
   * What waits at a stalled member goes elsewhere, as fast as the retry budget allows. A trial, sent after the claim,
   * gets stallMs to be answered.
   */
  #moveAway(member: Member, now: Ms): void {
    if (!this.#candidates.some((other) => other !== member && !other.stalled)) return;
    for (const request of [...member.held]) {
      if (!this.budget.available) return;
      if (request.sentAt < member.stallClaimedAt || now - request.sentAt >= this.policy.stallMs) request.moveAway();
    }
  }

  #resumed(member: Member, now: Ms): void {
    member.stalled = false;
    this.model.pause(now - member.stalledSince, now);
    member.closeCanary();
    this.#claim(member, 'resumed', `${this.id}: answers again`, now - member.stalledSince);
    this.#refresh();
  }

  #claimOnce(member: Member, state: 'refusing' | 'erroring', detail: string): void {
    if (member.claimed === state) return;
    member.claimed = state;
    this.#claim(member, state, detail);
  }

  #claim(member: Member, state: StallSignal['state'], detail: string, silentMs: Ms = 0): void {
    const signal: StallSignal = {
      kind: 'stall',
      at: this.#env.now(),
      instance: member.instance,
      incarnation: member.incarnation,
      state,
      waitingRequests: member.held.size,
      silentMs,
      detail,
    };
    member.standing = state === 'resumed' || state === 'recovered' ? null : signal;
    this.#env.emit(signal);
  }

  /** The claims that still stand, as of now. */
  standing(): StallSignal[] {
    return this.members.flatMap((member) => member.standingAt(this.#env.now()));
  }

  nobody(caller: string): EdgeWindow {
    let edge = this.#nobody.get(caller);
    if (edge === undefined) {
      edge = new EdgeWindow(caller, this.service, '', this.protocol);
      this.#nobody.set(caller, edge);
    }
    return edge;
  }

  *windows(now: Ms): Iterable<[EdgeWindow, Ms]> {
    for (const member of [...this.members, ...this.#leaving])
      for (const edge of member.edges) yield [edge, edge.inFlight > 0 ? member.oldestWait(edge, now) : 0];
    for (const edge of this.#nobody.values()) yield [edge, 0];
  }

  /** After the windows were taken: members that left and have nothing open are forgotten. */
  forget(): void {
    for (const member of this.#leaving) if (member.gone) this.#leaving.delete(member);
  }
}
