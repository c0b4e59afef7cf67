import { describe, expect, it } from 'vitest';
import type { ResourceSignal } from '../model/signal.ts';
import { saturatingDisk, saturatingNodeMemory, timeToExhaustion } from './saturating.ts';

const LIMIT = 1_000;

function samples(values: readonly number[]): ResourceSignal[] {
  return values.map((memoryBytes, index) => ({
    kind: 'resource',
    instance: 'web-1',
    incarnation: 1,
    at: index * 1_000,
    cpuCores: 0,
    memoryBytes,
    memoryLimitBytes: LIMIT,
    openFiles: 1,
    openFilesLimit: null,
    processes: 1,
    state: 'S',
  }));
}

describe('the time until memory is exhausted', () => {
  it('is what a straight line says', () => {
    expect(timeToExhaustion(samples(Array.from({ length: 20 }, (_, i) => 100 + 20 * i)), LIMIT)).toBeCloseTo(
      26_000,
      -2,
    );
  });

  it('is not guessed from a few samples, a step, a plateau, noise or a shrinking heap', () => {
    expect(timeToExhaustion(samples([500, 600, 700]), LIMIT)).toBeNull();
    expect(timeToExhaustion(samples([...Array(15).fill(300), ...Array(15).fill(700)]), LIMIT)).toBeNull();
    expect(timeToExhaustion(samples([100, 200, 300, 400, 500, ...Array(20).fill(600)]), LIMIT)).toBeNull();
    expect(timeToExhaustion(samples(Array.from({ length: 30 }, (_, i) => 500 + (i % 2) * 200)), LIMIT)).toBeNull();
    expect(timeToExhaustion(samples(Array.from({ length: 30 }, (_, i) => 900 - 10 * i)), LIMIT)).toBeNull();
  });
});

describe('a full disk', () => {
  const node = { kind: 'node', node: 'n1', at: 5, cpuShare: 0, memoryShare: 0, diskFreeBytes: 0, ownLagMs: 0 } as const;

  it('is claimed at 95 %, and stays so until it is well below', () => {
    expect(saturatingDisk({ ...node, diskShare: 0.94 }, false)).toBeNull();
    expect(saturatingDisk({ ...node, diskShare: 0.95 }, false)).toMatchObject({ resource: 'disk' });
    expect(saturatingDisk({ ...node, diskShare: 0.93 }, true)).not.toBeNull();
    expect(saturatingDisk({ ...node, diskShare: 0.91 }, true)).toBeNull();
  });

  it('is not the same as full memory, which is claimed at 97 %', () => {
    const full = { ...node, diskShare: 0.5 };
    expect(saturatingNodeMemory({ ...full, memoryShare: 0.96 }, false)).toBeNull();
    expect(saturatingNodeMemory({ ...full, memoryShare: 0.975 }, false)).toMatchObject({
      resource: 'memory',
      entity: { kind: 'node', name: 'n1' },
    });
    expect(saturatingNodeMemory({ ...full, memoryShare: 0.95 }, true)).not.toBeNull();
    expect(saturatingNodeMemory({ ...full, memoryShare: 0.93 }, true)).toBeNull();
    expect(saturatingDisk(full, false)).toBeNull();
  });
});
