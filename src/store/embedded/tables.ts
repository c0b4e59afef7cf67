/**
 * Reading and changing the store's rows, inside whatever SQLite transaction is open, with checksums kept. Holds the
 * state that belongs to the rows (revision, digest) so that a rolled-back transaction can put it back as it was.
 */
import { crc32 } from 'node:zlib';
import type Database from 'libsql';
import type { KeyValue, LeaseId, Operation, Revision, WatchBatch, WatchEvent } from '../contract.ts';
import {
  addToDigest,
  type Bytes,
  corrupt,
  decodeItem,
  type ItemRow,
  itemSum,
  leaseSum,
  READ_CHANGE,
  READ_ITEM,
  READ_KEY,
  READ_LEASE,
  READ_SUM,
  type State,
  takeFromDigest,
  text,
} from './database.ts';

/** Above every key: keys are ASCII. */
const AFTER_ALL_KEYS = '\u{10ffff}';

/** One revision's changes, and the bytes that they take in history. */
export interface Change {
  readonly batch: WatchBatch;
  readonly bytes: number;
}

export class Tables {
  readonly #path: string;
  readonly #statements: ReturnType<typeof prepare>;
  state: State;

  constructor(database: Database.Database, path: string, state: State) {
    this.#path = path;
    this.#statements = prepare(database);
    this.state = state;
  }

  get(key: string): KeyValue | null {
    const row = this.#statements.get.get(key) as ItemRow | undefined;
    return row ? this.#item(row) : null;
  }

  list(prefix: string, after: string, limit: number): KeyValue[] {
    const rows = this.#statements.list.all(prefix, after, prefix + AFTER_ALL_KEYS, limit) as ItemRow[];
    return rows.map((row) => this.#item(row));
  }

  keysOf(lease: LeaseId): string[] {
    return (this.#statements.keysOf.all(lease) as [Bytes][]).map(([key]) => text(key));
  }

  leases(): [id: LeaseId, ttlMs: number][] {
    const rows = this.#statements.leases.all() as [Bytes, number, number][];
    return rows.map(([id, ttlMs]) => [text(id), ttlMs]);
  }

  /** Makes these changes at one new revision; null when there was nothing to change. */
  apply(operations: readonly Operation[]): Change | null {
    const revision = this.state.revision + 1;
    const events: WatchEvent[] = [];
    for (const operation of operations) {
      const event = operation.op === 'put' ? this.#put(operation, revision) : this.#delete(operation.key, revision);
      if (event) events.push(event);
    }
    if (events.length === 0) return null;
    const json = JSON.stringify(events);
    this.#statements.addChange.run(revision, json, crc32(json));
    this.state = { ...this.state, revision };
    return { batch: { revision, events }, bytes: Buffer.byteLength(json) };
  }

  addLease(id: LeaseId, ttlMs: number): void {
    const sum = leaseSum(id, ttlMs);
    this.#statements.addLease.run(id, ttlMs, sum);
    this.state = { ...this.state, digest: addToDigest(this.state.digest, sum) };
  }

  dropLease(id: LeaseId, ttlMs: number): void {
    this.#statements.dropLease.run(id);
    this.state = { ...this.state, digest: takeFromDigest(this.state.digest, leaseSum(id, ttlMs)) };
  }

  /** Last in every SQLite transaction: what the rows now add up to. */
  saveState(): void {
    this.#statements.saveState.run(this.state.revision, this.state.compacted, this.state.digest);
  }

  /** Changes from a revision on, oldest first. */
  changes(from: Revision, limit: number): WatchBatch[] {
    const rows = this.#statements.changes.all(from, limit) as [Revision, Bytes, number][];
    return rows.map(([revision, bytes, sum]) => {
      const events = text(bytes);
      if (crc32(events) !== sum)
        throw corrupt(this.#path, `the change of revision ${revision} does not fit its checksum`);
      return { revision, events: JSON.parse(events) as WatchEvent[] };
    });
  }

  historyBytes(): number {
    const row = this.#statements.historyBytes.get() as [number | null];
    return row[0] ?? 0;
  }

  /** Forgets the oldest changes, at most `limit` of them and none after `upTo`; returns the bytes they held. */
  compact(upTo: Revision, limit: number): number {
    const last = Math.min(upTo, this.state.compacted + limit);
    const row = this.#statements.bytesUpTo.get(last) as [number | null];
    this.#statements.dropChanges.run(last);
    this.state = { ...this.state, compacted: last };
    return row[0] ?? 0;
  }

  #put(operation: Extract<Operation, { op: 'put' }>, revision: Revision): WatchEvent {
    const { key, value, lease } = operation;
    const old = this.#statements.sumOf.get(key) as [created: Revision, sum: number] | undefined;
    const createRevision = old?.[0] ?? revision;
    const sum = itemSum(key, value, createRevision, revision, lease);
    this.#statements.put.run(key, value, createRevision, revision, lease, sum);
    const digest = addToDigest(old ? takeFromDigest(this.state.digest, old[1]) : this.state.digest, sum);
    this.state = { ...this.state, digest };
    return { type: 'put', item: { key, value, createRevision, modRevision: revision, lease } };
  }

  #delete(key: string, revision: Revision): WatchEvent | null {
    const old = this.#statements.sumOf.get(key) as [created: Revision, sum: number] | undefined;
    if (!old) return null;
    this.#statements.drop.run(key);
    this.state = { ...this.state, digest: takeFromDigest(this.state.digest, old[1]) };
    return { type: 'delete', key, revision };
  }

  #item(row: ItemRow): KeyValue {
    const item = decodeItem(row);
    if (!item) throw corrupt(this.#path, `the row of key ${JSON.stringify(text(row[0]))} does not fit its checksum`);
    return item;
  }
}

function prepare(database: Database.Database) {
  const rows = (sql: string) => database.prepare(sql).raw();
  return {
    get: rows(`SELECT ${READ_ITEM} FROM item WHERE key = ?`),
    list: rows(`SELECT ${READ_ITEM} FROM item WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?`),
    sumOf: rows(`SELECT ${READ_SUM} FROM item WHERE key = ?`),
    put: database.prepare(
      `INSERT INTO item (key, value, created, modified, lease, sum) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET` +
        ' value = excluded.value, modified = excluded.modified, lease = excluded.lease, sum = excluded.sum',
    ),
    drop: database.prepare('DELETE FROM item WHERE key = ?'),
    keysOf: rows(`SELECT ${READ_KEY} FROM item WHERE lease = ? ORDER BY key`),
    leases: rows(`SELECT ${READ_LEASE} FROM lease`),
    addLease: database.prepare('INSERT INTO lease (id, ttl, sum) VALUES (?, ?, ?)'),
    dropLease: database.prepare('DELETE FROM lease WHERE id = ?'),
    addChange: database.prepare('INSERT INTO change (revision, events, sum) VALUES (?, ?, ?)'),
    changes: rows(`SELECT ${READ_CHANGE} FROM change WHERE revision >= ? ORDER BY revision LIMIT ?`),
    historyBytes: rows('SELECT sum(length(CAST(events AS BLOB))) FROM change'),
    bytesUpTo: rows('SELECT sum(length(CAST(events AS BLOB))) FROM change WHERE revision <= ?'),
    dropChanges: database.prepare('DELETE FROM change WHERE revision <= ?'),
    saveState: database.prepare('UPDATE state SET revision = ?, compacted = ?, digest = ?'),
  };
}
