import { expect, it } from 'vitest';
import { LagMeter } from './lag.ts';

it('remembers pauses, and which time they belong to', () => {
  const lag = new LagMeter(0);
  for (const at of [100, 200, 310]) lag.beat(at);
  expect(lag.worstSince(0, 310)).toBe(0);
  lag.beat(2_410); // Two seconds late.
  lag.beat(2_510);
  expect(lag.worstSince(0, 2_510)).toBe(2_000);
  expect(lag.worstSince(2_410, 2_510)).toBe(2_000);
  expect(lag.worstSince(2_411, 2_510)).toBe(0);
});

it('counts a pause that is just ending, whose beat has not come yet', () => {
  const lag = new LagMeter(0);
  lag.beat(100);
  expect(lag.worstSince(50, 5_200)).toBe(5_000);
});

it('forgets', () => {
  const lag = new LagMeter(0);
  lag.beat(3_000);
  for (let at = 3_100; at < 200_000; at += 100) lag.beat(at);
  expect(lag.worstSince(0, 199_900)).toBe(0);
});
