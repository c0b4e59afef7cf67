/**
 * Room put by for a full disk. Nothing acts before the journal is durable, so a full disk would stop every repair just
 * when something is wrong; giving this file back lets the journal go on for a while.
 */
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Default 16 MiB: two journal segments, thousands of decisions. Larger lasts longer and is taken from everybody. */
export const RESERVE_BYTES = 16 * 1024 * 1024;
/** The reserve is only taken when this many times its size is free: it must not fill the disk itself. */
const MARGIN = 4;

export class DiskReserve {
  readonly #file: string;
  readonly #bytes: number;

  constructor(stateDir: string, bytes: number = RESERVE_BYTES) {
    this.#file = join(stateDir, 'reserve');
    this.#bytes = bytes;
  }

  /** True when there was something to give back. */
  release(): boolean {
    const there = statSync(this.#file, { throwIfNoEntry: false }) !== undefined;
    rmSync(this.#file, { force: true });
    return there;
  }

  /** Takes the room (again) when it is not held and there is plenty. True while it is held. */
  restore(): boolean {
    if (statSync(this.#file, { throwIfNoEntry: false })?.size === this.#bytes) return true;
    try {
      const { bavail, bsize } = statfsSync(join(this.#file, '..'));
      if (bavail * bsize < this.#bytes * MARGIN) return false;
      this.#fill();
      return true;
    } catch {
      // No room after all, or a file system that cannot tell: half a reserve is none.
      this.release();
      return false;
    }
  }

  /** Written in full, because a sparse file holds no room. */
  #fill(): void {
    const fd = openSync(this.#file, 'w', 0o600);
    try {
      const chunk = Buffer.alloc(1024 * 1024, 0x2e);
      for (let left = this.#bytes; left > 0; left -= chunk.length)
        writeSync(fd, chunk, 0, Math.min(left, chunk.length));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}
