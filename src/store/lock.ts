/**
 * One owner for a directory. The lock is the operating system's own (the byte-range lock that SQLite takes), so it
 * is gone the moment its owner is, even by kill -9 or power loss: there is no stale lock to judge or to remove. It
 * stands on a file of its own, because POSIX drops a process's lock when *any* handle of that file is closed.
 */
import { closeSync, openSync } from 'node:fs';
import Database from 'libsql';
import { HoldfastError } from '../model/errors.ts';
import { isBusy, storeError } from './embedded/errors.ts';

export interface Lock {
  release(): void;
}

/** Takes the lock or throws HF2001; never waits. `what` names what is locked in the error. */
export function acquireLock(path: string, what: string): Lock {
  let database: Database.Database;
  try {
    // SQLite would create it readable by all.
    closeSync(openSync(path, 'a', 0o600));
    database = new Database(path);
    // No statement is ever prepared on this connection: closing it then really closes the file.
    database.exec('PRAGMA journal_mode = MEMORY');
  } catch (error) {
    throw isBusy(error) ? inUse(what) : storeError(error, `locking ${what}`);
  }
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw isBusy(error) ? inUse(what) : storeError(error, `locking ${what}`);
  }
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      database.exec('ROLLBACK');
      database.close();
    },
  };
}

function inUse(what: string): HoldfastError {
  return new HoldfastError('HF2001', `${what} is in use by another process`);
}
