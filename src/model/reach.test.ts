import { describe, expect, it } from 'vitest';
import { reaches } from './reach.ts';

const CALLS: Readonly<Record<string, readonly string[]>> = { web: ['api', 'cache'], api: ['db'], a: ['b'], b: ['a'] };
const next = (name: string): readonly string[] => CALLS[name] ?? [];

describe('reaches', () => {
  it('follows steps in their direction only', () => {
    expect(reaches('web', 'db', next)).toBe(true);
    expect(reaches('db', 'web', next)).toBe(false);
    expect(reaches('cache', 'db', next)).toBe(false);
  });

  it('comes to an end in loops, and back to the start only by one', () => {
    expect(reaches('a', 'a', next)).toBe(true);
    expect(reaches('a', 'db', next)).toBe(false);
    expect(reaches('web', 'web', next)).toBe(false);
  });
});
