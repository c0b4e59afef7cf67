import { expect, it } from 'vitest';
import { calibrationOf } from './calibration.ts';

const sure = (confidence: number, right: boolean) => ({ confidence, right });

it('is none where eight of ten at 80 % are right, and the gap where they are not', () => {
  const honest = Array.from({ length: 10 }, (_, i) => sure(0.8, i < 8));
  expect(calibrationOf(honest).error).toBeCloseTo(0);
  expect(calibrationOf(Array.from({ length: 10 }, () => sure(0.8, false))).error).toBeCloseTo(0.8);
  expect(calibrationOf([sure(1, true), sure(0.5, false)])).toEqual({
    error: 0.25,
    bins: ['0.50→0.00 (1)', '1.00→1.00 (1)'],
  });
  expect(calibrationOf([])).toEqual({ error: 0, bins: [] });
});
