import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance, nearest } from './suggest.ts';

describe('edit distance', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['image', 'imgae', 1],
    ['kitten', 'sitting', 3],
  ])('%s → %s: %d', (a, b, edits) => {
    expect(distance(a, b)).toBe(edits);
  });

  it('is symmetric, zero only for equal words, and never more than the longer word', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const edits = distance(a, b);
        expect(edits).toBe(distance(b, a));
        expect(edits === 0).toBe(a === b);
        expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('did you mean', () => {
  it('finds slips, prefixes and other spellings, and nothing where nothing is near', () => {
    const keys = ['image', 'environment', 'depends_on', 'min_available'];
    expect(nearest('imgae', keys)).toBe('image');
    expect(nearest('enviroment', keys)).toBe('environment');
    expect(nearest('dependsOn', keys)).toBe('depends_on');
    expect(nearest('min_avail', keys)).toBe('min_available');
    expect(nearest('colour', keys)).toBeNull();
    expect(nearest('b', ['a'])).toBeNull();
    expect(nearest('x'.repeat(1_000_000), keys)).toBeNull();
  });
});
