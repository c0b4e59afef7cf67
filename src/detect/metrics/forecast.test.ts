import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { createForecast, FORECASTS, type ForecastVerdict } from './forecast.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A limit of 100, used as `of` says, sampled every `everyMs`. */
function watch(
  of: (ms: number) => number,
  untilMs: number,
  everyMs = 5 * SECOND,
  config: (typeof FORECASTS)[keyof typeof FORECASTS] = FORECASTS.memory,
): { at: number; verdict: ForecastVerdict }[] {
  const forecast = createForecast(config);
  const all = [];
  for (let at = 0; at <= untilMs; at += everyMs) all.push({ at, verdict: forecast.push(at, of(at), 100) });
  return all;
}

const first = (all: { at: number; verdict: ForecastVerdict }[]): number | null =>
  all.find(({ verdict }) => verdict.exhausting)?.at ?? null;

describe('a forecast of exhaustion', () => {
  it('sees a leak of 10 % an hour hours before the end, with an interval that holds the truth', () => {
    const random = Random.seeded(2);
    const noisy = watch((ms) => 50 + (10 * ms) / HOUR + 4 * (random.float() - 0.5), 3 * HOUR);
    expect(first(noisy)).toBeLessThan(1.6 * HOUR);
    const { timeToFull, exhausting, reason, minusLog10P } = (noisy.at(-1) as (typeof noisy)[0]).verdict;
    expect(exhausting).toBe(true);
    expect(timeToFull?.earliestMs).toBeLessThan(2 * HOUR);
    expect(timeToFull?.latestMs).toBeGreaterThan(2 * HOUR);
    expect(Math.abs((timeToFull?.likelyMs ?? 0) - 2 * HOUR)).toBeLessThan(0.15 * HOUR);
    expect(minusLog10P).toBeGreaterThan(3);
    expect(reason).toMatch(/^\d+ % used, full in .+ \(.+ to .+\) at the rate of the last .+$/);
  });

  it('holds the truth in most of many noisy leaks', () => {
    let inside = 0;
    let forecasts = 0;
    for (let seed = 0; seed < 80; seed++) {
      const random = Random.seeded(seed);
      const rate = 20 + 40 * random.float();
      const noise = 10 * random.float();
      const all = watch((ms) => 55 + (rate * ms) / HOUR + noise * (random.float() - 0.5), 20 * MINUTE);
      const { timeToFull } = (all.at(-1) as (typeof all)[0]).verdict;
      const truth = ((100 - 55 - rate / 3) / rate) * HOUR;
      if (timeToFull === null) continue;
      forecasts++;
      if (timeToFull.earliestMs <= truth && (timeToFull.latestMs ?? Number.POSITIVE_INFINITY) >= truth) inside++;
    }
    expect(forecasts).toBeGreaterThan(40);
    expect(inside / forecasts).toBeGreaterThan(0.8);
  });

  it('is quick where it is quick: connections that are gone in five minutes', () => {
    const all = watch((ms) => 50 + (10 * ms) / MINUTE, 5 * MINUTE, SECOND, FORECASTS.connections);
    expect(first(all)).toBeLessThan(2.5 * MINUTE);
  });

  it.each([
    ['steady use', () => 90],
    [
      'noise',
      (
        (random) => () =>
          80 + 10 * random.float()
      )(Random.seeded(1)),
    ],
    ['a step', (ms: number) => (ms < HOUR ? 55 : 85)],
    ['a ramp that ended', (ms: number) => Math.min(85, 50 + (ms > 20 * MINUTE ? 35 : 0))],
    ['what falls', (ms: number) => 90 - ms / HOUR],
    ['a leak with years to go', (ms: number) => 60 + ms / (1_000 * HOUR)],
    ['growth while there is room', (ms: number) => 10 + (10 * ms) / HOUR],
  ])('is not raised for %s', (_, of) => {
    expect(first(watch(of, 3 * HOUR))).toBeNull();
  });

  it('takes a tooth of a saw for a trend the first time only', () => {
    const all = watch((ms) => 55 + (30 * (ms % (4 * MINUTE))) / (4 * MINUTE), 3 * HOUR);
    expect(first(all.filter(({ at }) => at > 10 * MINUTE))).toBeNull();
  });

  it('takes a leak under a sawtooth for a leak', () => {
    const all = watch((ms) => 50 + (12 * ms) / HOUR + (6 * (ms % (2 * MINUTE))) / (2 * MINUTE), 3 * HOUR);
    expect(first(all)).toBeLessThan(2.5 * HOUR);
  });

  it('stays raised through a wobble, and clears when the leak is closed', () => {
    const of = (ms: number): number => (ms < 2 * HOUR ? 50 + (15 * ms) / HOUR : 55);
    const all = watch(of, 5 * HOUR);
    const changes = all.filter(({ verdict }, index) => verdict.exhausting !== all[index - 1]?.verdict.exhausting);
    expect(changes.map(({ verdict }) => verdict.exhausting)).toEqual([false, true, false]);
    expect((changes[2] as (typeof all)[0]).at).toBeLessThan(3 * HOUR);
  });

  it('forgets when the process is replaced, ignores what is no number, and needs a limit', () => {
    const forecast = createForecast(FORECASTS.memory);
    for (let at = 0; at <= HOUR; at += 5 * SECOND) forecast.push(at, 50 + (40 * at) / HOUR, 100);
    expect(forecast.push(HOUR, Number.NaN, 100).exhausting).toBe(true);
    forecast.reset();
    expect(forecast.push(HOUR + 1, 60, 100)).toMatchObject({ exhausting: false, timeToFull: null });
    expect(forecast.push(HOUR + 2, 60, 0)).toMatchObject({ share: 0, timeToFull: null });
    expect(forecast.bytes).toBeLessThan(8_192);
  });
});
