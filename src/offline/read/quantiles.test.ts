import { describe, expect, it } from 'vitest';
import { meansOfQuantiles } from './quantiles.ts';
import type { FamilyMeasure } from './series.ts';
import { quantileOf } from './words.ts';

const measure = (family: string, atMs: readonly number[], values: readonly number[]): FamilyMeasure => ({
  service: 'cart',
  callee: null,
  view: 'callee',
  quantity: 'latencyMs',
  resource: '',
  instance: null,
  form: 'mean',
  rank: 2,
  atMs,
  values,
  family,
});

describe('quantiles', () => {
  it('are known by their names', () => {
    expect(
      ['latency-50', 'latency p90', 'duration_seconds_p99', 'latency 0.95', 'median latency'].map(quantileOf),
    ).toEqual([0.5, 0.9, 0.99, 0.95, 0.5]);
    expect(['latency', 'latency avg', 'latency_max', 'requests 5xx', 'duration_ms'].map(quantileOf)).toEqual([
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it('are a mean together: a tail that grows shows, where the median does not move', () => {
    const [mean] = meansOfQuantiles([
      measure('latency-50', [1, 2, 3], [10, 10, 10]),
      measure('latency-90', [1, 2, 4], [20, 220, 9]),
    ]);
    expect(mean).toMatchObject({ family: 'mean of quantiles', atMs: [1, 2] });
    expect(mean?.values.map(Math.round)).toEqual([13, 73]);
  });

  it('are none where there is only one', () => {
    expect(meansOfQuantiles([measure('latency-50', [1], [10]), measure('latency avg', [1], [12])])).toEqual([]);
  });
});
