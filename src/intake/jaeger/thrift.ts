/**
 * Thrift's binary protocol (TBinaryProtocol, strict structs without message headers), read where it lies: a struct's
 * fields are visited, what is not wanted is skipped.
 *
 * Format: github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md.
 */
import { decodeText, depthGuard, Malformed } from '../wire/protobuf.ts';

export const T = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  text: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

export class ThriftReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Calls `visit` for each field; it must read the value, or return false to have it skipped. */
  struct(visit: (field: number, type: number) => boolean): void {
    for (;;) {
      const type = this.#view.getUint8(this.#take(1));
      if (type === T.stop) return;
      const field = this.#view.getInt16(this.#take(2));
      if (!visit(field, type)) this.skip(type);
    }
  }

  /** Calls `element` for each item of a list of structs. */
  structs(element: () => void): void {
    const { type, size } = this.#listHead();
    if (type !== T.struct) throw new Malformed('thrift: a list of something else');
    for (let n = 0; n < size; n++) element();
  }

  bool(): boolean {
    return this.#view.getUint8(this.#take(1)) !== 0;
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** As a double: exact up to 2^53. */
  i64(): number {
    return Number(this.#view.getBigInt64(this.#take(8)));
  }

  /** An id: its eight bytes as two halves, in the byte order in which OTLP has ids. */
  id(): [low: number, high: number] {
    const at = this.#take(8);
    return [this.#view.getInt32(at, true), this.#view.getInt32(at + 4, true)];
  }

  text(): string {
    const length = this.#length();
    const at = this.#take(length);
    return decodeText(this.#bytes, at, at + length);
  }

  skip(type: number, depth = 0): void {
    depthGuard(depth);
    if (type === T.bool || type === T.byte) this.#take(1);
    else if (type === T.i16) this.#take(2);
    else if (type === T.i32) this.#take(4);
    else if (type === T.double || type === T.i64) this.#take(8);
    else if (type === T.text) this.#take(this.#length());
    else if (type === T.struct)
      this.struct((_, inner) => {
        this.skip(inner, depth + 1);
        return true;
      });
    else if (type === T.list || type === T.set) {
      const { type: inner, size } = this.#listHead();
      for (let n = 0; n < size; n++) this.skip(inner, depth + 1);
    } else if (type === T.map) {
      const at = this.#take(2);
      const [key, value] = [this.#view.getUint8(at), this.#view.getUint8(at + 1)];
      const size = this.#length();
      for (let n = 0; n < size; n++) {
        this.skip(key, depth + 1);
        this.skip(value, depth + 1);
      }
    } else throw new Malformed(`thrift: type ${type}`);
  }

  #listHead(): { type: number; size: number } {
    const type = this.#view.getUint8(this.#take(1));
    return { type, size: this.#length() };
  }

  #length(): number {
    const length = this.#view.getInt32(this.#take(4));
    if (length < 0 || length > this.#bytes.length) throw new Malformed('thrift: a length beyond the request');
    return length;
  }

  #take(count: number): number {
    const at = this.at;
    this.at += count;
    if (this.at > this.#bytes.length) throw new Malformed('thrift: cut short');
    return at;
  }
}
