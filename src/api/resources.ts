/**
 * The JSON that the API speaks, one interface per resource. Times are ISO 8601 strings in UTC (`…At`), durations are
 * milliseconds (`…Ms`). schemas.ts says the same in JSON Schema, and a type test holds the two together.
 */
import type { ServiceDiff } from '../model/diff.ts';
import type { Cause, Damage, Diagnosis, Incident, Plan, Proof, TimelineEntry } from '../model/incident.ts';
import type { OperatorCommand } from '../model/operator.ts';
import type { RecoveryMode, SpecNotice } from '../model/spec.ts';
import type { Symptom } from '../model/symptom.ts';
import type { ProvingResource } from './proof-resources.ts';

export type { ServiceDiff };

export type Health = 'healthy' | 'degraded' | 'down' | 'unknown' | 'stopped';

/** GET /v1/status */
export interface StatusResource {
  /** Null until a spec was applied. */
  readonly system: string | null;
  readonly health: Health;
  /** One sentence: "All 7 services are healthy." or "payments is degraded: 1 of 3 instances crashed; restarting it." */
  readonly sentence: string;
  readonly index: number;
  readonly mode: RecoveryMode;
  readonly automationStopped: boolean;
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly now: string;
  readonly stateDir: string;
  readonly services: { readonly total: number; readonly healthy: number };
  readonly instances: { readonly total: number; readonly ready: number };
  readonly openIncidents: number;
  readonly budget: {
    readonly max: number;
    readonly out: readonly { readonly instance: string; readonly why: string; readonly sinceAt: string }[];
  };
  readonly silences: readonly SilenceResource[];
  /** What Holdfast cannot see or do here, said plainly: "catalog has no health check". */
  readonly blindSpots: readonly string[];
  /** Holdfast's own parts. */
  readonly parts: readonly {
    readonly name: string;
    readonly state: 'running' | 'starting' | 'down';
    readonly pid: number | null;
    readonly detail: string;
  }[];
  readonly node: {
    readonly name: string;
    readonly cpuShare: number;
    readonly memoryShare: number;
    readonly diskShare: number;
  } | null;
}

export interface SilenceResource {
  readonly id: string;
  readonly service: string | null;
  readonly untilAt: string;
  readonly who: string;
  readonly why: string;
}

/** GET /v1/services, GET /v1/services/{name} */
export interface ServiceResource {
  readonly name: string;
  readonly health: Health;
  readonly replicas: number;
  readonly ready: number;
  readonly revision: string | null;
  readonly rollout: {
    readonly change: string;
    readonly done: number;
    readonly total: number;
    readonly state: string;
  } | null;
  readonly endpoints: readonly { readonly port: string; readonly protocol: string; readonly address: string | null }[];
  readonly dependsOn: readonly string[];
  readonly dependents: readonly string[];
  /** Who holds the fencing token; null without failover. */
  readonly failover: {
    readonly engine: string;
    readonly token: number;
    readonly holder: string;
    readonly since: string;
    readonly previous: string | null;
    /** Standbys that have every acknowledged write. */
    readonly caughtUp: readonly string[];
  } | null;
  /** Over the last 10 s, all callers together; null without traffic. */
  readonly traffic: TrafficSummary | null;
  readonly instances: readonly InstanceResource[];
  readonly openIncidents: readonly string[];
}

