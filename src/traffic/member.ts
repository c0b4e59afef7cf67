/**
 * One life of an instance behind a pool: what it holds, what it was judged to be, and the connections to it that can
 * be used again. A new incarnation or another address is a new Member and starts clean.
 */

import type { PoolMember } from '../model/routes.ts';
import type { StallSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import type { Judged, Loaded } from './balancer.ts';
import { EdgeWindow } from './edge-window.ts';
import { Ejection } from './ejection.ts';
import { ProbeSchedule } from './probe-schedule.ts';
import { MAX_AGES } from './stall.ts';

/** A request that was sent and has not been answered with a first byte. */
export interface Held {
  readonly sentAt: Ms;
  /** For the edge's oldest wait. */
  readonly edge: EdgeWindow | null;
  /** The member has stalled: go elsewhere if that is safe and the budget allows; false when it stays. */
  moveAway(): boolean;
  /** The response timeout has passed. */
  timedOut(): void;
}

/** Anything open towards the member that a drain must end at last. */
export interface Open {
  cut(): void;
  /** The network faults of its pool have changed. */
  refault(): void;
}

export interface IdleConnection {
  readonly idleSince: Ms;
  close(): void;
}

const REFUSING_FIRST_MS: Ms = 20;
const REFUSING_LONGEST_MS: Ms = 500;
const STALL_TRIAL_FIRST_MS: Ms = 1_000;
const STALL_TRIAL_LONGEST_MS: Ms = 10_000;
const GIVEN_UP_MS: Ms = 1_000;

export class Member implements Judged, Loaded {
  readonly instance: string;
  readonly incarnation: number;
  readonly host: string;
  readonly port: number;
  state: PoolMember['state'];
  drainingSince: Ms | null = null;

  load = 0;
  readonly held = new Set<Held>();
  readonly open = new Set<Open>();
  /** Used from the end: the warmest first, so that the others can age out. */
  readonly idle: IdleConnection[] = [];

  readonly ejection = new Ejection();
  refusing = false;
  /** A connection attempt is under way that tells whether it still accepts any. */
  checking = false;
  readonly refusingProbe = new ProbeSchedule(REFUSING_FIRST_MS, REFUSING_LONGEST_MS);
  stalled = false;
  stalledSince: Ms = 0;
  stallClaimedAt: Ms = 0;
  readonly stallTrial = new ProbeSchedule(STALL_TRIAL_FIRST_MS, STALL_TRIAL_LONGEST_MS);
  /** One more request would tell whether it has stalled. */
  suspect = false;
  /** A failure claim is out that needs a `recovered`. */
  claimed: 'refusing' | 'erroring' | null = null;
  /** What was last claimed of it, while that still stands: told again to an agent that comes anew. */
  standing: StallSignal | null = null;

  /** A connection with an unanswered request, kept to hear when a stalled member wakes up. */
  canary: IdleConnection | null = null;
  lastByteAt: Ms;
  /** Since when it holds requests without a pause. */
  busySince: Ms;
  /** Ages of requests that callers gave up on without a byte: evidence that would otherwise go with them. */
  #givenUp: { readonly age: Ms; readonly until: Ms }[] = [];
  /** Requests for which a connection is being opened. */
  readonly #opening = new Set<Held>();

  readonly #edges = new Map<string, EdgeWindow>();

  constructor(source: PoolMember, now: Ms) {
    this.instance = source.instance;
    this.incarnation = source.incarnation;
    this.host = source.host;
    this.port = source.port;
    this.state = source.state;
    this.lastByteAt = now;
    this.busySince = now;
  }

  get serving(): boolean {
    return this.state === 'serve';
  }

  get ejected(): boolean {
    return this.ejection.state !== 'closed';
  }

  isLifeOf(source: PoolMember): boolean {
    return (
      this.instance === source.instance &&
      this.incarnation === source.incarnation &&
      this.host === source.host &&
      this.port === source.port
    );
  }

  edge(caller: string, callee: string, protocol: 'tcp' | 'http'): EdgeWindow {
    let edge = this.#edges.get(caller);
    if (edge === undefined) {
      edge = new EdgeWindow(caller, callee, this.instance, protocol);
      this.#edges.set(caller, edge);
    }
    return edge;
  }

  get edges(): Iterable<EdgeWindow> {
    return this.#edges.values();
  }

  hold(request: Held, now: Ms): void {
    if (!this.busy) this.busySince = now;
    this.held.add(request);
  }

  get busy(): boolean {
    return this.held.size > 0 || this.#givenUp.length > 0;
  }

  /** The caller of an unanswered request has left. Short-lived, so that cancelled calls never add up to a stall. */
  giveUp(request: Held, now: Ms): void {
    if (!this.held.delete(request) || this.#givenUp.length >= MAX_AGES) return;
    this.#givenUp.push({ age: now - request.sentAt, until: now + GIVEN_UP_MS });
  }

  heard(now: Ms): void {
    this.lastByteAt = now;
    this.suspect = false;
    if (this.#givenUp.length > 0) this.#givenUp = [];
  }

  forgetGivenUp(now: Ms): void {
    if (this.#givenUp.length > 0) this.#givenUp = this.#givenUp.filter(({ until }) => until > now);
  }

  release(request: Held): void {
    this.held.delete(request);
    this.#opening.delete(request);
  }

  /** A connection is being opened for it; `sentAt` is when that began. */
  opens(request: Held): void {
    this.#opening.add(request);
  }

  opened(request: Held): void {
    this.#opening.delete(request);
  }

  silentSince(): Ms {
    return Math.max(this.busySince, this.lastByteAt);
  }

  /** Oldest first: the set keeps the order in which they were sent. */
  ages(now: Ms): Ms[] {
    const ages = this.#givenUp.map(({ age }) => age);
    for (const request of this.held) {
      if (ages.length >= MAX_AGES) break;
      ages.push(now - request.sentAt);
    }
    return ages;
  }

  /** For an answer or for a connection. */
  oldestWait(edge: EdgeWindow, now: Ms): Ms {
    return Math.max(oldestOf(this.held, edge, now), oldestOf(this.#opening, edge, now));
  }

  closeIdle(before: Ms = Number.POSITIVE_INFINITY): void {
    // Oldest first: stop at the first that is young enough.
    while (this.idle.length > 0 && (this.idle[0] as IdleConnection).idleSince < before) {
      (this.idle.shift() as IdleConnection).close();
    }
  }

  closeCanary(): void {
    const { canary } = this;
    this.canary = null;
    canary?.close();
  }

  drain(now: Ms): void {
    if (this.state === 'drain' && this.drainingSince !== null) return;
    this.state = 'drain';
    this.drainingSince = now;
    this.closeIdle();
    this.closeCanary();
  }

  /** Everything that is open ends now. */
  cut(): void {
    this.closeIdle();
    this.closeCanary();
    for (const open of [...this.open]) open.cut();
  }

  /** Drain is over and nothing refers to it. */
  get gone(): boolean {
    return this.open.size === 0 && this.load === 0;
  }

  /** The claim that still stands, as of now. */
  standingAt(now: Ms): StallSignal[] {
    const { standing, held } = this;
    if (standing === null) return [];
    return [{ ...standing, at: now, silentMs: standing.silentMs + now - standing.at, waitingRequests: held.size }];
  }
}

/** The set keeps the order in which they began. */
function oldestOf(requests: Iterable<Held>, edge: EdgeWindow, now: Ms): Ms {
  for (const request of requests) if (request.edge === edge) return now - request.sentAt;
  return 0;
}
