import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { delayOf } from './draw.ts';

const DRAWS = 20_000;

function drawn(parameters: Record<string, number | string>): {
  mean: number;
  least: number;
  p99: number;
  asked: number;
} {
  const random = Random.seeded(11);
  const delay = delayOf(parameters);
  const all = Array.from({ length: DRAWS }, () => delay.draw(random)).sort((a, b) => a - b);
  const mean = all.reduce((sum, each) => sum + each, 0) / DRAWS;
  return { mean, least: all[0] as number, p99: all[DRAWS * 0.99] as number, asked: delay.meanMs };
}

describe('delays', () => {
  it('are constant without jitter', () => {
    expect(drawn({ ms: 100, jitterMs: 0, distribution: 'uniform' })).toMatchObject({ mean: 100, least: 100, p99: 100 });
  });

  it.each([
    ['uniform', { ms: 100, jitterMs: 50 }, 50, 149.5],
    ['normal', { ms: 100, jitterMs: 20 }, 10, 146],
    ['pareto', { ms: 100, jitterMs: 50 }, 100, 464],
    ['tail', { ms: 10, tailShare: 0.02, tailMs: 1_000 }, 10, 1_000],
  ])('%s has the mean, the least and the tail that it should', (distribution, parameters, least, p99) => {
    const got = drawn({ distribution, ...parameters });
    expect(Math.abs(got.mean - got.asked)).toBeLessThan(got.asked * 0.05);
    expect(got.least).toBeGreaterThanOrEqual(least);
    expect(Math.abs(got.p99 - p99)).toBeLessThan(p99 * 0.12);
  });

  it('are never negative', () => {
    expect(drawn({ ms: 1, jitterMs: 100, distribution: 'normal' }).least).toBe(0);
    expect(drawn({ ms: 1, jitterMs: 100, distribution: 'uniform' }).least).toBe(0);
  });
});
