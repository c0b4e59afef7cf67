import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './time.ts';

describe('durations', () => {
  it.each([
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['1.5s', 1_500],
    ['100us', 0.1],
    ['1h5m10s20ms', 3_910_020],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '10', 's', '-1s', '1s30', '5 parsecs', '1s1m', '1e3s', 'NaN'])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    [850, '850ms'],
    [1_500, '1.5s'],
    [59_900, '59.9s'],
    [90_000, '1m30s'],
    [3_900_000, '1h5m'],
    [-1_500, '-1.5s'],
    [0, '0ms'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('what is written is read back within a percent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 * 86_400_000 }), (ms) => {
        const read = parseDuration(formatDuration(ms)) as number;
        // Two units are shown: the error is at most half of the smaller one, and a second against a minute at worst.
        expect(Math.abs(read - ms)).toBeLessThanOrEqual(Math.max(50, ms * 0.05));
      }),
    );
  });
});
