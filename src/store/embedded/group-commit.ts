/**
 * Many small transactions, one fsync. Jobs that arrive in the same turn of the event loop run one after the other in
 * one SQLite transaction, and each caller hears of its result only after that is durable. A lone writer does not
 * wait for company.
 *
 * A job either changes rows and succeeds, or throws a HoldfastError before it changed any. Whatever else goes wrong
 * (no room, a failing disk) rolls all of them back; then each is tried alone, so that one that is too large for the
 * space left does not fail the others.
 */
import { HoldfastError } from '../../model/errors.ts';
import { isDiskFailure, storeError } from './errors.ts';

/**
 * Most jobs in one commit. More: higher throughput under load; fewer: shorter pauses of the event loop (the commit
 * runs on it; 256 small transactions take about 6 ms).
 */
const MAX_GROUP = 256;

/** What it needs of a database connection. */
export interface Connection {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
}

interface Job {
  run(): () => void;
  reject(error: HoldfastError): void;
}

export interface GroupHooks {
  /** Before a group: what to call to put everything in memory back. */
  begin(): () => void;
  /** Inside the transaction, after the last job. */
  beforeCommit(): void;
  /** It is durable. Called before any caller hears of it. */
  afterCommit(): void;
}

export class GroupCommit {
  readonly #database: Connection;
  readonly #hooks: GroupHooks;
  #queue: Job[] = [];
  #scheduled = false;
  #failure: HoldfastError | undefined;

  constructor(database: Connection, hooks: GroupHooks) {
    this.#database = database;
    this.#hooks = hooks;
  }

  get failure(): HoldfastError | undefined {
    return this.#failure;
  }

  run<T>(job: () => T): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const run = (): (() => void) => {
        try {
          const result = job();
          return () => resolve(result);
        } catch (error) {
          if (error instanceof HoldfastError && error.code !== 'HF2002') return () => reject(error);
          throw error;
        }
      };
      this.#queue.push({ run, reject });
      this.#schedule();
    });
  }

  /** Runs what is queued now, then refuses everything with this error. */
  end(error: HoldfastError): void {
    while (this.#queue.length > 0 && !this.#failure) this.#runGroup();
    this.#failure ??= error;
    for (const job of this.#queue.splice(0)) job.reject(this.#failure);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#runGroup();
      if (this.#queue.length > 0) this.#schedule();
    });
  }

  #runGroup(): void {
    const group = this.#queue.splice(0, MAX_GROUP);
    // `end` has run them already; a closed database must not even be asked.
    if (group.length === 0) return;
    const error = this.#attempt(group);
    if (!error) return;
    if (group.length === 1 || this.#failure) {
      for (const job of group) job.reject(error);
      return;
    }
    for (const job of group) {
      const alone = this.#failure ?? this.#attempt([job]);
      if (alone) job.reject(alone);
    }
  }

  /** All of them or none; the error when none. */
  #attempt(group: readonly Job[]): HoldfastError | undefined {
    const restore = this.#hooks.begin();
    const replies: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const job of group) replies.push(job.run());
      this.#hooks.beforeCommit();
      this.#database.exec('COMMIT');
    } catch (error) {
      restore();
      return this.#rollBack(error);
    }
    this.#hooks.afterCommit();
    for (const reply of replies) reply();
    return undefined;
  }

  #rollBack(error: unknown): HoldfastError {
    const failure = storeError(error, 'writing the store');
    try {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
    } catch (rollback) {
      this.#failure = new HoldfastError('HF2014', `writing the store: ${failure.message}`, { cause: rollback });
    }
    // After a failed fsync the page cache may claim what the disk does not have: only a restart reads the truth.
    if (isDiskFailure(error)) this.#failure = failure;
    return this.#failure ?? failure;
  }
}
