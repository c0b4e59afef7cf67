import { describe, expect, it } from 'vitest';
import type { EdgeResource } from '../../../src/api/resources.ts';
import { linePath, maximum, span, sparkPath, sumRates } from './sparkline.ts';

const edge = (...rates: (number | null)[]): EdgeResource => ({
  caller: 'a',
  callee: 'b',
  protocol: 'http',
  traffic: null,
  history: rates.map((rate) => (rate === null ? null : { requestsPerSec: rate, failureShare: 0, meanMs: 1 })),
  health: 'healthy',
});

describe('sparklines', () => {
  it('draw the top at the upper border and zero at the lower', () => {
    expect(sparkPath([0, 10], 100, 20, 10)).toBe('M0 19h.01L100 1');
  });

  it('leave gaps where nothing was measured', () => {
    expect(sparkPath([1, null, 1], 100, 20, 1)).toBe('M0 1h.01M100 1h.01');
  });

  it('stay at the bottom when all is zero', () => {
    expect(sparkPath([0, 0], 10, 20, 0)).toBe('M0 19h.01L10 19');
  });

  it('cut what is above the top', () => {
    expect(sparkPath([50], 100, 20, 10)).toBe('M0 1h.01');
  });

  it('add edges up from their end, and keep gaps', () => {
    expect(sumRates([edge(1, 2, null), edge(10, null)])).toEqual([1, 12, null]);
    expect(sumRates([])).toEqual([]);
    expect(maximum([1, null, 7])).toBe(7);
  });

  it('lie between the least and the most, and a flat one in the middle', () => {
    expect(linePath([10, 20], 100, 22, 10, 20)).toBe('M0 21L100 1');
    expect(linePath([], 100, 22, 0, 1)).toBe('');
    expect(span([3, 7, 5])).toEqual([3, 7]);
    expect(linePath([5], 100, 22, ...span([5]))).toBe('M0 11');
  });
});