export interface TrafficSummary {
  readonly requestsPerSec: number;
  /** 0–1. */
  readonly failureShare: number;
  /** null: no call was answered. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** GET /v1/instances */
export interface InstanceResource {
  readonly id: string;
  readonly service: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly live: boolean | null;
  readonly ejected: boolean;
  /**
   * In a service with failover: primary (holds the fencing token and leads), promoting (holds it, does not lead yet),
   * standby, or fenced (led before, not back yet); null elsewhere.
   */
  readonly role: 'primary' | 'promoting' | 'standby' | 'fenced' | null;
  readonly pid: number | null;
  readonly ports: Readonly<Record<string, number>>;
  readonly incarnation: number;
  readonly restarts: number;
  readonly revision: string;
  readonly node: string;
  readonly startedAt: string | null;
  readonly waitingFor: string | null;
  readonly cpuCores: number | null;
  readonly memoryBytes: number | null;
  readonly memoryLimitBytes: number | null;
  readonly openFiles: number | null;
  readonly lastExit: {
    readonly at: string;
    readonly reason: string;
    readonly code: number | null;
    readonly signal: string | null;
    readonly detail: string | null;
    readonly lastOutput: readonly string[];
  } | null;
}

/** GET /v1/edges: the map. */
export interface EdgeResource {
  readonly caller: string;
  readonly callee: string;
  readonly protocol: string;
  readonly traffic: TrafficSummary | null;
  /** Last 60 seconds in 1 s steps, oldest first; null where nothing was measured. */
  readonly history: readonly ({
    readonly requestsPerSec: number;
    readonly failureShare: number;
    readonly meanMs: number;
  } | null)[];
  readonly health: Health;
}

export type SymptomFacts = Omit<Symptom, 'onsetAt' | 'detectedAt' | 'clearedAt'> & {
  readonly onsetAt: string;
  readonly detectedAt: string;
  readonly clearedAt: string | null;
};

/** GET /v1/symptoms?state=open|all&limit= */
export type SymptomResource = SymptomFacts & {
  /** Where it belongs to; null: it is nobody's fault yet. */
  readonly incident: string | null;
};

/** One finding of the structural audit. */
export interface FindingResource {
  /** Stable: `single-instance`. docs/doctor.md lists them. */
  readonly id: string;
  readonly severity: 'high' | 'medium' | 'low';
  /** Null: about the system. */
  readonly service: string | null;
  readonly sentence: string;
  readonly why: string;
  readonly fix: string;
  /** Lines for the spec, or ''. */
  readonly snippet: string;
  /** Null where no file was audited. */
  readonly at: { readonly file: string; readonly line: number; readonly column: number } | null;
  /** An experiment that would prove it, as `holdfast prove` takes it. */
  readonly experiment: Readonly<Record<string, unknown>> | null;
}

/** GET /v1/audit */
export interface AuditResource {
  readonly system: string | null;
  readonly at: string;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  /** Worst first. */
  readonly findings: readonly FindingResource[];
}

/** GET /v1/incidents?state=open|closed|all&limit=, GET /v1/incidents/{id} */
export interface IncidentResource {
  readonly id: string;
  readonly title: string;
  readonly status: Incident['status'];
  readonly openedAt: string;
  readonly onsetAt: string;
  readonly closedAt: string | null;
  /** Times from onset, null while not reached. */
  readonly detectedAfterMs: number | null;
  readonly explainedAfterMs: number | null;
  readonly actedAfterMs: number | null;
  readonly repairedAfterMs: number | null;
  readonly services: readonly string[];
  readonly symptoms: readonly SymptomFacts[];
  readonly summary: string | null;
  readonly causes: readonly Cause[];
  readonly victims: readonly string[];
  readonly damage: Damage | null;
  readonly abstained: boolean;
  /** How the diagnosis came about; null while there is none. */
  readonly explanation: Explanation | null;
  readonly proof: (Omit<Proof, 'at'> & { readonly at: string }) | null;
  readonly plans: readonly PlanResource[];
  readonly timeline: readonly (Omit<TimelineEntry, 'at'> & { readonly at: string; readonly afterMs: number })[];
}

/** Where the damage starts and how it spread, what was ruled out, and what the verdict hangs on. */
export type Explanation = Pick<
  Diagnosis,
  'sentence' | 'account' | 'propagation' | 'ruledOut' | 'missing' | 'deciding' | 'sensitivity'
>;

export interface PlanResource {
  readonly id: string;
  readonly level: number;
  readonly status: Plan['status'];
  readonly createdAt: string;
  readonly outcome: string | null;
  readonly actions: readonly ActionResource[];
}

export interface ActionResource {
  readonly id: string;
  readonly incident: string;
  readonly kind: string;
  readonly service: string;
  readonly target: string;
  readonly argument: string | null;
  readonly reason: string;
  readonly status: string;
  readonly reversible: boolean;
  readonly guards: readonly { readonly rail: string; readonly verdict: string; readonly reason: string }[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error: string | null;
}

/** GET /v1/changes */
export interface ChangeResource {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly who: string;
  readonly why: string;
  readonly services: readonly string[];
  readonly content: readonly string[];
  /** Services that still run what it brought, and would go back to what ran before. */
  readonly undoable: readonly string[];
}

/** GET /v1/events (server-sent events: `event: core|status|services|incidents|edges|proofs`, each with a JSON body) */
export interface EventResource {
  readonly seq: number;
  readonly at: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly topic: string;
  readonly text: string;
  readonly service: string | null;
  readonly instance: string | null;
  readonly incident: string | null;
}

/** POST /v1/plan {spec: SpecSource} and POST /v1/apply {spec, index?, why} */
export interface SpecSource {
  /** The file's text, its path for messages, and the directory that relative paths mean. */
  readonly file: string;
  readonly baseDir: string;
  readonly text: string;
  /** Variables for interpolation (.env merged in by the client). */
  readonly variables: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly projectName: string | null;
}

export interface PlanResult {
  readonly index: number;
  readonly system: string;
  readonly notices: readonly SpecNotice[];
  readonly changes: readonly ServiceDiff[];
  /** What would change in the system's own policy. */
  readonly policy: readonly string[];
  /** True when nothing would change. */
  readonly empty: boolean;
}

export interface ApplyResult {
  readonly change: string | null;
  readonly index: number;
  readonly detail: string;
  readonly notices: readonly SpecNotice[];
}

/** POST /v1/operations: {command: OperatorCommand, why} → */
export interface OperationResult {
  readonly detail: string;
  readonly id: string | null;
}

/** GET /v1/journal?after=&limit= and GET /v1/journal/verify */
export interface JournalEntryResource {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly summary: string;
  readonly who: string | null;
  readonly why: string | null;
  readonly hash: string;
}

export interface JournalVerification {
  readonly intact: boolean;
  readonly entries: number;
  readonly segments: number;
  readonly firstSeq: number;
  readonly lastHash: string;
  /** Replay: decisions that came out the same; first difference if any. */
  readonly replayed: number | null;
  readonly firstDifference: string | null;
}

/** GET /v1/logs/{instance}?tail=&follow= : text/plain, streamed. Lines are as written by the instance. */

/** POST /v1/plan */
export interface PlanRequest {
  readonly spec: SpecSource;
}

/** POST /v1/apply */
export interface ApplyRequest {
  readonly spec: SpecSource;
  /** The index of the plan that was looked at: a moved state refuses it (HF5001). Null: apply whatever is there. */
  readonly index: number | null;
  readonly why: string;
}

/** POST /v1/operations */
export interface OperationRequest {
  readonly command: OperatorCommand;
  readonly why: string;
}

/** POST /v1/heartbeat/{instance} */
export interface HeartbeatRequest {
  readonly pass: boolean;
  readonly note: string;
}

/** POST /v1/shutdown */
export interface ShutdownRequest {
  /** True: stop every instance and the traffic process first. False: they go on, the next daemon adopts them. */
  readonly down: boolean;
  readonly why: string;
}

/** The answer of calls that have nothing else to say. */
export interface Acknowledgement {
  readonly detail: string;
}

/** GET /healthz: the server answers. It says nothing of the system: that is /v1/status. */
export interface HealthResource {
  readonly ok: true;
  readonly version: string;
  readonly pid: number;
}

/** The body of one server-sent event, by its `event:` name. */
export interface LiveEvents {
  readonly core: EventResource;
  readonly status: StatusResource;
  readonly services: readonly ServiceResource[];
  readonly incidents: readonly IncidentResource[];
  readonly edges: readonly EdgeResource[];
  readonly proofs: ProvingResource;
}

/** `<stateDir>/api.json`: where the running server is. Written by it, mode 0600. */
export interface ApiFile {
  readonly url: string;
  readonly pid: number;
  /** A token of role admin for this machine's user; null while no tokens are configured. */
  readonly token: string | null;
}
