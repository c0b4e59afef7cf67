import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { absolute, ago, bytes, count, duration, percent, plural, rate, shorten, waited } from './format.ts';

describe('numbers', () => {
  it.each([
    [0, '0/s'],
    [0.42, '0.4/s'],
    [9.96, '10/s'],
    [47.3, '47/s'],
    [1_240, '1.2k/s'],
    [null, '–'],
  ])('rate %s is %s', (value, text) => expect(rate(value)).toBe(text));

  it.each([
    [0, '0 %'],
    [0.0004, '<0.1 %'],
    [0.001, '0.1 %'],
    [0.334, '33 %'],
    [0.9995, '99.9 %'],
    [0.995, '99.5 %'],
    [1, '100 %'],
    [undefined, '–'],
  ])('percent %s is %s', (value, text) => expect(percent(value)).toBe(text));

  it.each([
    [0, '0ms'],
    [0.41, '0.4ms'],
    [12.4, '12ms'],
    [2_345, '2.35s'],
    [null, '–'],
  ])('duration %s is %s', (value, text) => expect(duration(value)).toBe(text));

  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [160 * 2 ** 20, '160 MiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [3 * 2 ** 40, '3 TiB'],
  ])('bytes %s is %s', (value, text) => expect(bytes(value)).toBe(text));

  it.each([
    [0, '0 s'],
    [0.01, '<0.1 s'],
    [0.42, '0.4 s'],
    [41.2, '41 s'],
  ])('%s s of waiting is %s', (value, text) => expect(waited(value)).toBe(text));

  it('cuts long names in their middle', () => {
    expect(shorten('payments', 8)).toBe('payments');
    expect(shorten('payments-worker-12', 11)).toBe('payme…er-12');
    expect(shorten('payments-worker-12', 11)).toHaveLength(11);
  });

  it('groups thousands and counts words', () => {
    expect(count(12_345)).toBe('12 345');
    expect(plural(1, 'instance')).toBe('1 instance');
    expect(plural(2, 'reply', 'replies')).toBe('2 replies');
  });

  it('never shows a failing system as 0 % or 100 % good', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
        const text = percent(share);
        if (text === '0 %') expect(share).toBe(0);
        if (text === '100 %') expect(share).toBe(1);
      }),
      { examples: [[0.9995], [0.995], [0.9989]] },
    );
  });
});

describe('times', () => {
  it.each([
    [300, 'just now'],
    [12_400, '12 s ago'],
    [61_000, '1 min ago'],
    [7_200_000, '2 h ago'],
    [200_000_000, '2 d ago'],
    [-240_000, 'in 4 min'],
  ])('%s ms back is %s', (back, text) => expect(ago(1_000_000_000, 1_000_000_000 + back)).toBe(text));

  it('says absolute time to the millisecond', () => {
    expect(absolute(new Date(2025, 10, 21, 8, 14, 3, 120).getTime())).toBe('2025-11-21 08:14:03.120');
  });
});
