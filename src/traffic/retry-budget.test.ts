import { expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

it('allows a share of what is active, and three where little is', () => {
  const budget = new RetryBudget(0.2);
  const allowed = (active: number): number => {
    budget.active = active;
    budget.retrying = 0;
    while (budget.available) budget.retrying++;
    return budget.retrying;
  };
  expect([0, 1, 15, 20, 100].map(allowed)).toEqual([3, 3, 3, 4, 20]);
  budget.setShare(0);
  expect(allowed(100)).toBe(3);
});
