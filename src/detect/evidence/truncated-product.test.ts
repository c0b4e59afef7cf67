import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { truncatedProduct } from './truncated-product.ts';

const product = (ps: readonly number[]): number => truncatedProduct(ps, 3, 0.05);

describe('the product of what is said', () => {
  it('is nothing when nothing is, and for one source its p-value corrected for all that might have spoken', () => {
    expect(product([])).toBe(0);
    expect(product([0.2, 0.9])).toBe(0);
    expect(truncatedProduct([0.01], 1, 0.05)).toBeCloseTo(2, 9);
    expect(product([1e-4])).toBeLessThan(4);
  });

  it('has the chance that it names: a hundred thousand draws of three sources', () => {
    const random = Random.seeded(7);
    const draws = Array.from({ length: 100_000 }, () => product([random.float(), random.float(), random.float()]));
    for (const [logP, slack] of [
      [1, 0.05],
      [2, 0.12],
      [3, 0.35],
    ] as const) {
      const share = draws.filter((drawn) => drawn >= logP).length / draws.length;
      expect(share).toBeLessThan(10 ** -logP * (1 + slack));
    }
    // No better than it must be: what speaks at all is as rare as three chances of five in a hundred.
    expect(draws.filter((drawn) => drawn > 0).length / draws.length).toBeCloseTo(1 - 0.95 ** 3, 2);
    expect(draws.filter((drawn) => drawn >= 2).length / draws.length).toBeGreaterThan(0.009);
  });

  it('grows with every further sign and with every stronger one', () => {
    const p = fc.double({ min: 1e-9, max: 0.05, noNaN: true });
    fc.assert(
      fc.property(p, p, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (a, b, factor) => {
        expect(product([a, b * factor])).toBeGreaterThan(product([a, b]) - 1e-9);
        expect(product([a, b, 0.001])).toBeGreaterThan(product([a, b]));
      }),
    );
  });
});
