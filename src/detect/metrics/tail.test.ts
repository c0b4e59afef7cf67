import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { TOP_SCORE } from './contract.ts';
import { Tail } from './tail.ts';

describe('Tail', () => {
  it('follows the quantile within a bin, whatever the scale', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.constantFrom(1e-12, 1, 1e12),
        (distances, scale) => {
          const tail = new Tail(0.8);
          for (const distance of distances) tail.judge(distance * scale, 0);
          const sorted = distances.map((distance) => distance * scale).sort((a, b) => a - b);
          const exact = sorted[Math.floor(0.8 * sorted.length)] as number;
          expect(Math.abs(Math.log2(tail.usual / exact))).toBeLessThanOrEqual(1 / 16 + 1e-9);
        },
      ),
    );
  });

  it('scores doublings beyond the quantile, at most three', () => {
    const tail = new Tail(0.8);
    for (let n = 0; n < 1_000; n++) tail.judge(1, 0);
    expect(tail.judge(0.5, 0).score).toBe(0);
    expect(tail.judge(2, 0).score).toBeCloseTo(1, 0);
    expect(tail.judge(1_000, 0).score).toBe(TOP_SCORE);
  });

  it('names no probability before 100 distances, and then one that neither exceeds nor dodges the truth', () => {
    const random = Random.seeded(3);
    const tail = new Tail(0.8);
    const exponential = (): number => 2 ** (-Math.log(1 - random.float()) / 2);
    for (let n = 0; n < 100; n++) expect(tail.judge(exponential(), 0).minusLog10P).toBeNull();
    let rare = 0;
    const samples = 40_000;
    for (let n = 0; n < samples; n++) if ((tail.judge(exponential(), 0).minusLog10P as number) >= 3) rare++;
    expect(rare / samples).toBeGreaterThan(0.0003);
    expect(rare / samples).toBeLessThan(0.002);
  });

  it('treats a first change after nothing but zeros as the largest, with the probability of its count', () => {
    const tail = new Tail(0.8);
    for (let n = 0; n < 999; n++) tail.judge(0, 0);
    expect(tail.usual).toBe(0);
    expect(tail.judge(1e-3, 0)).toMatchObject({ score: TOP_SCORE, usual: 0 });
    expect(tail.judge(1e-3, 0).minusLog10P).toBeCloseTo(-Math.log10(2 / 1_001), 6);
  });

  it('forgets: after twice its memory a new regime is usual', () => {
    const tail = new Tail(0.8);
    for (let n = 0; n < 20_000; n++) tail.judge(1, 0);
    for (let n = 0; n < 20_000; n++) tail.judge(16, 0);
    expect(tail.judge(16, 0).score).toBe(0);
  });

  it('survives one distance 2^80 times as large as all others', () => {
    const tail = new Tail(0.8);
    for (let n = 0; n < 500; n++) tail.judge(1 + n / 500, 0);
    tail.judge(2 ** 80, 0);
    for (let n = 0; n < 20_000; n++) tail.judge(1 + (n % 500) / 500, 0);
    expect(tail.usual).toBeGreaterThan(1.5);
    expect(tail.usual).toBeLessThan(2.1);
  });
});
