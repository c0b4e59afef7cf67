/** Robust statistics and tail probabilities, as −log10 p so that every detector speaks on one scale. */

/** Beyond this a probability says nothing more. */
export const MAX_LOG_P = 300;

export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** −log10 P(Z ≥ z) of a standard normal (asymptotic series beyond 3, logistic approximation below). */
export function normalTail(z: number): number {
  if (z <= 0) return 0;
  if (z < 3) return -Math.log10(1 / (1 + Math.exp(1.5976 * z + 0.07056 * z ** 3)));
  const exponent = ((z * z) / 2) * Math.LOG10E + Math.log10(z * Math.sqrt(2 * Math.PI));
  return Math.min(MAX_LOG_P, exponent);
}

/**
 * −log10 of the Chernoff bound of P(X ≥ k), X ~ Binomial(n, p): never claims more than the exact tail, and costs
 * two logarithms instead of a sum.
 */
export function binomialTail(k: number, n: number, p: number): number {
  if (n <= 0 || k <= 0 || k / n <= p) return 0;
  const share = Math.min(1, k / n);
  const divergence = share * Math.log(share / p) + (share < 1 ? (1 - share) * Math.log((1 - share) / (1 - p)) : 0);
  return Math.min(MAX_LOG_P, (n * divergence) / Math.LN10);
}

/** Least-squares slope (per unit of x) and r². */
export function trend(points: readonly (readonly [x: number, y: number])[]): { slope: number; r2: number } {
  const n = points.length;
  if (n < 2) return { slope: 0, r2: 0 };
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  if (xx === 0 || yy === 0) return { slope: 0, r2: 0 };
  return { slope: xy / xx, r2: xy ** 2 / (xx * yy) };
}
