/**
 * What the HTTP layer may ask of the control plane. Everything that changes something carries who and why.
 * Implementations throw HoldfastError.
 */
import type {
  CauseOffer,
  CoverageResource,
  FaultInjection,
  FaultRenewal,
  FaultResource,
  FaultsResource,
  ProofDetail,
  ProofRequest,
  ProofResource,
  ProofStarted,
  ProvingResource,
  ScheduleRequest,
  ScheduleResource,
} from '../api/proof-resources.ts';
import type {
  Acknowledgement,
  ActionResource,
  ApplyResult,
  AuditResource,
  ChangeResource,
  EdgeResource,
  EventResource,
  IncidentResource,
  InstanceResource,
  JournalEntryResource,
  JournalVerification,
  OperationResult,
  PlanResult,
  ServiceResource,
  SpecSource,
  StatusResource,
  SymptomResource,
} from '../api/resources.ts';
import type { OperatorCommand } from '../model/operator.ts';

export interface Actor {
  readonly who: string;
  readonly why: string;
}

export type Topic = 'event' | 'status' | 'services' | 'incidents' | 'edges' | 'proofs';

/** Experiments: what is done on purpose, and what it has shown. */
export interface ProvingPlane {
  /** Newest first. */
  list(limit: number): readonly ProofResource[];
  /** By id or by any prefix of it that is not ambiguous (HF7003). */
  one(id: string): ProofDetail;
  start(request: ProofRequest, actor: Actor): Promise<ProofStarted>;
  stop(actor: Actor): Promise<Acknowledgement>;
  /** What proving the cause of an incident would do; nothing is done. `on`: elsewhere than at a twin. */
  offer(incident: string, on: string | null): CauseOffer;
  schedules(): readonly ScheduleResource[];
  schedule(request: ScheduleRequest, actor: Actor): Promise<ScheduleResource>;
  unschedule(name: string): Promise<Acknowledgement>;
  faults(): FaultsResource;
  /** A fault that is held by hand. */
  inject(fault: FaultInjection, actor: Actor): Promise<FaultResource>;
  renew(id: string, renewal: FaultRenewal, actor: Actor): Promise<FaultResource>;
  revert(id: string, actor: Actor): Promise<FaultResource>;
  coverage(): CoverageResource;
  live(): ProvingResource;
}

export interface ControlPlane {
  status(): StatusResource;
  services(): readonly ServiceResource[];
  instances(): readonly InstanceResource[];
  edges(): readonly EdgeResource[];
  /** The structural audit of what runs. */
  audit(): AuditResource;
  incidents(state: 'open' | 'closed' | 'all', limit: number): readonly IncidentResource[];
  /** By id or by any prefix of it that is not ambiguous (HF7003). */
  incident(id: string): IncidentResource;
  symptoms(state: 'open' | 'all', limit: number): readonly SymptomResource[];
  /** Actions of all plans, newest first. */
  actions(state: 'awaiting' | 'open' | 'all', limit: number): readonly ActionResource[];
  changes(limit: number): readonly ChangeResource[];
  /** Events after a sequence number, at most the last 1,000 are kept. */
  events(afterSeq: number): readonly EventResource[];
  plan(spec: SpecSource): Promise<PlanResult>;
  apply(spec: SpecSource, index: number | null, actor: Actor): Promise<ApplyResult>;
  operate(command: OperatorCommand, actor: Actor): Promise<OperationResult>;
  readonly proving: ProvingPlane;
  /** An instance's report for its TTL check. */
  heartbeat(instance: string, pass: boolean, note: string): void;
  /**
   * Lines of an instance's log; ends when not following or when aborted. An unknown instance is refused by the call
   * itself, not by the first line.
   */
  logs(
    instance: string,
    options: { readonly tail: number; readonly follow: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<string>;
  /** Oldest first; `afterSeq` null: the newest ones. */
  journal(afterSeq: number | null, limit: number): Promise<readonly JournalEntryResource[]>;
  verifyJournal(replay: boolean): Promise<JournalVerification>;
  /** Prometheus text exposition of everything Holdfast measures. */
  metrics(): string;
  /** Called at most every 200 ms per topic while something changes; returns the unsubscriber. */
  subscribe(listener: (topic: Topic) => void): () => void;
  /** `down`: every instance and the traffic process are stopped first. Resolves when the server may end. */
  shutdown(down: boolean, actor: Actor): Promise<void>;
}
