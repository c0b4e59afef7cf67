import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';
import { type Selection, select } from './selection.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 30 });
const percent = fc.double({ min: 0, max: 100, noNaN: true });

function of(candidates: readonly string[], selection: Selection, seed = 1): readonly string[] {
  return select(candidates, selection, Random.seeded(seed));
}

describe('select', () => {
  const five = ['a', 'b', 'c', 'd', 'e'];

  it.each<[Selection, number]>([
    [{ mode: 'one' }, 1],
    [{ mode: 'all' }, 5],
    [{ mode: 'count', count: 2 }, 2],
    [{ mode: 'count', count: 9 }, 5],
    [{ mode: 'percent', percent: 40 }, 2],
    [{ mode: 'percent', percent: 41 }, 3],
    [{ mode: 'percent', percent: 1 }, 1],
    [{ mode: 'percent', percent: 0 }, 0],
    [{ mode: 'percent', percent: 900 }, 5],
    [{ mode: 'at-most-percent', percent: 19 }, 1],
  ])('%j takes %i of five', (selection, count) => {
    expect(of(five, selection)).toHaveLength(count);
  });

  it('takes nobody from nobody', () => {
    expect(of([], { mode: 'one' })).toEqual([]);
  });

  it('takes candidates, each once, and the same ones in whatever order they come', () => {
    fc.assert(
      fc.property(names, percent, fc.integer(), (candidates, share, seed) => {
        const selection: Selection = { mode: 'percent', percent: share };
        const chosen = of(candidates, selection, seed);
        expect(new Set(chosen).size).toBe(chosen.length);
        expect(candidates).toEqual(expect.arrayContaining([...chosen]));
        expect(of([...candidates].reverse(), selection, seed)).toEqual(chosen);
      }),
    );
  });

  it('never takes more than at most, and over many seeds takes every number up to it', () => {
    const counts = new Set<number>();
    for (let seed = 0; seed < 200; seed++) counts.add(of(five, { mode: 'at-most-percent', percent: 60 }, seed).length);
    expect([...counts].sort()).toEqual([1, 2, 3]);
  });

  it('gives everybody about the same chance', () => {
    const hits = new Map<string, number>();
    for (let seed = 0; seed < 2_000; seed++) {
      for (const name of of(five, { mode: 'count', count: 2 }, seed)) hits.set(name, (hits.get(name) ?? 0) + 1);
    }
    for (const name of five) expect(Math.abs((hits.get(name) ?? 0) - 800)).toBeLessThan(100);
  });
});
