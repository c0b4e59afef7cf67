/** Keys, values, transactions and their limits. */
import { describe, expect, it } from 'vitest';
import { type Compare, type KeyValue, LIMITS } from '../contract.ts';
import { absent, all, present, put, putOf, remove, type Subject } from './helpers.ts';

export function dataSuite(under: Subject): void {
  describe('keys and values', () => {
    it('gives back what was put, with the revisions of its life', async () => {
      expect(await under.store.get('/a')).toBeNull();
      const first = await put(under.store, '/a', 'one');
      const second = await put(under.store, '/a', 'two');
      expect(second).toBeGreaterThan(first);
      const item = { key: '/a', value: 'two', createRevision: first, modRevision: second, lease: null };
      expect(await under.store.get('/a')).toEqual(item);
      await remove(under.store, '/a');
      expect(await under.store.get('/a')).toBeNull();
      const again = await put(under.store, '/a', 'three');
      expect((await under.store.get('/a'))?.createRevision).toBe(again);
    });

    it('keeps any text: empty, quotes, emoji, a megabyte', async () => {
      for (const value of ['', '"\\\n\t', '🦊 naïve 例', 'x'.repeat(LIMITS.valueBytes)]) {
        await put(under.store, '/text', value);
        expect((await under.store.get('/text'))?.value).toBe(value);
      }
    });

    it('lists a prefix in order, in pages, and says what it is a snapshot of', async () => {
      const keys = Array.from({ length: 25 }, (_, n) => `/p/${String(n).padStart(2, '0')}`);
      for (const key of [...keys].reverse()) await put(under.store, key, key);
      const last = await put(under.store, '/q', 'not of it');
      const found: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await under.store.list('/p/', cursor === undefined ? { limit: 10 } : { limit: 10, cursor });
        expect(page.revision).toBeGreaterThanOrEqual(last);
        found.push(...page.items.map((item) => item.key));
        cursor = page.cursor;
        pages++;
      } while (cursor !== undefined);
      expect(found).toEqual(keys);
      expect(pages).toBe(3);
      expect((await under.store.list('/p/0')).items).toHaveLength(10);
      expect((await under.store.list('')).items).toHaveLength(26);
      expect((await under.store.list('/none')).items).toEqual([]);
    });

    it('orders keys by bytes', async () => {
      const keys = ['/a', '/a-b', '/a.b', '/a/b', '/a0', '/aB', '/aa', '/a~'];
      for (const key of [...keys].reverse()) await put(under.store, key, '');
      expect((await under.store.list('/a')).items.map((item) => item.key)).toEqual(keys);
    });
  });

  describe('transactions', () => {
    it('changes several keys at one revision, or none', async () => {
      const { revision } = await under.store.txn(all([putOf('/a', '1'), putOf('/b', '2')]));
      expect((await under.store.get('/a'))?.modRevision).toBe(revision);
      expect((await under.store.get('/b'))?.modRevision).toBe(revision);
      const refused = await under.store.txn({
        when: [{ key: '/a', is: 'value', value: '1' }, absent('/b')],
        change: [putOf('/a', 'x'), { op: 'delete', key: '/b' }],
        otherwise: [],
      });
      expect(refused.succeeded).toBe(false);
      expect((await under.store.get('/a'))?.value).toBe('1');
      expect((await under.store.get('/b'))?.value).toBe('2');
    });

    it('does the other thing when a comparison fails', async () => {
      const result = await under.store.txn({
        when: [present('/a')],
        change: [putOf('/a', 'x')],
        otherwise: [putOf('/b', 'y')],
      });
      expect(result.succeeded).toBe(false);
      expect(await under.store.get('/a')).toBeNull();
      expect(await under.store.get('/b')).toMatchObject({ value: 'y', modRevision: result.revision });
    });

    it('compares every way, and only with the state before', async () => {
      const created = await put(under.store, '/k', 'v1');
      const modified = await put(under.store, '/k', 'v2');
      const cases: [Compare, boolean][] = [
        [absent('/k'), false],
        [absent('/none'), true],
        [present('/k'), true],
        [present('/none'), false],
        [{ key: '/k', is: 'value', value: 'v2' }, true],
        [{ key: '/k', is: 'value', value: 'v1' }, false],
        [{ key: '/none', is: 'value', value: '' }, false],
        [{ key: '/k', is: 'modified-at', revision: modified }, true],
        [{ key: '/k', is: 'modified-at', revision: created }, false],
        [{ key: '/none', is: 'modified-at', revision: modified }, false],
        [{ key: '/k', is: 'created-at', revision: created }, true],
        [{ key: '/k', is: 'created-at', revision: modified }, false],
      ];
      for (const [compare, holds] of cases) {
        const { succeeded } = await under.store.txn({ when: [compare], change: [], otherwise: [] });
        expect([compare, succeeded]).toEqual([compare, holds]);
      }
      const swapped = await under.store.txn({ when: [absent('/new')], change: [putOf('/new', '1')], otherwise: [] });
      expect(swapped.succeeded).toBe(true);
    });

    it('makes no revision when it changes nothing', async () => {
      const before = await put(under.store, '/a', '1');
      await remove(under.store, '/none');
      await under.store.txn(all([]));
      expect(await put(under.store, '/a', '2')).toBe(before + 1);
    });

    it('lets exactly one of many racers win, every time', async () => {
      for (let round = 0; round < 5; round++) {
        const racers = Array.from({ length: 20 }, (_, n) =>
          under.store.txn({
            when: [absent(`/race/${round}`)],
            change: [putOf(`/race/${round}`, String(n))],
            otherwise: [],
          }),
        );
        const results = await Promise.all(racers);
        expect(results.filter((result) => result.succeeded)).toHaveLength(1);
        const winner = results.findIndex((result) => result.succeeded);
        expect((await under.store.get(`/race/${round}`))?.value).toBe(String(winner));
      }
    });

    it('loses no increment of concurrent compare-and-swap loops', async () => {
      await put(under.store, '/count', '0');
      const increment = async (): Promise<void> => {
        for (;;) {
          const item = (await under.store.get('/count')) as KeyValue;
          const { succeeded } = await under.store.txn({
            when: [{ key: '/count', is: 'modified-at', revision: item.modRevision }],
            change: [putOf('/count', String(Number(item.value) + 1))],
            otherwise: [],
          });
          if (succeeded) return;
        }
      };
      const worker = async (): Promise<void> => {
        for (let n = 0; n < 10; n++) await increment();
      };
      await Promise.all(Array.from({ length: 8 }, worker));
      expect((await under.store.get('/count'))?.value).toBe('80');
    });

    it('keeps an invariant over two keys under concurrent transfers', async () => {
      await under.store.txn(all([putOf('/from', '100'), putOf('/to', '0')]));
      const transfer = async (): Promise<void> => {
        for (;;) {
          const [from, to] = (await Promise.all([under.store.get('/from'), under.store.get('/to')])) as [
            KeyValue,
            KeyValue,
          ];
          const { succeeded } = await under.store.txn({
            when: [from, to].map((item) => ({ key: item.key, is: 'modified-at', revision: item.modRevision })),
            change: [putOf('/from', String(Number(from.value) - 1)), putOf('/to', String(Number(to.value) + 1))],
            otherwise: [],
          });
          if (succeeded) return;
        }
      };
      await Promise.all(Array.from({ length: 20 }, transfer));
      expect([(await under.store.get('/from'))?.value, (await under.store.get('/to'))?.value]).toEqual(['80', '20']);
    });
  });

  describe('limits', () => {
    const refused = { code: 'HF2013' };

    it('refuses what is no key', async () => {
      const bad = [
        '',
        'a',
        '/',
        '/a/',
        '//a',
        '/a//b',
        '/a b',
        '/ä',
        '/a\n',
        '/a/../b',
        '/.',
        `/${'x'.repeat(LIMITS.keyBytes)}`,
      ];
      for (const key of bad) {
        await expect(under.store.get(key), key).rejects.toMatchObject(refused);
        await expect(put(under.store, key, ''), key).rejects.toMatchObject(refused);
      }
      await put(under.store, `/${'x'.repeat(LIMITS.keyBytes - 1)}`, 'the longest key');
    });

    it('refuses what is too large, and changes nothing', async () => {
      const many = Array.from({ length: LIMITS.operations + 1 }, (_, n) => putOf(`/many/${n}`, ''));
      await expect(put(under.store, '/big', 'x'.repeat(LIMITS.valueBytes + 1))).rejects.toMatchObject(refused);
      await expect(put(under.store, '/big', 'ä'.repeat(LIMITS.valueBytes / 2 + 1))).rejects.toMatchObject(refused);
      await expect(under.store.txn(all(many))).rejects.toMatchObject(refused);
      await expect(
        under.store.txn({ when: many.map(({ key }) => absent(key)), change: [], otherwise: [] }),
      ).rejects.toMatchObject(refused);
      const halves = [putOf('/half/1', 'x'.repeat(700_000)), putOf('/half/2', 'x'.repeat(700_000))];
      await expect(under.store.txn(all(halves))).rejects.toMatchObject(refused);
      expect((await under.store.list('')).items).toEqual([]);
      await under.store.txn(all(many.slice(1)));
      expect((await under.store.list('/many/')).items).toHaveLength(LIMITS.operations);
    });

    it('refuses what has no one meaning', async () => {
      await expect(under.store.txn(all([putOf('/a', '1'), putOf('/a', '2')]))).rejects.toMatchObject(refused);
      await expect(put(under.store, '/a', '\ud800')).rejects.toMatchObject(refused);
      await expect(under.store.list('a')).rejects.toMatchObject(refused);
      await expect(under.store.list('/', { limit: 0 })).rejects.toMatchObject(refused);
      await expect(under.store.grantLease(LIMITS.minLeaseMs - 1)).rejects.toMatchObject(refused);
      await expect(under.store.grantLease(Number.NaN)).rejects.toMatchObject(refused);
      expect(() => under.store.watch('/', 0)).toThrow(expect.objectContaining(refused));
    });
  });
}
