/** What detection gives to the core, apart from the class itself. */
import type { Symptom } from '../model/symptom.ts';

/** raised: new; updated: the same misbehaviour with news; cleared: it has stayed away long enough. */
export interface SymptomUpdate {
  readonly kind: 'raised' | 'updated' | 'cleared';
  readonly symptom: Symptom;
}

/** Of one instance, after retries, successes and start period. */
export interface Liveness {
  /** null: not yet judged, or nothing checks it. */
  readonly live: boolean | null;
  /** May take traffic, as far as its checks say. */
  readonly ready: boolean;
}
