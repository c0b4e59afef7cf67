/** A store in another process (serve.ts), by the part of the contract that workloads use. */
import { type ErrorBody, HoldfastError } from '../../model/errors.ts';
import type { KeyValue, Page, Store, Transaction, TxnResult } from '../contract.ts';
import type { Ask } from './serve.ts';

export class RemoteStore implements Pick<Store, 'get' | 'list' | 'txn'> {
  readonly #url: string;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/`;
  }

  get(key: string): Promise<KeyValue | null> {
    return this.#ask({ op: 'get', key });
  }

  list(prefix: string): Promise<Page> {
    return this.#ask({ op: 'list', prefix });
  }

  txn(transaction: Transaction): Promise<TxnResult> {
    return this.#ask({ op: 'txn', transaction });
  }

  async #ask<T>(ask: Ask): Promise<T> {
    const response = await fetch(this.#url, { method: 'POST', body: JSON.stringify(ask) });
    const answer = (await response.json()) as { readonly result: T; readonly error?: ErrorBody };
    if (answer.error) throw new HoldfastError(answer.error.code, answer.error.message);
    return answer.result;
  }
}
