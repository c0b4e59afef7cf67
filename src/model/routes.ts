/**
 * The route table: all that the traffic process needs to know. It is a full snapshot with a version, kept on disk
 * by the traffic process, so that it can go on without a control plane.
 */
import type { Ms } from './time.ts';

export interface RouteTable {
  /** Grows with every change; an older table is ignored. */
  readonly version: number;
  readonly system: string;
  readonly listeners: readonly Listener[];
  readonly pools: readonly Pool[];
}

/** One listening address. Each consumer of a service has its own, which is how edges are told apart. */
export interface Listener {
  /** `caller→callee:port`, with OUTSIDE as the caller of published endpoints. Stable over versions. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly caller: string;
  /** Pool id. */
  readonly pool: string;
}

/** The instances behind a service's port. */
export interface Pool {
  /** `callee:port`. */
  readonly id: string;
  readonly service: string;
  readonly protocol: 'tcp' | 'http';
  readonly members: readonly PoolMember[];
  /**
   * Fencing token of a service with failover, null for others. Only its holder serves; connections to anybody else are
   * cut at once, and a table with a lower token for the pool than one seen before changes nothing in it.
   */
  readonly token: number | null;
  readonly policy: PoolPolicy;
  /** What its health check asks of this port, for asking the same on the way that calls take; absent: to connect. */
  readonly ask?: PoolQuestion;
  /** The service has opted in to experiments: faults may be put before it by hand, too. */
  readonly experiments?: true;
}

export interface PoolQuestion {
  readonly path: string;
  readonly expectStatus: readonly [low: number, high: number];
}

export interface PoolMember {
  readonly instance: string;
  readonly incarnation: number;
  readonly host: string;
  readonly port: number;
  /**
   * serve: takes traffic; drain: finishes what it has, takes nothing new; hold: known, not ready, no traffic; fenced:
   * another one has the token: no traffic, and what is open is cut at once.
   */
  readonly state: 'serve' | 'drain' | 'hold' | 'fenced';
}

export interface PoolPolicy {
  /** Upstream connect timeout. Default 1s. */
  readonly connectTimeoutMs: Ms;
  /** No response byte for this long fails the request (504). Default 30s. */
  readonly responseTimeoutMs: Ms;
  /** How long a request waits for an instance when none can take it, before 503. Default 2s: covers a restart. */
  readonly queueTimeoutMs: Ms;
  /** Attempts in all, the first included. Default 3. */
  readonly maxAttempts: number;
  /** Retries allowed as a share of active requests (at least 3 at a time). Default 0.2. */
  readonly retryBudget: number;
  /** Consecutive failures that eject an instance. Default 5. */
  readonly ejectAfter: number;
  /** First ejection; the n-th lasts n times as long, up to 300s. Default 5s. */
  readonly ejectMs: Ms;
  /** Most of a pool that may be ejected at once. Default 0.5. */
  readonly maxEjectedShare: number;
  /** Below this share of usable members, route to all (panic). Default 0.5. */
  readonly panicShare: number;
  /** Shortest silence of an instance with waiting requests that counts as a stall. Default 250ms. */
  readonly stallMs: Ms;
  /** After a drain begins, connections still open are cut at this age. */
  readonly drainMs: Ms;
}

export const DEFAULT_POOL_POLICY: PoolPolicy = {
  connectTimeoutMs: 1_000,
  responseTimeoutMs: 30_000,
  queueTimeoutMs: 2_000,
  maxAttempts: 3,
  retryBudget: 0.2,
  ejectAfter: 5,
  ejectMs: 5_000,
  maxEjectedShare: 0.5,
  panicShare: 0.5,
  stallMs: 250,
  drainMs: 2_000,
};
