/**
 * Everything the core remembers, as plain data. Maps are used for order and speed and become arrays of pairs in a
 * snapshot; nothing else needs translation, so a restored core goes on exactly where the old one stood.
 */
import type { Change } from '../model/change.ts';
import type { Alteration } from '../model/deploy-fault.ts';
import type { FaultState } from '../model/fault.ts';
import type { Incident } from '../model/incident.ts';
import type { Instance } from '../model/instance.ts';
import type { InventoryItem, LaunchSpec } from '../model/link.ts';
import type { RouteTable } from '../model/routes.ts';
import type { NodeSignal, ResourceSignal } from '../model/signal.ts';
import type { RecoveryMode, ServiceSpec, SystemSpec } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';
import type { WayRecord } from '../model/view.ts';
import type { Silence } from './contract.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A slot of a service: the instance as others see it, and what the core means to do with it. */
export interface Slot extends Mutable<Instance> {
  /** run: keep a life in it; stop: end the life, keep the slot; remove: end the life and the slot. */
  intent: 'run' | 'stop' | 'remove';
  /** The life ended (or is being ended) on purpose and the next one is to begin. */
  restarting: boolean;
  /** The life ended by itself with success and is not wanted again (a job). */
  completed: boolean;
  /** Not before this time: the second start of a life whose ports were taken, for example. */
  startAfter: Ms;
  /** When the stop command may be sent: the end of the drain. Null while not draining. */
  drainUntil: Ms | null;
  /** A stop or kill command is out for this life. */
  stopSent: boolean;
  /** When the last command for this life went out: it is sent again when nothing comes of it. */
  sentAt: Ms;
  launch: LaunchSpec | null;
  /** Taken from its users on purpose, and not back yet: what the disruption budget counts. */
  out: { readonly why: string; readonly since: Ms } | null;
  restarts: number;
  /** Starts in a row that found their ports taken. */
  portConflicts: number;
}

export interface RevisionRecord {
  readonly revision: string;
  readonly spec: ServiceSpec;
  readonly change: string;
}

/** Replacing the instances of one service, some at a time. */
export interface Rollout {
  change: string;
  from: string | null;
  to: string;
  /** Every instance started before the rollout counts as old, whatever its revision (an operator's restart). */
  force: boolean;
  startedAt: Ms;
  total: number;
  state: 'running' | 'monitoring' | 'paused' | 'rolling-back';
  /** The next batch begins no earlier. */
  nextAt: Ms;
}

export interface ServiceState {
  readonly name: string;
  spec: ServiceSpec;
  revision: string;
  change: string;
  /** What ran before, oldest first, at most REVISION_HISTORY. */
  history: RevisionRecord[];
  replicas: number;
  rollout: Rollout | null;
  intent: 'run' | 'stop' | 'remove';
  /** Some instance of it has been ready: from then on restarts do not wait for dependencies. */
  everReady: boolean;
}

export const REVISION_HISTORY = 5;

/** A change on purpose, for as long as its lease. */
export interface DeployState {
  readonly service: string;
  readonly change: string;
  readonly from: string;
  readonly to: string;
  readonly alteration: Alteration;
  /** Instances that were started with it. */
  readonly started: string[];
}

/** An address on which a consumer reaches a dependency, or the outside a published port. */
export interface ListenerState {
  readonly id: string;
  readonly caller: string;
  readonly pool: string;
  readonly host: string;
  port: number;
  /** Route table version in which it first appeared: consumers start once the traffic layer has confirmed that. */
  since: number;
  failed: string | null;
}

