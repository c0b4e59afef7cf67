/**
 * How long a disk takes to keep what it is given: a byte written and synced now and then in the directory of state, as
 * the store does all the time. A disk that is slow or overloaded shows nowhere else for programs that wait for it: they
 * neither run nor want to.
 *
 * In a file without a name, so that nothing is left of it; one try at a time, so that a disk that does not answer holds
 * one thread and no more.
 */
import { closeSync, fdatasync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Ms } from '../model/time.ts';

/** More often sees a slow disk sooner, and makes it work more. */
const EVERY_MS: Ms = 2_000;

export class DiskProbe {
  readonly #now: () => Ms;
  #fd: number | null;
  #begunAt: Ms | null = null;
  #triedAt: Ms = Number.NEGATIVE_INFINITY;
  #lastMs: Ms | null = null;
  #closed = false;

  constructor(dir: string, now: () => Ms = () => performance.now()) {
    this.#now = now;
    this.#fd = nameless(dir);
  }

  /** What the last try took, or what the present one has taken already when that is more; null: none has ended. Whole ms. */
  look(): Ms | null {
    const now = this.#now();
    if (this.#begunAt === null && now - this.#triedAt >= EVERY_MS) this.#begin(now);
    const waits = this.#begunAt === null ? 0 : now - this.#begunAt;
    if (this.#lastMs === null && waits === 0) return null;
    return Math.round(Math.max(waits, this.#lastMs ?? 0));
  }

  close(): void {
    this.#closed = true;
    if (this.#begunAt === null) this.#release();
  }

  #begin(now: Ms): void {
    const fd = this.#fd;
    if (fd === null) return;
    this.#triedAt = now;
    try {
      writeSync(fd, 'x', 0);
    } catch {
      // Full, or broken: that is told otherwise, and says nothing of how slow it is.
      return;
    }
    this.#begunAt = now;
    fdatasync(fd, (error) => {
      if (error === null) this.#lastMs = this.#now() - now;
      this.#begunAt = null;
      if (this.#closed) this.#release();
    });
  }

  #release(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

/** Null where nothing can be written: then there is nothing to be said of it. */
function nameless(dir: string): number | null {
  const path = join(dir, `.disk-probe-${process.pid}`);
  try {
    const fd = openSync(path, 'w', 0o600);
    unlinkSync(path);
    return fd;
  } catch {
    return null;
  }
}
