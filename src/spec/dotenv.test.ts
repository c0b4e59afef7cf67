import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDotEnv } from './dotenv.ts';

const outside = (name: string): string | undefined => (name === 'OUT' ? 'side' : undefined);
const values = (text: string): Record<string, string> => Object.fromEntries(readDotEnv(text, outside).values);

/** Any UTF-16 code unit, lone surrogates included. */
const UNIT = fc.nat(0xffff).map((code) => String.fromCharCode(code));

describe('files of variables', () => {
  it.each([
    ['A=1\nB=2', { A: '1', B: '2' }],
    ['\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['export A=b c # note', { A: 'b c' }],
    ['A=b#c', { A: 'b#c' }],
    ['A: yaml like', { A: 'yaml like' }],
    [`A='$OUT # y'`, { A: '$OUT # y' }],
    ['A="$OUT \\"q\\" \\n"', { A: 'side "q" \n' }],
    [`A=$OUT\nB=$\{A}s`, { A: 'side', B: 'sides' }],
    ['A="over\ntwo lines"\nB=2', { A: 'over\ntwo lines', B: '2' }],
    ['# A=1\n\n  \nB=', { B: '' }],
    ['OUT\nGONE', { OUT: 'side' }],
  ])('%j', (text, expected) => {
    expect(values(text)).toEqual(expected);
    expect(readDotEnv(text, outside).badLines).toEqual([]);
  });

  it('says which lines are no assignments', () => {
    expect(readDotEnv('A=1\nnot one\nB="x\ny"\n=3\nC=1', outside).badLines).toEqual([2, 5]);
  });

  it('ends on any text, and never loses a well-formed last line', () => {
    fc.assert(
      fc.property(fc.string({ unit: UNIT }), (text) => {
        const closed = text.replace(/["']/g, '');
        expect(values(`${closed}\nLAST=1`).LAST).toBe('1');
      }),
    );
  });
});
