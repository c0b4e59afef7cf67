/**
 * The store on one machine: one file, one process, durable before it answers. SQLite (libsql) keeps the bytes safe;
 * revisions, history, leases and watches are ours, so that they mean the same here as with etcd and the others.
 *
 * Leases need to be told the time: call `tick(now)` at least every 250 ms.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'libsql';
import { HoldfastError } from '../../model/errors.ts';
import type { Ms } from '../../model/time.ts';
import type {
  Compare,
  KeyValue,
  LeaseId,
  ListOptions,
  Operation,
  Page,
  Revision,
  Store,
  Transaction,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from '../contract.ts';
import { acquireLock, type Lock } from '../lock.ts';
import { MarkFile, readMark } from '../mark.ts';
import { checkFromRevision, checkKey, checkLease, checkLimit, checkPrefix, checkTransaction } from '../requests.ts';
import { syncDir } from '../sync-dir.ts';
import { copyDatabase, corrupt, createDatabase, openDatabase, type State } from './database.ts';
import { storeError } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import { Leases } from './leases.ts';
import { type Change, Tables } from './tables.ts';
import { Watch } from './watch.ts';

export interface EmbeddedOptions {
  /** The state directory; the files are store.db (with -wal and -shm), store.mark and store.lock. */
  readonly dir: string;
  /**
   * Changes kept for watches to resume from. Default 10,000. More: a reader may be away longer before it must list
   * again (HF2006); fewer: a smaller file.
   */
  readonly historyRevisions?: number;
  /** The same in bytes of changes. Default 64 MiB. Whichever is reached first counts. */
  readonly historyBytes?: number;
  /**
   * Most time one tick may take off the leases. Default 1s: four times the longest regular gap between ticks. Larger:
   * after a stop of this process leases end sooner; smaller: they end late when ticks are rare.
   */
  readonly maxTickMs?: Ms;
}

interface Mark {
  readonly revision: Revision;
}

/** History is compacted in steps of this many changes, so that no single commit pays for all of it. */
const COMPACT_STEP = 1_000;
/** Latest changes that watches read without asking SQLite: at most twice so many, of so many bytes. */
const RECENT_CHANGES = 1_024;
const RECENT_BYTES = 4_194_304;
/** How far a backup's revision leaps: more changes than are made between backing up and restoring. */
const BACKUP_LEAP = 1_000_000_000;

export class EmbeddedStore implements Store {
  readonly #lock: Lock;
  readonly #database: Database.Database;
  readonly #mark: MarkFile<Mark>;
  readonly #tables: Tables;
  readonly #commits: GroupCommit;
  readonly #leases: Leases;
  readonly #historyRevisions: number;
  readonly #historyBytes: number;
  readonly #wakes = new Set<() => void>();
  #usedBytes: number;
  /** Durable: what readers may see. */
  #state: State;
  #recent: Change[] = [];
  #recentBytes = 0;
  /** Of the group that is being committed. */
  #fresh: Change[] = [];
  #undo: (() => void)[] = [];
  #closed: HoldfastError | undefined;

