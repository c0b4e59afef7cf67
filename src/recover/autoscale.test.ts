import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AutoscaleInput, DOWN_MS, recommend } from './autoscale.ts';

const BASE: AutoscaleInput = {
  policy: { min: 1, max: 10, metric: 'cpu', target: 0.5 },
  replicas: 4,
  values: [0.5, 0.5, 0.5, 0.5],
  history: [],
  hold: false,
  now: 1_000_000,
};

describe('the autoscale recommendation', () => {
  it('is the least number of replicas that brings the average to its target', () => {
    expect(recommend({ ...BASE, values: [0.9, 0.9, 0.9, 0.9] }).replicas).toBe(8);
    expect(recommend({ ...BASE, values: [0.65, 0.65, 0.65, 0.65] }).replicas).toBe(6);
  });

  it('ignores deviations within a tenth', () => {
    expect(recommend({ ...BASE, values: [0.55, 0.55, 0.54, 0.55] }).replicas).toBe(4);
    expect(recommend({ ...BASE, values: [0.46, 0.46, 0.46, 0.46] }).replicas).toBe(4);
  });

  it('goes down only to what was needed within the last five minutes', () => {
    const low = { ...BASE, values: [0.1, 0.1, 0.1, 0.1] };
    expect(recommend(low)).toMatchObject({ wanted: 1, replicas: 1 });
    expect(recommend({ ...low, history: [{ at: 800_000, wanted: 3 }] })).toMatchObject({ wanted: 1, replicas: 3 });
    expect(recommend({ ...low, history: [{ at: 1_000_000 - DOWN_MS, wanted: 3 }] }).replicas).toBe(1);
  });

  it('takes silent instances for idle when going up, and for busy when going down', () => {
    expect(recommend({ ...BASE, values: [0.9, 0.9, null, null] }).replicas).toBe(4);
    expect(recommend({ ...BASE, values: [1.5, 1.5, null, null] }).replicas).toBe(6);
    expect(recommend({ ...BASE, values: [0.1, 0.1, null, null] }).replicas).toBe(3);
    expect(recommend({ ...BASE, values: [null, null, null, null] }).replicas).toBe(4);
  });

  it('holds during incidents: broken instances look idle', () => {
    expect(recommend({ ...BASE, values: [0, 0, 0, 0], hold: true }).replicas).toBe(4);
  });

  it('stays within its bounds, whatever is measured', () => {
    const value = fc.option(fc.double({ min: 0, max: 50, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 10 }),
        fc.integer({ min: 2, max: 9 }),
        (values, replicas) => {
          const policy = { ...BASE.policy, min: 2, max: 9 };
          const { replicas: advised } = recommend({ ...BASE, policy, replicas, values });
          expect(advised).toBeGreaterThanOrEqual(2);
          expect(advised).toBeLessThanOrEqual(9);
          expect(Number.isInteger(advised)).toBe(true);
        },
      ),
    );
  });
});
