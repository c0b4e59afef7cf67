/** A plan where no server runs: everything in the file is new. The CLI loads this only then. */
import type { PlanResult, SpecSource } from '../api/resources.ts';
import { NOTHING, planOf } from '../server/changes.ts';

export function planFromNothing(source: SpecSource): Promise<PlanResult> {
  return planOf(source, NOTHING);
}
