/** What receivers of notices are owed and were told, in the store, under /notify/. */
import type { Ledger } from '../notify/contract.ts';
import type { Store } from '../store/contract.ts';
import { listAll } from './list-all.ts';

const PREFIX = '/notify/';

export class StoreLedger implements Ledger {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  load(): Promise<ReadonlyMap<string, string>> {
    return listAll(this.#store, PREFIX);
  }

  async save(key: string, value: string | null): Promise<void> {
    const at = `${PREFIX}${key}`;
    const change =
      value === null ? { op: 'delete' as const, key: at } : { op: 'put' as const, key: at, value, lease: null };
    await this.#store.txn({ when: [], change: [change], otherwise: [] });
  }
}
