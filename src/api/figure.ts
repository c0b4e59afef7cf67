/** What a figure of a symptom shows besides its numbers, for all who draw it. */
import type { SymptomFigure } from '../model/symptom.ts';

/** Half of the largest distance: noise before it is smaller, whatever the unit. */
const SHARE = 0.5;

/**
 * Where the series left what was expected of it: the index of the first value that is further from it than half of the
 * largest distance. Null where there is nothing to compare with, or nothing differs.
 */
export function leftAt({ recent, baseline }: Pick<SymptomFigure, 'recent' | 'baseline'>): number | null {
  if (baseline.length !== recent.length) return null;
  const distances = recent.map((value, at) => Math.abs(value - (baseline[at] as number)));
  const most = Math.max(0, ...distances);
  const found = distances.findIndex((distance) => distance >= SHARE * most);
  return most > 0 && found >= 0 ? found : null;
}

/** Time from there to the newest value; null where either is not known. */
export function leftAgoMs(figure: SymptomFigure): number | null {
  const at = leftAt(figure);
  return at === null || figure.stepMs === null ? null : (figure.recent.length - 1 - at) * figure.stepMs;
}
