/** The dataset's scoring: nodes ranked by score, hit when the cause is among the first k, ties count as their average. */

export interface Ranked {
  readonly name: string;
  readonly score: number;
}

/**
 * Chance that `cause` is among the first k when equals are ordered at random: with b better and t equal (itself
 * included) it is (k − b) ÷ t, within 0 and 1.
 */
export function hitAt(ranking: readonly Ranked[], cause: string, k: number): number {
  const own = ranking.find(({ name }) => name === cause);
  if (own === undefined) return 0;
  const better = ranking.filter(({ score }) => score > own.score).length;
  const equal = ranking.filter(({ score }) => score === own.score).length;
  return Math.max(0, Math.min(1, (k - better) / equal));
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
