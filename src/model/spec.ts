/**
 * The normalised system: what a spec file means once Compose's short forms, defaults, profiles and interpolation
 * are resolved. Everything downstream (core, runtime, traffic) reads this, never YAML. Plain JSON data throughout:
 * it is journaled, hashed and diffed.
 */
import type { Ms } from './time.ts';

export interface SystemSpec {
  /** Compose project name: [a-z0-9][a-z0-9_-]*. */
  readonly name: string;
  /** Absolute directory that relative paths in the spec were resolved against. */
  readonly baseDir: string;
  /** Sorted by name, so that equal systems are equal text. */
  readonly services: Readonly<Record<string, ServiceSpec>>;
  readonly policy: SystemPolicy;
}

export interface SystemPolicy {
  /** auto: act; approve: every plan waits for an operator; observe: plan, say what it would do, never act. */
  readonly mode: RecoveryMode;
  /** Most instances that all automatic disruption together may have out at once, over the whole system. */
  readonly maxDisruption: number;
}

export type RecoveryMode = 'auto' | 'approve' | 'observe';

export interface ServiceSpec {
  readonly name: string;
  readonly replicas: number;
  readonly run: RunSpec;
  readonly ports: readonly PortSpec[];
  readonly dependsOn: readonly DependencySpec[];
  /** Liveness: failing means the instance is broken and may be restarted. */
  readonly healthcheck: CheckSpec | null;
  /** Readiness: failing means no traffic, nothing more. Null: ready = liveness passed once (or port accepts). */
  readonly readiness: CheckSpec | null;
  readonly restart: RestartPolicy;
  readonly resources: ResourceLimits;
  readonly stop: StopPolicy;
  readonly update: UpdatePolicy;
  readonly recovery: RecoveryPolicy;
  readonly autoscale: AutoscalePolicy | null;
  /** One instance is the primary, the others are its standbys; null: all are equal. */
  readonly failover: FailoverPolicy | null;
  readonly objectives: readonly ObjectiveSpec[];
  readonly logs: LogPolicy;
  /** May faults be done to it on purpose? Default: refuse. */
  readonly experiments: 'allow' | 'refuse';
  readonly labels: Readonly<Record<string, string>>;
}

export interface RunSpec {
  /** argv; entrypoint and command joined. Never empty. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly workingDir: string;
  /** `uid`, `uid:gid`, `name` or null for Holdfast's own user. */
  readonly user: string | null;
}

export type PortProtocol = 'tcp' | 'http';

export interface PortSpec {
  /** Stable name: the `name` of the long syntax, else the target port as text. */
  readonly name: string;
  /** The port the service believes it listens on (Compose's target). */
  readonly target: number;
  /** Where the endpoint listens for the outside, or null: reachable only by services that depend on it. */
  readonly published: { readonly host: string; readonly port: number } | null;
  readonly protocol: PortProtocol;
  /** The instance listens on `target` itself whatever PORT says (one replica only). */
  readonly fixed: boolean;
}

export type DependencyCondition = 'started' | 'healthy' | 'completed';

export interface DependencySpec {
  readonly service: string;
  readonly condition: DependencyCondition;
  /** false: start anyway when the dependency is absent. */
  readonly required: boolean;
}

export type CheckProbe =
  | {
      readonly kind: 'http';
      readonly port: string;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly expectStatus: readonly [low: number, high: number];
    }
  | { readonly kind: 'tcp'; readonly port: string }
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  /** A plugin of Nagios: 2 fails; 1 and 3 pass, and are remarked upon; its numbers become series. */
  | { readonly kind: 'nagios'; readonly command: readonly string[] }
  | { readonly kind: 'grpc'; readonly port: string; readonly service: string }
  /** The instance itself must report within ttl through the API; silence is failure. */
  | { readonly kind: 'ttl'; readonly ttlMs: Ms }
  /** The failover engine asks the instance itself, in its own protocol, what it is and whether it works. */
  | { readonly kind: 'role' };

export interface CheckSpec {
  readonly probe: CheckProbe;
  /** Default 1s. Lower notices sooner and costs more. */
  readonly intervalMs: Ms;
  /** Default 1s; a check that runs longer is failed and abandoned. */
  readonly timeoutMs: Ms;
  /** Consecutive failures before the check counts as failing. Default 2. */
  readonly retries: number;
  /** Consecutive passes before it counts as passing again. Default 1. */
  readonly successes: number;
  /** Failures within this time after start do not count; a first pass ends it. Default 10s. */
  readonly startPeriodMs: Ms;
  /** Interval during the start period. Default 100ms. */
  readonly startIntervalMs: Ms;
}

export type RestartCondition = 'none' | 'on-failure' | 'any';

