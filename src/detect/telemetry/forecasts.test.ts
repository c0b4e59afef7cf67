import { describe, expect, it } from 'vitest';
import type { ResourceSignal } from '../../model/signal.ts';
import { CALL_MS, ForecastWatch } from './forecasts.ts';

const MIB = 1_048_576;

function sample(at: number, memoryBytes: number, incarnation = 1): ResourceSignal {
  return {
    kind: 'resource',
    instance: 'web-1',
    incarnation,
    at,
    cpuCores: 0.1,
    memoryBytes,
    memoryLimitBytes: 1_000 * MIB,
    openFiles: 20,
    openFilesLimit: 1_024,
    processes: 1,
    state: 'S',
  };
}

const disk = (at: number, diskShare: number) =>
  ({
    kind: 'node',
    node: 'n1',
    at,
    cpuShare: 0.1,
    memoryShare: 0.5,
    diskShare,
    diskFreeBytes: 1,
    ownLagMs: 0,
  }) as const;

describe('what runs out', () => {
  it('a leak is claimed hours before its end, as a remark, with its numbers', () => {
    const watch = new ForecastWatch();
    for (let s = 0; s < 3_600; s++) watch.takeInstance('web', sample(s * 1_000, (550 + s / 30) * MIB));
    const [found, ...more] = watch.candidates();
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      looksPerDay: 0,
      claim: {
        kind: 'saturating',
        entity: { kind: 'instance', name: 'web-1', service: 'web' },
        resource: 'memory.forecast',
        standing: 'advisory',
        summary: 'web-1 is running out of memory limit',
      },
    });
    expect(found?.claim.evidence[0]).toMatch(/^67 % used, full in [23]h/);
    expect(found?.claim.figure?.recent.at(-1)).toBeCloseTo(67, 0);
  });

  it('what only wavers is not, and a new life begins anew', () => {
    const watch = new ForecastWatch();
    for (let s = 0; s < 3_600; s++) watch.takeInstance('web', sample(s * 1_000, (700 + 50 * Math.sin(s / 60)) * MIB));
    expect(watch.candidates()).toEqual([]);
    for (let s = 3_600; s < 7_200; s++) watch.takeInstance('web', sample(s * 1_000, (s / 9) * MIB));
    expect(watch.candidates()).toHaveLength(1);
    watch.takeInstance('web', sample(7_300_000, 100 * MIB, 2));
    expect(watch.candidates()).toEqual([]);
  });

  it('a disk that is full within two hours calls a human, one that is full tomorrow is remarked upon', () => {
    const filling = (perHour: number): ForecastWatch => {
      const watch = new ForecastWatch();
      for (let s = 0; s < 3_600; s += 5) watch.takeNode(disk(s * 1_000, 0.65 + (perHour * s) / 3_600));
      return watch;
    };
    expect(filling(0.2).candidates()[0]?.claim).toMatchObject({ resource: 'disk.forecast', standing: 'alone' });
    const slowly = filling(0.06).candidates()[0]?.claim;
    expect(slowly === undefined || slowly.standing === 'advisory').toBe(true);
    expect(CALL_MS).toBe(7_200_000);
  });
});
