/** What receivers of notices are owed and were told, in the store, under /notify/. */
import type { Ledger } from '../notify/contract.ts';
import type { Store } from '../store/contract.ts';

const PREFIX = '/notify/';

export class StoreLedger implements Ledger {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<ReadonlyMap<string, string>> {
    const known = new Map<string, string>();
    let cursor: string | undefined;
    do {
      const page = await this.#store.list(PREFIX, cursor === undefined ? {} : { cursor });
      for (const { key, value } of page.items) known.set(key.slice(PREFIX.length), value);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return known;
  }

  async save(key: string, value: string | null): Promise<void> {
    const at = `${PREFIX}${key}`;
    const change =
      value === null ? { op: 'delete' as const, key: at } : { op: 'put' as const, key: at, value, lease: null };
    await this.#store.txn({ when: [], change: [change], otherwise: [] });
  }
}
