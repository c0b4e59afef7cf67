/**
 * The journal: an append-only, hash-chained record of inputs and decisions. It is what replay reads and what proves
 * afterwards what Holdfast knew and did. Every entry names the hash of the one before, so an entry that was changed,
 * removed, added or reordered is found; a mark beside the segments (head.ts) tells when the end is missing.
 *
 * It is not a secret-keeper and no protection against somebody who may write to the directory and recompute the whole
 * chain: to be safe against that, keep `lastHash` somewhere else now and then. Secrets are redacted before they come
 * here (redact.ts).
 *
 * Appending only buffers. An entry is acknowledged when `flush({ durable: true })` resolves: then it survives
 * kill -9 and power loss. What was not acknowledged may be lost by a crash, always from the end.
 */
import { chmodSync, closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import type { Ms } from '../model/time.ts';
import { storeError } from './embedded/errors.ts';
import { type Head, readHead } from './journal/head.ts';
import { checkLine, decodeLine, encodeLine, GENESIS, type JournalEntry, type NewEntry } from './journal/line.ts';
import { readLines } from './journal/lines.ts';
import { broken, type Segment, segmentName, segmentNumbers, type Walk, walkChain } from './journal/walk.ts';
import { type Position, SegmentWriter } from './journal/writer.ts';
import { acquireLock, type Lock } from './lock.ts';
import { MarkFile } from './mark.ts';
import { syncDir } from './sync-dir.ts';

export type { JournalEntry, NewEntry } from './journal/line.ts';

/** The kind of the first entry of every segment; its body is a SegmentHeader. */
export const SEGMENT_KIND = 'segment';

export interface SegmentHeader {
  readonly format: 1;
  /** The state before the entries that follow: replay may begin here. */
  readonly snapshot: string;
}

export interface Snapshot {
  readonly at: Ms;
  readonly wallMs: number;
  readonly snapshot: string;
}

export interface JournalOptions {
  readonly dir: string;
  /** Asked for once, when the journal is new: the snapshot in front of its first entry. */
  readonly start: () => Snapshot;
  /**
   * Size at which a segment is full. Default 16 MiB. Smaller: replay can begin at more places and retention is
   * finer; larger: fewer snapshots, which each segment carries one of.
   */
  readonly segmentBytes?: number;
  /** Total size at which the oldest segments are deleted, whole. Default 256 MiB. At least the last two stay. */
  readonly retainBytes?: number;
}

/** What opening found and did. */
export interface JournalOpening {
  /** Bytes of an unfinished last line that were cut: it was never acknowledged. 0: it was closed well. */
  readonly cutBytes: number;
  readonly entries: number;
}

export interface Verification {
  readonly entries: number;
  readonly segments: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly lastHash: string;
}

export class Journal {
  readonly opening: JournalOpening;
  readonly #dir: string;
  readonly #lock: Lock;
  readonly #headFile: MarkFile<Head>;
  readonly #writer: SegmentWriter;
  readonly #segmentBytes: number;
  readonly #retainBytes: number;
  #head: Head;
  #verifying = 0;

  private constructor(options: JournalOptions, lock: Lock, headFile: MarkFile<Head>, head: Head, walk: Walk) {
    this.#dir = options.dir;
    this.#lock = lock;
    this.#headFile = headFile;
    this.#head = head;
    this.#segmentBytes = options.segmentBytes ?? 16_777_216;
    this.#retainBytes = options.retainBytes ?? 268_435_456;
    this.opening = { cutBytes: walk.torn?.bytes ?? 0, entries: walk.lastSeq - head.firstSeq + 1 };
    const end = { seq: walk.lastSeq, hash: walk.lastHash };
    this.#writer = new SegmentWriter(this.#dir, [...walk.segments], end, head.seq, (position) => this.#mark(position));
  }

  /**
   * Opens or creates, checking the whole chain (about 1.5 s for the default 256 MiB, milliseconds when it is young).
   * Throws HF2001 when another process has it open, HF2008 when it is damaged; then nothing was changed.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    let lock: Lock | undefined;
    let headFile: MarkFile<Head> | undefined;
    try {
      mkdirSync(options.dir, { recursive: true, mode: 0o700 });
      chmodSync(options.dir, 0o700);
      lock = acquireLock(join(options.dir, 'lock'), `journal ${options.dir}`);
      const opened = openHead(options.dir);
      headFile = opened.file;
      const walk = runToEnd(walkChain(options.dir, opened.head, null));
      tidy(options.dir, opened.head, walk);
      const journal = new Journal(options, lock, headFile, opened.head, walk);
      if (walk.segments.length === 0) journal.rotate(options.start());
      // What a killed process wrote but did not sync is about to be read: it must not be lost after that.
      await journal.flush({ durable: true });
      return journal;
    } catch (error) {
      headFile?.close();
      lock?.release();
      throw storeError(error, `opening the journal ${options.dir}`);
    }
  }

  get lastSeq(): number {
    return this.#writer.appended.seq;
  }

  get lastHash(): string {
    return this.#writer.appended.hash;
  }

  /** The oldest entry that is still kept; it is a segment's header. */
  get firstSeq(): number {
    return this.#head.firstSeq;
  }

  /** Where replay can begin, oldest first: sequence numbers of the headers in the files. */
  get starts(): readonly number[] {
    return this.#writer.segments.map((segment) => segment.firstSeq);
  }

  /** Bytes of all segments on disk. */
  get bytes(): number {
    return totalBytes(this.#writer.segments);
  }

  /** The segment is full: call rotate before the next *input*, where a snapshot stands for all that came before. */
  get rotationDue(): boolean {
    return this.#writer.segmentSize >= this.#segmentBytes;
  }

  /** Buffers one entry. Throws HF2004 only when 64 MiB could not be written for lack of space. */
  append(entry: NewEntry): Position {
    if (entry.kind === SEGMENT_KIND)
      throw new HoldfastError('HF2013', `entries of kind ${SEGMENT_KIND} come from rotate`);
    return this.#append(this.#writer.segment, entry);
  }

  /** Begins the next segment with this snapshot as its header; deletes the oldest ones beyond retention. */
  rotate(snapshot: Snapshot): Position {
    const { at, wallMs } = snapshot;
    const body: SegmentHeader = { format: 1, snapshot: snapshot.snapshot };
    return this.#append(this.#writer.segment + 1, { at, wallMs, kind: SEGMENT_KIND, body });
  }

  /**
   * Writes what is buffered. `durable`: resolves when it is on disk; concurrent callers share one fdatasync.
   * Rejects with HF2004 when the disk is full: everything stays buffered, and the next flush tries again.
   */
  async flush(options: { readonly durable: boolean }): Promise<void> {
    if (options.durable) await this.#writer.sync();
    else this.#writer.write();
    this.#retain();
  }

  /** Entries from `fromSeq` on that were flushed, each checked against its hash. Bounded memory. */
  *read(fromSeq: number): Generator<JournalEntry, void, void> {
    const end = this.#writer.written.seq;
    let seq = Math.max(fromSeq, this.firstSeq);
    for (const segment of [...this.#writer.segments]) {
      const next = this.#writer.segments.find((other) => other.number === segment.number + 1);
      if (next && next.firstSeq <= seq) continue;
      for (const entry of readSegment(this.#dir, segment, seq)) {
        if (entry.seq > end) return;
        yield entry;
        seq = entry.seq + 1;
      }
    }
  }

  /** Walks the whole chain, as far as it was flushed, while others go on; throws HF2008 where it breaks. */
  async verify(): Promise<Verification> {
    this.#verifying++;
    try {
      const bytes = this.#writer.segments.at(-1)?.bytes ?? 0;
      const last = this.#writer.segments.at(-1)?.number ?? 0;
      const walk = await runInSteps(walkChain(this.#dir, this.#head, { segment: last, bytes }));
      return summary(this.#head, walk);
    } finally {
      this.#verifying--;
    }
  }

  /** Makes everything durable first; rejects (and still lets go of the directory) when that fails. */
  async close(): Promise<void> {
    try {
      await this.#writer.close();
      this.#headFile.sync();
    } finally {
      this.#headFile.close();
      this.#lock.release();
    }
  }

  #append(segment: number, entry: NewEntry): Position {
    const { seq, hash: prev } = this.#writer.appended;
    const { line, hash } = encodeLine(seq + 1, entry, prev);
    const position = { seq: seq + 1, hash };
    this.#writer.append(segment, line, position);
    return position;
  }

  #mark(position: Position): void {
    this.#head = { ...this.#head, ...position };
    this.#headFile.write(this.#head);
  }

  /** The mark moves first, durably: a crash in between leaves segments that the next opening deletes. */
  #retain(): void {
    const segments = this.#writer.segments;
    if (this.#verifying > 0) return;
    while (segments.length > 2 && totalBytes(segments) > this.#retainBytes) {
      const [oldest, next] = segments as [Segment, Segment];
      const firstPrev = firstPrevOf(this.#dir, next);
      this.#head = { ...this.#head, firstSegment: next.number, firstSeq: next.firstSeq, firstPrev };
      this.#headFile.write(this.#head);
      this.#headFile.sync();
      unlinkSync(join(this.#dir, segmentName(oldest.number)));
      segments.shift();
    }
  }
}

/** Verifies a journal that nobody has open (a copy, a backup) without changing or locking it. */
export async function verifyJournal(dir: string): Promise<Verification> {
  const head = readHead(join(dir, 'head'));
  if (!head) throw broken(`${dir} has no head file: it is no journal, or not the whole of it`);
  return summary(head, await runInSteps(walkChain(dir, head, null)));
}

function summary(head: Head, walk: Walk): Verification {
  return {
    entries: walk.lastSeq - head.firstSeq + 1,
    segments: walk.segments.length,
    firstSeq: head.firstSeq,
    lastSeq: walk.lastSeq,
    lastHash: walk.lastHash,
  };
}

function openHead(dir: string): { readonly file: MarkFile<Head>; readonly head: Head } {
  const path = join(dir, 'head');
  const known = readHead(path);
  if (known) return { file: MarkFile.open(path), head: known };
  if (segmentNumbers(dir).length > 0) throw broken(`${path} is missing: how far the journal goes cannot be known`);
  const head: Head = { firstSegment: 1, firstSeq: 1, firstPrev: GENESIS, seq: 0, hash: GENESIS };
  const file = MarkFile.create(path, head);
  syncDir(dir);
  return { file, head };
}

/** Removes what no acknowledged entry is in: segments that retention gave up, the torn line, an empty last segment. */
function tidy(dir: string, head: Head, walk: Walk): void {
  for (const number of segmentNumbers(dir)) {
    const known = walk.segments.some((segment) => segment.number === number);
    if (number < head.firstSegment || !known) unlinkSync(join(dir, segmentName(number)));
  }
  const torn = walk.torn;
  if (!torn || !walk.segments.some((segment) => segment.number === torn.segment)) return;
  const fd = openSync(join(dir, segmentName(torn.segment)), 'r+');
  try {
    ftruncateSync(fd, torn.offset);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function* readSegment(dir: string, segment: Segment, fromSeq: number): Generator<JournalEntry, void, void> {
  let [seq, offset] = [segment.firstSeq, 0];
  for (const mark of segment.marks) if (mark[0] <= fromSeq) [seq, offset] = mark;
  const fd = openSync(join(dir, segmentName(segment.number)), 'r');
  try {
    for (const line of readLines(fd, offset, segment.bytes)) {
      if (seq >= fromSeq) yield decodeChecked(line.bytes, segment, seq);
      seq++;
    }
  } finally {
    closeSync(fd);
  }
}

function decodeChecked(bytes: Buffer, segment: Segment, seq: number): JournalEntry {
  const check = checkLine(bytes, seq, null);
  if (!check.ok) throw broken(`${segmentName(segment.number)} (entry ${seq}): ${check.why}`);
  return decodeLine(bytes);
}

function firstPrevOf(dir: string, segment: Segment): string {
  for (const entry of readSegment(dir, segment, segment.firstSeq)) return entry.prev;
  throw broken(`${segmentName(segment.number)} is empty`);
}

function totalBytes(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.bytes, 0);
}

function runToEnd(walk: Generator<void, Walk, void>): Walk {
  for (;;) {
    const step = walk.next();
    if (step.done) return step.value;
  }
}

async function runInSteps(walk: Generator<void, Walk, void>): Promise<Walk> {
  for (;;) {
    const step = walk.next();
    if (step.done) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
