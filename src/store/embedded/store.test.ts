import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformance, type StoreUnderTest } from '../conformance.ts';
import { EmbeddedStore } from './store.ts';

async function underTest(dir: string): Promise<StoreUnderTest> {
  const store = await EmbeddedStore.open({ dir, historyRevisions: 2_000 });
  let now = 1_000_000;
  await store.tick(now);
  return {
    store,
    leaseMs: 1_000,
    pass: async (ms) => {
      for (const end = now + ms; now < end; ) {
        now += 100;
        await store.tick(now);
      }
    },
    restart: async () => {
      await store.close();
      return underTest(dir);
    },
    compact: async (revision) => {
      const put = { op: 'put', key: '/filler', lease: null } as const;
      for (let n = 0; store.compacted < revision; n++) {
        const change = [{ ...put, value: String(n) }];
        await Promise.all(Array.from({ length: 100 }, () => store.txn({ when: [], change, otherwise: [] })));
      }
    },
    dispose: async () => {
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

conformance('embedded', () => underTest(mkdtempSync(join(tmpdir(), 'store-'))));