/** Who holds the fencing token of one service with failover, and what its standbys have. */
export interface FailoverState {
  token: number;
  holder: string;
  /** The life of the holder that has said it is the primary under this token. */
  confirmed: number | null;
  since: Ms;
  previous: string | null;
  /** The life that led before, while it may still run, and the routes that leave it out. */
  fence: { readonly instance: string; readonly incarnation: number; readonly routes: number } | null;
  /** Close behind, as the primary says; caughtUp: having all that was acknowledged. */
  near: string[];
  /** Of those near: since when the primary has not seen it. */
  missing: Map<string, Ms>;
  caughtUp: string[];
  /** Whose word writes wait for, as last commanded, and the version that the primary has in force. */
  sync: { version: number; names: string[] };
  syncInForce: number | null;
  /** Life that each standby was last known to follow. */
  follows: Map<string, string>;
  /** When a role command last went to an instance: lost ones are repeated. */
  sentAt: Map<string, Ms>;
  /** What was last heard of a failed role command. */
  error: string | null;
}

export interface AutoscaleMemory {
  askedAt: Ms;
  history: { readonly at: Ms; readonly wanted: number }[];
  told: number;
}

export interface CoreState {
  now: Ms;
  wallOffsetMs: number;
  index: number;
  serial: number;
  spec: SystemSpec | null;
  mode: RecoveryMode;
  stopped: boolean;
  apiUrl: string;
  /** Where instances send OpenTelemetry data; '' when nothing listens for it. */
  otlpUrl: string;
  /** False from the start of the server until the agent has said what runs: no life begins on a guess. */
  connected: boolean;
  services: Map<string, ServiceState>;
  slots: Map<string, Slot>;
  /** Lives found by an agent that no slot claims yet; an apply may adopt them. */
  orphans: Map<string, InventoryItem>;
  listeners: Map<string, ListenerState>;
  routes: RouteTable | null;
  routesAcked: number;
  nextPort: number;
  changes: Change[];
  silences: Silence[];
  incidents: Map<string, Incident>;
  faults: Map<string, FaultState>;
  /** Of those faults, the changes that are in force. */
  deploys: Map<string, DeployState>;
  resources: Map<string, ResourceSignal[]>;
  nodes: Map<string, NodeSignal>;
  nodePasts: Map<string, NodeSignal[]>;
  ways: Map<string, WayRecord[]>;
  /** Highest incarnation ever used per instance id, so that a slot that comes back does not reuse one. */
  incarnations: Map<string, number>;
  /** Per autoscaled service: when it was asked last, earlier recommendations, and the size last told of. */
  autoscale: Map<string, AutoscaleMemory>;
  /** By service; kept when the service goes, so that a token is never given twice. */
  failovers: Map<string, FailoverState>;
  /** Action id → when its guard rails are asked again. */
  askAgain: Map<string, Ms>;
  /** Action id → guard rails that an operator has set aside for it. */
  overrides: Map<string, string[]>;
}

export function emptyState(mode: RecoveryMode, firstPort: number): CoreState {
  return {
    now: 0,
    wallOffsetMs: 0,
    index: 0,
    serial: 0,
    spec: null,
    mode,
    stopped: false,
    apiUrl: '',
    otlpUrl: '',
    connected: true,
    services: new Map(),
    slots: new Map(),
    orphans: new Map(),
    listeners: new Map(),
    routes: null,
    routesAcked: 0,
    nextPort: firstPort,
    changes: [],
    silences: [],
    incidents: new Map(),
    faults: new Map(),
    deploys: new Map(),
    resources: new Map(),
    nodes: new Map(),
    nodePasts: new Map(),
    ways: new Map(),
    incarnations: new Map(),
    autoscale: new Map(),
    failovers: new Map(),
    askAgain: new Map(),
    overrides: new Map(),
  };
}

const MAP_MARK = 'map';

/** JSON text of any state made of plain data and Maps. */
export function serialise(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item instanceof Map ? { $: MAP_MARK, entries: [...item] } : item,
  );
}

export function deserialise(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item === 'object' && item !== null && (item as { $?: string }).$ === MAP_MARK) {
      return new Map((item as unknown as { entries: [unknown, unknown][] }).entries);
    }
    return item;
  });
}
