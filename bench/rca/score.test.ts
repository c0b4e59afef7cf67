import { describe, expect, it } from 'vitest';
import { readGraph, readTable } from './petshop.ts';
import { hitAt } from './score.ts';

describe('scoring', () => {
  const ranking = [
    { name: 'a', score: 3 },
    { name: 'b', score: 2 },
    { name: 'c', score: 2 },
    { name: 'd', score: 2 },
    { name: 'e', score: 1 },
  ];

  it('averages ties over the orders they may come in', () => {
    expect(hitAt(ranking, 'a', 1)).toBe(1);
    expect(hitAt(ranking, 'b', 1)).toBe(0);
    expect(hitAt(ranking, 'c', 3)).toBeCloseTo(2 / 3);
    expect(hitAt(ranking, 'e', 3)).toBe(0);
    expect(hitAt(ranking, 'nobody', 3)).toBe(0);
    expect(
      hitAt(
        [
          { name: 'x', score: 0 },
          { name: 'y', score: 0 },
        ],
        'x',
        1,
      ),
    ).toBe(0.5);
  });
});

describe('reading', () => {
  it('takes three header rows, an index row, blanks as not measured, and quoted names', () => {
    const table = readTable(
      [
        'microservice,web,"a ""b"", c",web',
        'metric,latency,availability,requests',
        'statistic,Average,Average,Sum',
        'unix_timestamp,,,',
        '1000.0,0.25,99.0,7.0',
        '1300.0,,100.0,0.0',
      ].join('\n'),
    );
    expect(table.startsMs).toEqual([1_000_000, 1_300_000]);
    expect(Array.from(table.loads.get('web')?.latencyMs ?? [])).toEqual([250, Number.NaN]);
    expect(Array.from(table.loads.get('web')?.requests ?? [])).toEqual([7, 0]);
    expect(table.loads.get('a "b", c')?.failedShare[0]).toBeCloseTo(0.01);
  });

  it('reads rows of the graph as callers', () => {
    expect(readGraph(',a,b\na,0.0,1.0\nb,0.0,0.0\n').map(({ caller, callee }) => `${caller} → ${callee}`)).toEqual([
      'a → b',
    ]);
  });
});
