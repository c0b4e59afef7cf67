/**
 * Puts lines into segment files: buffered, in order, whole lines only. Writing goes to the page cache at once and is
 * cheap; making it durable (fdatasync) runs off the main thread, and everybody who asks meanwhile shares the next one.
 *
 * When the disk is full the lines stay in memory and the file is cut back to its last whole line, so the next flush
 * simply tries again. When fdatasync fails nothing can be known any more, and the writer refuses everything after.
 */
import { close, closeSync, fdatasync, fdatasyncSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import { storeError } from '../embedded/errors.ts';
import { syncDir } from '../sync-dir.ts';
import { markEntry, type Segment, segmentName } from './walk.ts';

/** Buffered text at which it is written out unasked. Larger: fewer writes; smaller: less is lost by kill -9 unflushed. */
const WRITE_AT_CHARS = 262_144;
/** Buffered text at which appending is refused: only a full disk lets it grow that far. */
const REFUSE_AT_CHARS = 67_108_864;

interface Chunk {
  readonly segment: number;
  readonly firstSeq: number;
  lines: string[];
}

export interface Position {
  readonly seq: number;
  readonly hash: string;
}

interface Waiter {
  resolve(): void;
  reject(error: HoldfastError): void;
}

export class SegmentWriter {
  readonly #dir: string;
  readonly #onDurable: (position: Position) => void;
  readonly segments: Segment[];
  #fd: number | undefined;
  #pending: Chunk[] = [];
  #pendingChars = 0;
  /** The last line in the files, and the last one appended. */
  #written: Position;
  #appended: Position;
  #durableSeq: number;
  #waiters: Waiter[] = [];
  #syncing = false;
  #retired: number[] = [];
  #writeFailed = false;
  #failure: HoldfastError | undefined;

  constructor(
    dir: string,
    segments: Segment[],
    end: Position,
    durableSeq: number,
    onDurable: (position: Position) => void,
  ) {
    this.#dir = dir;
    this.segments = segments;
    this.#written = end;
    this.#appended = end;
    this.#durableSeq = durableSeq;
    this.#onDurable = onDurable;
    const last = segments.at(-1);
    if (last) this.#fd = openSync(join(dir, segmentName(last.number)), 'r+');
  }

  get appended(): Position {
    return this.#appended;
  }

  get written(): Position {
    return this.#written;
  }

  /** Of the segment that is appended to now, those still buffered included (as characters). */
  get segmentSize(): number {
    const buffered = this.#pending.at(-1);
    if (buffered && buffered.segment !== this.segments.at(-1)?.number) return this.#pendingChars;
    return (this.segments.at(-1)?.bytes ?? 0) + this.#pendingChars;
  }

  get segment(): number {
    return this.#pending.at(-1)?.segment ?? this.segments.at(-1)?.number ?? 0;
  }

  append(segment: number, line: string, position: Position): void {
    if (this.#failure) throw this.#failure;
    if (this.#pendingChars > REFUSE_AT_CHARS) {
      throw new HoldfastError('HF2004', 'the journal could not be written for too long; nothing more is buffered');
    }
    const chunk = this.#pending.at(-1);
    if (chunk?.segment === segment) chunk.lines.push(line);
    else this.#pending.push({ segment, firstSeq: position.seq, lines: [line] });
    this.#pendingChars += line.length;
    this.#appended = position;
    if (this.#pendingChars >= WRITE_AT_CHARS && !this.#writeFailed) {
      try {
        this.write();
      } catch (error) {
        // The lines are still pending: the next flush tries again and reports it if it fails again.
        if (this.#failure) throw error;
      }
    }
  }

  /** Everything appended so far goes into the files. Throws HF2004 when there is no room; it can be tried again. */
  write(): void {
    if (this.#failure) throw this.#failure;
    const target = this.#appended;
    try {
      for (let chunk = this.#pending[0]; chunk; chunk = this.#pending[0]) {
        if (chunk.segment !== this.segments.at(-1)?.number) this.#begin(chunk);
        else this.#extend(this.segments.at(-1) as Segment, this.#fd as number, chunk);
        this.#pending.shift();
      }
      this.#pendingChars = 0;
      this.#written = target;
      this.#writeFailed = false;
    } catch (error) {
      this.#writeFailed = true;
      throw this.#judge(error);
    }
  }

  /** Resolves when everything appended before the call is durable. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (!this.#syncing) this.#syncRound();
    });
  }

  async close(): Promise<void> {
    try {
      if (!this.#failure && this.#appended.seq > this.#durableSeq) await this.sync();
    } finally {
      if (this.#fd !== undefined) closeSync(this.#fd);
      this.#fd = undefined;
      this.#failure ??= new HoldfastError('HF2011', 'the journal was closed');
    }
  }

  #syncRound(): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    this.#waiters = [];
    try {
      this.write();
    } catch (error) {
      for (const waiter of waiters) waiter.reject(this.#judge(error));
      return;
    }
    const position = this.#written;
    this.#syncing = true;
    const finish = (error: unknown): void => {
      this.#syncing = false;
      for (const fd of this.#retired.splice(0)) close(fd);
      try {
        if (error) throw error;
        this.#durable(position);
        for (const waiter of waiters) waiter.resolve();
      } catch (failed) {
        this.#failure = unknownOutcome(failed);
        for (const waiter of waiters) waiter.reject(this.#failure);
      }
      this.#syncRound();
    };
    if (position.seq <= this.#durableSeq || this.#fd === undefined) queueMicrotask(() => finish(null));
    else fdatasync(this.#fd, finish);
  }

  #durable(position: Position): void {
    if (position.seq <= this.#durableSeq) return;
    this.#durableSeq = position.seq;
    this.#onDurable(position);
  }

  /** A new segment: the one before is made durable first, so no segment ever follows one with a hole. */
  #begin(chunk: Chunk): void {
    const path = join(this.#dir, segmentName(chunk.segment));
    if (this.#fd !== undefined) this.#finishSegment(this.#fd);
    const fd = openSync(path, 'wx+', 0o600);
    const segment: Segment = { number: chunk.segment, firstSeq: chunk.firstSeq, bytes: 0, marks: [] };
    try {
      this.#extend(segment, fd, chunk);
      fdatasyncSync(fd);
      syncDir(this.#dir);
    } catch (error) {
      closeSync(fd);
      unlinkSync(path);
      throw error;
    }
    const old = this.#fd;
    this.#fd = fd;
    this.segments.push(segment);
    if (old === undefined) return;
    if (this.#syncing) this.#retired.push(old);
    else closeSync(old);
  }

  #finishSegment(fd: number): void {
    try {
      fdatasyncSync(fd);
    } catch (error) {
      this.#failure = unknownOutcome(error);
      throw this.#failure;
    }
  }

  #extend(segment: Segment, fd: number, chunk: Chunk): void {
    const data = Buffer.from(chunk.lines.join(''), 'utf8');
    let done = 0;
    try {
      while (done < data.length) done += writeSync(fd, data, done, data.length - done, segment.bytes + done);
    } catch (error) {
      ftruncateSync(fd, segment.bytes);
      throw error;
    }
    this.#mark(segment, chunk);
    segment.bytes += data.length;
  }

  #mark(segment: Segment, chunk: Chunk): void {
    let offset = segment.bytes;
    let seq = chunk.firstSeq;
    for (const line of chunk.lines) {
      markEntry(segment, seq++, offset);
      offset += Buffer.byteLength(line);
    }
  }

  #judge(error: unknown): HoldfastError {
    return this.#failure ?? storeError(error, 'writing the journal');
  }
}

function unknownOutcome(error: unknown): HoldfastError {
  const message = error instanceof Error ? error.message : String(error);
  return new HoldfastError('HF2014', `making the journal durable failed: ${message}`, { cause: error });
}
