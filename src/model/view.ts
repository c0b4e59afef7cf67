/**
 * What the pure stages may look at: the system as the core believes it to be, read-only. Handing the view in (and
 * not importing the core) is what lets detect, diagnose and recover be tested alone.
 */
import type { Change } from './change.ts';
import type { Instance, InstanceExit } from './instance.ts';
import type { EdgeSignal, NodeSignal, ResourceSignal, WaySignal } from './signal.ts';
import type { ServiceSpec, SystemPolicy } from './spec.ts';
import type { Ms } from './time.ts';

export interface SystemView {
  readonly policy: SystemPolicy;
  readonly services: ReadonlyMap<string, ServiceSpec>;
  readonly instances: ReadonlyMap<string, Instance>;
  readonly edges: EdgeHistoryView;
  /** Newest last, at most the last 100. */
  readonly changes: readonly Change[];
  /** Ends that nobody here asked for; newest last, at most 20 per instance. */
  exitsOf(instance: string): readonly InstanceExit[];
  /** Newest last, at most 60 per instance. */
  resourcesOf(instance: string): readonly ResourceSignal[];
  nodeOf(node: string): NodeSignal | undefined;
  /** Of the last minute, newest last. */
  nodePastOf(node: string): readonly NodeSignal[];
  /** How it answered on the way of its callers, while they were in trouble; newest last, at most 40, of every life. */
  waysOf(instance: string): readonly WayRecord[];
  /** What its own checks, made beside it, said last. */
  checkOf(instance: string): CheckView;
  /** Services that Holdfast is deliberately changing now (rollout, stop): their gaps are no faults. */
  readonly inTransition: ReadonlySet<string>;
  /** Who holds the fencing token of a service with failover; undefined for others. */
  failoverOf(service: string): FailoverView | undefined;
}

/** With what its own check said at that time: when its life is over, nobody else remembers. */
export interface WayRecord extends WaySignal {
  readonly beside: CheckView;
}

export interface CheckView {
  /** Since when each has failed; null: the last one passed, or none has been made. */
  readonly failingSince: Ms | null;
  readonly error: string | null;
  /** How long the last one that was told of took; null: none was. What takes long is told of. */
  readonly latencyMs: Ms | null;
}

/** Rolling one-second windows per (caller, callee, instance), bounded; older ones folded into a baseline. */
export interface EdgeHistoryView {
  /** Keys of all edges seen: `caller→callee`. */
  pairs(): readonly { readonly caller: string; readonly callee: string }[];
  /** Windows that ended in (fromMs, toMs], every instance of the callee, oldest first. */
  windows(caller: string, callee: string, fromMs: Ms, toMs: Ms): readonly EdgeSignal[];
  /** What was normal for this edge before `beforeMs`; undefined while less than 5 windows are known. */
  baseline(caller: string, callee: string, beforeMs: Ms): EdgeBaseline | undefined;
}

export interface EdgeBaseline {
  readonly windows: number;
  readonly requestsPerSec: number;
  readonly failureShare: number;
  /** Median over windows of the window's mean and p99, with their median absolute deviations. */
  readonly meanMs: Ms;
  readonly meanMadMs: Ms;
  readonly p99Ms: Ms;
  readonly p99MadMs: Ms;
}

/** Who is what in a service with failover. */
export interface FailoverView {
  /** Grows with every failover, never goes back. */
  readonly token: number;
  /** The instance that holds the token: the primary, or what is about to become it. */
  readonly holder: string;
  /** The holder has said that it is the primary under this token. */
  readonly confirmed: boolean;
  /** Standbys that have all that was acknowledged. */
  readonly caughtUp: readonly string[];
  /** When the token was given to its holder. */
  readonly since: Ms;
  /** Who held the token before; null: nobody yet. */
  readonly previous: string | null;
}
