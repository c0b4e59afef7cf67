/**
 * One instance's log: the live file that the service appends to, and the rotated ones. Rotation copies the newest
 * part aside and truncates, because the service holds the file open and cannot be asked to open another. What is
 * written in the microseconds between the last read and the truncation is lost.
 *
 * Readers see one endless stream: positions count bytes since the log began, over all rotations of this process.
 */
import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { open, rename, rm, stat, truncate } from 'node:fs/promises';
import type { LogPolicy } from '../../../model/spec.ts';

/** How much a pass reads at once. */
const CHUNK = 1024 * 1024;
/** Passes over what was written meanwhile, before the rest is given up. */
const CATCH_UP_PASSES = 8;
/** A log that is over its limit by up to a half is kept whole. */
const KEPT_OVER_LIMIT = 1.5;

interface Segment {
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

export class LogFile {
  readonly path: string;
  #policy: LogPolicy;
  /** Position of the live file's first byte. */
  #base = 0;
  /** Rotated files, newest first. */
  #rotated: Segment[] = [];
  /** Rotation and reading take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string, policy: LogPolicy) {
    this.path = path;
    this.#policy = policy;
  }

  set policy(policy: LogPolicy) {
    this.#policy = policy;
  }

  /** Learns which rotated files an earlier process left. */
  async init(): Promise<void> {
    for (let index = 1, end = 0; ; index++) {
      const path = this.#pathOf(index);
      const found = await sizeOf(path);
      if (found === undefined) return;
      this.#rotated.push({ path, start: end - found, length: found });
      end -= found;
    }
  }

  #pathOf(index: number): string {
    return `${this.path}.${index}`;
  }

  /** Rotates when the live file is larger than the policy allows. True when it did. */
  rotateIfDue(): Promise<boolean> {
    return this.#inTurn(async () => {
      const size = (await sizeOf(this.path)) ?? 0;
      if (size <= this.#policy.maxBytes) return false;
      await this.#rotate(size);
      return true;
    });
  }

  async #rotate(size: number): Promise<void> {
    const { maxFiles, maxBytes } = this.#policy;
    const first = this.#pathOf(1);
    if (maxFiles > 1) {
      await this.#shift(maxFiles);
      try {
        const { end, length } = await moveNewest(this.path, first, maxBytes);
        this.#base += end;
        this.#rotated.unshift({ path: first, start: this.#base - length, length });
        return;
      } catch (error) {
        if (!isNoSpace(error)) throw error;
        // A full disk: old lines make room for whoever needs it more.
        for (let index = 1; index < maxFiles; index++) await rm(this.#pathOf(index), { force: true });
        this.#rotated = [];
      }
    }
    await truncate(this.path, 0);
    this.#base += size;
  }

  async #shift(maxFiles: number): Promise<void> {
    for (const { path } of this.#rotated.splice(maxFiles - 2)) await rm(path, { force: true });
    for (let index = this.#rotated.length; index >= 1; index--) {
      await rename(this.#pathOf(index), this.#pathOf(index + 1));
    }
    this.#rotated = this.#rotated.map((segment, at) => ({ ...segment, path: this.#pathOf(at + 2) }));
  }

  /** The position after the last byte. */
  end(): Promise<number> {
    return this.#inTurn(async () => this.#base + ((await sizeOf(this.path)) ?? 0));
  }

  /** The first position that can still be read. */
  get start(): number {
    return this.#rotated.at(-1)?.start ?? this.#base;
  }

  /**
   * Reads from a position on, at most one file's worth. What was dropped meanwhile is skipped: `next` says where to
   * go on.
   */
  read(position: number, limit: number): Promise<{ readonly data: Buffer; readonly next: number }> {
    return this.#inTurn(async () => {
      const size = (await sizeOf(this.path)) ?? 0;
      // Truncated by somebody else: begin again.
      const from = Math.max(position > this.#base + size ? this.#base : position, this.start);
      const segment = this.#segmentAt(from) ?? { path: this.path, start: this.#base, length: size };
      const at = Math.max(from, segment.start);
      const data = await readPart(
        segment.path,
        at - segment.start,
        Math.min(limit, segment.start + segment.length - at),
      );
      return { data, next: at + data.length };
    });
  }

  #segmentAt(position: number): Segment | undefined {
    if (position >= this.#base) return undefined;
    // Oldest first: the first that ends after the position holds it, or begins after a gap.
    return this.#rotated.findLast((segment) => position < segment.start + segment.length);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {}); // The caller gets the error; the next one only waits for the end.
    return result;
  }
}

interface Copied {
  /** How far the source was read: what was written after that is lost with the truncation. */
  readonly end: number;
  readonly length: number;
}

/**
 * Copies the newest data and then empties the source. Slightly over the limit is the normal case and all is kept; of
 * much more than that only the newest part, with a line that says so.
 */
async function moveNewest(from: string, to: string, maxBytes: number): Promise<Copied> {
  const most = maxBytes * KEPT_OVER_LIMIT;
  const source = await open(from, 'r+');
  const target = await open(to, 'w', 0o640);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    let at = 0;
    let length = 0;
    for (let pass = 0; pass < CATCH_UP_PASSES; pass++) {
      const { size } = await source.stat();
      if (size - at <= CHUNK && pass > 0) break;
      if (length + size - at > most) {
        const note = `--- holdfast: ${size - maxBytes} bytes or more dropped here: written faster than logs are kept ---\n`;
        if (length > 0) await target.truncate(0);
        length = (await target.write(note, 0)).bytesWritten;
        at = size - maxBytes + length;
      }
      while (at < size) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(CHUNK, size - at), at);
        if (bytesRead === 0) break;
        await target.write(buffer, 0, bytesRead, length);
        at += bytesRead;
        length += bytesRead;
      }
    }
    return finishAtOnce(source.fd, target.fd, buffer, { end: at, length });
  } finally {
    await source.close();
    await target.close();
  }
}

/** The last bytes and the truncation without a pause between them, so that hardly a line can fall in between. */
function finishAtOnce(source: number, target: number, buffer: Buffer, copied: Copied): Copied {
  let { end, length } = copied;
  for (let pass = 0; pass < CATCH_UP_PASSES; pass++) {
    const bytesRead = readSync(source, buffer, 0, CHUNK, end);
    if (bytesRead === 0) break;
    writeSync(target, buffer, 0, bytesRead, length);
    end += bytesRead;
    length += bytesRead;
  }
  ftruncateSync(source, 0);
  return { end, length };
}

async function readPart(path: string, at: number, length: number): Promise<Buffer> {
  if (length <= 0) return Buffer.alloc(0);
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(buffer, 0, length, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isNoSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
