/**
 * An embedded store in a process of its own, to be killed: get, list and txn over HTTP on a port of 127.0.0.1.
 *
 *   node serve.js DIR PORT
 *
 * The other end is remote.ts. An answer is sent when the store's promise has resolved, so what was acknowledged is
 * what the store acknowledged.
 */
import { createServer } from 'node:http';
import { asHoldfastError } from '../../model/errors.ts';
import type { Transaction } from '../contract.ts';
import { EmbeddedStore } from '../embedded/store.ts';

export type Ask =
  | { readonly op: 'get'; readonly key: string }
  | { readonly op: 'list'; readonly prefix: string }
  | { readonly op: 'txn'; readonly transaction: Transaction };

const [dir = '', port = '0'] = process.argv.slice(2);
const store = await EmbeddedStore.open({ dir });

function act(ask: Ask): Promise<unknown> {
  if (ask.op === 'get') return store.get(ask.key);
  return ask.op === 'list' ? store.list(ask.prefix) : store.txn(ask.transaction);
}

createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    act(JSON.parse(body) as Ask).then(
      (result) => response.end(JSON.stringify({ result })),
      (error: unknown) => response.end(JSON.stringify({ error: asHoldfastError(error) })),
    );
  });
}).listen(Number(port), '127.0.0.1');
