import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { create, type MetricConfig, type MetricVerdict, TUNING } from './index.ts';

const FIVE_MINUTES = 300_000;
const DAY = 288;

function run(values: readonly number[], config: Partial<MetricConfig> = {}, stepMs = FIVE_MINUTES): MetricVerdict[] {
  const detector = create(config);
  return values.map((value, index) => detector.push(index * stepMs, value));
}

const alerts = (verdicts: readonly MetricVerdict[]): number[] =>
  verdicts.flatMap(({ fired }, index) => (fired ? [index] : []));

/** Nights at 20, days at 80, noise of 2. */
function daily(days: number, seed = 1): number[] {
  const random = Random.seeded(seed);
  return Array.from({ length: days * DAY }, (_, n) => {
    const hour = (n % DAY) / 12;
    return (hour >= 9 && hour < 18 ? 80 : 20) + 2 * random.float();
  });
}

describe('a metric series', () => {
  it('is quiet on a daily habit', () => {
    expect(alerts(run(daily(14))).filter((at) => at > 3 * DAY)).toEqual([]);
  });

  it.each([
    ['a spike', (values: number[], at: number) => values.fill(200, at, at + 2), 2],
    ['a drop to nothing', (values: number[], at: number) => values.fill(-40, at, at + 20), 6],
    ['a level between the two', (values: number[], at: number) => values.fill(50, at, at + 30), 30],
    ['a peak at night', (values: number[], at: number) => values.fill(80, at - 8 * 12, at - 4 * 12), -10],
  ])('is heard for %s', (_, change, within) => {
    const values = daily(14);
    const at = 10 * DAY + 12 * 12;
    change(values, at);
    const heard = alerts(run(values)).filter((row) => row > 3 * DAY);
    expect(heard[0]).toBeGreaterThanOrEqual(at - 8 * 12);
    expect(heard[0]).toBeLessThanOrEqual(at + within);
  });

  it('is heard for a peak that does not come, which no other stretch tells from a night', () => {
    const values = daily(14);
    const from = 10 * DAY + 9 * 12;
    values.splice(from, 9 * 12, ...values.slice(from - 9 * 12, from));
    const detector = create();
    const verdicts = values.map((value, index) => detector.push(index * FIVE_MINUTES, value));
    const heard = alerts(verdicts).filter((row) => row > 3 * DAY);
    expect(heard[0]).toBeGreaterThanOrEqual(from);
    expect(heard[0]).toBeLessThan(from + 24);
    expect(verdicts[heard[0] as number]?.reason).toMatch(/from this time of day on other days$/);
  });

  it('says nothing before it knows anything, and no probability', () => {
    const verdicts = run(daily(1));
    expect(alerts(verdicts.slice(0, TUNING.warmUp))).toEqual([]);
    expect(verdicts[50]?.minusLog10P).toBeNull();
    expect(verdicts.at(-1)?.minusLog10P).not.toBeNull();
  });

  it('names strength, reason, recent values and baseline of an alert', () => {
    const values = daily(12);
    values.fill(200, 10 * DAY, 10 * DAY + 3);
    const detector = create();
    for (const [index, value] of values.entries()) {
      const verdict = detector.push(index * FIVE_MINUTES, value);
      if (index < 3 * DAY || !verdict.fired) continue;
      expect(index).toBe(10 * DAY);
      expect(verdict.score).toBeGreaterThan(TUNING.base);
      expect(verdict.minusLog10P).toBeGreaterThan(1);
      expect(verdict.reason).toMatch(
        /^\d+\.\d times as far as usual from any other 1h20m; the most similar ended .+ ago$/,
      );
      const explained = detector.explain();
      expect(explained?.aspect).toBe('shape');
      expect(explained?.recent.at(-1)).toBe(200);
      expect(explained?.recent).toHaveLength(explained?.baseline.length ?? 0);
      expect(explained?.distance).toBeGreaterThan(2 * (explained?.usual ?? 0));
      return;
    }
    expect.unreachable('no alert');
  });

  it('opens an anomaly with an alert and closes it once it has been calm', () => {
    const values = daily(12);
    values.fill(200, 10 * DAY, 10 * DAY + 3);
    const states = run(values).map(({ anomalous }) => anomalous);
    expect(states[10 * DAY - 1]).toBe(false);
    expect(states[10 * DAY]).toBe(true);
    const over = states.indexOf(false, 10 * DAY);
    expect(over).toBeGreaterThan(10 * DAY + 30);
    expect(over).toBeLessThan(10 * DAY + 150);
    expect(states.slice(over).includes(true)).toBe(false);
  });

  it('spends no more than its budget, whatever comes', () => {
    const random = Random.seeded(5);
    const wild = Array.from({ length: 20_000 }, () => 10 ** (12 * random.float() * random.float()));
    expect(alerts(run(wild)).length).toBeLessThan(20_000 / 350);
  });

  it('looks at nothing to come: what is said of a beginning does not depend on the rest', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 300 }), fc.nat(300), (values, cut) => {
        expect(run(values).slice(0, cut)).toEqual(run(values.slice(0, cut)));
      }),
      { numRuns: 20 },
    );
  });

  it('takes any number, and keeps its size', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 400 }), (values) => {
        const detector = create();
        const { bytes } = detector;
        expect(bytes).toBeLessThanOrEqual(65_536);
        values.forEach((value, index) => {
          const { score, minusLog10P } = detector.push(index, value);
          expect(score >= 0 && score <= 3).toBe(true);
          expect(minusLog10P === null || (minusLog10P >= 0 && minusLog10P < 100)).toBe(true);
        });
        expect(detector.bytes).toBe(bytes);
      }),
      { numRuns: 50 },
    );
  });

  it('is judged the same in another unit', () => {
    const values = daily(8);
    values.fill(140, 6 * DAY, 6 * DAY + 5);
    const scaled = run(values.map((value) => value * 1_024));
    expect(alerts(scaled)).toEqual(alerts(run(values)));
  });

  it('merges samples to a resolution, keeps their extremes, and answers when a group is over', () => {
    const values = daily(14);
    values[10 * DAY] = 400;
    const fine = values.flatMap((value) => [value, value, value, value, value]);
    fine[10 * DAY * 5 + 1] = 20;
    const merged = run(fine, { resolutionMs: FIVE_MINUTES }, FIVE_MINUTES / 5);
    const heard = alerts(merged).filter((row) => row > 15 * DAY);
    expect(heard).toEqual([10 * DAY * 5 + 5]);
  });
});
