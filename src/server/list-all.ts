/** All of a folder of the store, page by page: what is loaded once, at the start of the server. */
import type { Store } from '../store/contract.ts';

/** Key without the prefix → value, in the order of keys. */
export async function listAll(store: Store, prefix: string): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const page = await store.list(prefix, cursor === undefined ? {} : { cursor });
    for (const { key, value } of page.items) known.set(key.slice(prefix.length), value);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return known;
}
