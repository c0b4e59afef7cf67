import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeReply, encodeRequest } from './grpc.ts';

const frame = (...body: number[]): Buffer => Buffer.from([0, 0, 0, 0, body.length, ...body]);

it('asks for a service by name', () => {
  expect(encodeRequest('')).toEqual(frame());
  expect(encodeRequest('a.B')).toEqual(frame(0x0a, 3, 0x61, 0x2e, 0x42));
  const long = encodeRequest('x'.repeat(300));
  expect(long.subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]));
});

it('reads the status, and skips what it does not know', () => {
  expect(decodeReply(frame(0x08, 1))).toBe(1);
  expect(decodeReply(frame(0x08, 2))).toBe(2);
  expect(decodeReply(frame())).toBe(0);
  expect(decodeReply(frame(0x12, 2, 0x68, 0x69, 0x08, 1))).toBe(1);
});

it('understands nothing else, and never throws', () => {
  for (const reply of [
    Buffer.alloc(0),
    Buffer.from([1, 0, 0, 0, 0]),
    Buffer.from([0, 0, 0, 0, 9, 8, 1]),
    frame(0x08),
    frame(0x0d, 1),
  ]) {
    expect(decodeReply(reply)).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(['number', 'undefined']).toContain(typeof decodeReply(frame(...bytes)));
    }),
  );
});
