import { describe, expect, it } from 'vitest';
import { DRILLS } from './cases.ts';
import { checkNames } from './index.ts';

describe('what is asked for by name', () => {
  it('may be a drill or all drills of a kind', () => {
    expect(() => checkNames(['web'], ['cpu@machine', 'refuse'])).not.toThrow();
    expect(() => checkNames(Object.keys(DRILLS), [])).not.toThrow();
  });

  it('is an error that lists the names when there is no such thing', () => {
    expect(() => checkNames(['web'], ['cpu@machine', 'nonsense'])).toThrow(/no nonsense; there are .*cpu@machine/);
    expect(() => checkNames(['web'], ['refuse@payments'])).toThrow(/no refuse@payments/);
    expect(() => checkNames(['nowhere'], [])).toThrow(/no nowhere; there are shop, web/);
  });
});
