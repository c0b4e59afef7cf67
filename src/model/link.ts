/**
 * What passes between the control plane and an agent: commands down, messages up. Plain JSON, so that the agent may
 * live in the same process or on another machine. Every command is idempotent: it names an instance and an
 * incarnation, and doing it twice changes nothing.
 */
import type { FaultOrder, FaultReport } from './fault.ts';
import type { ExitReason, InstanceExit, InstanceId, ProcessIdentity } from './instance.ts';
import type { RouteTable } from './routes.ts';
import type { Signal } from './signal.ts';
import type { CheckSpec, FailoverEngine, FailoverHooks, LogPolicy, ResourceLimits } from './spec.ts';
import type { Ms } from './time.ts';

/** All that is needed to start one life of an instance; nothing is looked up elsewhere. */
export interface LaunchSpec {
  readonly system: string;
  readonly instance: InstanceId;
  readonly service: string;
  readonly slot: number;
  readonly incarnation: number;
  readonly revision: string;
  readonly command: readonly string[];
  /** Complete apart from what is inherited (PATH, HOME, LANG, TZ): PORT, HOLDFAST_*, addresses of dependencies. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: string | null;
  readonly resources: ResourceLimits;
  /** Port name → port on 127.0.0.1. The agent checks that they are free before it starts the process. */
  readonly ports: Readonly<Record<string, number>>;
  readonly liveness: CheckSpec | null;
  readonly readiness: CheckSpec | null;
  readonly logs: LogPolicy;
  /** What it starts as, for services with failover. */
  readonly role: LaunchRole | null;
}

/** One life of the primary, and where it listens. */
export interface RolePeer {
  readonly instance: InstanceId;
  readonly incarnation: number;
  /** Its first port, on 127.0.0.1. */
  readonly port: number;
}

export interface LaunchRole {
  readonly engine: FailoverEngine;
  readonly role: 'primary' | 'standby';
  /** Fencing token: an instance that has seen a newer one refuses. */
  readonly token: number;
  /** Whom a standby follows. */
  readonly primary: RolePeer | null;
  readonly maxLagBytes: number;
  readonly hooks: FailoverHooks | null;
}

/** The standbys whose word a write waits for. The version grows with every change. */
export interface SyncSet {
  readonly version: number;
  readonly names: readonly InstanceId[];
}

export type AgentCommand =
  | { readonly kind: 'start'; readonly id: string; readonly launch: LaunchSpec }
  | {
      readonly kind: 'stop';
      readonly id: string;
      readonly instance: InstanceId;
      readonly incarnation: number;
      readonly signal: string;
      readonly graceMs: Ms;
    }
  /** SIGKILL at once, whole group: for what hangs. */
  | { readonly kind: 'kill'; readonly id: string; readonly instance: InstanceId; readonly incarnation: number }
  /** Forget an exited life: remove its record (its logs stay until rotation takes them). */
  | { readonly kind: 'forget'; readonly id: string; readonly instance: InstanceId; readonly incarnation: number }
  | {
      /** Be this, under this token. The outcome is a role signal; what has seen a newer token refuses. */
      readonly kind: 'role';
      readonly id: string;
      readonly instance: InstanceId;
      readonly incarnation: number;
      readonly role: 'primary' | 'standby';
      readonly token: number;
      readonly primary: RolePeer | null;
      /** For a primary; null: leave it as it is. */
      readonly sync: SyncSet | null;
      readonly withinMs: Ms;
    }
  | { readonly kind: 'routes'; readonly table: RouteTable }
  | FaultOrderCommand;

/** Faults on purpose. What becomes of them is told with `faults`. */
export type FaultOrderCommand =
  | { readonly kind: 'inject'; readonly order: FaultOrder }
  | { readonly kind: 'renew'; readonly fault: string; readonly leaseMs: Ms }
  | { readonly kind: 'revert'; readonly fault: string }
  /** Every fault of this machine ends now, also those that nobody here knows of. */
  | { readonly kind: 'revert-all' };

export function isFaultOrder(command: AgentCommand): command is FaultOrderCommand {
  const { kind } = command;
  return kind === 'inject' || kind === 'renew' || kind === 'revert' || kind === 'revert-all';
}

/** One life that the agent found on its machine when it started (or was asked). */
export interface InventoryItem {
  readonly launch: LaunchSpec;
  /** null: it never got a process. */
  readonly process: ProcessIdentity | null;
  readonly startedAt: Ms;
  /** Present when it ended, also while nobody watched. */
  readonly exit: InstanceExit | null;
}

export type AgentMessage =
  /** First message after (re)connecting: everything that runs here or ended unseen. */
  | {
      readonly kind: 'inventory';
      readonly node: string;
      readonly at: Ms;
      readonly items: readonly InventoryItem[];
      readonly facts: NodeFacts;
    }
  | { readonly kind: 'signals'; readonly node: string; readonly signals: readonly Signal[] }
  | {
      readonly kind: 'command-failed';
      readonly node: string;
      readonly id: string;
      readonly command: 'start' | 'stop' | 'kill' | 'forget' | 'role';
      readonly instance: InstanceId;
      readonly incarnation: number;
      readonly at: Ms;
      readonly reason: ExitReason | 'port-taken';
      readonly error: string;
    }
  /** The traffic process listens for this table. Failed listeners name the address and the error. */
  | {
      readonly kind: 'routes-applied';
      readonly node: string;
      readonly version: number;
      readonly failed: readonly { readonly listener: string; readonly error: string }[];
    }
  /** A part of Holdfast that is a process of its own has ended without having been told to, or is back. */
  | {
      readonly kind: 'part';
      readonly node: string;
      readonly at: Ms;
      readonly part: 'traffic';
      readonly state: 'lost' | 'back';
      readonly pid: number | null;
      /** Back: for how long it was away. */
      readonly outMs: Ms;
    }
  /** Faults of which something has become: begun, bitten, ended. `all`: after (re)connecting; any other is over. */
  | {
      readonly kind: 'faults';
      readonly node: string;
      readonly all: boolean;
      readonly faults: readonly FaultReport[];
    };

export interface NodeFacts {
  readonly hostname: string;
  readonly platform: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** How limits are enforced here: cgroup2, or sampling (said to the user). */
  readonly limits: 'cgroup2' | 'sampling';
  readonly notices: readonly string[];
}
