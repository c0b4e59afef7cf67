/** `check --on store:DIR`: a real store on a real disk, and nothing of it afterwards. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkTarget } from './consistency.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'own-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('keeps its word, and leaves no folder behind', async () => {
  const verdict = await checkTarget({ on: `store:${dir}`, workload: 'list-append', until: 500, seed: 3 });
  expect(verdict).toMatchObject({ verdict: 'holds', checked: 'strict-serializable', leftovers: [] });
  expect(verdict.stats.ok).toBeGreaterThan(20);
  expect(readdirSync(dir)).toEqual([]);
});

it('says where no folder can be made', async () => {
  const check = checkTarget({ on: `store:${dir}/none`, workload: 'register', until: 500, seed: 3 });
  await expect(check).rejects.toMatchObject({ code: 'HF8053' });
});
