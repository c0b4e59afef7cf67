/** Resources of experiments: what is being done on purpose, and what it has shown. */
import type { WorkloadKind } from '../model/consistency.ts';
import type { FaultBite, FaultKindFacts } from '../model/fault.ts';

/** A fault on purpose that lasts, or has just ended. */
export interface FaultResource {
  readonly id: string;
  readonly kind: string;
  /** The proof that it belongs to; or who holds it by hand: `toxiproxy`. */
  readonly proof: string;
  readonly askedAt: string;
  /** When its lease ends unless it is renewed. */
  readonly leaseEndsAt: string;
  readonly targets: readonly {
    /** null: the machine, or the ways to all instances of `service`. */
    readonly instance: string | null;
    readonly service: string | null;
    /** Of a partition: the caller that is cut off there, `(outside)` for users; null: everybody. */
    readonly from?: string | null;
    readonly phase: 'requested' | 'active' | 'ended';
    readonly bite: FaultBite | null;
    readonly end: string | null;
    readonly residue: readonly string[];
  }[];
}

/** GET /v1/faults */
export interface FaultsResource {
  readonly kinds: readonly FaultKindFacts[];
  readonly running: readonly FaultResource[];
}

/** POST /v1/faults: a fault that its caller holds, on the ways to all instances of a service. It has to be renewed. */
export interface FaultInjection {
  /** The same id is the same request again. */
  readonly id: string;
  /** One of those of the traffic layer. */
  readonly kind: string;
  /** Those of the kind, and `direction`, `probability`, `port`, `seed`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly service: string;
  /** Calls of this service only; null: everybody's. */
  readonly from: string | null;
  readonly leaseMs: number;
  /** What holds it, for people. */
  readonly holder: string;
  readonly why: string;
}

/** POST /v1/faults/{id}/renew */
export interface FaultRenewal {
  readonly leaseMs: number;
  readonly why: string;
}

export interface FindingResource {
  readonly aspect: string;
  readonly result: 'met' | 'unmet' | 'unknown' | 'told';
  readonly found: string;
  readonly expected: string | null;
  readonly evidence: readonly string[];
}

/** GET /v1/proofs: one run of one experiment. */
export interface ProofResource {
  readonly id: string;
  /** Those that were asked for together. */
  readonly suite: string;
  readonly experiment: string;
  /** The file; or `catalogue`, `explore`. */
  readonly source: string;
  readonly state: 'waiting' | 'running' | 'done';
  readonly dryRun: boolean;
  readonly who: string;
  readonly why: string;
  readonly askedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Null until it is judged. */
  readonly verdict: 'confirmed' | 'mismatch' | 'inconclusive' | null;
  readonly summary: string | null;
  readonly halted: boolean;
  readonly detectedAfterMs: number | null;
  readonly repairedAfterMs: number | null;
  readonly blamed: string | null;
  readonly faultClass: string | null;
  readonly durationMs: number | null;
  readonly faults: readonly { readonly kind: string; readonly service: string | null }[];
  readonly findings: readonly FindingResource[];
  readonly actions: readonly string[];
  readonly progress: readonly { readonly at: string; readonly text: string }[];
  /** What changed since the same experiment was judged before; null: nothing to compare. */
  readonly trend: string | null;
  /** Of a run that injects what a diagnosis suspects; null: any other. */
  readonly cause: {
    readonly incident: string;
    readonly accused: string;
    /** The instance that is struck. */
    readonly target: string;
    /** Written down before the run. */
    readonly predicted: string;
    /** Null until it is judged. */
    readonly verdict: 'confirmed' | 'refuted' | 'inconclusive' | null;
    readonly measured: string | null;
  } | null;
}

/** GET /v1/incidents/{id}/proof: what proving its cause would do, either way. Nothing is done. */
export interface CauseOffer {
  readonly incident: string;
  readonly accused: string | null;
  readonly mechanism: string | null;
  /** By reversing it. `text`: exactly what would be done, or why it cannot be. */
  readonly repair: { readonly possible: boolean; readonly text: string };
  /** By injecting the like of it elsewhere. */
  readonly injection: {
    readonly possible: boolean;
    readonly text: string;
    readonly target: string | null;
    readonly prediction: string | null;
  };
}

