/**
 * One request of a client with all its attempts: where it is sent, what may be repeated, what the client is told when
 * nothing works, and what is measured. A request is repeated only while the client has not seen a byte of an answer
 * and its body is still at hand; once bytes of it were sent, also only when it is idempotent.
 */
import type { Ms } from '../../model/time.ts';
import { monotonic } from '../clock.ts';
import type { EdgeWindow, FailureKind } from '../edge-window.ts';
import type { Held, Member } from '../member.ts';
import { isOwnError } from '../own-errors.ts';
import type { Pool } from '../pool.ts';
import type { Waiter } from '../wait-queue.ts';
import type { Downstream } from './downstream.ts';
import { takeIdle } from './idle.ts';
import { MAX_CONNECT_FAILURES, RETRY_STATUS, ReplayBody, type RequestFacts, STATUS_OF } from './retry-rules.ts';
import { Upstream } from './upstream.ts';

const NO_PARTS: readonly Buffer[] = [];

export class Exchange implements Held, Waiter {
  readonly isHead: boolean;
  readonly wantsUpgrade: boolean;
  readonly clientMinor: number;
  /** The client does not understand chunks, and the response comes in chunks. */
  unchunks = false;
  requestComplete = false;
  edge: EdgeWindow | null = null;
  sentAt: Ms = 0;
  deadline: Ms = 0;
  isRetry = false;

  readonly #client: Downstream;
  readonly #pool: Pool;
  readonly #head: Buffer;
  readonly #idempotent: boolean;
  /** Of the call, or of its present attempt once one was in vain. */
  #since: Ms;
  /** Made when there is a body. */
  #body: ReplayBody | null = null;
  #member: Member | null = null;
  #upstream: Upstream | null = null;
  #tried: Member[] | null = null;
  #attempts = 0;
  #connectFailures = 0;
  #inBudget = false;
  #sent = false;
  #awaiting = false;
  #answered = false;
  #interimSeen = false;
  #status = 0;
  #close = false;
  #over = false;
  #lastFailure: FailureKind = 'unavailable';
  #lastError = 'no instance can take the request';
  #tunnelEnds = 0;

  constructor(client: Downstream, pool: Pool, facts: RequestFacts, now: Ms) {
    this.#client = client;
    this.#pool = pool;
    this.#head = facts.head;
    this.#idempotent = facts.idempotent;
    this.isHead = facts.isHead;
    this.wantsUpgrade = facts.upgrade;
    this.clientMinor = facts.minor;
    this.#since = now;
    pool.budget.active++;
  }

  /** `body`: what came along with the head. */
  start(body: Buffer | null, complete: boolean): void {
    if (body !== null) this.#replay.keep(body);
    this.requestComplete = complete;
    this.resume();
  }

