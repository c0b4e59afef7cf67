/** What a diagnosis says beyond causes and victims, when nothing of it is known: for tests that make one by hand. */
import type { Diagnosis } from '../../src/model/incident.ts';

export const UNACCOUNTED = {
  account: null,
  sentence: null,
  propagation: [],
  ruledOut: [],
  missing: [],
  deciding: [],
  sensitivity: null,
} satisfies Partial<Diagnosis>;
