/**
 * The deterministic machine that is Holdfast's mind: `step(input, now) → outputs`. It does no I/O, reads no clock,
 * and draws only from the seed it was made with, so the journal replays and the simulator can run thousands of
 * whole clusters. The server feeds it and carries out what it says; the simulator does the same with a fake world.
 */

import type { Change } from '../model/change.ts';
import type { CoreEvent } from '../model/event.ts';
import type { FaultCommand, FaultState } from '../model/fault.ts';
import type { Incident } from '../model/incident.ts';
import type { Instance } from '../model/instance.ts';
import type { AgentCommand, AgentMessage } from '../model/link.ts';
import type { ChangeRequest, OperatorCommand } from '../model/operator.ts';
import type { RouteTable } from '../model/routes.ts';
import type { RecoveryMode, SystemSpec } from '../model/spec.ts';
import type { Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';

export type CoreInput =
  /** At least every 250 ms; carries the wall clock for display only. */
  | { readonly kind: 'tick'; readonly wallMs: number }
  /** Once per start of the server: what instances are told about it (HOLDFAST_API, OTEL_EXPORTER_OTLP_ENDPOINT). */
  | { readonly kind: 'configure'; readonly apiUrl: string; readonly otlpUrl?: string }
  | { readonly kind: 'apply'; readonly spec: SystemSpec; readonly change: ChangeRequest }
  | { readonly kind: 'agent'; readonly message: AgentMessage }
  | { readonly kind: 'operator'; readonly command: OperatorCommand; readonly who: string; readonly why: string }
  /** Faults of an experiment. Replied to like an operator's command. */
  | { readonly kind: 'fault'; readonly command: FaultCommand; readonly who: string; readonly why: string };

export type CoreOutput =
  | { readonly kind: 'command'; readonly node: string; readonly command: AgentCommand }
  | { readonly kind: 'event'; readonly event: CoreEvent }
  | { readonly kind: 'page'; readonly incident: string; readonly text: string }
  /** The reply to apply, operator and fault inputs: exactly one each. */
  | { readonly kind: 'reply'; readonly ok: true; readonly detail: string; readonly id: string | null }
  | { readonly kind: 'reply'; readonly ok: false; readonly code: string; readonly message: string };

export interface Silence {
  readonly id: string;
  readonly service: string | null;
  readonly until: Ms;
  readonly who: string;
  readonly why: string;
}

/** One disruption budget pays for everything automatic; this is what it has out now. */
export interface BudgetState {
  readonly max: number;
  readonly out: readonly { readonly instance: string; readonly why: string; readonly since: Ms }[];
}

export interface Core {
  step(input: CoreInput, now: Ms): readonly CoreOutput[];
  /** The whole state as JSON; restore(snapshot) goes on as if nothing had happened. */
  snapshot(): string;
  /** Counts every accepted change of the desired state: what plans carry and apply checks. */
  readonly index: number;
  readonly spec: SystemSpec | null;
  readonly view: SystemView;
  readonly instances: ReadonlyMap<string, Instance>;
  /** Open first, then the last 200 closed, newest first. */
  readonly incidents: readonly Incident[];
  /** All that last now, also those of no incident. */
  readonly symptoms: readonly Symptom[];
  readonly changes: readonly Change[];
  readonly silences: readonly Silence[];
  readonly routes: RouteTable | null;
  readonly budget: BudgetState;
  /** Faults on purpose: those that last, and the last that ended. For whoever shows or judges, nobody else. */
  readonly faults: readonly FaultState[];
  readonly mode: RecoveryMode;
  readonly stopped: boolean;
  /** wall = now + this, as of the last tick. */
  readonly wallOffsetMs: number;
  /** Per service: what a rollout is doing, or null. */
  rolloutOf(service: string): RolloutState | null;
  revisionOf(service: string): string | null;
}

export interface RolloutState {
  readonly change: string;
  readonly from: string | null;
  readonly to: string;
  readonly done: number;
  readonly total: number;
  readonly state: 'running' | 'monitoring' | 'paused' | 'rolling-back';
  readonly startedAt: Ms;
}

export interface CoreOptions {
  readonly seed: number;
  /** Ports that may be given to instances and edge listeners: [low, high). */
  readonly portRange: readonly [low: number, high: number];
  readonly node: string;
}
