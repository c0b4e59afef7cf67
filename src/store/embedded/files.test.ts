/** What only an engine with files of its own must do: locks, damage, versions, backups, compaction, bounds. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HoldfastError } from '../../model/errors.ts';
import type { KeyValue } from '../contract.ts';
import { campaign } from '../election.ts';
import { type EmbeddedOptions, EmbeddedStore } from './store.ts';

let dir: string;
let opened: EmbeddedStore[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'store-'));
  opened = [];
});

afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedStore> {
  const store = await EmbeddedStore.open({ dir, ...options });
  opened.push(store);
  return store;
}

async function put(store: EmbeddedStore, key: string, value: string, lease: string | null = null): Promise<number> {
  const change = [{ op: 'put', key, value, lease } as const];
  return (await store.txn({ when: [], change, otherwise: [] })).revision;
}

async function content(store: EmbeddedStore): Promise<readonly KeyValue[]> {
  return (await store.list('')).items;
}

const path = (name: string): string => join(dir, name);

describe('one owner', () => {
  it('refuses a second opener, and lets it in when the first has closed', async () => {
    const store = await open();
    await expect(open()).rejects.toMatchObject({ code: 'HF2001', retry: 'later' });
    await put(store, '/still', 'works');
    await store.close();
    expect(await (await open()).get('/still')).not.toBeNull();
  });

  it('keeps its files to its owner', async () => {
    const store = await open();
    await put(store, '/a', '1');
    const names = readdirSync(dir).sort();
    expect(names).toEqual(['store.db', 'store.db-shm', 'store.db-wal', 'store.lock', 'store.mark']);
    for (const name of names) expect([name, statSync(path(name)).mode & 0o077]).toEqual([name, 0]);
  });

  it('refuses everything after close, and ends its watches with an error', async () => {
    const store = await open();
    const waiting = store.watch('/', 1)[Symbol.asyncIterator]().next();
    const closing = expect(waiting).rejects.toMatchObject({ code: 'HF2011' });
    const last = put(store, '/asked', 'before the close');
    await store.close();
    await closing;
    expect(await last).toBe(1);
    const closed = { code: 'HF2011' };
    await expect(store.get('/a')).rejects.toMatchObject(closed);
    await expect(put(store, '/a', '')).rejects.toMatchObject(closed);
    await expect(store.grantLease(1_000)).rejects.toMatchObject(closed);
    await expect(store.tick(1)).rejects.toMatchObject(closed);
  });
});

describe('damage', { timeout: 60_000 }, () => {
  /** A closed store with something in every table. */
  async function filled(): Promise<readonly KeyValue[]> {
    const store = await open();
    const lease = await store.grantLease(60_000);
    for (let n = 0; n < 40; n++) await put(store, `/k/${n % 30}`, `value ${n} `.repeat(20), n % 5 === 0 ? lease : null);
    const items = await content(store);
    await store.close();
    return items;
  }

  /** Opens a copy with this as its store.db (null: without one): what is in it, or the code of the error. */
  async function opening(bytes: Buffer | null): Promise<readonly KeyValue[] | string> {
    const copy = mkdtempSync(join(dir, 'copy-'));
    copyFileSync(path('store.mark'), join(copy, 'store.mark'));
    const file = join(copy, 'store.db');
    if (bytes) writeFileSync(file, bytes);
    try {
      const store = await EmbeddedStore.open({ dir: copy });
      const items = await content(store);
      await store.close();
      return items;
    } catch (error) {
      expect(existsSync(file)).toBe(bytes !== null);
      if (bytes) expect(readFileSync(file).equals(bytes)).toBe(true);
      return (error as HoldfastError).code;
    }
  }

  /** The file after somebody changed it with a tool of his own. */
  function changed(sql: string): Buffer {
    const file = join(mkdtempSync(join(dir, 'changed-')), 'store.db');
    copyFileSync(path('store.db'), file);
    const database = new Database(file);
    database.exec(`${sql}; PRAGMA wal_checkpoint(TRUNCATE)`);
    database.close();
    return readFileSync(file);
  }

  it('is refused, or did not matter: a flipped bit never changes what is read', async () => {
    const items = await filled();
    const bytes = readFileSync(path('store.db'));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (position, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[position] = (flipped[position] as number) ^ (1 << bit);
        const result = await opening(flipped);
        if (typeof result === 'string') refused++;
        expect(typeof result === 'string' ? ['HF2002', 'HF2009'] : [items]).toContainEqual(result);
      }),
      { numRuns: 100 },
    );
    expect(refused).toBeGreaterThan(10);
  });

  it('is refused for garbage, an empty file, another database, a missing file; and nothing is changed', async () => {
    const items = await filled();
    const good = readFileSync(path('store.db'));
    const other = new Database(path('other.db'));
    other.exec('CREATE TABLE something (x)');
    other.close();
    expect(await opening(Buffer.from('not a database '.repeat(500)))).toBe('HF2002');
    expect(await opening(Buffer.alloc(0))).toBe('HF2002');
    expect(await opening(good.subarray(0, good.length >> 1))).toBe('HF2002');
    expect(await opening(readFileSync(path('other.db')))).toBe('HF2002');
    expect(await opening(null)).toBe('HF2002');
    expect(await opening(good)).toEqual(items);
  });

  it('is found when acknowledged changes are missing from the end of the log', async () => {
    const store = await open();
    for (let n = 0; n < 20; n++) await put(store, `/k/${n}`, 'x'.repeat(500));
    // What kill -9 leaves, with the log's last transactions lost.
    const copy = mkdtempSync(join(tmpdir(), 'store-'));
    for (const name of ['store.db', 'store.mark']) copyFileSync(path(name), join(copy, name));
    const log = readFileSync(path('store.db-wal'));
    writeFileSync(join(copy, 'store.db-wal'), log);
    const whole = await EmbeddedStore.open({ dir: copy });
    expect(whole.revision).toBe(20);
    await whole.close();
    for (const name of ['store.db', 'store.mark']) copyFileSync(path(name), join(copy, name));
    writeFileSync(join(copy, 'store.db-wal'), log.subarray(0, log.length - 9_000));
    await expect(EmbeddedStore.open({ dir: copy })).rejects.toMatchObject({ code: 'HF2002' });
    rmSync(copy, { recursive: true });
  });

  it('is found when a row was removed or changed behind its back', async () => {
    const items = await filled();
    for (const sql of [
      "DELETE FROM item WHERE key = '/k/3'",
      "UPDATE item SET value = 'forged' WHERE key = '/k/3'",
      'DELETE FROM lease',
      'DELETE FROM change WHERE revision = 7',
      "UPDATE change SET events = '[]' WHERE revision = 7",
      'UPDATE state SET revision = revision + 1',
      'DROP INDEX item_lease',
    ]) {
      expect([sql, await opening(changed(sql))]).toEqual([sql, 'HF2002']);
    }
    expect(await opening(changed('VACUUM'))).toEqual(items);
  });

  it('of a newer version is left alone', async () => {
    await filled();
    expect(await opening(changed('PRAGMA user_version = 2'))).toBe('HF2009');
  });
});

