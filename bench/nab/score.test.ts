import { describe, expect, it } from 'vitest';
import { parse } from './data.ts';
import {
  PROFILES,
  type Profile,
  probation,
  rowValues,
  type ScoredFile,
  scoreAt,
  sigmoid,
  sweep,
  total,
} from './score.ts';

const [standard, lowFp, lowFn] = PROFILES as [Profile, Profile, Profile];

/** 100 rows, the first 15 not scored, one window of ten rows: 50 to 59. */
function file(fired: Record<number, number>): ScoredFile {
  const scores = new Float64Array(100);
  for (const [row, score] of Object.entries(fired)) scores[Number(row)] = score;
  return { rows: 100, windows: [{ left: 50, right: 59 }], scores };
}

describe('the scoring rules', () => {
  it('ignore 15 % of the rows, at most 750', () => {
    expect(probation(100)).toBe(15);
    expect(probation(1_244)).toBe(186);
    expect(probation(5_000)).toBe(750);
    expect(probation(15_902)).toBe(750);
  });

  it('weigh by a sigmoid that ends at −1', () => {
    expect(sigmoid(0)).toBe(0);
    expect(sigmoid(-1)).toBeCloseTo(0.98661, 5);
    expect(sigmoid(-0.1)).toBeCloseTo(0.244919, 6);
    expect(sigmoid(1)).toBeCloseTo(-0.98661, 5);
    expect(sigmoid(3.01)).toBe(-1);
  });

  it('value rows by hand-computed cases', () => {
    const { window, value } = rowValues(file({}));
    expect([window[49], window[50], window[59], window[60]]).toEqual([-1, 0, 0, -1]);
    expect(value[49]).toBe(-1); // no window before
    expect(value[50]).toBeCloseTo(1, 12); // y = −10/10
    expect(value[59]).toBeCloseTo(0.244919 / 0.986614, 5); // y = −1/10
    expect(value[60]).toBeCloseTo(-0.270847, 5); // y = 1/9
  });
});

describe('a score', () => {
  it('is 0 for silence, 100 for the first row of every window, and −11 more for each blind shot before', () => {
    expect(sweep([file({})], standard)).toMatchObject({ normalised: 0, hit: 0, windows: 1, raw: -1 });
    expect(scoreAt([file({ 50: 1 })], standard, 0.5).normalised).toBeCloseTo(100, 10);
    expect(scoreAt([file({ 50: 1, 30: 1 })], standard, 0.5).normalised).toBeCloseTo(100 - 5.5, 10);
    expect(scoreAt([file({ 50: 1, 30: 1 })], lowFp, 0.5).normalised).toBeCloseTo(100 - 11, 10);
    // Low FN: the scale is three wide (hit +1, miss −2).
    expect(scoreAt([file({ 50: 1, 30: 1 })], lowFn, 0.5).normalised).toBeCloseTo(100 - 11 / 3, 10);
  });

  it('takes a window once, by its earliest detection, whichever order they come in', () => {
    const once = scoreAt([file({ 52: 0.7 })], standard, 0.5);
    expect(scoreAt([file({ 52: 0.7, 55: 0.9, 57: 0.6 })], standard, 0.5).raw).toBeCloseTo(once.raw, 12);
    expect(once.raw).toBeCloseTo(sigmoid(-0.8) / sigmoid(-1), 12);
  });

  it('does not see rows of the probation', () => {
    expect(scoreAt([file({ 14: 1, 50: 1 })], standard, 0.5).falsePositives).toBe(0);
    expect(scoreAt([file({ 15: 1, 50: 1 })], standard, 0.5).falsePositives).toBe(1);
  });

  it('sweeps one threshold over all files, and takes equal scores together', () => {
    const files = [file({ 50: 0.8, 20: 0.3 }), file({ 50: 0.6, 20: 0.7, 21: 0.7 })];
    const best = sweep(files, standard);
    expect(best.threshold).toBe(0.6);
    expect(best).toMatchObject({ hit: 2, falsePositives: 2 });
    expect(best.raw).toBeCloseTo(2 - 0.22, 12);
    for (const threshold of [0.3, 0.6, 0.7, 0.8, 1.1])
      expect(scoreAt(files, standard, threshold).raw).toBeLessThanOrEqual(best.raw);
  });

  it('adds up over parts', () => {
    const a = file({ 50: 0.8 });
    const b = file({ 20: 0.9 });
    const whole = scoreAt([a, b], standard, 0.5);
    const parts = total([scoreAt([a], standard, 0.5), scoreAt([b], standard, 0.5)], standard);
    expect(parts.normalised).toBeCloseTo(whole.normalised, 12);
    expect(parts).toMatchObject({ hit: 1, windows: 2, falsePositives: 1 });
  });
});

describe('reading a file', () => {
  const text =
    'timestamp,value\n2014-04-01 00:00:00,1.5\n2014-04-01 00:05:00,2\n2014-04-01 00:05:00,3\n2014-04-01 00:10:00,4\n';

  it('finds windows by their timestamps, the first of equal ones, fractions of a second ignored', () => {
    const read = parse('a.csv', text, [['2014-04-01 00:05:00.000000', '2014-04-01 00:10:00.000000']]);
    expect(read.windows).toEqual([{ left: 1, right: 3 }]);
    expect([...read.values]).toEqual([1.5, 2, 3, 4]);
    expect((read.times[3] as number) - (read.times[0] as number)).toBe(600_000);
  });

  it('takes the next row inside for a timestamp that is not there, and refuses one beyond the end', () => {
    expect(parse('a.csv', text, [['2014-04-01 00:04:00', '2014-04-01 00:09:00']]).windows).toEqual([
      { left: 1, right: 2 },
    ]);
    expect(() => parse('a.csv', text, [['2014-04-02 00:00:00', '2014-04-02 00:00:00']])).toThrow(/a\.csv: no row/);
  });
});
