import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Discord } from './discord.ts';

const OPTIONS = { history: 50, fade: 4, skip: 5, usual: 0.8 };

/** The definition, with nothing kept between values. */
function direct(values: readonly number[], now: number): number | null {
  const { history, fade, skip } = OPTIONS;
  const found: number[] = [];
  for (let lag = skip; lag <= Math.min(history, now - skip + 1); lag++) {
    let sum = 0;
    for (let at = lag; at <= now; at++) {
      const difference = (values[at] as number) - (values[at - lag] as number);
      sum = sum * (1 - 1 / fade) + difference * difference;
    }
    found.push(sum);
  }
  found.sort((a, b) => a - b);
  return found.length < 2 ? null : Math.sqrt(found[1] as number);
}

describe('Discord', () => {
  it('gives the second-smallest fading distance, as the definition does, across the ring of its history', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 160 }), (values) => {
        // Beyond the history a lag's oldest differences have faded, but are not forgotten: compare all the same.
        const discord = new Discord(OPTIONS);
        values.forEach((value, now) => {
          const got = discord.push(value);
          const wanted = direct(values, now);
          if (wanted === null) expect(got).toBeNull();
          else expect(got?.distance).toBeCloseTo(wanted, 6);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('recovers at once from a spike of 10^30: no error is left behind', () => {
    const discord = new Discord(OPTIONS);
    for (let n = 0; n < 300; n++) discord.push(n % 10);
    discord.push(1e30);
    let last = discord.push(1);
    for (let n = 0; n < 1_500; n++) last = discord.push(n % 10);
    expect(last?.distance).toBeLessThan(1e-6);
  });

  it('takes rounding for nothing', () => {
    const discord = new Discord(OPTIONS);
    for (let n = 0; n < 200; n++) expect(discord.push(0.1 + 0.2 + (n % 2) * 1e-17)?.score ?? 0).toBe(0);
    for (let n = 0; n < 20_000; n++) discord.push(0.3);
    expect(discord.push(0.3)?.distance).toBe(0);
  });

  it('explains with the past it resembles most', () => {
    const discord = new Discord(OPTIONS);
    const wave = (n: number): number => Math.round(10 * Math.sin(n / 3)) + (n % 17);
    for (let n = 0; n < 100; n++) discord.push(wave(n));
    discord.push(wave(100) + 40);
    const found = discord.explain();
    expect(found?.recent).toHaveLength(5);
    expect(found?.recent.at(-1)).toBe(wave(100) + 40);
    expect(found?.baseline).toHaveLength(5);
    const lag = found?.lag ?? 0;
    expect(found?.baseline.at(-1)).toBe(wave(100 - lag));
  });
});
