/** Secrets in the store, under /secrets/: one key per value. */
import type { Operation, Store } from '../store/contract.ts';
import { listAll } from './list-all.ts';
import type { SecretVault } from './secrets.ts';

const PREFIX = '/secrets/';
/** Operations of one transaction, as the store allows. */
const BATCH = 128;

export class StoreVault implements SecretVault {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  load(): Promise<ReadonlyMap<string, string>> {
    return listAll(this.#store, PREFIX);
  }

  async save(entries: ReadonlyMap<string, string>): Promise<void> {
    const puts = [...entries].map(
      ([id, value]): Operation => ({ op: 'put', key: `${PREFIX}${id}`, value, lease: null }),
    );
    for (let from = 0; from < puts.length; from += BATCH) {
      await this.#store.txn({ when: [], change: puts.slice(from, from + BATCH), otherwise: [] });
    }
  }
}
