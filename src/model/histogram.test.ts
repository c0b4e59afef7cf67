import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketLowUs, bucketMidUs, bucketOf, HISTOGRAM_BUCKETS, Histogram } from './histogram.ts';

describe('histogram', () => {
  it('every value lies within its bucket', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (us) => {
        const bucket = bucketOf(us);
        expect(bucketLowUs(bucket)).toBeLessThanOrEqual(us);
        expect(bucketLowUs(bucket + 1)).toBeGreaterThan(us);
      }),
    );
  });

  it('buckets rise, and the middle is off by at most a sixteenth', () => {
    for (let bucket = 8; bucket < HISTOGRAM_BUCKETS - 1; bucket++) {
      const low = bucketLowUs(bucket);
      const high = bucketLowUs(bucket + 1);
      expect(high).toBeGreaterThan(low);
      expect((high - bucketMidUs(bucket)) / high).toBeLessThanOrEqual(1 / 16);
    }
  });

  it('a quantile is off by at most the width of a bucket', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 10, max: 5_000_000 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, q) => {
          const histogram = new Histogram();
          for (const value of values) histogram.record(value);
          const exact = [...values].sort((a, b) => a - b)[Math.ceil(q * values.length) - 1] as number;
          expect(Math.abs(histogram.quantileUs(q) - exact)).toBeLessThanOrEqual(exact * 0.07);
        },
      ),
    );
  });

  it('merging equals recording together, over the wire too', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1e7)), fc.array(fc.nat(1e7)), (left, right) => {
        const together = new Histogram();
        const a = new Histogram();
        const b = new Histogram();
        for (const value of left)
          [a, together].forEach((h) => {
            h.record(value);
          });
        for (const value of right)
          [b, together].forEach((h) => {
            h.record(value);
          });
        a.merge(JSON.parse(JSON.stringify(b.toSparse())));
        expect(a.toSparse()).toEqual(together.toSparse());
        expect(a.total).toBe(left.length + right.length);
      }),
    );
  });

  it('takes what is no number, and what is out of range, into its end buckets', () => {
    expect(bucketOf(Number.NaN)).toBe(0);
    expect(bucketOf(-5)).toBe(0);
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBeLessThan(HISTOGRAM_BUCKETS);
  });
});
