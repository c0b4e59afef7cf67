import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BODY_CHUNKED, BODY_CLOSE, BODY_LENGTH, BODY_NONE, BodyFraming, type BodyKind } from './framing.ts';

interface Result {
  readonly taken: number;
  readonly done: boolean;
  readonly failed: boolean;
  readonly data: string;
}

function read(text: string, kind: BodyKind, length = 0, sizes: readonly number[] = [1 << 30]): Result {
  const framing = new BodyFraming();
  framing.begin(kind, length);
  const bytes = Buffer.from(text, 'latin1');
  let data = '';
  let at = 0;
  for (let i = 0; at < bytes.length && !framing.done && !framing.failed; i++) {
    const to = Math.min(bytes.length, at + (sizes[i % sizes.length] as number));
    at = framing.take(bytes, at, to, (from, end) => {
      data += bytes.toString('latin1', from, end);
    });
  }
  const { done, failed } = framing;
  return failed ? { taken: 0, done: false, failed, data: '' } : { taken: at, done, failed, data };
}

const chunked = (text: string) => read(text, BODY_CHUNKED);

describe('BodyFraming', () => {
  it('knows where each kind of body ends', () => {
    expect(read('abcdef', BODY_LENGTH, 4)).toEqual({ taken: 4, done: true, failed: false, data: 'abcd' });
    expect(read('abc', BODY_LENGTH, 4)).toMatchObject({ taken: 3, done: false });
    expect(read('abc', BODY_NONE)).toMatchObject({ taken: 0, done: true });
    expect(read('abc', BODY_CLOSE)).toMatchObject({ taken: 3, done: false, data: 'abc' });
    expect(chunked('3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nGET')).toMatchObject({
      taken: 32,
      done: true,
      data: 'abc0123456789',
    });
    expect(chunked('0\r\nX-Sum: 1\r\nX-B:\r\n\r\n')).toMatchObject({ done: true, taken: 21 });
  });

  it.each([
    ['no size', '\r\nabc'],
    ['a sign', '+3\r\nabc\r\n0\r\n\r\n'],
    ['a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a space before the extension', '3 \r\nabc\r\n0\r\n\r\n'],
    ['a size beyond 2^52', '10000000000000\r\n'],
    ['a bare line feed after the size', '3\nabc\r\n0\r\n\r\n'],
    ['a bare line feed in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'],
    ['data longer than its size', '3\r\nabcd\r\n0\r\n\r\n'],
    ['data without its end', '3\r\nabc0\r\n\r\n'],
    ['a trailer that frames', '0\r\nContent-Length: 3\r\n\r\n'],
    ['a trailer that routes', '0\r\nhost: x\r\n\r\n'],
    ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
    ['a bare line feed after a trailer', '0\r\nX: a\n\r\n'],
    ['an endless extension', `3;${'x'.repeat(2_000)}\r\n`],
    ['endless trailers', `0\r\n${'X: y\r\n'.repeat(4_000)}\r\n`],
  ])('refuses %s', (_, text) => {
    expect(chunked(text).failed).toBe(true);
  });

  it('gives the same result however it is cut up', () => {
    const chunk = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 });
    const body = fc.oneof(
      fc.array(chunk, { maxLength: 6 }).map((chunks) => {
        const coded = chunks.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`).join('');
        return `${coded}0\r\nX-T: 1\r\n\r\nleft over`;
      }),
      fc.string({ unit: 'binary-ascii', maxLength: 80 }),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(body, sizes, (text, pieces) => {
        const whole = read(text, BODY_CHUNKED);
        expect(read(text, BODY_CHUNKED, 0, [1])).toEqual(whole);
        expect(read(text, BODY_CHUNKED, 0, pieces)).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});
