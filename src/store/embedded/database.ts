/**
 * The file under the embedded store: its tables, how it is created, and how it is checked before anything trusts it.
 *
 * SQLite's own check finds broken structure, not a changed value. So every row carries a checksum, the sum of all
 * checksums is kept with the revision (a row that is missing or old is found), and a mark beside the file tells the
 * revision that was acknowledged (a log that lost its end is found). Whatever fails is refused, never repaired here.
 */
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import Database from 'libsql';
import { HoldfastError } from '../../model/errors.ts';
import type { KeyValue, LeaseId, Revision } from '../contract.ts';
import { syncDir } from '../sync-dir.ts';
import { isDamage } from './errors.ts';

/** "HFst" */
const APPLICATION_ID = 0x48467374;
const SCHEMA_VERSION = 1;

/** Written once each exactly like this; compared with the file's own text at every opening. */
const TABLES = {
  change: 'CREATE TABLE change (revision INTEGER PRIMARY KEY, events TEXT NOT NULL, sum INTEGER NOT NULL)',
  item:
    'CREATE TABLE item (key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, created INTEGER NOT NULL,' +
    ' modified INTEGER NOT NULL, lease TEXT, sum INTEGER NOT NULL)',
  item_lease: 'CREATE INDEX item_lease ON item (lease) WHERE lease IS NOT NULL',
  lease: 'CREATE TABLE lease (id TEXT NOT NULL UNIQUE, ttl REAL NOT NULL, sum INTEGER NOT NULL)',
  state:
    'CREATE TABLE state (one INTEGER PRIMARY KEY, revision INTEGER NOT NULL, compacted INTEGER NOT NULL,' +
    ' digest INTEGER NOT NULL)',
} as const;

/** The sum of all rows' checksums modulo 2^48: changes with every row, and is cheap to keep. */
const DIGEST_MODULUS = 2 ** 48;
const CHECK_PAGE = 256;

export interface State {
  readonly revision: Revision;
  /** Changes up to this revision are no longer known. */
  readonly compacted: Revision;
  readonly digest: number;
}

/**
 * The native driver aborts the whole process on text that is not UTF-8, and a damaged file may hold that anywhere, in
 * columns of numbers too. So no column is read as what the file says it is: text as bytes, decoded here, and numbers
 * by a cast. What comes out of damage is then some other value, and the checksum tells.
 */
export type Bytes = Buffer | null;

export type ItemRow = [key: Bytes, value: Bytes, created: Revision, modified: Revision, lease: Bytes, sum: number];

const whole = (column: string): string => `CAST(${column} AS INTEGER)`;
const bytes = (column: string): string => `CAST(${column} AS BLOB)`;

export const READ_KEY = bytes('key');
export const READ_ITEM = [
  READ_KEY,
  bytes('value'),
  whole('created'),
  whole('modified'),
  bytes('lease'),
  whole('sum'),
].join();
export const READ_SUM = [whole('created'), whole('sum')].join();
export const READ_CHANGE = ['revision', bytes('events'), whole('sum')].join();
export const READ_LEASE = [bytes('id'), 'CAST(ttl AS REAL)', whole('sum')].join();
const READ_STATE = [whole('revision'), whole('compacted'), whole('digest')].join();

export function text(raw: Bytes): string {
  return raw === null ? '' : Buffer.from(raw).toString('utf8');
}

/** Undefined when the row is not what was written. */
export function decodeItem([key, value, created, modified, lease, sum]: ItemRow): KeyValue | undefined {
  const item = {
    key: text(key),
    value: text(value),
    createRevision: created,
    modRevision: modified,
    lease: lease === null ? null : text(lease),
  };
  return itemSum(item.key, item.value, created, modified, item.lease) === sum ? item : undefined;
}

export function itemSum(key: string, value: string, created: number, modified: number, lease: string | null): number {
  // Keys and values hold no NUL, so different rows are different text.
  return crc32(value, crc32(`${key}\0${created}\0${modified}\0${lease ?? ''}\0`));
}

export function leaseSum(id: LeaseId, ttlMs: number): number {
  return crc32(`${id}\0${ttlMs}`);
}

export function addToDigest(digest: number, sum: number): number {
  return (digest + sum) % DIGEST_MODULUS;
}

export function takeFromDigest(digest: number, sum: number): number {
  return (digest - sum + DIGEST_MODULUS) % DIGEST_MODULUS;
}

/** Created whole beside its place and then renamed there: a store file is complete or absent, never half. */
export function createDatabase(path: string): void {
  const draft = `${path}.new`;
  for (const rest of ['', '-journal', '-wal', '-shm']) rmSync(draft + rest, { force: true });
  closeSync(openSync(draft, 'wx', 0o600));
  const database = new Database(draft);
  try {
    database.exec('PRAGMA synchronous = FULL');
    const statements = [
      'BEGIN',
      `PRAGMA application_id = ${APPLICATION_ID}`,
      `PRAGMA user_version = ${SCHEMA_VERSION}`,
      ...Object.values(TABLES),
      'INSERT INTO state VALUES (1, 0, 0, 0)',
      'COMMIT',
    ];
    database.exec(statements.join(';\n'));
  } finally {
    database.close();
  }
  renameSync(draft, path);
  syncDir(dirname(path));
}

