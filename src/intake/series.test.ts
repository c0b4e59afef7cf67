import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeriesDraft } from './contract.ts';
import { SeriesTable } from './series.ts';
import { HashIndex, hashBytes, hashHigh, hashLow, hashStart } from './wire/hash.ts';

const limits = { maxSeries: 10, maxSeriesPerSource: 4, seriesIdleMs: 1_000 };
const draft = (name: string, source = 'a', labels: Record<string, string> = {}): SeriesDraft => ({
  name,
  labels,
  kind: 'gauge',
  unit: '',
  source,
});

describe('series', () => {
  it('are the same object for the same bytes, and for another spelling', () => {
    const table = new SeriesTable(limits, 0);
    const first = table.add(1, 1, draft('up', 'a', { x: '1', y: '2' }));
    expect(table.find(1, 1)).toBe(first);
    expect(table.find(1, 2)).toBeUndefined();
    expect(table.add(2, 2, draft('up', 'a', { y: '2', x: '1' }))).toBe(first);
    expect(table.find(2, 2)).toBe(first);
    expect(table.size).toBe(1);
  });

  it('of one source leave room for the others', () => {
    const table = new SeriesTable(limits, 0);
    for (let n = 0; n < 10; n++) table.add(n, 0, draft(`s${n}`, 'greedy'));
    expect(table.size).toBe(4);
    expect(table.room('greedy')).toBe(false);
    expect(table.room('modest')).toBe(true);
    expect(table.add(100, 0, { ...draft('h', 'modest'), parts: [draft('h_b'), draft('h_c')] })?.parts).toHaveLength(2);
    expect(table.size).toBe(7);
    expect(table.add(101, 0, { ...draft('i', 'modest'), parts: [draft('i_b')] })).toBeUndefined();
  });

  it('are forgotten when idle, and their places are free again', () => {
    const table = new SeriesTable(limits, 0);
    for (let n = 0; n < 4; n++) table.add(n, 0, draft(`s${n}`));
    const kept = table.find(2, 0);
    table.advance(900);
    table.find(2, 0);
    table.sweep(1_500);
    expect(table.size).toBe(1);
    expect(table.find(2, 0)).toBe(kept);
    expect(table.find(1, 0)).toBeUndefined();
    expect(table.room('a')).toBe(true);
    const again = table.add(1, 0, draft('s1'));
    expect(again?.series.id).toBeGreaterThan(4);
  });
});

describe('hashes', () => {
  const hash = (...parts: Uint8Array[]): string => {
    hashStart();
    for (const part of parts) hashBytes(part, 0, part.length);
    return `${hashLow()} ${hashHigh()}`;
  };
  it('differ when anything differs, borders of parts included', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 4 }), (parts) => {
        const text = JSON.stringify(parts.map((part) => [...part]));
        const key = hash(...parts);
        const other = seen.get(key);
        seen.set(key, text);
        return other === undefined || other === text;
      }),
      { numRuns: 2_000 },
    );
  });

  it('index finds exactly what was put in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -5, max: 5 }), fc.integer(), fc.nat())), (rows) => {
        const index = new HashIndex(1);
        const model = new Map<string, number>();
        for (const [low, high, value] of rows) {
          index.set(low, high, value % 1_000_000);
          model.set(`${low} ${high}`, value % 1_000_000);
        }
        for (const [low, high] of rows) if (index.find(low, high) !== model.get(`${low} ${high}`)) return false;
        return index.size === model.size && index.find(99, 0) === -1;
      }),
    );
  });
});
