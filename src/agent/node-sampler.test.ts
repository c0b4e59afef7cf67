import { expect, it } from 'vitest';
import { parseCpuTimes, shareBetween } from './node-sampler.ts';

it('reads the first line of /proc/stat, and takes waiting for idling', () => {
  const text = 'cpu  100 20 30 400 50 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n';
  expect(parseCpuTimes(text)).toEqual({ busy: 171, total: 621 });
  expect(parseCpuTimes('intr 1')).toBeUndefined();
});

it('is a share between two looks', () => {
  expect(shareBetween({ busy: 10, total: 100 }, { busy: 60, total: 200 })).toBe(0.5);
  expect(shareBetween({ busy: 10, total: 100 }, { busy: 10, total: 100 })).toBe(0);
  expect(shareBetween({ busy: 10, total: 100 }, { busy: 5, total: 200 })).toBe(0);
});
