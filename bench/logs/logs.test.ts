import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupingAccuracy } from './accuracy.ts';
import { parseCsv } from './csv.ts';
import { parseSet } from './data.ts';
import { Drain, usualMask } from './drain.ts';

describe('csv', () => {
  it('reads back whatever was written', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', ' ', 'é'), maxLength: 8 });
    const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), (written, end) => {
        const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
        const text = written.map((row) => row.map(quote).join(',') + end).join('');
        expect(parseCsv(text)).toEqual(written);
      }),
    );
  });

  it('finds the columns by their names', () => {
    const text = 'LineId,Content,EventId,EventTemplate\n1,"a, ""b""",E1,a <*>\r\n2,c,E2,c\n';
    expect(parseSet('x', text)).toEqual({ name: 'x', lines: ['a, "b"', 'c'], truth: ['E1', 'E2'] });
    expect(() => parseSet('x', 'a,b\n1,2\n')).toThrow('no columns');
  });
});

describe('grouping accuracy', () => {
  it.each([
    ['all right under other names', [7, 7, 9], 1],
    ['one group split', [1, 2, 3], 1 / 3],
    ['two groups merged', [1, 1, 1], 0],
  ])('%s', (_, groups, score) => {
    expect(groupingAccuracy(groups, ['a', 'a', 'b'])).toBeCloseTo(score);
  });
});

describe('Drain', () => {
  it('groups by similarity, within a length and a prefix', () => {
    const drain = new Drain(0.5, 4);
    const lines = ['user ann logged in', 'user bob logged in', 'disk 7 is full', 'disk 7 is full now'];
    expect(lines.map((line) => drain.take(usualMask(line)))).toEqual([0, 1, 2, 3]);
    expect(drain.take('user ann logged out')).toBe(0);
    expect(drain.take(usualMask('disk 9 is full'))).toBe(2);
  });
});
