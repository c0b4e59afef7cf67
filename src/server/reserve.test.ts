import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DiskReserve } from './reserve.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-reserve-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('DiskReserve', () => {
  it('holds real room and gives it back once', () => {
    const reserve = new DiskReserve(dir, 1_500_000);
    expect(reserve.restore()).toBe(true);
    const { size, blocks } = statSync(join(dir, 'reserve'));
    expect(size).toBe(1_500_000);
    expect(blocks * 512).toBeGreaterThanOrEqual(1_500_000);
    expect(reserve.release()).toBe(true);
    expect(reserve.release()).toBe(false);
    expect(reserve.restore()).toBe(true);
  });

  it('completes half a reserve', () => {
    writeFileSync(join(dir, 'reserve'), 'half');
    expect(new DiskReserve(dir, 1_000_000).restore()).toBe(true);
    expect(statSync(join(dir, 'reserve')).size).toBe(1_000_000);
  });

  it('is not taken from a disk that has little room', () => {
    expect(new DiskReserve(dir, 1e17).restore()).toBe(false);
    expect(statSync(join(dir, 'reserve'), { throwIfNoEntry: false })).toBeUndefined();
  });
});
