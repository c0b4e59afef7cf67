/**
 * Signals: single observations, as they come from agents and the traffic layer. No judgement in them: that is for
 * the detectors. All carry the time of observation on the shared monotonic clock.
 */
import type { Change } from './change.ts';
import type { SparseHistogram } from './histogram.ts';
import type { InstanceExit, InstanceId, ProcessIdentity } from './instance.ts';
import type { SymptomClaim } from './symptom.ts';
import type { Ms } from './time.ts';

/** The caller name of traffic that enters through a published endpoint. */
export const OUTSIDE = '(outside)';

export type Signal =
  | StartedSignal
  | ExitSignal
  | CheckSignal
  | EdgeSignal
  | StallSignal
  | WaySignal
  | RoleSignal
  | ResourceSignal
  | NodeSignal
  | ChangeSignal
  | ClaimSignal;

interface OfInstance {
  readonly instance: InstanceId;
  readonly incarnation: number;
  readonly at: Ms;
}

export interface StartedSignal extends OfInstance {
  readonly kind: 'started';
  readonly process: ProcessIdentity;
}

export interface ExitSignal extends OfInstance {
  readonly kind: 'exit';
  readonly exit: InstanceExit;
}

/**
 * A check result. Agents send every failure, the first pass after a failure or a start, and one pass every 10 s as
 * a sign of life: healthy systems are quiet.
 */
export interface CheckSignal extends OfInstance {
  readonly kind: 'check';
  readonly purpose: 'liveness' | 'readiness';
  readonly pass: boolean;
  readonly latencyMs: Ms;
  /** `timeout`, `refused`, `status 500`, `exit 1`, … null when it passed. */
  readonly error: string | null;
}

/** Error of a check whose time was up before a connection was open: a kernel opens connections also for a program that hangs. */
export const NO_CONNECTION = 'no connection in time';

/** Calls over one edge to one instance within one window, as the traffic layer measured them. */
export interface EdgeSignal {
  readonly kind: 'edge';
  readonly at: Ms;
  readonly windowMs: Ms;
  /** Service name, or OUTSIDE. */
  readonly caller: string;
  readonly callee: string;
  readonly instance: InstanceId;
  readonly protocol: 'tcp' | 'http';
  /** HTTP: requests completed (any outcome). TCP: connections closed. */
  readonly requests: number;
  readonly failures: EdgeFailures;
  /** Attempts that were tried again elsewhere: not seen by the caller, seen by us. */
  readonly retried: number;
  /**
   * Time to the last byte for HTTP, and of attempts that were tried again elsewhere (10 ms and more); connection set-up
   * for TCP.
   */
  readonly latency: SparseHistogram;
  /** Requests (HTTP) or connections (TCP) open at the window's end. */
  readonly inFlight: number;
  /** Age of the oldest request still without a first response byte at the window's end; 0 when none. */
  readonly oldestWaitMs: Ms;
}

/** Failed calls by kind, as the caller saw them (after retries). */
export interface EdgeFailures {
  readonly connect: number;
  readonly reset: number;
  readonly timeout: number;
  readonly status5xx: number;
  /** No instance could take the call. */
  readonly unavailable: number;
}

/**
 * The traffic layer's fast claim: this instance holds requests and answers none while its peers (or its own past)
 * do better. Traffic has already stopped going there; `resumed` says that it answered again.
 */
export interface StallSignal extends OfInstance {
  readonly kind: 'stall';
  readonly state: 'stalled' | 'resumed' | 'refusing' | 'erroring' | 'recovered';
  readonly waitingRequests: number;
  readonly silentMs: Ms;
  readonly detail: string;
}

/**
 * The traffic layer asked an instance, on the way that a caller's calls take, what its own health check asks of it
 * beside them. Both fail: it is the instance. Only this one does: it is the way. Asked only while calls are in trouble.
 */
export interface WaySignal extends OfInstance {
  readonly kind: 'way';
  /** Whose way: a service, or OUTSIDE. */
  readonly caller: string;
  readonly callee: string;
  /** Until the connection was open; null: it never was. A kernel opens it, also for a program that hangs. */
  readonly connectMs: Ms | null;
  /** Until the whole answer was there; null: it never was, or nothing could be asked but for a connection. */
  readonly answerMs: Ms | null;
  /** `timeout`, `refused`, `reset`, `closed`, `status 503`, …; null: as it should be. */
  readonly error: string | null;
}

/**
 * What an instance with failover says it is. Sent when it changes, and every 10 s as a sign of life. Positions do
 * not travel: only who is close behind the primary, and who has everything.
 */
export interface RoleSignal extends OfInstance {
  readonly kind: 'role';
  readonly role: 'primary' | 'standby';
  /** Newest fencing token that this life was started, promoted or re-pointed under. */
  readonly token: number;
  /** Standby: the life that it was told to follow, as `db-1#3`; null for a primary. */
  readonly follows: string | null;
  /** Of a primary: standbys that stream and are close behind. Of a standby: itself, or nothing. */
  readonly near: readonly string[];
  /** Those that have all that is acknowledged, as far as this instance can know. */
  readonly caughtUp: readonly string[];
  /** Which command about acknowledging standbys is in force (compare the role command); null: not known. */
  readonly syncVersion: number | null;
}

/** Resource use of one instance (whole process group). */
export interface ResourceSignal extends OfInstance {
  readonly kind: 'resource';
  /** Share of one core over the sampling interval; 1.5 = one and a half cores. */
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number | null;
  readonly openFiles: number;
  readonly openFilesLimit: number | null;
  readonly processes: number;
  /** Share of the interval in which it could have run and was given no processor (its process that waited longest). */
  readonly cpuWaitShare?: number;
  /** Kernel state letters of the main process: R, S, D, T (stopped), Z. */
  readonly state: string;
}

export interface NodeSignal {
  readonly kind: 'node';
  readonly node: string;
  readonly at: Ms;
  readonly cpuShare: number;
  readonly memoryShare: number;
  /** File system that holds state and logs. */
  readonly diskShare: number;
  readonly diskFreeBytes: number;
  /** How late the agent's own timer fired: evidence gathered while this is large is void. */
  readonly ownLagMs: Ms;
  /** Share of the interval in which somebody waited for memory to be found (PSI, some), where the kernel says it. */
  readonly memoryPressure?: number;
  /** How long a small write into the directory of state took to be on the disk; the last one that was tried. */
  readonly diskSyncMs?: Ms;
}

/**
 * What a detector at the agent claims from telemetry that stays there: when the claim begins, when it has news, when it
 * is over, and once a minute while it lasts (a claim that falls silent is forgotten).
 */
export interface ClaimSignal {
  readonly kind: 'claim';
  readonly at: Ms;
  readonly claim: SymptomClaim;
  readonly over: boolean;
}

export interface ChangeSignal {
  readonly kind: 'change';
  readonly at: Ms;
  readonly change: Change;
}
