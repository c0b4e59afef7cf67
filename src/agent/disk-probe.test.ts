import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { DiskProbe } from './disk-probe.ts';

const dir = mkdtempSync(join(tmpdir(), 'hf-probe-'));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('tells how long a small write took to be kept, and leaves nothing', async () => {
  const probe = new DiskProbe(dir);
  expect(readdirSync(dir)).toEqual([]);
  probe.look();
  await vi.waitFor(() => expect(probe.look()).not.toBeNull());
  expect(probe.look()).toBeGreaterThanOrEqual(0);
  probe.close();
});

it('says nothing where nothing can be written', () => {
  const probe = new DiskProbe(join(dir, 'nowhere'));
  expect(probe.look()).toBeNull();
  probe.close();
});

it('counts a try that has not ended yet', () => {
  let now = 10_000;
  const probe = new DiskProbe(tmpdir(), () => now);
  expect(probe.look()).toBeNull();
  // Its answer cannot come before this turn of the loop is over.
  now += 700;
  expect(probe.look()).toBe(700);
  probe.close();
});
