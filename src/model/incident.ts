/** Symptoms that belong together, with their diagnosis, plan, actions and timeline. */

import type { ActionKind } from './spec.ts';
import { type EntityRef, isAdvisory, type Symptom } from './symptom.ts';
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

/** One line of an account: the whole damage there, and how much of it starts there. */
export interface AccountRow {
  /** A service, or `caller → callee` for what is lost on the way. */
  readonly where: string;
  /** Suffered there in all: own and passed on from callees. */
  readonly suffered: number;
  /** Starts there. */
  readonly own: number;
}

/** The damage by where it starts. Σ rows.own + small − absorbed = reached, always. */
export interface DamageAccount {
  readonly unit: 'user-seconds' | 'failed requests';
  /** Largest own first, then by name; what is too small for a line is in `small`. */
  readonly rows: readonly AccountRow[];
  readonly small: number;
  /** Suffered by callees, yet not by whoever called them: calls in parallel, nobody waited, retries hid it. */
  readonly absorbed: number;
  /** What users suffered. */
  readonly reached: number;
  /** Of what starts anywhere, the part that no believed cause explains; in the same unit. */
  readonly unexplained: number;
}

/** Damage that went from a service to one that calls it; `users` for those outside. */
export interface Propagation {
  readonly from: string;
  readonly to: string;
  /** In the account's unit. */
  readonly amount: number;
}

/** A suspect that was looked at and is not the cause, and what speaks most against it. */
export interface RuledOut {
  readonly name: string;
  readonly why: string;
}

/** What the verdict hangs on: without it somebody else would be accused. */
export interface Weakness {
  readonly without: 'edge' | 'baseline';
  /** `shop → payments`, or the service whose normal past was left out. */
  readonly name: string;
  /** Who would be accused instead; null: nobody. */
  readonly instead: string | null;
}

/** Would the verdict survive the loss of one edge or one past? */
export interface Sensitivity {
  /** Repetitions. */
  readonly tried: number;
  readonly overturned: readonly Weakness[];
  /** 0–1: part of the repetitions with the same first cause. */
  readonly robustness: number;
}

/**
 * The suspected cause was reversed: did the damage go away with it? Confirmed: it did, as far as was predicted.
 * Refuted: it went on as before. Inconclusive: in between, or the reversal itself failed.
 */
export interface Proof {
  readonly verdict: 'pending' | 'confirmed' | 'refuted' | 'inconclusive';
  /** The plan that reversed it. */
  readonly plan: string;
  /** Who was accused when it was reversed. */
  readonly accused: string;
  /** `restart payments-2`. */
  readonly by: string;
  readonly text: string;
  readonly at: Ms;
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
  /** Where the damage starts; null while none could be measured. */
  readonly account: DamageAccount | null;
  /** `41.2 of 47.0 extra user-seconds start in payments; 5.8 unexplained`; null without an account. */
  readonly sentence: string | null;
  /** From the cause to its victims, nearest first; at most 30 steps. */
  readonly propagation: readonly Propagation[];
  readonly ruledOut: readonly RuledOut[];
  /** Kinds of facts that were not to be had. */
  readonly missing: readonly string[];
  /** Those of them that could turn the verdict. */
  readonly deciding: readonly string[];
  /** Worked out at the second look: it delays no repair. Null until then. */
  readonly sensitivity: Sensitivity | null;
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
  /** What reversing the suspected cause has shown; null: it was not reversed yet. */
  readonly proof: Proof | null;
  readonly timeline: readonly TimelineEntry[];
}

/** What is wrong, without the remarks beside it. */
export function faultsOf(incident: Pick<Incident, 'symptoms'>): readonly Symptom[] {
  return incident.symptoms.filter((symptom) => !isAdvisory(symptom));
}

/** When the last symptom went away, told only once the repair was verified. */
export function repairedAt(incident: Incident): Ms | null {
  if (incident.status !== 'resolved') return null;
  const cleared = faultsOf(incident).map(({ clearedAt }) => clearedAt);
  return cleared.length === 0 || cleared.includes(null) ? incident.closedAt : Math.max(...(cleared as number[]));
}
