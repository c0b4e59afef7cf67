import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BURN_RULES, type Burn, createBurnRate, MIN_FAILURES } from './burn-rate.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** 100 calls a minute, a share of them bad, from one time to another. */
function load(rate: ReturnType<typeof createBurnRate>, fromMs: number, toMs: number, share: number): void {
  for (let at = fromMs; at < toMs; at += MINUTE) rate.push(at, 100 * (1 - share), 100 * share);
}

const raised = (burns: readonly Burn[]): string[] =>
  burns.filter((burn) => burn.raised).map(({ rule }) => `${rule.longMs / HOUR}h`);

describe('burn rates', () => {
  it('are those of the workbook', () => {
    expect(BURN_RULES.map(({ longMs, shortMs, factor }) => [longMs / HOUR, shortMs / MINUTE, factor])).toEqual([
      [1, 5, 14.4],
      [6, 30, 6],
      [72, 360, 1],
    ]);
  });

  it('are the share of bad calls over the budget', () => {
    const rate = createBurnRate(0.99);
    load(rate, 0, HOUR, 0.05);
    expect(rate.burns(HOUR - 1)[0]).toMatchObject({ raised: false });
    expect(rate.burns(HOUR - 1)[0]?.long).toBeCloseTo(5, 6);
  });

  it('page within minutes when a tenth of all calls fails, and stop minutes after it is over', () => {
    const rate = createBurnRate(0.999);
    load(rate, 0, 72 * HOUR, 0);
    const from = 72 * HOUR;
    let pagedAt = 0;
    for (let at = from; pagedAt === 0; at += MINUTE) {
      load(rate, at, at + MINUTE, 0.1);
      if (raised(rate.burns(at)).includes('1h')) pagedAt = at;
    }
    // 14.4 ‰ of an hour's calls: after 8.64 minutes of every tenth failing.
    expect((pagedAt - from) / MINUTE).toBeGreaterThan(6);
    expect((pagedAt - from) / MINUTE).toBeLessThan(10);
    const over = pagedAt + MINUTE;
    load(rate, over, over + 7 * MINUTE, 0);
    expect(raised(rate.burns(over + 7 * MINUTE))).not.toContain('1h');
  });

  it('take no blip for a fire: two minutes of failure long ago do not page', () => {
    const rate = createBurnRate(0.999);
    load(rate, 0, 2 * HOUR, 0);
    load(rate, 2 * HOUR, 2 * HOUR + 2 * MINUTE, 1);
    load(rate, 2 * HOUR + 2 * MINUTE, 2 * HOUR + 20 * MINUTE, 0);
    expect(raised(rate.burns(2 * HOUR + 20 * MINUTE))).not.toContain('1h');
  });

  it('find the slow leak that no page would', () => {
    const rate = createBurnRate(0.999);
    load(rate, 0, 80 * HOUR, 0.002);
    expect(raised(rate.burns(80 * HOUR))).toEqual(['72h']);
    expect(rate.burns(80 * HOUR)[2]?.reason).toBe(
      'the error budget burns 2.0 times too fast over 3d (2.0 over 6h; limit 1): 0.20 % of calls fail',
    );
  });

  it('say nothing of a service that has just begun, or of a handful of failures', () => {
    const rate = createBurnRate(0.999);
    load(rate, 0, 4 * MINUTE, 1);
    expect(raised(rate.burns(4 * MINUTE))).toEqual([]);
    const quiet = createBurnRate(0.999);
    quiet.push(0, 10, 0);
    quiet.push(HOUR, 10, MIN_FAILURES - 1);
    expect(raised(quiet.burns(HOUR))).toEqual([]);
    quiet.push(HOUR, 0, 1);
    expect(raised(quiet.burns(HOUR))).toContain('1h');
  });

  it('speak −log10 p: none when the objective is met, much when it is not', () => {
    const rate = createBurnRate(0.99);
    load(rate, 0, HOUR, 0.01);
    expect(rate.burns(HOUR)[0]?.minusLog10P).toBe(0);
    load(rate, HOUR, 2 * HOUR, 0.1);
    expect(rate.burns(2 * HOUR)[0]?.minusLog10P).toBeGreaterThan(100);
  });

  it('hold exactly what a window holds, give or take one of its parts', () => {
    const rule = { longMs: 60_000, shortMs: 6_000, factor: 1, urgency: 'page' } as const;
    const events = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.nat(9), fc.nat(9)), { minLength: 1 });
    fc.assert(
      fc.property(events, (steps) => {
        const rate = createBurnRate(0.5, [rule]);
        let now = 0;
        const all = steps.map(([gap, good, bad]) => {
          now += gap;
          rate.push(now, good, bad);
          return { at: now, good, bad };
        });
        const kept = all.filter(({ at }) => Math.floor(at / 1_000) >= Math.floor(now / 1_000) - 60);
        const bad = kept.reduce((sum, event) => sum + event.bad, 0);
        const calls = kept.reduce((sum, event) => sum + event.good + event.bad, 0);
        expect(rate.burns(now)[0]?.long).toBeCloseTo(calls === 0 ? 0 : bad / calls / 0.5, 9);
      }),
    );
  });

  it('refuse an objective that leaves no budget', () => {
    expect(() => createBurnRate(1)).toThrow(RangeError);
    expect(createBurnRate(0.999).bytes).toBeLessThan(8_192);
  });
});