export interface RestartPolicy {
  readonly condition: RestartCondition;
  /** Backoff base; the first restart is at once. Default 1s. */
  readonly delayMs: Ms;
  /** Backoff cap. Default 60s. */
  readonly maxDelayMs: Ms;
  /** More restarts than this within the window escalates (replace, roll back, page). Default 5. */
  readonly maxAttempts: number;
  /** Default 60s. */
  readonly windowMs: Ms;
}

export interface ResourceLimits {
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly pids: number | null;
  readonly openFiles: number | null;
}

export interface StopPolicy {
  readonly signal: string;
  /** SIGTERM → SIGKILL. Default 10s. */
  readonly graceMs: Ms;
  /** Time for the traffic layer to let in-flight requests finish before the signal. Default 2s. */
  readonly drainMs: Ms;
}

export interface UpdatePolicy {
  /** Instances changed at once. Default 1. */
  readonly parallelism: number;
  /** Pause between batches. Default 0. */
  readonly delayMs: Ms;
  /**
   * Default stop-first (Compose's): every instance keeps its number and its private directory. start-first keeps full
   * capacity, but the new instance is another one, with another directory.
   */
  readonly order: 'start-first' | 'stop-first';
  readonly failureAction: 'rollback' | 'pause' | 'continue';
  /** A new instance must stay healthy this long before the next batch. Default 5s. */
  readonly monitorMs: Ms;
  /** Share of failed new instances that is tolerated. Default 0. */
  readonly maxFailureRatio: number;
}

export type ActionKind =
  | 'restart'
  | 'replace'
  | 'eject'
  | 'scale'
  | 'rollback'
  | 'failover'
  | 'restore'
  | 'isolate'
  | 'page';

export interface RecoveryPolicy {
  /** null: the system's mode. */
  readonly mode: RecoveryMode | null;
  /** Actions that Holdfast may take by itself on this service. Default: all. */
  readonly allow: readonly ActionKind[];
  /** Ready instances that automatic actions must leave. Default: ⌈replicas / 2⌉ while replicas > 1, else 0. */
  readonly minAvailable: number;
  /** Least time between two automatic actions on the same instance that did not help. Default 10s. */
  readonly cooldownMs: Ms;
  /** How long the symptom must stay away before a repair counts. Default 5s. */
  readonly verifyMs: Ms;
  /** A change younger than this is suspected first. Default 10m. */
  readonly changeWindowMs: Ms;
}

export interface AutoscalePolicy {
  readonly min: number;
  readonly max: number;
  readonly metric: 'cpu' | 'memory' | 'requests-per-second' | 'in-flight';
  /** Per instance, in the metric's unit (cpu: share of one core or of the limit, 0–1). */
  readonly target: number;
}

export type FailoverEngine = 'postgres' | 'redis' | 'hooks';

/** What makes a standby the primary, for programs that Holdfast has no engine for. Each is run beside the instance. */
export interface FailoverHooks {
  /** Prints `primary` or `standby` as its last line and ends with 0; anything else is a failed check. */
  readonly role: readonly string[];
  /** Makes the standby the primary; ends with 0 when it is. */
  readonly promote: readonly string[];
  /** Makes a running standby follow another primary; null: it is restarted instead. */
  readonly follow: readonly string[] | null;
  /** Run beside a standby: 0 says that it has all that was acknowledged. Null: a standby that answers has. */
  readonly caughtUp: readonly string[] | null;
}

export interface FailoverPolicy {
  readonly engine: FailoverEngine;
  /**
   * on: a write is acknowledged when every caught-up standby has it; without one the primary goes on alone. strict:
   * without one writes wait. off: a write is acknowledged at once, and what a standby lacks is lost with the primary.
   */
  readonly synchronous: 'on' | 'strict' | 'off';
  /** A standby this close behind is taken among those that acknowledge (off: counts as caught up). Default 16 MiB. */
  readonly maxLagBytes: number;
  /** A promotion that takes longer is given up, and the old primary started again. Default 20s. */
  readonly promoteWithinMs: Ms;
  /** Promote a standby that may lack acknowledged writes, when the primary cannot be started again. Default false. */
  readonly allowLoss: boolean;
  readonly hooks: FailoverHooks | null;
}

export interface ObjectiveSpec {
  readonly name: string;
  readonly kind: 'availability' | 'latency';
  /** Share of good requests, e.g. 0.999. */
  readonly target: number;
  /** For latency: a request is good when it is faster. */
  readonly thresholdMs: Ms | null;
  readonly windowMs: Ms;
}

export interface LogPolicy {
  /** Rotate at this size. Default 10 MiB. */
  readonly maxBytes: number;
  /** Files kept, the live one included. Default 3. */
  readonly maxFiles: number;
}

/** Something the spec asks for that this runtime cannot honour: said once, with what happens instead. */
export interface SpecNotice {
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly service: string | null;
  readonly what: string;
  readonly instead: string;
}