  get #repeatable(): boolean {
    return !this.#answered && !this.#interimSeen && this.#body?.gone !== true && (this.#idempotent || !this.#sent);
  }

  // Finding a member.

  resume(): void {
    if (this.isRetry && !this.#inBudget) {
      if (!this.#pool.budget.available) {
        this.#wait();
        return;
      }
      this.#inBudget = true;
      this.#pool.budget.retrying++;
    }
    const member = this.#pool.pick(this.#tried, this.#idempotent && this.#body?.gone !== true);
    if (member === null) {
      this.#wait();
      return;
    }
    this.#attempt(member);
  }

  #wait(): void {
    const now = monotonic();
    if (this.deadline === 0) this.deadline = now + this.#pool.policy.queueTimeoutMs;
    if (now >= this.deadline || !this.#pool.queue.add(this)) this.expired();
  }

  expired(): void {
    this.#fail();
  }

  #attempt(member: Member): void {
    this.#member = member;
    member.load++;
    this.edge = member.edge(this.#client.caller, this.#pool.service, 'http');
    this.edge.inFlight++;
    // After a reset the pooled connections of others may be dead as well: new ones tell before anything is sent.
    const upstream = this.#lastFailure === 'reset' ? null : takeIdle(member, this.#idempotent);
    if (upstream === null) {
      this.sentAt = monotonic();
      member.opens(this);
      this.#upstream = new Upstream(this.#pool, member, this);
    } else {
      this.#upstream = upstream;
      upstream.take(this);
      this.#send(upstream);
    }
  }

  connected(): void {
    if (this.#upstream !== null) this.#send(this.#upstream);
  }

  #send(upstream: Upstream): void {
    this.#member?.opened(this);
    this.#attempts++;
    this.#sent = true;
    const flowing = upstream.send(this.#head, this.#body?.parts ?? NO_PARTS, this.requestComplete);
    if (this.requestComplete || !flowing) this.#await();
    if (!this.requestComplete && flowing) this.#client.resumeBody();
  }

  /** All of the request is sent: from now on silence counts. */
  #await(): void {
    if (this.#awaiting) this.#member?.release(this);
    this.sentAt = monotonic();
    this.#awaiting = true;
    this.#member?.hold(this, this.sentAt);
  }

  get caller(): string {
    return this.#client.caller;
  }

  get awaitingSince(): Ms | null {
    return this.#awaiting ? this.sentAt : null;
  }

  // The request's body.

  /** More of the body; false: no more until `resumeBody`. */
  body(bytes: Buffer, complete: boolean): boolean {
    this.requestComplete = complete;
    const upstream = this.#upstream;
    if (this.#over) return true;
    const replay = this.#replay;
    if (upstream === null || !upstream.connected) {
      replay.keep(bytes);
      return !replay.full;
    }
    if (this.#answered) replay.drop();
    else replay.keepSent(bytes);
    const flowing = upstream.write(bytes, complete);
    // A server that does not read on is awaited just as one that does not answer.
    if ((complete || !flowing) && !this.#answered) this.#await();
    return flowing;
  }

  get #replay(): ReplayBody {
    this.#body ??= new ReplayBody();
    return this.#body;
  }

  upstreamDrained(): void {
    if (this.#awaiting && !this.requestComplete) {
      this.firstByte();
      // It reads: a sign of life, but no answer.
      if (this.#member !== null) this.#pool.heard(this.#member, monotonic(), null);
    }
    if (!this.requestComplete || this.wantsUpgrade) this.#client.resumeBody();
  }

  // The response.

  firstByte(): void {
    if (!this.#awaiting) return;
    this.#awaiting = false;
    this.#member?.release(this);
  }

  interim(bytes: Buffer): void {
    this.#interimSeen = true;
    if (this.clientMinor === 1) this.#client.write(bytes);
  }

  /** Whether this status is worth another instance: nothing of it has been passed on. */
  retriesStatus(status: number): boolean {
    return (
      RETRY_STATUS.has(status) &&
      this.#repeatable &&
      this.#attempts < this.#pool.policy.maxAttempts &&
      (this.#inBudget || this.#pool.budget.available) &&
      this.#member !== null &&
      this.#pool.hasOther([...(this.#tried ?? []), this.#member])
    );
  }

  retryStatus(status: number): void {
    if (this.#member) this.#pool.failed(this.#member, `status ${status}`);
    this.#retry('status5xx', `status ${status}`);
  }

  /** The final head is about to be passed on. Returns whether the client's connection closes after this response. */
  responseBegins(status: number, untilClose: boolean, chunked: boolean): boolean {
    this.#answered = true;
    this.#status = status;
    this.#body?.drop();
    this.unchunks = chunked && this.clientMinor === 0 && !this.isHead;
    this.#close = untilClose || this.unchunks || this.#client.closesAfterResponse;
    if (status === 101) {
      this.edge?.measured(monotonic() - this.#since);
      this.#client.tunnelBegins();
    }
    return this.#close;
  }

  /** False when the client takes no more for now. */
  forward(bytes: Buffer): boolean {
    return this.#client.write(bytes);
  }

  /** The client's socket still refers to the bytes it was given. */
  get clientBuffered(): boolean {
    return this.#client.buffered;
  }

  clientDrained(): void {
    this.#upstream?.resume();
  }

  completed(): void {
    const [edge, member] = [this.edge, this.#member];
    // What a tunnel took says nothing about latency: its handshake was measured.
    if (this.#status === 101) edge?.closed();
    else edge?.completed(monotonic() - this.#since);
    if (this.#status >= 500) edge?.failed('status5xx');
    if (member !== null) {
      if (this.#status >= 500) this.#pool.failed(member, `status ${this.#status}`);
      else this.#pool.succeeded(member);
    }
    this.#finish();
    this.#client.finished(this.#close || !this.requestComplete);
  }

  // A tunnel: bytes both ways until both sides have ended.

  tunnelEnded(upstream: Upstream): void {
    this.#client.endTunnel();
    if (++this.#tunnelEnds === 2) this.tunnelOver(upstream);
  }

  clientEndedTunnel(): void {
    const upstream = this.#upstream;
    if (upstream === null) return;
    upstream.end();
    if (++this.#tunnelEnds === 2) this.tunnelOver(upstream);
  }

  tunnelOver(upstream: Upstream): void {
    upstream.close();
    if (!this.#over) this.completed();
  }

  // Failures.

  connectFailed(member: Member, reason: string): void {
    if (this.#over) return;
    if (isOwnError(reason)) {
      // Out of descriptors or ports: says nothing about the member; others would fail as well.
      this.#lastError = `the traffic layer cannot open connections (${reason})`;
      this.#leaveMember();
      this.#wait();
      return;
    }
    this.#lastFailure = 'connect';
    this.#lastError = `cannot connect: ${reason}`;
    this.#leaveMember(true);
    this.#avoid(member);
    this.#pool.refused(member, reason === 'timed out' ? 'connecting timed out' : `connection failed (${reason})`);
    // Nothing was sent: not an attempt, and no budget is needed.
    if (++this.#connectFailures > MAX_CONNECT_FAILURES) this.#fail();
    else this.resume();
  }

  upstreamLost(kind: 'reset' | 'timeout', reason: string): void {
    if (this.#over) return;
    const member = this.#member;
    if (member !== null) {
      if (kind === 'timeout') this.#pool.failed(member, 'no response in time');
      else this.#pool.connectionLost(member, this.#upstream?.reused === true && !this.#answered);
    }
    this.#retry(kind, reason);
  }

  #retry(kind: FailureKind, reason: string): void {
    const member = this.#member;
    [this.#lastFailure, this.#lastError] = [kind, reason];
    const again = this.#repeatable && this.#attempts < this.#pool.policy.maxAttempts;
    if (!again) {
      this.#fail();
      return;
    }
    if (this.edge !== null) this.edge.retried++;
    this.#leaveMember(true);
    if (member !== null) this.#avoid(member);
    this.isRetry = true;
    this.deadline = 0;
    this.resume();
  }

  #avoid(member: Member): void {
    if (this.#tried === null) this.#tried = [member];
    else if (!this.#tried.includes(member)) this.#tried.push(member);
  }

  timedOut(): void {
    const upstream = this.#upstream;
    upstream?.detach(false);
    this.upstreamLost('timeout', 'the instance did not answer in time');
  }

  moveAway(): boolean {
    const upstream = this.#upstream;
    if (!this.#repeatable || upstream === null || this.#attempts >= this.#pool.policy.maxAttempts) return false;
    if (!this.#inBudget && !this.#pool.budget.available) return false;
    this.#upstream = null;
    upstream.detach(true);
    this.#retry('timeout', 'the instance stopped answering');
    return true;
  }

  #fail(): void {
    const kind = this.#lastFailure;
    const started = this.#answered;
    // Where no instance was reached, the failure belongs to the edge as a whole.
    const edge = this.edge ?? this.#pool.nobody(this.#client.caller);
    edge.callFailed(kind);
    const error = this.#lastError;
    this.#finish();
    if (started) this.#client.abort();
    else this.#client.fail(STATUS_OF[kind], kind, error, this.#pool.service);
  }

  /** The client has gone. */
  abandon(): void {
    if (this.#over) return;
    const now = monotonic();
    const [edge, member] = [this.edge, this.#member];
    // A caller that waited this long and left did not change its mind: it timed out.
    if (this.#awaiting && now - this.sentAt >= this.#pool.policy.stallMs) edge?.callFailed('timeout');
    else edge?.closed();
    if (this.#awaiting) member?.giveUp(this, now);
    const upstream = this.#upstream;
    this.#finish();
    upstream?.detach(member?.stalled === true);
  }

  #leaveMember(inVain = false): void {
    const member = this.#member;
    [this.#upstream, this.#member] = [null, null];
    if (member === null) return;
    member.load--;
    if (this.edge !== null) this.edge.inFlight--;
    if (inVain) this.#since = this.edge?.inVain(this.#since, monotonic()) ?? this.#since;
    member.release(this);
    this.#awaiting = false;
    this.#pool.trialVoid(member);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leaveMember();
    const { budget, queue } = this.#pool;
    if (this.deadline !== 0) queue.remove(this);
    budget.active--;
    if (this.#inBudget) {
      budget.retrying--;
      this.#pool.release();
    }
  }
}
