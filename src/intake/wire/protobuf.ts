/**
 * Protocol Buffers, read where they lie: a cursor over the bytes, no object per message or field. The caller loops
 * over the tags of a message, takes what it wants and skips the rest:
 *
 *     while (cursor.at < end) {
 *       const tag = cursor.tag();
 *       if (tag === lengthDelimited(1)) { const inner = cursor.open(end); …; cursor.close(inner); }
 *       else cursor.skip(tag, end);
 *     }
 *
 * Wire format: protobuf.dev/programming-guides/encoding. Whatever is cut short or overlong throws Malformed; nothing is
 * read beyond `end`.
 */
export class Malformed extends Error {
  override name = 'Malformed';
}

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

/** Groups (wire types 3 and 4) are long gone; more levels than this are an attack on the stack. */
const MAX_DEPTH = 64;
const decoder = new TextDecoder('utf-8');

export class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Field number << 3 | wire type. Field numbers of more than 28 bits do not exist. */
  tag(): number {
    const byte = this.bytes[this.at] as number;
    if (byte < 0x80) {
      this.at++;
      return byte;
    }
    return this.varint();
  }

  /** Up to 32 bits, unsigned; higher bits (a negative int32) are read and ignored. */
  varint(): number {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at++] as number;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 63) throw new Malformed('varint of more than 10 bytes');
      byte = bytes[at++] as number;
      if (shift < 32) value |= (byte & 0x7f) << shift;
    }
    if (at > bytes.length) throw new Malformed('cut short within a varint');
    this.at = at;
    return value >>> 0;
  }

  /** A signed 64-bit varint as a double: exact up to 2^53. */
  varint64(): number {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= bytes.length) throw new Malformed('cut short within a varint');
      const byte = bytes[this.at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return (high | 0) * 4_294_967_296 + (low >>> 0);
    }
    throw new Malformed('varint of more than 10 bytes');
  }

  fixed32(): number {
    const at = this.#room(4);
    return this.#view.getUint32(at, true);
  }

  float(): number {
    return this.#view.getFloat32(this.#room(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#room(8), true);
  }

  /** Lower half now; the upper one with `upper()`. Together they are 8 bytes. */
  lower(): number {
    return this.#view.getInt32(this.#room(8), true);
  }

  /** Upper half of the 8 bytes that were read last. */
  upper(): number {
    return this.#view.getInt32(this.at - 4, true);
  }

  /** Signed 64 bits as a double: exact up to 2^53. */
  sfixed64(): number {
    const low = this.lower();
    return this.upper() * 4_294_967_296 + (low >>> 0);
  }

  /** Unsigned 64-bit nanoseconds as milliseconds. */
  nanosAsMs(): number {
    const low = this.lower();
    return ((this.upper() >>> 0) * 4_294_967_296 + (low >>> 0)) / 1e6;
  }

  /** Length prefix read, the end of what follows returned: nothing else moves. */
  open(end: number): number {
    const byte = this.bytes[this.at] as number;
    let length: number;
    if (byte < 0x80) {
      this.at++;
      length = byte;
    } else length = this.varint();
    const inner = this.at + length;
    if (inner > end) throw new Malformed('a length reaches beyond its message');
    return inner;
  }

  /** A message has been read; it must have ended exactly there. */
  close(inner: number): void {
    if (this.at !== inner) throw new Malformed('a field reaches beyond its message');
  }

  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case VARINT: {
        let count = 0;
        while ((this.bytes[this.at++] as number) >= 0x80)
          if (++count > 9) throw new Malformed('varint of more than 10 bytes');
        break;
      }
      case FIXED64:
        this.at += 8;
        break;
      case LENGTH:
        this.at = this.open(end);
        break;
      case FIXED32:
        this.at += 4;
        break;
      default:
        throw new Malformed(`wire type ${tag & 7}`);
    }
    if (tag < 8) throw new Malformed('field number 0');
    if (this.at > end) throw new Malformed('a field reaches beyond its message');
  }

  text(start: number, end: number): string {
    return decodeText(this.bytes, start, end);
  }

  /** Do these bytes spell exactly this? `word` from `wordBytes`. */
  matches(start: number, end: number, word: Uint8Array): boolean {
    if (end - start !== word.length) return false;
    for (let at = 0; at < word.length; at++) if (this.bytes[start + at] !== word[at]) return false;
    return true;
  }

  #room(count: number): number {
    const at = this.at;
    this.at = at + count;
    if (this.at > this.bytes.length) throw new Malformed('cut short within a number');
    return at;
  }
}

/** Short ASCII, which most text on the wire is, faster than a call into the engine. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 24) return decoder.decode(bytes.subarray(start, end));
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

export function wordBytes(word: string): Uint8Array {
  return new TextEncoder().encode(word);
}

export function depthGuard(depth: number): void {
  if (depth > MAX_DEPTH) throw new Malformed('nested too deeply');
}
