import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { MeanRing, theilSen } from './theil-sen.ts';

function ring(values: readonly number[], size = 64): MeanRing {
  const points = new MeanRing(size, 1_000);
  values.forEach((value, index) => {
    points.push(index * 1_000, value);
  });
  points.push(values.length * 1_000, 0);
  return points;
}

describe('the ring of means', () => {
  it('keeps the newest stretches, oldest first, and leaves gaps out', () => {
    const points = new MeanRing(3, 1_000);
    const ends = [
      [0, 1],
      [500, 3],
      [1_000, 5],
      [9_000, 7],
      [10_000, 9],
      [11_000, 0],
    ].map(([at, value]) => points.push(at as number, value as number));
    expect(ends).toEqual([false, false, true, true, true, true]);
    expect([0, 1, 2].map((index) => [points.timeMs(index), points.mean(index)])).toEqual([
      [1_500, 5],
      [9_500, 7],
      [10_500, 9],
    ]);
    expect(points.highBefore(1_999)).toBe(Number.NEGATIVE_INFINITY);
    expect(points.highBefore(10_000)).toBe(7);
  });
});

describe('Theil and Sen', () => {
  it('find a line exactly, whatever a fifth of the points does', () => {
    const values = Array.from({ length: 40 }, (_, n) => (n % 5 === 2 ? 1e6 * (n % 2) : 3 + 2 * n));
    expect(theilSen(ring(values)).slope * 1_000).toBeCloseTo(2, 1);
    const straight = theilSen(ring(Array.from({ length: 40 }, (_, n) => 3 + 2 * n)));
    expect(straight).toMatchObject({ spanMs: 39_000, largestStep: 2, level: 81 });
    expect(straight.low).toBeCloseTo(0.002, 12);
    expect(straight.high).toBeCloseTo(0.002, 12);
  });

  it('hold the true slope in about nine of ten intervals', () => {
    const random = Random.seeded(9);
    let inside = 0;
    for (let run = 0; run < 200; run++) {
      const line = theilSen(ring(Array.from({ length: 30 }, (_, n) => n + 20 * random.float())));
      if (line.low <= 0.001 && line.high >= 0.001) inside++;
    }
    expect(inside).toBeGreaterThan(165);
    expect(inside).toBeLessThan(195);
  });

  it('are not sure of noise', () => {
    const random = Random.seeded(4);
    let sure = 0;
    for (let run = 0; run < 200; run++)
      if (theilSen(ring(Array.from({ length: 30 }, () => random.float()))).z > 2.33) sure++;
    expect(sure).toBeLessThan(8);
  });
});
