import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mad, median, normOf } from './norm.ts';

const plain = (values: readonly number[]): number => {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  return n % 2 === 1 ? (sorted[n >> 1] as number) : ((sorted[n / 2 - 1] as number) + (sorted[n / 2] as number)) / 2;
};
const values = fc.array(fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN)), {
  maxLength: 60,
});

describe('norm', () => {
  it('finds the median that sorting finds, and touches nothing', () => {
    fc.assert(
      fc.property(values, (of) => {
        const before = [...of];
        expect(median(of)).toEqual(plain(of));
        expect(mad(of)).toEqual(plain(of.map((value) => Math.abs(value - plain(of)))));
        expect(of).toEqual(before);
      }),
    );
  });

  it('says nothing from fewer than five bins', () => {
    const load = { requests: [1, 1, 1, 1], latencyMs: [1, 2, 3, 4], failedShare: [0, 0, 0, 0] };
    expect(normOf(load).latencyMs).toBeNaN();
  });

  it('is as wide as the tail of what is usual', () => {
    const steady = Array.from({ length: 100 }, (_, bin) => (bin % 10 === 0 ? 300 : 100));
    const norm = normOf({ requests: steady, latencyMs: steady, failedShare: steady.map(() => 0) });
    expect(norm.latencyMs).toBe(100);
    expect(norm.latencySigmaMs).toBeGreaterThan(100);
  });
});
