/**
 * Proof of a diagnosis by injecting what it suspects somewhere else: if this is the cause, then doing it on purpose to a
 * twin does the like damage, and that ends when it is taken away. What is predicted is written down before anything is
 * done, in what users lose, with its tolerance; a prediction that could not fail proves nothing.
 */
import type { Cause } from '../../model/incident.ts';
import type { SymptomKind } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import type { JsonMap } from '../experiment/index.ts';

/** What users lost over some time. */
export interface Lost {
  readonly overMs: Ms;
  readonly requests: number;
  readonly failed: number;
  readonly waitedSeconds: number;
}

/** All that planning such a proof has to know of the incident and of the system as it is now. */
export interface CauseFacts {
  readonly incident: string;
  readonly cause: Cause;
  /** Symptoms of the accused and of its service, as the incident has them. */
  readonly symptoms: readonly SymptomKind[];
  /** From its onset until its last symptom was gone; null: its traffic is no longer known. */
  readonly lost: Lost | null;
  /** Users' requests a second, now. */
  readonly usersPerSec: number;
  /** Mean delay of a call to the accused beyond what was usual; null: not known, or none. */
  readonly delayMs: Ms | null;
  /** By name. */
  readonly services: ReadonlyMap<string, CauseService>;
  /** Instances that serve now. */
  readonly ready: readonly { readonly id: string; readonly service: string }[];
  /** Kinds of faults that this machine can do. */
  readonly possible: ReadonlySet<string>;
  /** Where the user wants it: a service or an instance; null: a twin of the accused. */
  readonly on: string | null;
}

export interface CauseService {
  readonly optedIn: boolean;
  readonly speaksHttp: boolean;
  readonly callers: readonly string[];
}

/** From `low` to `high`, both included. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What will be seen if the accused is the cause. Users' figures are over the fault and its echo. */
export interface Prediction {
  /** At the target or its service: one of them at least. */
  readonly symptoms: readonly SymptomKind[];
  readonly failed: Range;
  readonly waitedSeconds: Range;
  /** The same as a sentence. */
  readonly text: string;
}

export interface CauseTest {
  readonly incident: string;
  readonly accused: string;
  readonly mechanism: string;
  readonly kind: string;
  readonly parameters: JsonMap;
  /** The instance that is struck. */
  readonly target: string;
  readonly service: string;
  /** Calls of this service only; null: everybody's. */
  readonly from: string | null;
  /** twin: another instance of the same service; itself: there is no twin; elsewhere: where the user wanted it. */
  readonly where: 'twin' | 'itself' | 'elsewhere';
  /** null: it is over at once. */
  readonly forMs: Ms | null;
  /** How what is injected differs from what was suspected; null: it is the same. */
  readonly unlike: string | null;
  readonly prediction: Prediction;
}

/** Why it cannot be done, with the code to refuse it with. */
export interface CauseRefusal {
  readonly code: 'HF8301' | 'HF8305';
  readonly why: string;
}

/** What the run has shown. */
export interface CauseMeasured {
  /** The run came to its end, the fault bit, and nothing is left behind. */
  readonly valid: boolean;
  readonly why: string;
  readonly before: Lost;
  readonly during: Lost;
  readonly after: Lost;
  /** Seen at the target or its service while the fault was in force. */
  readonly symptoms: readonly SymptomKind[];
  /** Is the system steady again? */
  readonly steady: boolean;
}

export interface CauseVerdict {
  readonly incident: string;
  readonly accused: string;
  readonly verdict: 'confirmed' | 'refuted' | 'inconclusive';
  /** What was predicted, before. */
  readonly predicted: string;
  readonly measured: string;
  readonly text: string;
}
