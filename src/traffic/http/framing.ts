/**
 * Where a message body ends. Bodies are passed on as the bytes they came in; this only counts them, and checks the
 * chunked coding strictly (a chunk line that two parsers read differently is a smuggled request).
 */
import { COLON, CR, LF, SP, TAB, TOKEN, VALUE } from './bytes.ts';

export const BODY_NONE = 0;
export const BODY_LENGTH = 1;
export const BODY_CHUNKED = 2;
/** Until the connection ends: responses only. */
export const BODY_CLOSE = 3;
export type BodyKind = 0 | 1 | 2 | 3;

/** A chunk's line, size and extensions together. */
const MAX_CHUNK_LINE = 1_024;
const MAX_TRAILER_BYTES = 16_384;
/** 2^52 bytes: far beyond any body, and still an exact number. */
const MAX_SIZE_DIGITS = 13;
const FORBIDDEN_TRAILERS = new Set(['content-length', 'transfer-encoding', 'host', 'connection', 'trailer', 'te']);

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER_NAME = 7;
const TRAILER_VALUE = 8;
const TRAILER_LF = 9;
const FINAL_LF = 10;

export class BodyFraming {
  kind: BodyKind = BODY_NONE;
  done = true;
  failed = false;
  #left = 0;
  #state = SIZE;
  #digits = 0;
  #line = 0;
  #trailerBytes = 0;
  #name = '';

  begin(kind: BodyKind, length = 0): void {
    this.kind = kind;
    this.failed = false;
    this.#left = length;
    this.done = kind === BODY_NONE || (kind === BODY_LENGTH && length === 0);
    this.#state = SIZE;
    this.#digits = 0;
    this.#line = 0;
    this.#trailerBytes = 0;
    if (kind === BODY_CHUNKED) this.#left = 0;
  }

  /**
   * Looks at the bytes [from, to): returns the offset after the last byte that belongs to this body. Sets `done` at
   * its end, and `failed` when it is malformed. `onData` gets the ranges that are payload (for a reader that does not
   * understand chunks).
   */
  take(bytes: Uint8Array, from: number, to: number, onData?: (from: number, to: number) => void): number {
    if (this.done) return from;
    if (this.kind === BODY_CHUNKED) return this.#chunked(bytes, from, to, onData);
    let end = to;
    if (this.kind === BODY_LENGTH) {
      end = Math.min(to, from + this.#left);
      this.#left -= end - from;
      this.done = this.#left === 0;
    }
    if (onData && end > from) onData(from, end);
    return end;
  }

  #chunked(bytes: Uint8Array, from: number, to: number, onData?: (from: number, to: number) => void): number {
    let i = from;
    while (i < to && !this.failed) {
      if (this.#state === DATA) {
        const end = Math.min(to, i + this.#left);
        if (onData) onData(i, end);
        this.#left -= end - i;
        i = end;
        if (this.#left === 0) this.#state = DATA_CR;
        continue;
      }
      this.#step(bytes[i] as number);
      i++;
      if (this.done) return i;
    }
    return i;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#size(byte);
        return;
      case EXTENSION:
        if (byte === CR) this.#state = SIZE_LF;
        else if (VALUE[byte] !== 1 || ++this.#line > MAX_CHUNK_LINE) this.failed = true;
        return;
      case SIZE_LF:
        if (byte !== LF) this.failed = true;
        this.#state = this.#left === 0 ? TRAILER_START : DATA;
        this.#digits = 0;
        this.#line = 0;
        return;
      case DATA_CR:
        if (byte !== CR) this.failed = true;
        this.#state = DATA_LF;
        return;
      case DATA_LF:
        if (byte !== LF) this.failed = true;
        this.#state = SIZE;
        return;
      default:
        this.#trailer(byte);
        return;
    }
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MAX_SIZE_DIGITS) this.failed = true;
      this.#left = this.#left * 16 + digit;
    } else if (this.#digits === 0) {
      this.failed = true;
    } else if (byte === CR) {
      this.#state = SIZE_LF;
    } else if (byte === 0x3b) {
      this.#state = EXTENSION;
    } else {
      this.failed = true;
    }
  }

  #trailer(byte: number): void {
    if (++this.#trailerBytes > MAX_TRAILER_BYTES) this.failed = true;
    switch (this.#state) {
      case TRAILER_START:
        this.#name = '';
        if (byte === CR) {
          this.#state = FINAL_LF;
          return;
        }
        this.#state = TRAILER_NAME;
        this.#trailerName(byte);
        return;
      case TRAILER_NAME:
        this.#trailerName(byte);
        return;
      case TRAILER_VALUE:
        if (byte === CR) this.#state = TRAILER_LF;
        else if (VALUE[byte] !== 1 && byte !== SP && byte !== TAB) this.failed = true;
        return;
      case TRAILER_LF:
        if (byte !== LF) this.failed = true;
        this.#state = TRAILER_START;
        return;
      case FINAL_LF:
        if (byte !== LF) this.failed = true;
        else this.done = true;
    }
  }

  #trailerName(byte: number): void {
    if (byte === COLON) {
      if (this.#name === '' || FORBIDDEN_TRAILERS.has(this.#name)) this.failed = true;
      this.#state = TRAILER_VALUE;
    } else if (TOKEN[byte] === 1 && this.#name.length < 256) {
      this.#name += String.fromCharCode(byte).toLowerCase();
    } else {
      this.failed = true;
    }
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
