import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitWords } from './words.ts';

/** Any UTF-16 code unit, lone surrogates included. */
const UNIT = fc.nat(0xffff).map((code) => String.fromCharCode(code));

describe('words of a command line', () => {
  it.each([
    ['', []],
    ['  a   b\tc\n', ['a', 'b', 'c']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a''b""c`, ['abc']],
    [`'' ""`, ['', '']],
    ['a\\ b', ['a b']],
    ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
    [`'it'\\''s'`, ["it's"]],
    ['--x="a b"', ['--x=a b']],
    ['a \\\n b', ['a', 'b']],
    ['$HOME *', ['$HOME', '*']],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each([`a 'b`, 'a "b', 'a \\', '"\\"'])('finds that %j is not closed', (text) => {
    expect(splitWords(text)).toBeNull();
  });

  it('gives back what was quoted', () => {
    const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
    fc.assert(
      fc.property(fc.array(fc.string({ unit: UNIT })), (words) => {
        expect(splitWords(words.map(quoted).join(' '))).toEqual(words);
      }),
    );
  });

  it('splits as a shell does', () => {
    const samples = [`a "b c" d\\ e 'f"g' h"i 'j'"k`, `x="1 2" 'a'b"c"`, `"a\\$b" "c\\d" '\\'`];
    for (const text of samples) {
      const out = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' });
      expect(splitWords(text)).toEqual(out.split('\0').slice(0, -1));
    }
  });
});
