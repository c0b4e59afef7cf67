/**
 * Holdfast's own store as what is checked: a new one, in a folder made for it on the disk that is asked about and removed
 * afterwards. The store of a running server belongs to that server; an experiment reaches it (`on: store:`).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import { EmbeddedStore } from '../store/embedded/store.ts';
import { type Adapter, OWN_STORE, storeAdapter } from '../workload/index.ts';

/** `use` gets the adapter of a store in a new folder of `folder`. HF8053: there is no such place. */
export async function withOwnStore<T>(folder: string, use: (adapter: Adapter) => Promise<T>): Promise<T> {
  const parent = resolve(folder);
  const dir = newFolder(parent);
  try {
    const store = await EmbeddedStore.open({ dir });
    try {
      return await use(storeAdapter(`${OWN_STORE}${parent}`, async () => store));
    } finally {
      await store.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function newFolder(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'holdfast-check-'));
  } catch (error) {
    throw new HoldfastError('HF8053', `no folder can be made in ${parent}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
