/** Symptoms that belong together, with their diagnosis, plan, actions and timeline. */

import type { ActionKind } from './spec.ts';
import type { EntityRef, Symptom } from './symptom.ts';
import type { Ms } from './time.ts';

export type FaultClass = 'hardware' | 'software' | 'network' | 'capacity' | 'dependency' | 'human';

export interface Evidence {
  readonly text: string;
  /** How much it moves the belief, in log10 odds; negative for evidence against. */
  readonly weight: number;
}

/** A ranked explanation. */
export interface Cause {
  readonly entity: EntityRef;
  readonly faultClass: FaultClass;
  /** Short name of the mechanism: `process killed`, `stopped answering`, `bad change`, `memory limit`. */
  readonly mechanism: string;
  /** Share of the accounted damage that starts here, 0–1; null when nothing could be accounted. */
  readonly share: number | null;
  /** 0–1. */
  readonly confidence: number;
  readonly evidenceFor: readonly Evidence[];
  readonly evidenceAgainst: readonly Evidence[];
  /** The change to blame, when the class is human. */
  readonly changeId: string | null;
}

/** Damage in the users' own units, over the incident so far. */
export interface Damage {
  readonly extraWaitSeconds: number;
  readonly failedRequests: number;
  readonly requests: number;
  /** Part of it that no candidate explains, 0–1. */
  readonly unexplainedShare: number;
}

export interface Diagnosis {
  readonly at: Ms;
  /** Best first. Empty when nothing was accusable. */
  readonly causes: readonly Cause[];
  readonly damage: Damage;
  /** True when the best cause is not believed enough to act irreversibly on it. */
  readonly abstained: boolean;
  /** One sentence for a human. */
  readonly summary: string;
  /** Symptomatic entities judged to be victims of the cause, not causes. */
  readonly victims: readonly string[];
}

export type ActionStatus =
  | 'proposed'
  | 'delayed'
  | 'refused'
  | 'awaiting-approval'
  | 'running'
  | 'done'
  | 'failed'
  | 'skipped';

export type GuardRail =
  | 'budget'
  | 'brake'
  | 'backoff'
  | 'intensity'
  | 'quorum'
  | 'caught-up'
  | 'cooldown'
  | 'approval'
  | 'silence'
  | 'observe'
  | 'stopped'
  | 'not-allowed'
  | 'confidence';

/** What a guard rail said about an action. `until` is when to ask again (null: when state changes). */
export interface GuardVerdict {
  readonly rail: GuardRail;
  readonly verdict: 'allow' | 'delay' | 'refuse';
  readonly reason: string;
  readonly until: Ms | null;
}

/** A step of a plan. `target` is an instance id, or a service name for scale and rollback, or '' for page. */
export interface Action {
  readonly id: string;
  readonly kind: ActionKind;
  readonly service: string;
  readonly target: string;
  /** Incarnation that it was planned against: acting on another one is refused. */
  readonly incarnation: number | null;
  readonly reason: string;
  readonly reversible: boolean;
  /** scale: wanted replicas; rollback: change to undo; failover: the standby to be promoted. */
  readonly argument: string | null;
  readonly status: ActionStatus;
  readonly guards: readonly GuardVerdict[];
  readonly createdAt: Ms;
  readonly startedAt: Ms | null;
  readonly endedAt: Ms | null;
  readonly error: string | null;
}

export type PlanStatus = 'open' | 'verifying' | 'succeeded' | 'failed' | 'superseded' | 'cancelled';

export interface Plan {
  readonly id: string;
  readonly incident: string;
  readonly createdAt: Ms;
  /** 0 = first attempt; each failed verification goes one level up: restart → replace → roll back → page. */
  readonly level: number;
  readonly cause: Cause | null;
  readonly actions: readonly Action[];
  readonly status: PlanStatus;
  /** The symptoms whose absence for `verifyMs` proves the repair. */
  readonly verify: { readonly symptoms: readonly string[]; readonly forMs: Ms; readonly deadlineMs: Ms };
  readonly verifySince: Ms | null;
  /** Why it ended so. */
  readonly outcome: string | null;
}

export type IncidentStatus = 'open' | 'recovering' | 'verifying' | 'resolved' | 'escalated';

export interface TimelineEntry {
  readonly at: Ms;
  readonly stage:
    | 'fault'
    | 'detected'
    | 'explained'
    | 'planned'
    | 'guarded'
    | 'acted'
    | 'verified'
    | 'resolved'
    | 'escalated'
    | 'operator';
  readonly text: string;
}

export interface Incident {
  readonly id: string;
  readonly openedAt: Ms;
  /** Earliest onset of its symptoms. */
  readonly onsetAt: Ms;
  readonly closedAt: Ms | null;
  readonly status: IncidentStatus;
  readonly title: string;
  /** By symptom id; cleared ones stay with clearedAt. */
  readonly symptoms: readonly Symptom[];
  readonly diagnosis: Diagnosis | null;
  readonly plans: readonly Plan[];
  readonly timeline: readonly TimelineEntry[];
}
