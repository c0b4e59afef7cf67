/**
 * What an evidence lane is. Each looks at one kind of recorded fact and says, per service, what speaks for and against
 * it being the cause, on one scale: log10 likelihood ratios (+1: ten times as likely to be seen when it is the cause
 * than when it is not). A lane that has nothing to look at says so; it does not vote.
 *
 * Lanes do not know each other. That evidence of several lanes may be added up rests on their looking at different
 * facts; what they share (all of them see the same incident) is bounded by each lane's cap.
 */
import type { FaultClass } from '../../model/incident.ts';
import type { DamageShare, ShareContext } from '../accounting/shares.ts';
import type { Recording } from '../recorded/types.ts';

/** What may be accused: a service, or something that several of them share. */
export type CandidateKind = 'service' | 'node' | 'zone' | 'dependency';

export interface LaneEvidence {
  readonly kind: CandidateKind;
  readonly name: string;
  /** For people: with numbers and units. */
  readonly text: string;
  /** log10 likelihood ratio; negative: against. */
  readonly weight: number;
  /** Which kind of fault it speaks for, when it speaks for one. */
  readonly faultClass: FaultClass | null;
  /** Mechanism in a few words, when it shows one: `memory limit exceeded`. */
  readonly mechanism?: string;
  /** The change that it speaks of. */
  readonly change?: string;
  /** The part of the damage that it speaks of, 0–1. */
  readonly share?: number;
}

export interface ServiceEvidence {
  readonly weight: number;
  readonly faultClass: FaultClass | null;
  readonly mechanism?: string;
  readonly change?: string;
  readonly share?: number;
}

export function ofService(name: string, text: string, evidence: ServiceEvidence): LaneEvidence {
  return { kind: 'service', name, text, ...evidence };
}

/**
 * A share of the damage as log10 odds: even at one half, steep because a cause usually has several times the share of
 * the loudest bystander, and bounded because some dust always lies elsewhere.
 */
export function shareWeight(share: number): number {
  const bounded = Math.max(0, Math.min(1, share));
  return 1.5 * Math.log10((bounded + 0.02) / (1.02 - bounded));
}

export interface LaneReport {
  readonly evidence: readonly LaneEvidence[];
  /** Why it could not say anything; null when it looked. */
  readonly missing: string | null;
}

export interface LaneContext extends ShareContext {
  readonly recording: Recording;
  /** Services with a share of the damage, the largest first. */
  readonly shares: readonly DamageShare[];
}

export interface Lane {
  readonly name: string;
  /** No candidate gains or loses more than this by this lane alone, in log10. How reliable this kind of fact is. */
  readonly cap: number;
  /** It speaks of damage: while there is none it is not asked. */
  readonly ofDamage?: true;
  examine(context: LaneContext): LaneReport;
  /** What it means that the lane said nothing of a service that another lane accuses; left out: nothing. */
  silence?(context: LaneContext, service: string): LaneEvidence | null;
}
