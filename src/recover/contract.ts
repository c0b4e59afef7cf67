/** What recovery takes and gives: drafts of plans, the context that guard rails look at, and their combined word. */
import type { Action, Cause, Diagnosis, GuardVerdict, Incident } from '../model/incident.ts';
import type { Random } from '../model/random.ts';
import type { Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import type { RecoveryMemory } from './memory.ts';

/** An action as recovery proposes it; the core gives it an id, a status and times. */
export type ActionDraft = Pick<
  Action,
  'kind' | 'service' | 'target' | 'incarnation' | 'reason' | 'reversible' | 'argument'
>;

export interface PlanDraft {
  /** In order of importance; they do not wait for one another. */
  readonly actions: readonly ActionDraft[];
  /** The symptoms must stay away this long after the last action. */
  readonly verifyForMs: Ms;
  /** Still there this long after the last action: the plan has failed. */
  readonly verifyDeadlineMs: Ms;
}

export interface PlanInput {
  readonly incident: Incident;
  readonly diagnosis: Diagnosis;
  readonly view: SystemView;
  readonly memory: RecoveryMemory;
  /** Plans of this incident that have failed already. */
  readonly level: number;
  readonly now: Ms;
  readonly random: Random;
}

export interface GuardContext {
  /** `view.policy` carries the mode and the budget's size as they are now. */
  readonly view: SystemView;
  readonly memory: RecoveryMemory;
  /** Every open symptom of the system, not only those of the incident. */
  readonly symptoms: readonly Symptom[];
  /** What the incident may come from, best first. */
  readonly causes: readonly Cause[];
  /** Instances out now, on purpose or by automatic action, rollouts included; one entry each. */
  readonly out: readonly { readonly instance: string; readonly why: string; readonly since: Ms }[];
  readonly silences: readonly { readonly service: string | null; readonly until: Ms; readonly why: string }[];
  /** An operator has stopped all automation. */
  readonly stopped: boolean;
}

/** The strictest verdict of all rails; `until`: when to ask again (null: when state changes). */
export interface CombinedVerdict {
  readonly verdict: GuardVerdict['verdict'];
  readonly until: Ms | null;
}
