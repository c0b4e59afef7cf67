import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const draws = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.uint32());

describe('random', () => {
  it('the same seed gives the same draws, another seed others', () => {
    expect(draws(Random.seeded(7), 50)).toEqual(draws(Random.seeded(7), 50));
    expect(draws(Random.seeded(7), 50)).not.toEqual(draws(Random.seeded(8), 50));
  });

  it('goes on from a snapshot', () => {
    const random = Random.seeded(3);
    draws(random, 10);
    const copy = Random.restore(JSON.parse(JSON.stringify(random.snapshot())));
    expect(draws(copy, 20)).toEqual(draws(random, 20));
  });

  it('is roughly uniform and keeps its bounds', () => {
    const random = Random.seeded(1);
    const counts = new Array<number>(10).fill(0);
    for (let index = 0; index < 20_000; index++) {
      const value = random.int(10);
      counts[value] = (counts[value] as number) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(250);
  });

  it('exponential draws have the mean that was asked for', () => {
    const random = Random.seeded(5);
    const mean = Array.from({ length: 20_000 }, () => random.exponential(40)).reduce((a, b) => a + b) / 20_000;
    expect(Math.abs(mean - 40)).toBeLessThan(1.5);
  });
});
