import { describe, expect, it } from 'vitest';
import { launchOf } from '../../../test/support/runtime.ts';
import { phaseOf } from './plan.ts';
import { CheckSchedule, isVoid, Reporting } from './scheduler.ts';
import { TtlSchedule } from './ttl.ts';

const SPEC = { intervalMs: 1_000, startPeriodMs: 5_000, startIntervalMs: 100 };

/** When it runs, given how long each run takes and whether it passes. */
function runs(schedule: CheckSchedule, count: number, takesMs: number, passes: (at: number) => boolean): number[] {
  const at: number[] = [];
  for (let run = 0; run < count; run++) {
    at.push(schedule.dueAt);
    schedule.finish(passes(schedule.dueAt), schedule.dueAt + takesMs);
  }
  return at;
}

describe('CheckSchedule', () => {
  it('looks often until the first pass, then at its interval', () => {
    const schedule = new CheckSchedule(SPEC, 0, 0, 0.5);
    expect(runs(schedule, 6, 0, (at) => at >= 250)).toEqual([50, 150, 250, 1_000, 2_000, 3_000]);
  });

  it('looks in step with the age of what starts, where looking is cheap', () => {
    const schedule = new CheckSchedule(SPEC, 0, 0, 0, true);
    const at = runs(schedule, 40, 0, (now) => now >= 1_500).filter((now) => now <= 1_500);
    expect(at.slice(0, 12)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220]);
    const gaps = at.slice(1).map((now, index) => now - (at[index] as number));
    expect(Math.max(...gaps)).toBeCloseTo(100);
    // What starts in a second is seen to be ready a tenth of a second later at most, after some thirty looks.
    expect(at.length).toBeLessThan(45);
  });

  it('looks at its interval once the start period is over, passed or not', () => {
    const schedule = new CheckSchedule({ ...SPEC, startPeriodMs: 200 }, 0, 0, 0);
    expect(runs(schedule, 5, 0, () => false)).toEqual([0, 100, 200, 1_200, 2_200]);
    expect(schedule.isStarting(199)).toBe(true);
    expect(schedule.isStarting(200)).toBe(false);
  });

  it('keeps its rhythm, and follows a run that was too long at once', () => {
    const schedule = new CheckSchedule({ ...SPEC, startPeriodMs: 0 }, 0, 0, 0);
    expect(runs(schedule, 3, 300, () => false)).toEqual([0, 1_000, 2_000]);
    expect(runs(schedule, 3, 1_500, () => false)).toEqual([3_000, 4_500, 6_000]);
  });

  it('of an adopted life spreads the first look over the interval', () => {
    expect(new CheckSchedule(SPEC, 0, 60_000, 0.25).dueAt).toBe(60_250);
  });

  it('repeats at once what says nothing', () => {
    const schedule = new CheckSchedule(SPEC, 0, 0, 0);
    schedule.repeat(777);
    expect(schedule.dueAt).toBe(777);
  });

  it('spreads a thousand checks evenly', () => {
    const tenths = new Array(10).fill(0);
    for (let slot = 1; slot <= 1_000; slot++) {
      tenths[Math.floor(phaseOf(launchOf([], { instance: `web-${slot}` }), 'liveness') * 10)] += 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(60);
    expect(Math.max(...tenths)).toBeLessThan(150);
  });
});

describe('Reporting', () => {
  it('tells every failure and the first pass after one as news, and a pass every ten seconds as a sign of life', () => {
    const reporting = new Reporting();
    const worth = (error: string | null, at: number): string | null => reporting.worthOf(error, false, at);
    expect([0, 1_000, 9_999, 10_000, 11_000].map((at) => worth(null, at))).toEqual([
      'news',
      null,
      null,
      'sign of life',
      null,
    ]);
    const then = [worth('refused', 12_000), worth('refused', 12_001), worth(null, 13_000), worth(null, 14_000)];
    expect(then).toEqual(['news', 'news', 'news', null]);
  });

  it('tells passes that took long, and the first that did not: silence means that answers come at once', () => {
    const reporting = new Reporting();
    const worth = (latencyMs: number, at: number): string | null => reporting.worthOf(null, false, at, latencyMs);
    expect([
      worth(3, 0),
      worth(4, 1_000),
      worth(250, 2_000),
      worth(300, 3_000),
      worth(4, 4_000),
      worth(4, 5_000),
    ]).toEqual(['news', null, 'sign of life', 'sign of life', 'sign of life', null]);
  });

  it('is brief about failures that do not count yet', () => {
    const reporting = new Reporting();
    const worth = (error: string | null, at: number): string | null => reporting.worthOf(error, true, at);
    const failures = [worth('refused', 0), worth('refused', 100), worth('status 503', 200), worth('refused', 300)];
    expect(failures).toEqual(['news', null, 'news', 'news']);
    expect(worth('refused', 1_300)).toBe('news');
    expect(worth(null, 1_400)).toBe('news');
    expect(reporting.worthOf('refused', false, 1_500)).toBe('news');
  });
});

it('a check made while we were not running is void', () => {
  expect(isVoid(900, 100)).toBe(false);
  expect(isVoid(1_001, 100)).toBe(true);
  expect(isVoid(14_000, 5_000)).toBe(false);
  expect(isVoid(15_001, 5_000)).toBe(true);
});

describe('TtlSchedule', () => {
  it('silence fails after the ttl, again and again, until there is a report', () => {
    const schedule = new TtlSchedule(2_000, { startPeriodMs: 0 }, 0, 0);
    expect(schedule.dueAt).toBe(2_000);
    expect(schedule.expire(2_000)).toBe('no report for 2 s');
    expect(schedule.expire(4_000)).toBe('no report for 4 s');
    schedule.report(5_000);
    expect(schedule.dueAt).toBe(7_000);
    expect(schedule.expire(7_000)).toBe('no report for 2 s');
  });

  it('waits for the start period, and after a restart of Holdfast for a whole ttl', () => {
    expect(new TtlSchedule(2_000, { startPeriodMs: 10_000 }, 0, 0).dueAt).toBe(10_000);
    expect(new TtlSchedule(2_000, { startPeriodMs: 10_000 }, 0, 60_000).dueAt).toBe(62_000);
  });
});
