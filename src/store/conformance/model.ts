/** Random transactions against the plainest implementation of the contract. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Compare, KeyValue, Operation, Revision, Transaction, WatchBatch, WatchEvent } from '../contract.ts';
import { clear, reader, type Subject } from './helpers.ts';

export function modelSuite(under: Subject): void {
  describe('against a model', () => {
    it('agrees on every result, the state, and what a watch saw', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(transactions, { minLength: 1, maxLength: 30 }), async (script) => {
          await clear(under.store);
          const start = (await under.store.list('')).revision;
          const model = new Model(start);
          for (const transaction of script) {
            expect(await under.store.txn(transaction)).toEqual(model.txn(transaction));
          }
          expect((await under.store.list('/m/')).items).toEqual(model.items());
          const watch = reader(under.store, '/m/', start + 1);
          expect(await watch.take(model.batches.length)).toEqual(model.batches);
          await watch.stop();
        }),
        { numRuns: 60 },
      );
    });

    it('agrees on the order that the revisions tell when everything is asked at once', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(transactions, { minLength: 2, maxLength: 30 }), async (script) => {
          await clear(under.store);
          const start = (await under.store.list('')).revision;
          await Promise.all(script.map((transaction) => under.store.txn(transaction)));
          const { items, revision } = await under.store.list('/m/');
          const replay = new Map<string, KeyValue>();
          const watch = reader(under.store, '/m/', start + 1);
          const batches = await watch.take(revision - start);
          await watch.stop();
          for (const [index, batch] of batches.entries()) {
            expect(batch.revision).toBe(start + 1 + index);
            for (const event of batch.events) {
              if (event.type === 'put') replay.set(event.item.key, event.item);
              else replay.delete(event.key);
            }
          }
          expect([...replay.values()].sort(byKey)).toEqual(items);
        }),
        { numRuns: 40 },
      );
    });
  });
}

const keys = fc.constantFrom('/m/a', '/m/b', '/m/c');
const values = fc.constantFrom('0', '1', '2');
const compares: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({ key: keys, is: fc.constant('absent' as const) }),
  fc.record({ key: keys, is: fc.constant('present' as const) }),
  fc.record({ key: keys, is: fc.constant('value' as const), value: values }),
);
const operations: fc.Arbitrary<Operation[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({ op: fc.constant('put' as const), key: keys, value: values, lease: fc.constant(null) }),
    fc.record({ op: fc.constant('delete' as const), key: keys }),
  ),
  { selector: (operation) => operation.key, maxLength: 3 },
);
const transactions: fc.Arbitrary<Transaction> = fc.record({
  when: fc.array(compares, { maxLength: 2 }),
  change: operations,
  otherwise: operations,
});

/** What the contract says, in the plainest way. */
class Model {
  readonly batches: WatchBatch[] = [];
  readonly #items = new Map<string, KeyValue>();
  #revision: Revision;

  constructor(revision: Revision) {
    this.#revision = revision;
  }

  txn(transaction: Transaction): { succeeded: boolean; revision: Revision } {
    const succeeded = transaction.when.every((compare) => {
      const item = this.#items.get(compare.key);
      if (compare.is === 'value') return item?.value === compare.value;
      return compare.is === 'absent' ? item === undefined : item !== undefined;
    });
    const revision = this.#revision + 1;
    const events: WatchEvent[] = [];
    for (const operation of succeeded ? transaction.change : transaction.otherwise) {
      const old = this.#items.get(operation.key);
      if (operation.op === 'put') {
        const { key, value } = operation;
        const item = {
          key,
          value,
          createRevision: old?.createRevision ?? revision,
          modRevision: revision,
          lease: null,
        };
        this.#items.set(key, item);
        events.push({ type: 'put', item });
      } else if (old) {
        this.#items.delete(operation.key);
        events.push({ type: 'delete', key: operation.key, revision });
      }
    }
    if (events.length > 0) {
      this.#revision = revision;
      this.batches.push({ revision, events });
    }
    return { succeeded, revision: this.#revision };
  }

  items(): KeyValue[] {
    return [...this.#items.values()].sort(byKey);
  }
}

function byKey(a: KeyValue, b: KeyValue): number {
  return a.key < b.key ? -1 : 1;
}
