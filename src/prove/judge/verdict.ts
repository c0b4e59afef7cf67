/** The words of a judgement. A verdict is JSON as it stands: that is also its machine-readable output. */
import type { FaultClass, Incident } from '../../model/incident.ts';
import type { Ms } from '../../model/time.ts';
import type { CauseVerdict } from '../cause/index.ts';
import type { ConsistencyModel, Experiment, Journal } from '../experiment/index.ts';

export type VerdictWord = 'confirmed' | 'mismatch' | 'inconclusive';

export const ASPECTS = [
  'ran',
  'bitten',
  'detected',
  'blamed',
  'class',
  'repaired',
  'part',
  'lost',
  'consistency',
  'residue',
  'steady',
  'cause',
] as const;
export type Aspect = (typeof ASPECTS)[number];

/** met and unmet: against what was expected; unknown: it was expected, and nobody can tell; told: nothing was. */
export type Result = 'met' | 'unmet' | 'unknown' | 'told';

export interface Finding {
  readonly aspect: Aspect;
  readonly result: Result;
  /** One line: what was found. */
  readonly found: string;
  /** One line: what was expected; null: nothing. */
  readonly expected: string | null;
  readonly evidence: readonly string[];
}

export interface Verdict {
  readonly format: 1;
  readonly experiment: string;
  readonly verdict: VerdictWord;
  /** One sentence for a human. */
  readonly summary: string;
  readonly findings: readonly Finding[];
  /** From when the first fault was in force. null: it did not happen, or no fault was. */
  readonly detectedAfterMs: Ms | null;
  readonly repairedAfterMs: Ms | null;
  readonly blamed: string | null;
  readonly faultClass: FaultClass | null;
  /** Actions that Holdfast took, in their order: `restart payments-2`. */
  readonly actions: readonly string[];
  readonly faults: readonly { readonly kind: string; readonly service: string | null }[];
  readonly durationMs: Ms;
  readonly halted: boolean;
  /** Of a run that injects what a diagnosis suspects: what it says of that diagnosis. */
  readonly cause?: CauseVerdict;
}

/** What users lost over the run. */
export interface Losses {
  readonly requests: number;
  /** Extra waiting and failed time, added up over users. */
  readonly seconds: number;
  /** Share of the error budget that went, 0 … 1; null: the services have no objectives. */
  readonly budget: number | null;
}

export interface ConsistencyFinding {
  /** The model that the history was checked against. */
  readonly checked: ConsistencyModel;
  readonly verdict: 'holds' | 'violated' | 'unknown';
  /** A counterexample or anomaly, drawn; empty when it holds. */
  readonly detail: string;
}

/** All that one run left behind. Times are on the clock of the run. */
export interface Evidence {
  readonly experiment: Experiment;
  readonly journal: Journal;
  /** Those that were open at any time from the first fault to the end. */
  readonly incidents: readonly Incident[];
  /** null: not measured. */
  readonly losses: Losses | null;
  /** null: no history was recorded. */
  readonly consistency: ConsistencyFinding | null;
}