/** GET /v1/proofs/{id} */
export interface ProofDetail extends ProofResource {
  /** The run of the same suite that comes after this one; null: none yet. */
  readonly next: string | null;
  /** Others of the suite are still to come or under way. */
  readonly more: boolean;
  /** What exploring has found so far: failing schedules in their smallest form. */
  readonly discoveries: readonly { readonly found: string; readonly smallest: string }[];
  /** The verdict as text, as `holdfast describe proof` prints it. */
  readonly text: string;
  /** JUnit XML of the whole suite, as far as it has been judged. */
  readonly junit: string;
  /** Earlier verdicts of the same experiment, newest first. */
  readonly earlier: readonly {
    readonly id: string;
    readonly endedAt: string | null;
    readonly verdict: 'confirmed' | 'mismatch' | 'inconclusive';
    readonly detectedAfterMs: number | null;
    readonly repairedAfterMs: number | null;
  }[];
}

/** GET /v1/coverage: the newest verdict of each fault on each service. */
export interface CoverageResource {
  readonly kinds: readonly string[];
  /** `(machine)` for what is done to the machine itself. */
  readonly services: readonly string[];
  readonly cells: readonly {
    readonly kind: string;
    readonly service: string;
    readonly verdict: 'confirmed' | 'mismatch' | 'inconclusive';
    readonly proof: string;
  }[];
  /** What the catalogue would try. */
  readonly open: readonly { readonly kind: string; readonly service: string }[];
  /** What cannot be tried, and why. */
  readonly left: readonly { readonly kind: string; readonly service: string | null; readonly why: string }[];
  /** As text, as `holdfast prove` prints it. */
  readonly grid: string;
}

export interface ExperimentFile {
  readonly file: string;
  /** What relative paths of processes mean. */
  readonly baseDir: string;
  readonly text: string;
  /**
   * Of files that `configuration` and `secrets` name (`type: file`): path as it is written there → content. Read by the
   * client, never by the server; held for the run, never journaled and never shown.
   */
  readonly contents?: Readonly<Record<string, string>>;
}

/** Of one such file: a certificate with its chain and its key fits in. */
export const MOST_FILE_BYTES = 65_536;

/** POST /v1/proofs */
export interface ProofRequest {
  readonly run:
    | { readonly kind: 'experiments'; readonly files: readonly ExperimentFile[] }
    | { readonly kind: 'catalogue'; readonly faults: readonly string[]; readonly services: readonly string[] }
    /** Single faults, then pairs, ordered by what is likely to break; what fails is shrunk. */
    | {
        readonly kind: 'explore';
        readonly seed: number;
        /** At most so many, shrinking included. */
        readonly runs: number;
        readonly pairs: boolean;
        readonly faults: readonly string[];
        readonly services: readonly string[];
      }
    /** Injects what the diagnosis of an incident suspects: at a twin of the accused, or on this service or instance. */
    | { readonly kind: 'cause'; readonly incident: string; readonly on: string | null };
  /** Clients for every run that names none of its own: what they were promised is judged with it. */
  readonly workload?: { readonly kind: WorkloadKind; readonly on: string };
  /** For `env` in configuration and secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Names the exact targets and does nothing. */
  readonly dryRun: boolean;
  readonly why: string;
}

export interface ProofStarted {
  readonly suite: string;
  readonly proofs: readonly string[];
  /** Keys without effect, and what the catalogue leaves out. */
  readonly notices: readonly string[];
}

/** POST /v1/proofs/stop */
export interface ProofStopRequest {
  readonly why: string;
}

/** GET /v1/schedules: a run that recurs. */
export interface ScheduleResource {
  readonly name: string;
  /** `every 6h`, `daily 03:00`, `Mon-Fri 03:00`: in the server's time zone. */
  readonly when: string;
  /** Files, or which part of the catalogue. */
  readonly what: string;
  readonly who: string;
  readonly why: string;
  readonly createdAt: string;
  readonly nextAt: string;
  /** What became of its newest time; null: none has come yet. */
  readonly last: {
    /** When it was due. */
    readonly at: string;
    /** missed: the server was not running. refused: a guard rail, or other experiments, stood in the way. */
    readonly outcome: 'started' | 'missed' | 'refused';
    readonly detail: string;
    readonly suite: string | null;
  } | null;
  /** Times that passed while the server was not running. They are not made up for. */
  readonly missed: number;
}

/** POST /v1/schedules: in the place of one of the same name. */
export interface ScheduleRequest {
  readonly name: string;
  readonly when: string;
  readonly request: ProofRequest;
  readonly why: string;
}

/** POST /v1/schedules/remove */
export interface ScheduleRemoval {
  readonly name: string;
  readonly why: string;
}

/** The live view of it all: `event: proofs`. */
export interface ProvingResource {
  readonly running: readonly FaultResource[];
  /** Newest first, without findings, and with their newest line of progress only. */
  readonly proofs: readonly ProofResource[];
}