describe('leases and time', () => {
  it('gives every lease its full time again after a restart', async () => {
    const store = await open();
    await store.tick(0);
    const lease = await store.grantLease(1_000);
    await put(store, '/l', '', lease);
    for (let now = 0; now <= 900; now += 100) await store.tick(now);
    await store.close();
    const again = await open();
    // Another boot, another clock.
    for (let now = 5; now < 1_000; now += 100) await again.tick(now);
    expect(await again.get('/l')).not.toBeNull();
    await again.tick(1_005);
    expect(await again.get('/l')).toBeNull();
  });

  it('renews a lease up to the moment its end is written', async () => {
    const store = await open();
    await store.tick(0);
    const lease = await store.grantLease(100);
    await put(store, '/l', '', lease);
    await store.tick(100);
    const ending = store.tick(200);
    await store.keepAlive(lease);
    await ending;
    expect(await store.get('/l')).not.toBeNull();
  });
});

describe('backup', () => {
  it('is a whole store, made while others write, whose tokens are above all given out before', async () => {
    const store = await open();
    const lease = await store.grantLease(60_000);
    await put(store, '/a', '1');
    await campaign(store, 'boss', lease, '');
    await store.backup(path("it's a copy.db"));
    await expect(store.backup(path("it's a copy.db"))).rejects.toMatchObject({ code: 'HF2003' });
    await store.revokeLease(lease);
    const later = await campaign(store, 'boss', await store.grantLease(60_000), '');
    await store.close();

    const restored = mkdtempSync(join(tmpdir(), 'store-'));
    copyFileSync(path("it's a copy.db"), join(restored, 'store.db'));
    const copy = await EmbeddedStore.open({ dir: restored });
    expect((await copy.get('/a'))?.value).toBe('1');
    await copy.revokeLease(lease);
    const leader = await campaign(copy, 'boss', await copy.grantLease(60_000), '');
    expect(leader.token).toBeGreaterThan(later.token);
    const before = copy.watch('/', 1)[Symbol.asyncIterator]();
    await expect(before.next()).rejects.toMatchObject({ code: 'HF2006' });
    await copy.close();
    await expect(EmbeddedStore.open({ dir: restored }).then((each) => each.close())).resolves.toBeUndefined();
    rmSync(restored, { recursive: true });
  });
});

describe('bounds', { timeout: 60_000 }, () => {
  it('forgets history by number and by size, in order, and watches in time miss nothing', async () => {
    const store = await open({ historyRevisions: 1_000, historyBytes: 300_000 });
    const seen: number[] = [];
    const watching = (async () => {
      for await (const batch of store.watch('/k', 1)) {
        seen.push(batch.revision);
        if (batch.revision === 3_200) return;
      }
    })();
    for (let n = 0; n < 32; n++) {
      const value = 'x'.repeat(n < 16 ? 10 : 1_000);
      await Promise.all(Array.from({ length: 100 }, () => put(store, '/k', value)));
      if (n === 15) expect(store.compacted).toBeLessThan(600 + 1);
    }
    await watching;
    expect(seen).toEqual(Array.from({ length: 3_200 }, (_, n) => n + 1));
    expect(store.revision - store.compacted).toBeLessThan(300);
    await store.close();
    const again = await open();
    expect(again.revision).toBe(3_200);
    expect(again.compacted).toBe(store.compacted);
  });
});
