/**
 * What an evidence lane is. Each looks at one kind of recorded fact and says, per service, what speaks for and against
 * it being the cause, on one scale: log10 likelihood ratios (+1: ten times as likely to be seen when it is the cause
 * than when it is not). A lane that has nothing to look at says so; it does not vote.
 *
 * Lanes do not know each other. That evidence of several lanes may be added up rests on their looking at different
 * facts; what they share (all of them see the same incident) is bounded by each lane's cap.
 */
import type { FaultClass } from '../../model/incident.ts';
import type { RecordedAccounts, Unit } from '../accounting/account.ts';
import type { Recording } from '../recorded/types.ts';

export interface LaneEvidence {
  readonly service: string;
  /** For people: with numbers and units. */
  readonly text: string;
  /** log10 likelihood ratio; negative: against. */
  readonly weight: number;
  /** Which kind of fault it speaks for, when it speaks for one. */
  readonly faultClass: FaultClass | null;
  /** Mechanism in a few words, when it shows one: `memory limit exceeded`. */
  readonly mechanism?: string;
}

export interface LaneReport {
  readonly evidence: readonly LaneEvidence[];
  /** Why it could not say anything; null when it looked. */
  readonly missing: string | null;
}

export interface LaneContext {
  readonly recording: Recording;
  readonly accounts: RecordedAccounts;
  /** The unit in which the symptom hurts. */
  readonly unit: Unit;
  /** Calls from the symptom's service to each node; −1 unreachable. */
  readonly reach: Int32Array;
}

export interface Lane {
  readonly name: string;
  /** No service gains or loses more than this by this lane alone, in log10. How reliable this kind of fact is. */
  readonly cap: number;
  examine(context: LaneContext): LaneReport;
}