  private constructor(options: EmbeddedOptions, lock: Lock, database: Database.Database, state: State) {
    const path = join(options.dir, 'store.db');
    this.#lock = lock;
    this.#database = database;
    this.#state = state;
    this.#mark = openMark(join(options.dir, 'store.mark'), options.dir, state.revision);
    this.#tables = new Tables(database, path, state);
    this.#usedBytes = this.#tables.historyBytes();
    this.#historyRevisions = options.historyRevisions ?? 10_000;
    this.#historyBytes = options.historyBytes ?? 67_108_864;
    this.#leases = new Leases(options.maxTickMs ?? 1_000);
    for (const [id, ttlMs] of this.#tables.leases()) this.#leases.grant(id, ttlMs);
    this.#commits = new GroupCommit(database, {
      begin: () => this.#begin(),
      beforeCommit: () => this.#beforeCommit(),
      afterCommit: () => this.#afterCommit(),
    });
  }

  /**
   * Opens or creates. HF2001: another process has it; HF2002: it is damaged, and nothing was changed; HF2009: a newer
   * version wrote it; HF2003: the directory cannot be used; HF2004: there is not even room to open it.
   */
  static async open(options: EmbeddedOptions): Promise<EmbeddedStore> {
    let lock: Lock | undefined;
    try {
      mkdirSync(options.dir, { recursive: true, mode: 0o700 });
      lock = acquireLock(join(options.dir, 'store.lock'), `state directory ${options.dir}`);
      const { database, state } = openChecked(options.dir);
      return new EmbeddedStore(options, lock, database, state);
    } catch (error) {
      lock?.release();
      throw storeError(error, `opening the store in ${options.dir}`);
    }
  }

  get revision(): Revision {
    return this.#state.revision;
  }

  /** Changes up to this revision are forgotten. */
  get compacted(): Revision {
    return this.#state.compacted;
  }

  async get(key: string): Promise<KeyValue | null> {
    checkKey(key);
    return this.#read(() => this.#tables.get(key));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    checkPrefix(prefix);
    const limit = checkLimit(options.limit);
    if (options.cursor !== undefined) checkKey(options.cursor);
    const items = this.#read(() => this.#tables.list(prefix, options.cursor ?? '', limit + 1));
    const more = items.length > limit;
    if (more) items.pop();
    return { items, cursor: more ? items.at(-1)?.key : undefined, revision: this.#state.revision };
  }

  async txn(transaction: Transaction): Promise<TxnResult> {
    checkTransaction(transaction);
    return this.#commits.run(() => {
      const succeeded = transaction.when.every((compare) => this.#holds(compare));
      this.#apply(succeeded ? transaction.change : transaction.otherwise);
      return { succeeded, revision: this.#tables.state.revision };
    });
  }

  watch(prefix: string, fromRevision: Revision, options: WatchOptions = {}): AsyncIterable<WatchBatch> {
    checkPrefix(prefix);
    checkFromRevision(fromRevision);
    const store = this;
    const history = {
      get revision() {
        return store.#state.revision;
      },
      get compacted() {
        return store.#state.compacted;
      },
      get ended() {
        return store.#closed;
      },
      changes: (from: Revision, limit: number) => this.#changes(from, limit),
      onNext: (wake: () => void) => {
        this.#wakes.add(wake);
        return () => this.#wakes.delete(wake);
      },
    };
    return new Watch(history, prefix, fromRevision, options.signal);
  }

  async grantLease(ttlMs: Ms): Promise<LeaseId> {
    checkLease(ttlMs);
    const id = randomBytes(8).toString('hex');
    return this.#commits.run(() => {
      this.#tables.addLease(id, ttlMs);
      this.#leases.grant(id, ttlMs);
      this.#undo.push(() => this.#leases.end(id));
      return id;
    });
  }

  async keepAlive(lease: LeaseId): Promise<void> {
    if (this.#closed) throw this.#closed;
    if (!this.#leases.keepAlive(lease)) throw noLease(lease);
  }

  async revokeLease(lease: LeaseId): Promise<void> {
    await this.#commits.run(() => {
      if (!this.#leases.has(lease)) throw noLease(lease);
      this.#endLease(lease);
    });
  }

  /**
   * Tells the store what time it is; resolves when the leases that are over have ended, durably. Rejects with HF2004
   * when the disk is full: they then end at a later tick.
   */
  async tick(now: Ms): Promise<void> {
    if (this.#closed) throw this.#closed;
    const over = this.#leases.advance(now);
    await Promise.all(
      over.map((lease) =>
        this.#commits.run(() => {
          // It may have been renewed, or revoked, since.
          if (this.#leases.isOver(lease)) this.#endLease(lease);
        }),
      ),
    );
  }

  /**
   * Writes a complete, consistent copy to a new file, while the store goes on. The copy's revision leaps ahead and its
   * history is empty, so that fencing tokens given out after a restore are above all that were given out before it.
   */
  async backup(path: string): Promise<void> {
    if (this.#closed) throw this.#closed;
    try {
      copyDatabase(this.#database, path, BACKUP_LEAP);
    } catch (error) {
      throw storeError(error, `backing up to ${path}`);
    }
  }

  /** Finishes what was asked for, ends all watches (HF2011), lets go of the directory. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const closed = new HoldfastError('HF2011', 'the store was closed');
    this.#commits.end(closed);
    this.#closed = closed;
    this.#wakeAll();
    this.#mark.close();
    try {
      // One tidy file for whoever copies the directory now. When it cannot be, the log stays and is read at opening.
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.#database.close();
      this.#lock.release();
    }
  }

  #read<T>(from: () => T): T {
    if (this.#closed) throw this.#closed;
    try {
      return from();
    } catch (error) {
      throw storeError(error, 'reading the store');
    }
  }

  #holds(compare: Compare): boolean {
    const item = this.#tables.get(compare.key);
    switch (compare.is) {
      case 'absent':
        return item === null;
      case 'present':
        return item !== null;
      case 'value':
        return item?.value === compare.value;
      case 'modified-at':
        return item?.modRevision === compare.revision;
      case 'created-at':
        return item?.createRevision === compare.revision;
    }
  }

  #apply(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (operation.op === 'put' && operation.lease !== null && !this.#leases.has(operation.lease)) {
        throw noLease(operation.lease);
      }
    }
    const change = this.#tables.apply(operations);
    if (change) this.#fresh.push(change);
  }

  #endLease(lease: LeaseId): void {
    const ttlMs = this.#leases.ttlOf(lease);
    if (ttlMs === undefined) return;
    this.#apply(this.#tables.keysOf(lease).map((key) => ({ op: 'delete', key })));
    this.#tables.dropLease(lease, ttlMs);
    this.#leases.end(lease);
    this.#undo.push(() => this.#leases.grant(lease, ttlMs));
  }

  #begin(): () => void {
    this.#fresh = [];
    this.#undo = [];
    const { state } = this.#tables;
    const usedBytes = this.#usedBytes;
    return () => {
      this.#tables.state = state;
      this.#usedBytes = usedBytes;
      for (const undo of this.#undo.reverse()) undo();
    };
  }

  #beforeCommit(): void {
    for (const change of this.#fresh) this.#usedBytes += change.bytes;
    const { revision, compacted } = this.#tables.state;
    const keepFrom = revision - this.#historyRevisions;
    if (keepFrom - compacted >= COMPACT_STEP) this.#usedBytes -= this.#tables.compact(keepFrom, COMPACT_STEP * 2);
    while (this.#usedBytes > this.#historyBytes && this.#tables.state.compacted < revision - 1) {
      this.#usedBytes -= this.#tables.compact(revision - 1, 64);
    }
    if (this.#tables.state !== this.#state) this.#tables.saveState();
  }

  #afterCommit(): void {
    this.#state = this.#tables.state;
    if (this.#fresh.length === 0) return;
    this.#mark.write({ revision: this.#state.revision });
    this.#remember();
    this.#wakeAll();
  }

  #remember(): void {
    for (const change of this.#fresh) {
      this.#recent.push(change);
      this.#recentBytes += change.bytes;
    }
    if (this.#recent.length <= RECENT_CHANGES * 2 && this.#recentBytes <= RECENT_BYTES * 2) return;
    let keep = 0;
    let bytes = 0;
    while (keep < RECENT_CHANGES && bytes <= RECENT_BYTES && keep < this.#recent.length) {
      bytes += this.#recent.at(-1 - keep)?.bytes ?? 0;
      keep++;
    }
    this.#recent = this.#recent.slice(-keep);
    this.#recentBytes = bytes;
  }

  #changes(from: Revision, limit: number): readonly WatchBatch[] {
    const first = this.#recent[0]?.batch.revision;
    if (first !== undefined && from >= first) {
      return this.#recent.slice(from - first, from - first + limit).map((change) => change.batch);
    }
    return this.#read(() => this.#tables.changes(from, limit));
  }

  #wakeAll(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}

function openChecked(dir: string): { readonly database: Database.Database; readonly state: State } {
  const path = join(dir, 'store.db');
  const mark = readMark<Mark>(join(dir, 'store.mark'));
  if (mark === null) throw corrupt(join(dir, 'store.mark'), 'no part of it can be read');
  if (!existsSync(path)) {
    if (mark || existsSync(`${path}-wal`)) throw corrupt(path, 'it is missing, but its companions are there');
    createDatabase(path);
  }
  const opened = openDatabase(path);
  const acknowledged = mark?.revision ?? 0;
  if (opened.state.revision < acknowledged) {
    opened.database.close();
    const why = `it is at revision ${opened.state.revision}, but revision ${acknowledged} was acknowledged`;
    throw corrupt(path, why);
  }
  return opened;
}

function openMark(path: string, dir: string, revision: Revision): MarkFile<Mark> {
  if (existsSync(path)) return MarkFile.open(path);
  const mark = MarkFile.create<Mark>(path, { revision });
  syncDir(dir);
  return mark;
}

function noLease(lease: LeaseId): HoldfastError {
  return new HoldfastError('HF2007', `there is no lease ${lease}`);
}
