import { describe, expect, it } from 'vitest';
import { AlertBudget } from './budget.ts';
import { TUNING } from './tuning.ts';

function warm(horizon: number | null): AlertBudget {
  const budget = new AlertBudget(TUNING, horizon);
  for (let n = 0; n < 2_000; n++) budget.spend(0);
  return budget;
}

describe('AlertBudget', () => {
  it('makes each alert dearer, and forgives with time', () => {
    const budget = warm(400);
    expect(budget.needed).toBe(TUNING.base);
    expect(budget.spend(TUNING.base)).toBe(true);
    expect(budget.needed).toBeCloseTo(TUNING.base + TUNING.price, 2);
    for (let n = 0; n < 4 * 400; n++) budget.spend(0);
    expect(budget.needed).toBeCloseTo(TUNING.base + TUNING.price / Math.E, 2);
  });

  it('takes alerts within a quarter of a horizon for one', () => {
    const budget = warm(400);
    expect(budget.spend(3)).toBe(true);
    const next = Array.from({ length: 200 }, () => budget.spend(3)).indexOf(true) + 1;
    expect(next).toBe(101);
  });

  it('adapts to how long it has watched', () => {
    const young = new AlertBudget(TUNING, null);
    const heard: number[] = [];
    for (let n = 1; n <= 400; n++) if (young.spend(3)) heard.push(n);
    expect(heard[0]).toBe(TUNING.warmUp + 1);
    expect((heard[1] as number) - (heard[0] as number)).toBeLessThan(50);
    const old = warm(null);
    old.spend(3);
    expect(Array.from({ length: 400 }, () => old.spend(3)).indexOf(true) + 1).toBe(TUNING.gap * TUNING.maxHorizon + 1);
  });
});
