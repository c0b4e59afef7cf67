import { expect, it } from 'vitest';
import { ticksPerSec } from './proc.ts';
import { cpuCores, waitShare } from './sampler.ts';

const ticks = (of: Record<string, number>): Map<string, number> =>
  new Map(Object.entries(of).map(([key, seconds]) => [key, seconds * ticksPerSec]));

it('is the use since the last sample, of all processes together', () => {
  const before = { at: 1_000, ticks: ticks({ '1 a': 10, '2 a': 5 }) };
  expect(cpuCores(before, ticks({ '1 a': 10.5, '2 a': 6 }), 2_000)).toBeCloseTo(1.5);
});

it('counts a new process, and loses nothing negative to one that ended', () => {
  const before = { at: 0, ticks: ticks({ '1 a': 10, '2 a': 500 }) };
  expect(cpuCores(before, ticks({ '1 a': 10, '3 a': 1 }), 2_000)).toBeCloseTo(0.5);
  // The same pid with another start is another process.
  expect(cpuCores(before, ticks({ '1 b': 1 }), 1_000)).toBeCloseTo(1);
  expect(cpuCores(before, ticks({ '1 a': 11 }), 0)).toBe(0);
});

it('is the part of the time in which the process that waited longest had no processor', () => {
  const before = {
    at: 1_000,
    waitedMs: new Map([
      [1, 500],
      [2, 0],
    ]),
  };
  expect(
    waitShare(
      before,
      new Map([
        [1, 750],
        [2, 100],
        [3, 9_000],
      ]),
      2_000,
    ),
  ).toBe(0.25);
  expect(waitShare(before, new Map([[1, 500]]), 2_000)).toBe(0);
  expect(waitShare(before, new Map([[1, 900]]), 1_000)).toBe(0);
});
