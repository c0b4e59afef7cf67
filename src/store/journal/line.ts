/**
 * One journal entry as one line of text, and back. The hash covers the very bytes before it, `prev` included, so the
 * chain needs no canonical JSON: what was hashed is what is on disk. Fixed-length ends make checking a line cheap.
 */
import { hash as digest } from 'node:crypto';
import { HoldfastError } from '../../model/errors.ts';
import type { Ms } from '../../model/time.ts';

export interface JournalEntry {
  /** From 1, without gaps, over all segments. */
  readonly seq: number;
  readonly at: Ms;
  readonly wallMs: number;
  readonly kind: string;
  /** JSON. */
  readonly body: unknown;
  readonly prev: string;
  readonly hash: string;
}

export interface NewEntry {
  readonly at: Ms;
  readonly wallMs: number;
  readonly kind: string;
  readonly body: unknown;
}

/** What the first entry of all has as `prev`. */
export const GENESIS = '0'.repeat(64);

const HASH_MARK = ',"hash":"';
const TAIL = HASH_MARK.length + 64 + '"}'.length;
const PREV_MARK = ',"prev":"';
const PREV = PREV_MARK.length + 64 + '"'.length;

export function encodeLine(
  seq: number,
  entry: NewEntry,
  prev: string,
): { readonly line: string; readonly hash: string } {
  const body = JSON.stringify(entry.body) as string | undefined;
  if (body === undefined) throw new HoldfastError('HF2013', `journal entry of kind ${entry.kind} has no JSON body`);
  if (!Number.isFinite(entry.at) || !Number.isFinite(entry.wallMs)) {
    throw new HoldfastError('HF2013', `journal entry of kind ${entry.kind} has no time`);
  }
  const text =
    `{"seq":${seq},"at":${entry.at},"wallMs":${entry.wallMs},"kind":${JSON.stringify(entry.kind)},` +
    `"body":${body},"prev":"${prev}"`;
  const hash = digest('sha256', text);
  return { line: `${text}${HASH_MARK}${hash}"}\n`, hash };
}

export type LineCheck = { readonly ok: true; readonly hash: string } | { readonly ok: false; readonly why: string };

/** Whether these bytes (without the newline) are the entry `seq` that follows `prev` (null: whichever). */
export function checkLine(bytes: Buffer, seq: number, prev: string | null): LineCheck {
  const end = bytes.length - TAIL;
  if (end < PREV) return { ok: false, why: 'it is too short to be an entry' };
  const tail = bytes.toString('latin1', end);
  if (!tail.startsWith(HASH_MARK) || !tail.endsWith('"}')) return { ok: false, why: 'it does not end in a hash' };
  const hash = tail.slice(HASH_MARK.length, -2);
  if (digest('sha256', bytes.subarray(0, end)) !== hash) return { ok: false, why: 'its hash does not fit its content' };
  const linked = bytes.toString('latin1', end - PREV, end);
  if (!linked.startsWith(PREV_MARK)) return { ok: false, why: 'it does not name the entry before it' };
  if (prev !== null && linked.slice(PREV_MARK.length, -1) !== prev) {
    return { ok: false, why: 'it does not follow the entry before it: entries were removed, added or reordered' };
  }
  const start = `{"seq":${seq},`;
  if (bytes.toString('latin1', 0, start.length) !== start) return { ok: false, why: `it is not entry ${seq}` };
  return { ok: true, hash };
}

/** Only for bytes that passed checkLine. */
export function decodeLine(bytes: Buffer): JournalEntry {
  return JSON.parse(bytes.toString('utf8')) as JournalEntry;
}
