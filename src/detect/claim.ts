/** What a detector says: that something misbehaves, that it does not, or that it cannot tell. */
import type { Instance } from '../model/instance.ts';
import type { ServiceSpec } from '../model/spec.ts';
import type { EntityRef, SymptomClaim, SymptomKind } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import type { InstanceRecord } from './record.ts';

export type Claim = SymptomClaim;

/** unknown: no evidence either way (no traffic, say); an open symptom stays open for a while. */
export type Finding = Claim | 'unknown' | null;

export interface InstanceFacts {
  readonly instance: Instance;
  readonly service: ServiceSpec;
  readonly record: InstanceRecord;
  readonly view: SystemView;
  readonly now: Ms;
  /** Is this symptom open now? Thresholds to stay are lower than thresholds to begin. */
  readonly isOpen: (kind: SymptomKind, resource: string | null) => boolean;
}

/** One symptom of instances. */
export interface InstanceDetector {
  readonly kind: SymptomKind;
  readonly resource: string | null;
  /** The claim must be absent this long before the symptom is cleared. */
  readonly clearAfterMs: Ms;
  find(facts: InstanceFacts): Finding;
  /** Compare Board.settle. */
  episode(record: InstanceRecord): number;
}

/** The episode of most symptoms: one life. */
export function lifeOf({ incarnation }: InstanceRecord): number {
  return incarnation;
}

export function instanceRef(instance: Instance): EntityRef {
  return { kind: 'instance', name: instance.id, service: instance.service };
}

/** Its process runs and nobody has asked it to stop. */
export function isAlive(instance: Instance): boolean {
  return instance.phase === 'starting' || instance.phase === 'running';
}

/** Who misbehaves, of those that were looked at. */
export function claimed(findings: ReadonlyMap<string, Finding>): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const [id, finding] of findings) if (finding !== null && finding !== 'unknown') ids.add(id);
  return ids;
}
