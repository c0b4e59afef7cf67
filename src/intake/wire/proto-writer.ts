/**
 * Writes Protocol Buffers: answers, JSON turned into the binary form, and what tests and benchmarks send. A nested
 * message is written in place; its length, known only afterwards, pushes it along when it needs more than one byte.
 */
import { FIXED32, FIXED64, LENGTH, VARINT } from './protobuf.ts';

const encoder = new TextEncoder();

export class ProtoWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** A copy: the writer can go on. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  /** Whole numbers up to 2^53, or bigint for all 64 bits; negative ones as two's complement of 64 bits. */
  varint(field: number, value: number | bigint): this {
    this.#raw(field * 8 + VARINT);
    this.#raw(value);
    return this;
  }

  fixed64(field: number, value: bigint): this {
    this.#raw(field * 8 + FIXED64);
    this.#room(8);
    this.#view.setBigUint64(this.#at, BigInt.asUintN(64, value), true);
    this.#at += 8;
    return this;
  }

  double(field: number, value: number): this {
    this.#raw(field * 8 + FIXED64);
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  fixed32(field: number, value: number): this {
    this.#raw(field * 8 + FIXED32);
    this.#room(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  text(field: number, value: string): this {
    return this.chunk(field, encoder.encode(value));
  }

  chunk(field: number, value: Uint8Array): this {
    this.#raw(field * 8 + LENGTH);
    this.#raw(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  message(field: number, fill: (inner: ProtoWriter) => void): this {
    this.#raw(field * 8 + LENGTH);
    this.#room(1);
    const start = ++this.#at;
    fill(this);
    const length = this.#at - start;
    let more = 0;
    for (let rest = length; rest > 127; rest >>>= 7) more++;
    this.#room(more);
    if (more > 0) this.#bytes.copyWithin(start + more, start, this.#at);
    this.#at = start - 1;
    this.#raw(length);
    this.#at += length;
    return this;
  }

  #raw(value: number | bigint): void {
    this.#room(10);
    if (typeof value === 'number' && value >= 0 && value < 2 ** 31) {
      let rest = value;
      for (; rest > 127; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      this.#bytes[this.#at++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
