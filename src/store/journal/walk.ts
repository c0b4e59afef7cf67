/**
 * Walks a journal's chain from its first segment to its end and says where it breaks. A generator that yields every
 * few thousand lines: opening drives it to the end at once, verifying a running journal lets others work in between.
 */
import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import type { Head } from './head.ts';
import { checkLine } from './line.ts';
import { readLines } from './lines.ts';

const LINES_PER_STEP = 2_000;
/** Distance of remembered offsets: reading from any entry skips at most this many. */
const MARK_EVERY = 256;

export interface Segment {
  readonly number: number;
  readonly firstSeq: number;
  /** Bytes of whole lines. */
  bytes: number;
  /** [seq, offset] of every 256th entry. */
  readonly marks: [seq: number, offset: number][];
}

export interface Walk {
  readonly segments: readonly Segment[];
  readonly lastSeq: number;
  readonly lastHash: string;
  /** What follows the last newline of the last segment: an entry that was never acknowledged. */
  readonly torn: { readonly segment: number; readonly offset: number; readonly bytes: number } | null;
}

export interface WalkEnd {
  readonly segment: number;
  readonly bytes: number;
}

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`;
}

export function segmentNumbers(dir: string): number[] {
  return readdirSync(dir)
    .map((name) => /^(\d{8})\.jsonl$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

export function markEntry(segment: Segment, seq: number, offset: number): void {
  if ((seq - segment.firstSeq) % MARK_EVERY === 0) segment.marks.push([seq, offset]);
}

/** Where the chain stands between two lines. */
interface Link {
  seq: number;
  hash: string;
}

/** `end`: where to stop, in whole lines (a running journal goes on writing); null: at the end of what is there. */
export function* walkChain(dir: string, head: Head, end: WalkEnd | null): Generator<void, Walk, void> {
  const stop = end?.segment ?? Number.POSITIVE_INFINITY;
  const numbers = segmentNumbers(dir).filter((number) => number >= head.firstSegment && number <= stop);
  const segments: Segment[] = [];
  const link: Link = { seq: head.firstSeq - 1, hash: head.firstPrev };
  let torn: Walk['torn'] = null;
  for (const [index, number] of numbers.entries()) {
    const expected = head.firstSegment + index;
    if (number !== expected) throw broken(`segment ${segmentName(expected)} is missing`);
    const segment: Segment = { number, firstSeq: link.seq + 1, bytes: 0, marks: [] };
    const rest = yield* walkSegment(dir, segment, link, head, number === end?.segment ? end.bytes : null);
    if (index < numbers.length - 1) {
      if (rest > 0) throw broken(`${segmentName(number)} (entry ${link.seq + 1}): the line is cut short`);
      if (segment.bytes === 0) throw broken(`${segmentName(number)} is empty`);
    } else if (rest > 0) {
      torn = { segment: number, offset: segment.bytes, bytes: rest };
    }
    if (segment.bytes > 0) segments.push(segment);
  }
  if (link.seq < head.seq) {
    throw broken(`the journal ends at entry ${link.seq}, but entry ${head.seq} was made durable: its end is missing`);
  }
  return { segments, lastSeq: link.seq, lastHash: link.hash, torn };
}

/** Moves `link` to the segment's last whole line and fills in the segment; returns the bytes after that line. */
function* walkSegment(
  dir: string,
  segment: Segment,
  link: Link,
  head: Head,
  bytes: number | null,
): Generator<void, number, void> {
  const name = segmentName(segment.number);
  const fd = openSync(join(dir, name), 'r');
  try {
    let lineNumber = 0;
    for (const line of readLines(fd, 0, bytes ?? fstatSync(fd).size)) {
      if (!line.terminated) return line.bytes.length;
      lineNumber++;
      const seq = link.seq + 1;
      const check = checkLine(line.bytes, seq, link.hash);
      const why = check.ok ? forged(head, seq, check.hash) : check.why;
      if (!check.ok || why) throw broken(`${name} line ${lineNumber} (entry ${seq}): ${why}`);
      markEntry(segment, seq, line.offset);
      segment.bytes = line.offset + line.bytes.length + 1;
      link.seq = seq;
      link.hash = check.hash;
      if (seq % LINES_PER_STEP === 0) yield;
    }
    return 0;
  } finally {
    closeSync(fd);
  }
}

function forged(head: Head, seq: number, hash: string): string | undefined {
  return seq === head.seq && hash !== head.hash ? 'it is not the entry that was made durable' : undefined;
}

export function broken(message: string): HoldfastError {
  return new HoldfastError('HF2008', message);
}
