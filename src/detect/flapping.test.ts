import { describe, expect, it } from 'vitest';
import type { InstanceFacts } from './claim.ts';
import { CLEAR_MS, flapping } from './flapping.ts';

function found(drops: readonly number[], now: number, open = false): string[] | null {
  const instance = { id: 'api-3', service: 'api' };
  const finding = flapping.find({ instance, record: { drops }, now, isOpen: () => open } as unknown as InstanceFacts);
  return finding !== null && typeof finding === 'object' ? [...finding.evidence] : null;
}

describe('flapping', () => {
  it('is three mishaps in a minute', () => {
    expect(found([0, 20_000], 20_000)).toBeNull();
    expect(found([0, 20_000, 40_000], 40_000)).toEqual(['3 times in 40s']);
    expect(found([0, 29_000, 58_000, 87_000], 87_000)).toEqual(['3 times in 58s']);
  });

  it('is over after a quiet time, and begins at nothing after that', () => {
    const loop = [0, 1_000, 3_000];
    expect(found(loop, 3_000 + CLEAR_MS - 1, true)).not.toBeNull();
    expect(found(loop, 3_000 + CLEAR_MS, true)).toBeNull();
    expect(found([...loop, 40_000], 40_000)).toBeNull();
    expect(found([...loop, 40_000, 41_000, 42_000], 42_000)).toEqual(['3 times in 2s']);
  });
});
