import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialTail, median, normalTail, trend } from './statistics.ts';

/** −log10 P(X ≥ k), summed exactly in logarithms. */
function exactTail(k: number, n: number, p: number): number {
  const logFactorial = (m: number): number =>
    Array.from({ length: m }, (_, i) => Math.log(i + 1)).reduce((a, b) => a + b, 0);
  let tail = 0;
  for (let i = k; i <= n; i++) {
    tail += Math.exp(
      logFactorial(n) - logFactorial(i) - logFactorial(n - i) + i * Math.log(p) + (n - i) * Math.log(1 - p),
    );
  }
  return -Math.log10(Math.min(1, tail));
}

describe('tail probabilities', () => {
  it.each([
    [1.645, 1.301],
    [2.326, 2],
    [3.09, 3],
    [4.753, 6],
    [6, 9.006],
  ])('of a normal at z = %d are 10^-%d', (z, logP) => {
    expect(Math.abs(normalTail(z) - logP)).toBeLessThan(0.05);
  });

  it('of a binomial never claim more than the exact tail, and come close to it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.nat(150),
        fc.double({ min: 0.02, max: 0.5, noNaN: true }),
        (n, k, p) => {
          const claimed = binomialTail(Math.min(k, n), n, p);
          const exact = exactTail(Math.min(k, n), n, p);
          expect(claimed).toBeLessThanOrEqual(exact + 1e-6);
          if (claimed > 0) expect(exact - claimed).toBeLessThan(2.5);
        },
      ),
    );
  });

  it('say nothing about what is expected', () => {
    expect(binomialTail(1, 100, 0.01)).toBe(0);
    expect(normalTail(-1)).toBe(0);
  });
});

describe('robust statistics', () => {
  it('take the middle', () => {
    expect(median([])).toBe(0);
    expect(median([3, 1, 1_000])).toBe(3);
    expect(median([4, 1, 2, 1_000])).toBe(3);
  });

  it('find the slope of a line, and tell a line from noise', () => {
    const line = Array.from({ length: 10 }, (_, x) => [x, 5 + 2 * x] as const);
    expect(trend(line)).toEqual({ slope: 2, r2: 1 });
    const saw = Array.from({ length: 10 }, (_, x) => [x, x % 2] as const);
    expect(trend(saw).r2).toBeLessThan(0.1);
    expect(trend([[1, 1]])).toEqual({ slope: 0, r2: 0 });
  });
});
