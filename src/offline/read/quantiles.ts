/**
 * Quantiles to a mean. Accounts are made of mean times, and many sources tell the median and a tail instead. The median
 * alone does not move when one call in ten waits for a lost packet; the tail alone counts every call as the worst. The
 * mean is the area below the quantile function, by trapezoids between those that are known and level beyond them:
 *
 *   mean ≈ q₁ Q(q₁) + Σ (qᵢ₊₁ − qᵢ) (Q(qᵢ) + Q(qᵢ₊₁)) ÷ 2 + (1 − qₙ) Q(qₙ)
 */
import type { FamilyMeasure } from './series.ts';
import { quantileOf } from './words.ts';

/** Behind true means, before any quantile alone. */
const RANK = 1.5;

interface Known {
  readonly q: number;
  readonly measure: FamilyMeasure;
}

/** One more family of latencies per service, edge and view for which at least two quantiles were measured. */
export function meansOfQuantiles(all: readonly FamilyMeasure[]): FamilyMeasure[] {
  const groups = new Map<string, Known[]>();
  for (const measure of all) {
    if (measure.quantity !== 'latencyMs') continue;
    const q = quantileOf(measure.family);
    if (q === null) continue;
    const key = JSON.stringify([measure.service, measure.callee, measure.view, measure.instance, measure.form]);
    const of = groups.get(key) ?? [];
    if (of.every((known) => known.q !== q)) of.push({ q, measure });
    groups.set(key, of);
  }
  return [...groups.values()].filter((of) => of.length > 1).map(meanOf);
}

function meanOf(of: readonly Known[]): FamilyMeasure {
  const sorted = [...of].sort((a, b) => a.q - b.q);
  const weights = sorted.map(({ q }, n) => {
    const from = n === 0 ? 0 : ((sorted[n - 1] as Known).q + q) / 2;
    const to = n === sorted.length - 1 ? 1 : (q + (sorted[n + 1] as Known).q) / 2;
    return to - from;
  });
  const sums = new Map<number, { sum: number; parts: number }>();
  sorted.forEach(({ measure }, n) => {
    measure.atMs.forEach((at, point) => {
      const known = sums.get(at) ?? { sum: 0, parts: 0 };
      known.sum += (weights[n] as number) * (measure.values[point] as number);
      known.parts++;
      sums.set(at, known);
    });
  });
  // Of a time at which one of them is missing nothing is known: half a mean is none.
  const whole = [...sums].filter(([, { parts }]) => parts === sorted.length).sort(([a], [b]) => a - b);
  return {
    ...(sorted[0] as Known).measure,
    family: 'mean of quantiles',
    rank: RANK,
    atMs: whole.map(([at]) => at),
    values: whole.map(([, { sum }]) => sum),
  };
}
