/**
 * Several weak signs as one: the product of those p-values that are small enough to be said, against what chance alone
 * would make of it (truncated product method; Zaykin, Zhivotovsky, Westfall and Weir, Genetic Epidemiology 22, 2002).
 * Fisher's method needs every p-value; here the silent ones are known only to be larger than the truncation point.
 */
const FACTORIAL = [1, 1, 2, 6, 24, 120, 720];

/**
 * −log10 of the chance that `sources` independent sources, of which any may speak at p ≤ `truncation`, bring up so small
 * a product of p-values as this. Exact; `sources` at most 7. 0 when none speaks.
 */
export function truncatedProduct(pValues: readonly number[], sources: number, truncation: number): number {
  const spoken = pValues.filter((p) => p <= truncation);
  if (spoken.length === 0) return 0;
  const lnProduct = spoken.reduce((sum, p) => sum + Math.log(p), 0);
  const lnTruncation = Math.log(truncation);
  let chance = 0;
  for (let k = 1; k <= sources; k++) {
    const below = k * lnTruncation - lnProduct;
    const ofK = below < 0 ? truncation ** k : Math.exp(lnProduct) * poissonSum(below, k);
    chance += choose(sources, k) * (1 - truncation) ** (sources - k) * ofK;
  }
  return Math.max(0, -Math.log10(chance));
}

/** Σ x^s / s! for s < k. */
function poissonSum(x: number, k: number): number {
  let sum = 0;
  for (let s = 0; s < k; s++) sum += x ** s / factorial(s);
  return sum;
}

function choose(n: number, k: number): number {
  return factorial(n) / (factorial(k) * factorial(n - k));
}

function factorial(n: number): number {
  const value = FACTORIAL[n];
  if (value === undefined) throw new RangeError(`${n}! is not needed: at most ${FACTORIAL.length - 1} sources`);
  return value;
}
