/** Watches: order, wholeness, no gap, and honest about compaction. */
import { describe, expect, it } from 'vitest';
import type { Revision } from '../contract.ts';
import { all, deletion, put, putEvent, putOf, reader, type Subject } from './helpers.ts';

export function watchSuite(under: Subject): void {
  describe('watch', () => {
    it('delivers what was and what comes, in order, each transaction whole', async () => {
      const first = await put(under.store, '/w/a', '1');
      await put(under.store, '/other', 'x');
      const watch = reader(under.store, '/w/', first);
      const both = await under.store.txn(all([putOf('/w/b', '2'), { op: 'delete', key: '/w/a' }, putOf('/else', '')]));
      expect(await watch.take(2)).toEqual([
        { revision: first, events: [putEvent('/w/a', '1', first, first)] },
        {
          revision: both.revision,
          events: [putEvent('/w/b', '2', both.revision, both.revision), deletion('/w/a', both.revision)],
        },
      ]);
      const later = await put(under.store, '/w/b', '3');
      expect(await watch.take(1)).toEqual([{ revision: later, events: [putEvent('/w/b', '3', both.revision, later)] }]);
      await watch.stop();
    });

    it('waits for a revision that is still to come', async () => {
      const now = await put(under.store, '/w', '1');
      const watch = reader(under.store, '/w', now + 2);
      await put(under.store, '/w', '2');
      const wanted = await put(under.store, '/w', '3');
      expect((await watch.take(1)).map((batch) => batch.revision)).toEqual([wanted]);
      await watch.stop();
    });

    it('has no gap and no double under concurrent writers, whatever revision it begins at', async () => {
      const start = await put(under.store, '/w/start', '');
      const early = reader(under.store, '/w/', start + 1);
      const writer = async (n: number): Promise<Revision[]> => {
        const revisions: Revision[] = [];
        for (let i = 0; i < 25; i++) revisions.push(await put(under.store, `/w/${n}`, String(i)));
        return revisions;
      };
      const written = (await Promise.all(Array.from({ length: 8 }, (_, n) => writer(n)))).flat().sort((a, b) => a - b);
      expect(new Set(written).size).toBe(200);
      expect((await early.take(200)).map((batch) => batch.revision)).toEqual(written);
      const middle = written[120] as Revision;
      const late = reader(under.store, '/w/', middle);
      expect((await late.take(80)).map((batch) => batch.revision)).toEqual(written.slice(120));
      await early.stop();
      await late.stop();
    });

    it('resumes over a restart', async () => {
      const first = await put(under.store, '/w/a', '1');
      const second = await put(under.store, '/w/a', '2');
      await under.restart();
      const third = await put(under.store, '/w/a', '3');
      const watch = reader(under.store, '/w/', first + 1);
      expect((await watch.take(2)).map((batch) => batch.revision)).toEqual([second, third]);
      await watch.stop();
    });

    it('fails with HF2006 when its past is compacted', async () => {
      const first = await put(under.store, '/w/a', '1');
      await put(under.store, '/w/a', '2');
      await under.compact(first + 1);
      const third = await put(under.store, '/w/a', '3');
      const watch = under.store.watch('/w/', first)[Symbol.asyncIterator]();
      await expect(watch.next()).rejects.toMatchObject({ code: 'HF2006' });
      const fresh = reader(under.store, '/w/', third);
      expect((await fresh.take(1)).map((batch) => batch.revision)).toEqual([third]);
      await fresh.stop();
    });

    it('ends by its signal, while waiting and before', async () => {
      const aborter = new AbortController();
      const waiting = reader(under.store, '/w/', 1, aborter.signal);
      const pending = waiting.take(1);
      aborter.abort();
      expect(await pending).toEqual([]);
      expect(await reader(under.store, '/w/', 1, aborter.signal).take(1)).toEqual([]);
    });
  });
}
