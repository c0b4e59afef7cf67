import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtoWriter } from './proto-writer.ts';
import { Cursor, decodeText, Malformed } from './protobuf.ts';

describe('protobuf cursor', () => {
  it('reads back numbers of every size', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.boolean(), fc.double(), fc.bigInt(0n, 2n ** 63n - 1n), (n, minus, d, big) => {
        const value = minus ? -n : n;
        const cursor = new Cursor(new ProtoWriter().varint(1, value).double(2, d).fixed64(3, big).bytes());
        cursor.tag();
        const varint = cursor.varint64();
        cursor.tag();
        const double = cursor.double();
        cursor.tag();
        const nanos = cursor.nanosAsMs();
        cursor.close(cursor.length);
        return Object.is(varint + 0, value + 0) && Object.is(double, d) && Math.abs(nanos - Number(big) / 1e6) < 1;
      }),
    );
  });

  it('reads a negative int32 of ten bytes without losing its place', () => {
    const cursor = new Cursor(new ProtoWriter().varint(1, -1).varint(2, 5).bytes());
    cursor.tag();
    expect(cursor.varint()).toBe(0xffffffff);
    expect(cursor.tag()).toBe(16);
    expect(cursor.varint()).toBe(5);
  });

  it('reads nested messages of any length', () => {
    for (const length of [0, 1, 127, 128, 300, 20_000, 2_100_000]) {
      const bytes = new ProtoWriter()
        .message(1, (outer) => outer.message(2, (inner) => inner.text(3, 'x'.repeat(length))))
        .varint(4, 9)
        .bytes();
      const cursor = new Cursor(bytes);
      cursor.tag();
      const outer = cursor.open(cursor.length);
      cursor.tag();
      const inner = cursor.open(outer);
      cursor.tag();
      const text = cursor.open(inner);
      expect(text - cursor.at).toBe(length);
      cursor.at = text;
      cursor.close(inner);
      cursor.close(outer);
      expect([cursor.tag(), cursor.varint()]).toEqual([32, 9]);
    }
  });

  it('skips everything it does not know', () => {
    const cursor = new Cursor(
      new ProtoWriter()
        .varint(1, 2 ** 40)
        .double(2, 1)
        .text(200, 'skipped')
        .fixed64(4, 9n)
        .varint(5, 7)
        .bytes(),
    );
    for (let n = 0; n < 4; n++) cursor.skip(cursor.tag(), cursor.length);
    expect(cursor.tag()).toBe(40);
    expect(cursor.varint()).toBe(7);
    cursor.close(cursor.length);
  });

  it('never reads beyond the end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const cursor = new Cursor(bytes);
        try {
          while (cursor.at < bytes.length) cursor.skip(cursor.tag(), bytes.length);
          cursor.close(bytes.length);
        } catch (error) {
          if (!(error instanceof Malformed)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('decodes text of any kind, short or long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const bytes = new TextEncoder().encode(`<${text}>`);
        return decodeText(bytes, 1, bytes.length - 1) === text;
      }),
    );
  });
});