/** Opens a file that exists and checks all of it. */
export function openDatabase(path: string): { readonly database: Database.Database; readonly state: State } {
  if (statSync(path).size === 0) throw corrupt(path, 'it is empty');
  chmodSync(path, 0o600);
  syncLog(`${path}-wal`);
  const database = new Database(path);
  try {
    checkIdentity(database, path);
    database.exec('PRAGMA journal_mode = WAL');
    // FULL: a commit returns after its fsync. The file is ours alone (store.lock), so readers never wait.
    database.exec('PRAGMA synchronous = FULL');
    checkStructure(database, path);
    return { database, state: checkContent(database, path) };
  } catch (error) {
    database.close();
    throw isDamage(error) ? corrupt(path, error instanceof Error ? error.message : String(error)) : error;
  }
}

/**
 * A process that was killed between writing its last commit and syncing it leaves a commit that we are about to show
 * to readers: it must not be lost by a power failure after that.
 */
function syncLog(path: string): void {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function corrupt(path: string, why: string): HoldfastError {
  return new HoldfastError('HF2002', `${path} is damaged: ${why}`);
}

/** A copy that can stand in for the original, complete and durable, at a path where nothing is yet. */
export function copyDatabase(database: Database.Database, target: string, leap: number): void {
  if (existsSync(target)) throw new HoldfastError('HF2003', `${target} exists already; a backup never overwrites`);
  closeSync(openSync(target, 'wx', 0o600));
  database.exec(`VACUUM INTO '${target.replaceAll("'", "''")}'`);
  const copy = new Database(target);
  try {
    copy.exec('PRAGMA synchronous = FULL');
    copy.exec(
      `BEGIN; UPDATE state SET revision = revision + ${leap}, compacted = revision + ${leap}; DELETE FROM change; COMMIT`,
    );
  } finally {
    copy.close();
  }
  syncDir(dirname(target));
}

function checkIdentity(database: Database.Database, path: string): void {
  const application = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  if (application !== APPLICATION_ID) throw corrupt(path, 'it is not a store of Holdfast');
  if (typeof version === 'number' && version > SCHEMA_VERSION) {
    throw new HoldfastError('HF2009', `${path} has schema ${version}; this version knows ${SCHEMA_VERSION}`);
  }
  if (version !== SCHEMA_VERSION) throw corrupt(path, `its schema version is ${version}`);
}

function checkStructure(database: Database.Database, path: string): void {
  const result = pragma(database, 'integrity_check(1)');
  if (result !== 'ok') throw corrupt(path, String(result));
  const rows = database
    .prepare('SELECT CAST(name AS BLOB), CAST(sql AS BLOB) FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name')
    .raw()
    .all() as [Bytes, Bytes][];
  const found = JSON.stringify(rows.map(([name, sql]) => [text(name), text(sql)]));
  if (found !== JSON.stringify(Object.entries(TABLES))) throw corrupt(path, 'its tables are not those of a store');
}

function checkContent(database: Database.Database, path: string): State {
  const rows = database.prepare(`SELECT ${READ_STATE} FROM state`).raw().all() as number[][];
  const [revision, compacted, digest] = rows[0] ?? [];
  if (rows.length !== 1 || revision === undefined || compacted === undefined || digest === undefined) {
    throw corrupt(path, 'its revision is missing');
  }
  const found = addToDigest(checkItems(database, path, revision), checkLeases(database, path));
  if (found !== digest) throw corrupt(path, 'rows are missing or old: the sum of all checksums does not fit');
  checkChanges(database, path, compacted, revision);
  return { revision, compacted, digest };
}

function checkItems(database: Database.Database, path: string, revision: Revision): number {
  const page = database.prepare(`SELECT ${READ_ITEM} FROM item WHERE key > ? ORDER BY key LIMIT ${CHECK_PAGE}`).raw();
  let digest = 0;
  for (let after = ''; ; ) {
    const rows = page.all(after) as ItemRow[];
    if (rows.length === 0) return digest;
    for (const row of rows) {
      const item = decodeItem(row);
      if (!item || item.modRevision > revision || item.key <= after) {
        throw corrupt(path, `the row of key ${JSON.stringify(text(row[0]))} does not fit its checksum`);
      }
      digest = addToDigest(digest, row[5]);
      after = item.key;
    }
  }
}

function checkLeases(database: Database.Database, path: string): number {
  let digest = 0;
  const rows = database.prepare(`SELECT ${READ_LEASE} FROM lease`).raw().all() as [Bytes, number, number][];
  for (const [id, ttl, sum] of rows) {
    if (leaseSum(text(id), ttl) !== sum) throw corrupt(path, `the row of lease ${text(id)} does not fit its checksum`);
    digest = addToDigest(digest, sum);
  }
  return digest;
}

/** History must be there for every revision after the compacted one: a watch would skip the gap. */
function checkChanges(database: Database.Database, path: string, compacted: Revision, revision: Revision): void {
  const page = database
    .prepare(`SELECT ${READ_CHANGE} FROM change WHERE revision > ? ORDER BY revision LIMIT ${CHECK_PAGE}`)
    .raw();
  for (let at = compacted; at < revision; ) {
    const rows = page.all(at) as [number, Bytes, number][];
    if (rows.length === 0) throw corrupt(path, `the change of revision ${at + 1} is missing`);
    for (const [found, events, sum] of rows) {
      if (found !== at + 1) throw corrupt(path, `the change of revision ${at + 1} is missing`);
      if (crc32(text(events)) !== sum) throw corrupt(path, `the change of revision ${found} does not fit its checksum`);
      at = found;
    }
    if (at > revision) throw corrupt(path, `it holds changes after its revision ${revision}`);
  }
}

function pragma(database: Database.Database, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).raw().get();
  return Array.isArray(row) ? row[0] : undefined;
}
