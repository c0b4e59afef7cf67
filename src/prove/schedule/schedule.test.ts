import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAST_EVERY_MS, type LocalTime, MOST_EVERY_MS, nextTime, parseRecurrence, type Recurrence } from './index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The first of January 1970 was a Thursday. */
const utc = (at: number): LocalTime => ({
  day: (Math.floor(at / DAY) + 4) % 7,
  minute: Math.floor((at % DAY) / MINUTE),
});
const read = (text: string): Recurrence => parseRecurrence(text) as Recurrence;

describe('when something recurs', () => {
  it('is read from words', () => {
    expect(read('every 6h')).toEqual({ kind: 'every', everyMs: 6 * HOUR });
    expect(read('daily 03:05')).toEqual({ kind: 'days', days: [0, 1, 2, 3, 4, 5, 6], minute: 185 });
    expect(read(' Sat-Mon 23:59 ')).toEqual({ kind: 'days', days: [6, 0, 1], minute: 1_439 });
    expect(read('wed 00:00')).toEqual({ kind: 'days', days: [3], minute: 0 });
  });

  it.each(['', 'every', 'every 9m', 'every 40d', 'daily 24:00', 'daily 3:00', 'mon-xyz 03:00', 'hourly', '0 3 * * *'])(
    'is not %j',
    (text) => expect(parseRecurrence(text)).toBeNull(),
  );

  it('every: counts from when it was made, whatever was missed', () => {
    const every = read('every 1h');
    expect(nextTime(every, 5, 5, utc)).toBe(5 + HOUR);
    expect(nextTime(every, 5, 5 + 3.5 * HOUR, utc)).toBe(5 + 4 * HOUR);
    expect(nextTime(every, 5, 5 + 4 * HOUR, utc)).toBe(5 + 5 * HOUR);
  });

  it('on days: is always later, on such a day, at that minute, and none is left out', () => {
    const text = fc.constantFrom('daily 03:00', 'mon-fri 18:30', 'sun 00:00', 'sat-mon 23:59');
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 400 * DAY }), (words, after) => {
        const when = read(words);
        const next = nextTime(when, 0, after, utc);
        expect(next).toBeGreaterThan(after);
        if (when.kind !== 'days') throw new Error('these are days');
        expect(when.days).toContain(utc(next).day);
        expect(utc(next).minute).toBe(when.minute);
        for (let at = Math.floor(next / DAY) * DAY - DAY + when.minute * MINUTE; at > after; at -= DAY) {
          expect(when.days).not.toContain(utc(at).day);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('comes once in the night in which an hour comes twice, and not in the one that lacks it', () => {
    // At 100 h the clock goes back by one hour; at 200 h forward.
    const jumps = (at: number): LocalTime => utc(at >= 200 * HOUR || at < 100 * HOUR ? at : at - HOUR);
    const twice = read(`daily ${String(99 % 24).padStart(2, '0')}:30`);
    const first = nextTime(twice, 0, 98 * HOUR, jumps);
    expect(first).toBe(99.5 * HOUR);
    expect(nextTime(twice, 0, first, jumps) - first).toBeGreaterThan(20 * HOUR);
    const lacks = read(`daily ${String(199 % 24).padStart(2, '0')}:30`);
    expect(nextTime(lacks, 0, 198 * HOUR, jumps)).toBeGreaterThan(201 * HOUR);
  });

  it('is neither too often nor too seldom', () => {
    expect(read(`every ${LEAST_EVERY_MS}ms`)).not.toBeNull();
    expect(read(`every ${MOST_EVERY_MS}ms`)).not.toBeNull();
  });
});
