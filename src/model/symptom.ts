/** A detector's claim that an entity misbehaves. */
import type { Ms } from './time.ts';

export type SymptomKind =
  | 'crashed'
  | 'hung'
  | 'unreachable'
  | 'slow'
  | 'erroring'
  | 'anomalous'
  | 'saturating'
  | 'silent'
  | 'flapping'
  | 'diverged';

export type EntityRef =
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'instance'; readonly name: string; readonly service: string }
  | { readonly kind: 'edge'; readonly name: string; readonly caller: string; readonly callee: string }
  | { readonly kind: 'node'; readonly name: string };

/** What a detector says: that something misbehaves. */
export interface SymptomClaim {
  readonly kind: SymptomKind;
  readonly entity: EntityRef;
  /** Which resource, for saturating: memory, cpu, openFiles, disk; which view of it, for what telemetry shows. */
  readonly resource: string | null;
  /** When the misbehaviour began, as far as is known (not later than detectedAt). */
  readonly onsetAt: Ms;
  /** Strength of evidence as −log10 p, or null where the detector cannot say (an exit is a fact). */
  readonly logP: number | null;
  /**
   * Looks a day that could have led to this by chance, `logP` being the strength of one of them: so often a day chance
   * alone says such a thing is `looksPerDay` · 10^−`logP`. Absent where the strength says nothing about chance (a trend
   * that is real, the word of another tool): such a claim does not add up with others.
   */
  readonly looksPerDay?: number;
  /** One line, present tense: `payments-2 exited with signal SIGKILL`. */
  readonly summary: string;
  /** What it is based on: numbers with units, check errors, baselines. */
  readonly evidence: readonly string[];
  /**
   * Absent: a fault; it opens an incident, and its absence proves a repair.
   * advisory: odd, but hurts nobody by itself: evidence in the incident of others, never reason enough to open one, to
   * act, or to wait for. alone: calls a human when nothing else explains it; beside other symptoms it is advisory.
   */
  readonly standing?: SymptomStanding;
  /** The numbers behind it, for `describe symptom`. */
  readonly figure?: SymptomFigure;
}

export type SymptomStanding = 'advisory' | 'alone';

/** A stretch of one series beside what was expected of it: at most 64 values each, newest last. */
export interface SymptomFigure {
  /** The series: name and labels. */
  readonly title: string;
  readonly unit: string;
  readonly recent: readonly number[];
  /** As long as `recent`, or empty where there is nothing to compare with. */
  readonly baseline: readonly number[];
  /** What the baseline is: `the most similar past, ended 3h ago`. */
  readonly compared: string;
  /** Time between two values; null when it is not even. */
  readonly stepMs: Ms | null;
}

export interface Symptom extends SymptomClaim {
  /** `kind:entity`, unique among the open ones: raising it again updates it. */
  readonly id: string;
  readonly detectedAt: Ms;
  readonly clearedAt: Ms | null;
}

/** Evidence only: see SymptomClaim.standing. */
export function isAdvisory({ standing }: Pick<SymptomClaim, 'standing'>): boolean {
  return standing === 'advisory';
}

/** The service that is spoken of: for an edge the one that is called; null for a node. */
export function serviceOf(entity: EntityRef): string | null {
  switch (entity.kind) {
    case 'service':
      return entity.name;
    case 'instance':
      return entity.service;
    case 'edge':
      return entity.callee;
    case 'node':
      return null;
  }
}

export function entityKey(entity: EntityRef): string {
  return `${entity.kind}/${entity.name}`;
}

export function symptomId(kind: SymptomKind, entity: EntityRef, resource: string | null = null): string {
  return resource === null ? `${kind}:${entityKey(entity)}` : `${kind}.${resource}:${entityKey(entity)}`;
}
