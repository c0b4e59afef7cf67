import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';

const VALUES: Readonly<Record<string, string>> = { SET: 'v', EMPTY: '', DOLLAR: '$SET' };
const lookup = (name: string): string | undefined => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);
const variable = (inside: string): string => `$\{${inside}}`;

/** Any UTF-16 code unit, lone surrogates included. */
const UNIT = fc.nat(0xffff).map((code) => String.fromCharCode(code));

describe('interpolation', () => {
  it.each([
    ['plain', 'plain'],
    ['$SET', 'v'],
    ['a$SET.b', 'av.b'],
    [variable('SET'), 'v'],
    [variable('EMPTY:-d'), 'd'],
    [variable('EMPTY-d'), ''],
    [variable('NO-d'), 'd'],
    [variable('SET:+y'), 'y'],
    [variable('EMPTY:+y'), ''],
    [variable('EMPTY+y'), 'y'],
    [variable('NO+y'), ''],
    [variable(`NO:-${variable(`NO:-${variable('SET')}`)}`), 'v'],
    [variable(`SET:-${variable('NO:?never')}`), 'v'],
    [variable('NO:-http://h:1/?a=b'), 'http://h:1/?a=b'],
    ['$$SET $$$$', '$SET $$'],
    ['$DOLLAR', '$SET'],
  ])('%s → %s', (text, expected) => {
    expect(interpolate(text, lookup)).toEqual({ text: expected, unset: [], fault: null });
  });

  it('says what was not set, once each', () => {
    expect(interpolate('$A $B $A', lookup)).toEqual({ text: '  ', unset: ['A', 'B'], fault: null });
  });

  it.each([
    [variable('NO:?say so'), 'say so'],
    [variable('NO?'), ''],
    [variable(`EMPTY:?no ${variable('SET')}`), 'no v'],
  ])('%s is missing', (text, message) => {
    expect(interpolate(text, lookup).fault).toMatchObject({ kind: 'missing', message });
  });

  it.each(['$', '$ ', '$1', '${', '${A', variable(''), variable('A:x'), `$\{A:-${variable('B')}`, '${A:-'.repeat(40)])(
    '%s is no variable',
    (text) => {
      expect(interpolate(text, lookup).fault?.kind).toBe('syntax');
    },
  );

  it('leaves text without dollar signs, and text with all of them doubled, as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: UNIT }), (text) => {
        expect(interpolate(text.replaceAll('$', '$$$$'), lookup).text).toBe(text);
      }),
    );
  });

  it('refuses to grow beyond its limit', () => {
    const long = (): string => 'x'.repeat(100_000);
    expect(interpolate('$A'.repeat(20), long).fault?.kind).toBe('too-long');
  });
});
