/** Leases, and what is built on them: elections and fencing. */
import { describe, expect, it } from 'vitest';
import type { Revision } from '../contract.ts';
import { campaign, electionKey, guarded, guardedPut, leaderOf, observe, resign } from '../election.ts';
import { absent, all, deletion, present, put, putOf, reader, type Subject } from './helpers.ts';

export function leaseSuite(under: Subject): void {
  describe('leases', () => {
    it('lets its keys vanish together, as one event, when it is not renewed', async () => {
      const lease = await under.store.grantLease(under.leaseMs);
      const { revision } = await under.store.txn(
        all([putOf('/l/a', '1', lease), putOf('/l/b', '2', lease), putOf('/l/c', '3')]),
      );
      expect((await under.store.get('/l/a'))?.lease).toBe(lease);
      const watch = reader(under.store, '/l/', revision + 1);
      await under.pass(under.leaseMs * 3);
      const [gone] = await watch.take(1);
      const at = gone?.revision as Revision;
      expect(gone?.events).toEqual([deletion('/l/a', at), deletion('/l/b', at)]);
      expect((await under.store.list('/l/')).items.map((item) => item.key)).toEqual(['/l/c']);
      await expect(under.store.keepAlive(lease)).rejects.toMatchObject({ code: 'HF2007' });
      await watch.stop();
    });

    it('lives while it is renewed', async () => {
      const lease = await under.store.grantLease(under.leaseMs);
      await put(under.store, '/l/a', '1', lease);
      for (let n = 0; n < 8; n++) {
        await under.pass(under.leaseMs / 2);
        await under.store.keepAlive(lease);
      }
      expect(await under.store.get('/l/a')).not.toBeNull();
    });

    it('ends at once when it is revoked, and then is no lease any more', async () => {
      const lease = await under.store.grantLease(60_000);
      await put(under.store, '/l/a', '1', lease);
      await under.store.revokeLease(lease);
      expect(await under.store.get('/l/a')).toBeNull();
      const gone = { code: 'HF2007' };
      await expect(under.store.revokeLease(lease)).rejects.toMatchObject(gone);
      await expect(under.store.keepAlive(lease)).rejects.toMatchObject(gone);
      await expect(under.store.txn(all([putOf('/x', ''), putOf('/l/b', '', lease)]))).rejects.toMatchObject(gone);
      expect(await under.store.get('/x')).toBeNull();
    });

    it('holds a key only as long as the last put says so', async () => {
      const [one, two] = [await under.store.grantLease(60_000), await under.store.grantLease(60_000)];
      await put(under.store, '/l/a', '1', one);
      await put(under.store, '/l/a', '2', two);
      await put(under.store, '/l/b', '1', one);
      await put(under.store, '/l/b', '2');
      await under.store.revokeLease(one);
      expect((await under.store.list('/l/')).items.map((item) => item.key)).toEqual(['/l/a', '/l/b']);
      await under.store.revokeLease(two);
      expect((await under.store.list('/l/')).items.map((item) => item.key)).toEqual(['/l/b']);
    });

    it('survives a restart, and still ends', async () => {
      const lease = await under.store.grantLease(under.leaseMs);
      await put(under.store, '/l/a', '1', lease);
      await under.restart();
      await under.store.keepAlive(lease);
      expect(await under.store.get('/l/a')).not.toBeNull();
      await under.pass(under.leaseMs * 3);
      expect(await under.store.get('/l/a')).toBeNull();
    });
  });

  describe('elections', () => {
    it('has one leader at a time, with tokens that only grow, over resignations and restarts', async () => {
      const tokens: number[] = [];
      for (let round = 0; round < 6; round++) {
        const lease = await under.store.grantLease(60_000);
        const leader = await campaign(under.store, 'boss', lease, `round ${round}`);
        expect(await leaderOf(under.store, 'boss')).toEqual(leader);
        tokens.push(leader.token);
        if (round % 3 === 0) await resign(under.store, leader);
        else await under.store.revokeLease(lease);
        if (round % 2 === 0) await under.restart();
      }
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
      expect(await leaderOf(under.store, 'boss')).toBeNull();
    });

    it('lets the next one lead when the lease of the first ends', async () => {
      const first = await campaign(under.store, 'boss', await under.store.grantLease(under.leaseMs), 'first');
      const lease = await under.store.grantLease(600_000);
      const waiting = campaign(under.store, 'boss', lease, 'second');
      await under.pass(under.leaseMs * 3);
      const second = await waiting;
      expect(second.token).toBeGreaterThan(first.token);
      expect((await leaderOf(under.store, 'boss'))?.value).toBe('second');
    });

    it('never has two among many who campaign and resign at once', async () => {
      let leading = 0;
      const seen: number[] = [];
      const candidate = async (n: number): Promise<void> => {
        const lease = await under.store.grantLease(600_000);
        const leader = await campaign(under.store, 'boss', lease, String(n));
        expect(++leading).toBe(1);
        seen.push(leader.token);
        await guardedPut(under.store, leader, '/led', String(n));
        leading--;
        await resign(under.store, leader);
      };
      await Promise.all(Array.from({ length: 10 }, (_, n) => candidate(n)));
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(new Set(seen).size).toBe(10);
    });

    it('stops waiting by its signal, and gives the same lease the same leadership', async () => {
      const lease = await under.store.grantLease(600_000);
      const leader = await campaign(under.store, 'boss', lease, 'one');
      expect(await campaign(under.store, 'boss', lease, 'again')).toEqual(leader);
      const aborter = new AbortController();
      const waiting = campaign(under.store, 'boss', await under.store.grantLease(600_000), 'two', {
        signal: aborter.signal,
      });
      aborter.abort();
      await expect(waiting).rejects.toThrow(/abort/i);
      expect(await leaderOf(under.store, 'boss')).toEqual(leader);
    });

    it('shows who leads, now and after', async () => {
      const one = await campaign(under.store, 'boss', await under.store.grantLease(600_000), 'one');
      const seen = observe(under.store, 'boss');
      expect((await seen.next()).value).toEqual(one);
      await resign(under.store, one);
      expect((await seen.next()).value).toBeNull();
      const two = await campaign(under.store, 'boss', await under.store.grantLease(600_000), 'two');
      expect((await seen.next()).value).toEqual(two);
      await seen.return(null);
    });
  });

  describe('fencing', () => {
    it('refuses every write of a leader that was replaced, resigned or ran out', async () => {
      const fenced = { code: 'HF2012' };
      const lease = await under.store.grantLease(600_000);
      const old = await campaign(under.store, 'boss', lease, 'old');
      await guardedPut(under.store, old, '/guarded', 'by old');
      await under.store.revokeLease(lease);
      await expect(guardedPut(under.store, old, '/guarded', 'late')).rejects.toMatchObject(fenced);
      const current = await campaign(under.store, 'boss', await under.store.grantLease(600_000), 'new');
      await guardedPut(under.store, current, '/guarded', 'by new');
      await expect(guardedPut(under.store, old, '/guarded', 'too late')).rejects.toMatchObject(fenced);
      await resign(under.store, old);
      expect(await leaderOf(under.store, 'boss')).toEqual(current);
      await resign(under.store, current);
      await expect(guardedPut(under.store, current, '/guarded', 'resigned')).rejects.toMatchObject(fenced);
      expect((await under.store.get('/guarded'))?.value).toBe('by new');
    });

    it('tells a failed comparison from a lost leadership', async () => {
      const leader = await campaign(under.store, 'boss', await under.store.grantLease(600_000), 'me');
      const change = [putOf('/guarded', 'x')];
      expect((await guarded(under.store, leader, { when: [present('/none')], change })).succeeded).toBe(false);
      expect((await guarded(under.store, leader, { when: [absent('/none')], change })).succeeded).toBe(true);
    });

    it('keeps elections apart', async () => {
      const a = await campaign(under.store, 'a', await under.store.grantLease(600_000), '');
      const ab = await campaign(under.store, 'ab', await under.store.grantLease(600_000), '');
      await resign(under.store, ab);
      await guardedPut(under.store, a, '/guarded', 'a');
      expect((await under.store.get(electionKey('a')))?.createRevision).toBe(a.token);
    });
  });
}
