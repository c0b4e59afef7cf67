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

export interface Symptom {
  /** `kind:entity`, unique among the open ones: raising it again updates it. */
  readonly id: string;
  readonly kind: SymptomKind;
  readonly entity: EntityRef;
  /** When the misbehaviour began, as far as is known (not later than detectedAt). */
  readonly onsetAt: Ms;
  readonly detectedAt: Ms;
  readonly clearedAt: Ms | null;
  /** Strength of evidence as −log10 p, or null where the detector cannot say (an exit is a fact). */
  readonly logP: number | null;
  /** One line, present tense: `payments-2 exited with signal SIGKILL`. */
  readonly summary: string;
  /** What it is based on: numbers with units, check errors, baselines. */
  readonly evidence: readonly string[];
  /** Which resource, for saturating: memory, cpu, openFiles, disk. */
  readonly resource: string | null;
}

export function entityKey(entity: EntityRef): string {
  return `${entity.kind}/${entity.name}`;
}

export function symptomId(kind: SymptomKind, entity: EntityRef, resource: string | null = null): string {
  return resource === null ? `${kind}:${entityKey(entity)}` : `${kind}.${resource}:${entityKey(entity)}`;
}
