import { expect, it } from 'vitest';
import { parseCpuTimes, parsePressure, pressureBetween, shareBetween } from './node-sampler.ts';

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

it('tells for which share of the time somebody waited for memory', () => {
  const text =
    'some avg10=4.02 avg60=3.26 avg300=1.04 total=265278196\nfull avg10=3.04 avg60=2.59 avg300=0.75 total=10\n';
  expect([parsePressure(text), parsePressure('')]).toEqual([265_278_196, undefined]);
  expect(pressureBetween({ totalUs: 1_000, at: 1_000 }, { totalUs: 251_000, at: 2_000 })).toBe(0.25);
  // The first look has no past; a kernel that does not say has none ever.
  expect(pressureBetween(null, { totalUs: 251_000, at: 2_000 })).toBeNull();
  expect(pressureBetween(null, null)).toBeNull();
});
