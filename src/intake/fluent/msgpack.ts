/**
 * MessagePack, as much as Fluent forward needs: finding where a value ends (resumable, so that a message that comes in
 * many pieces is looked at once), and reading it into plain values.
 *
 * Format: github.com/msgpack/msgpack/blob/master/spec.md.
 */
import { decodeText, depthGuard, Malformed } from '../wire/protobuf.ts';

export type MsgValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | EventTime
  | MsgValue[]
  | { [name: string]: MsgValue };

/** Fluent's extension type 0: seconds and nanoseconds. */
export class EventTime {
  readonly wallMs: number;

  constructor(seconds: number, nanos: number) {
    this.wallMs = seconds * 1_000 + nanos / 1e6;
  }
}

/** Fixed sizes by first byte from 0xc0: payload bytes, or -1 where a length follows. */
const SIZES: Readonly<Record<number, number>> = {
  192: 0,
  194: 0,
  195: 0,
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
  212: 2,
  213: 3,
  214: 5,
  215: 9,
  216: 17,
};

/** Bytes of the length after the first byte, for those that have one. */
const LENGTHS: Readonly<Record<number, number>> = {
  196: 1,
  197: 2,
  198: 4,
  199: 1,
  200: 2,
  201: 4,
  217: 1,
  218: 2,
  219: 4,
  220: 2,
  221: 4,
  222: 2,
  223: 4,
};

/** Finds the end of one value in a growing buffer. */
export class MsgScanner {
  #at = 0;
  /** Values still to come before the whole is complete. */
  #left = 1;

  /** End of the value within `bytes`, or -1 while it is not all there. `bytes` begins with the value each time. */
  end(bytes: Uint8Array): number {
    while (this.#left > 0) {
      const next = this.#step(bytes);
      if (next < 0) return -1;
      this.#at = next;
    }
    const end = this.#at;
    this.#at = 0;
    this.#left = 1;
    return end;
  }

  #step(bytes: Uint8Array): number {
    const at = this.#at;
    if (at >= bytes.length) return -1;
    const first = bytes[at] as number;
    let size = 0;
    let inner = 0;
    if (first < 0x80 || first >= 0xe0) size = 0;
    else if (first < 0x90) inner = (first & 15) * 2;
    else if (first < 0xa0) inner = first & 15;
    else if (first < 0xc0) size = first & 31;
    else if (first in SIZES) size = SIZES[first] as number;
    else {
      const width = LENGTHS[first];
      if (width === undefined) throw new Malformed(`msgpack: byte ${first}`);
      if (at + 1 + width > bytes.length) return -1;
      const length = big(bytes, at + 1, width);
      size = width;
      if (first >= 222) inner = length * 2;
      else if (first >= 220) inner = length;
      else size += length + (first >= 199 && first <= 201 ? 1 : 0);
    }
    if (at + 1 + size > bytes.length) return -1;
    this.#left += inner - 1;
    return at + 1 + size;
  }
}

/** Reads values one after another; what is not all there throws Malformed. */
export class MsgReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  value(depth = 0): MsgValue {
    depthGuard(depth);
    const first = this.#take(1);
    const byte = this.#bytes[first] as number;
    if (byte < 0x80) return byte;
    if (byte >= 0xe0) return byte - 256;
    if (byte < 0x90) return this.#map(byte & 15, depth);
    if (byte < 0xa0) return this.#list(byte & 15, depth);
    if (byte < 0xc0) return this.#text(byte & 31);
    return this.#other(byte, depth);
  }

  #other(byte: number, depth: number): MsgValue {
    const width = LENGTHS[byte];
    if (width !== undefined) {
      const length = big(this.#bytes, this.#take(width), width);
      if (byte <= 198) return this.#binary(length);
      if (byte <= 201) return this.#extension(length);
      if (byte <= 219) return this.#text(length);
      return byte <= 221 ? this.#list(length, depth) : this.#map(length, depth);
    }
    if (byte >= 212 && byte <= 216) return this.#extension((SIZES[byte] as number) - 1);
    const size = SIZES[byte];
    if (size === undefined) throw new Malformed(`msgpack: byte ${byte}`);
    const at = this.#take(size);
    const view = this.#view;
    switch (byte) {
      case 192:
        return null;
      case 194:
        return false;
      case 195:
        return true;
      case 202:
        return view.getFloat32(at);
      case 203:
        return view.getFloat64(at);
      case 207:
        return Number(view.getBigUint64(at));
      case 208:
        return view.getInt8(at);
      case 209:
        return view.getInt16(at);
      case 210:
        return view.getInt32(at);
      case 211:
        return Number(view.getBigInt64(at));
      default:
        return big(this.#bytes, at, size);
    }
  }

  #binary(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #text(length: number): string {
    const at = this.#take(length);
    return decodeText(this.#bytes, at, at + length);
  }

  #extension(length: number): MsgValue {
    const at = this.#take(length + 1);
    if (this.#bytes[at] === 0 && length === 8)
      return new EventTime(this.#view.getUint32(at + 1), this.#view.getUint32(at + 5));
    return null;
  }

  #list(length: number, depth: number): MsgValue[] {
    const out: MsgValue[] = [];
    for (let n = 0; n < length; n++) out.push(this.value(depth + 1));
    return out;
  }

  #map(length: number, depth: number): { [name: string]: MsgValue } {
    const out: { [name: string]: MsgValue } = {};
    for (let n = 0; n < length; n++) {
      const name = this.value(depth + 1);
      const value = this.value(depth + 1);
      const key = name instanceof Uint8Array ? decodeText(name, 0, name.length) : String(name);
      if (key !== '__proto__') out[key] = value;
    }
    return out;
  }

  #take(count: number): number {
    const at = this.at;
    this.at += count;
    if (this.at > this.#bytes.length) throw new Malformed('msgpack: cut short');
    return at;
  }
}

function big(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let n = 0; n < width; n++) value = value * 256 + (bytes[at + n] as number);
  return value;
}

/** For answers and tests: texts, whole numbers up to 2^32, booleans, lists, maps, bytes. */
export function msgpack(value: MsgValue): Buffer {
  if (value === null) return Buffer.of(0xc0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'number') {
    const out = Buffer.alloc(Number.isInteger(value) && value >= 0 && value < 2 ** 32 ? 5 : 9);
    out[0] = out.length === 5 ? 0xce : 0xcb;
    if (out.length === 5) out.writeUInt32BE(value, 1);
    else out.writeDoubleBE(value, 1);
    return out;
  }
  if (typeof value === 'string') return headed(0xdb, Buffer.byteLength(value), Buffer.from(value));
  if (value instanceof Uint8Array) return headed(0xc6, value.length, value);
  if (value instanceof EventTime) {
    const out = Buffer.alloc(10);
    out[0] = 0xd7;
    out.writeUInt32BE(Math.floor(value.wallMs / 1_000), 2);
    out.writeUInt32BE(Math.round((value.wallMs % 1_000) * 1e6), 6);
    return out;
  }
  if (Array.isArray(value)) return headed(0xdd, value.length, Buffer.concat(value.map(msgpack)));
  const entries = Object.entries(value);
  return headed(0xdf, entries.length, Buffer.concat(entries.flatMap(([name, item]) => [msgpack(name), msgpack(item)])));
}

function headed(first: number, length: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = first;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}
