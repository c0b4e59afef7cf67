/**
 * Reads what a log has grown by, for whoever watches all logs. Cheap when nothing was written; when more is written than
 * can be read, the oldest of it is passed over: a watch need not see every line, and must not lag behind.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { LineSplitter } from './lines.ts';

/** Read at once; more than this much behind, the rest is skipped. */
const READ_BYTES = 256 * 1024;
/** Of what was there before, this much is read: enough to know what is usual in it. */
const HISTORY_BYTES = 64 * 1024;

export class LogTail {
  readonly #path: string;
  #splitter = new LineSplitter();
  #offset: number | null = null;
  /** The next line's beginning was passed over. */
  #torn = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** `size`: of the file now. Empty when nothing was written since, or the file cannot be read. */
  read(size: number): readonly string[] {
    if (this.#offset === null) this.#skipTo(Math.max(0, size - HISTORY_BYTES));
    if (size < (this.#offset ?? 0)) this.restart();
    if (size - (this.#offset ?? 0) > READ_BYTES) this.#skipTo(size - READ_BYTES);
    const from = this.#offset ?? 0;
    if (size === from) return [];
    const data = readPart(this.#path, from, size - from);
    this.#offset = from + data.length;
    const lines = this.#splitter.push(data);
    if (!this.#torn || lines.length === 0) return lines;
    this.#torn = false;
    return lines.slice(1);
  }

  /** The file was emptied. */
  restart(): void {
    this.#offset = 0;
    this.#splitter = new LineSplitter();
    this.#torn = false;
  }

  #skipTo(offset: number): void {
    this.#offset = offset;
    this.#splitter = new LineSplitter();
    this.#torn = offset > 0;
  }
}

function readPart(path: string, at: number, length: number): Buffer {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    // Gone since it was looked at: there is nothing to read.
    return Buffer.alloc(0);
  }
  try {
    const buffer = Buffer.allocUnsafe(length);
    return buffer.subarray(0, readSync(file, buffer, 0, length, at));
  } finally {
    closeSync(file);
  }
}
