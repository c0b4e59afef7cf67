import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadBuffer } from './head-buffer.ts';
import { HeadParser, INCOMPLETE, MAX_HEAD_BYTES, REFUSED } from './parser.ts';
import { rewriteHead, rewriteResponse } from './rewrite.ts';

const TAIL = Buffer.from('\r\n');

function parse(text: string, kind: 'request' | 'response' = 'request'): HeadParser & { readonly end: number } {
  const bytes = Buffer.from(text, 'latin1');
  const parser = new HeadParser(kind);
  const end = parser.parse(bytes, 0, bytes.length);
  return Object.assign(parser, { end });
}

/** `name: value` lines after a valid request line and Host. */
const request = (...lines: string[]) =>
  `GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

function forwarded(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const parser = new HeadParser('request');
  const end = parser.parse(bytes, 0, bytes.length);
  expect(end).toBe(bytes.length);
  return rewriteHead(bytes, end, parser, TAIL).toString('latin1');
}

describe('requests', () => {
  it('reads what a proxy needs to know', () => {
    const parser = parse('POST /a?b=c HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n');
    expect(parser).toMatchObject({
      contentLength: 12,
      chunked: false,
      idempotent: false,
      minor: 1,
      expectContinue: true,
    });
    expect(parse('DELETE / HTTP/1.0\r\n\r\n')).toMatchObject({ idempotent: true, minor: 0, hosts: 0 });
    expect(parse('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatchObject({
      isHead: true,
      close: true,
    });
    expect(parse(request('Transfer-Encoding: Chunked')).chunked).toBe(true);
    expect(parse('POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: 7\r\n\r\n').idempotent).toBe(true);
    expect(parse('get / HTTP/1.1\r\nHost: a\r\n\r\n').idempotent).toBe(false);
  });

  it('tolerates empty lines before the request line', () => {
    const parser = parse(`\r\n\r\n${request()}`);
    expect(parser.start).toBe(4);
    expect(parser.end).toBe(4 + request().length);
  });

  it.each([
    ['a bare line feed', 'GET / HTTP/1.1\nHost: a\n\n', 400],
    ['a bare line feed in a header', 'GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n', 400],
    ['a bare carriage return', 'GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n', 400],
    ['a folded line', request('X: a', ' b'), 400],
    ['a tab-folded line', request('X: a', '\tb'), 400],
    ['a space before the colon', request('Content-Length : 3'), 400],
    ['an empty name', request(': x'), 400],
    ['a NUL in a value', request('X: a\0b'), 400],
    ['a control character in a name', request('X\x01: b'), 400],
    ['two lengths that differ', request('Content-Length: 3', 'Content-Length: 4'), 400],
    ['two lengths that agree', request('Content-Length: 3', 'content-length: 3'), 400],
    ['a list of lengths', request('Content-Length: 3, 3'), 400],
    ['a signed length', request('Content-Length: +3'), 400],
    ['a hexadecimal length', request('Content-Length: 0x3'), 400],
    ['an empty length', request('Content-Length: '), 400],
    ['a huge length', request('Content-Length: 1234567890123456'), 400],
    ['length beside coding', request('Content-Length: 3', 'Transfer-Encoding: chunked'), 400],
    ['coding beside length', request('Transfer-Encoding: chunked', 'Content-Length: 3'), 400],
    ['two codings', request('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 400],
    ['another coding', request('Transfer-Encoding: gzip, chunked'), 501],
    ['a misspelt coding', request('Transfer-Encoding: xchunked'), 501],
    ['chunks in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', request('Host: b'), 400],
    ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['no target', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['endless empty lines', '\r\n'.repeat(5), 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 505],
    ['HTTP/0.9', 'GET /\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00', 400],
    ['a head that is too large', request(`X: ${'a'.repeat(MAX_HEAD_BYTES)}`), 431],
  ])('refuses %s', (_, text, status) => {
    const parser = parse(text);
    expect(parser.end).toBe(REFUSED);
    expect(parser.errorStatus).toBe(status);
  });

  it('passes on everything but the headers of this hop', () => {
    expect(forwarded(request('X-A:  1', 'Accept: */*'))).toBe(request('X-A:  1', 'Accept: */*'));
    expect(forwarded(request('Connection: keep-alive', 'X: 1', 'Keep-Alive: timeout=5'))).toBe(request('X: 1'));
    expect(forwarded(request('Connection: close, X-Hop', 'x-hop: 1', 'X-Hop2: 2'))).toBe(request('X-Hop2: 2'));
    expect(forwarded(request('X-Hop: 1', 'TE: gzip', 'Connection: TE, x-hop'))).toBe(request());
    expect(forwarded(request('TE: trailers', 'Proxy-Connection: keep-alive'))).toBe(request('TE: trailers'));
  });

  it('does not let Connection name away what frames or routes the message', () => {
    const text = request('Content-Length: 3', 'Connection: Content-Length, Host, Transfer-Encoding');
    expect(forwarded(text)).toBe(request('Content-Length: 3'));
  });

  it('keeps an upgrade only where it is asked for and known', () => {
    const websocket = parse(request('Upgrade: websocket', 'Connection: Upgrade'));
    expect(websocket.upgrade).toBe(true);
    expect(parse(request('Upgrade: websocket')).upgrade).toBe(false);
    expect(forwarded(request('Upgrade: websocket'))).toBe(request());
    expect(forwarded(request('Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AA'))).toBe(
      request(),
    );
  });
});

describe('responses', () => {
  it('reads status, framing and the promised keep-alive', () => {
    const text = 'HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nKeep-Alive: timeout=7, max=3\r\n\r\n';
    expect(parse(text, 'response')).toMatchObject({ status: 404, contentLength: 3, keepAliveSeconds: 7 });
    expect(parse('HTTP/1.1 200 \r\n\r\n', 'response').status).toBe(200);
  });

  it.each([
    ['length beside coding', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a status without digits', 'HTTP/1.1 2x0 OK\r\n\r\n'],
  ])('refuses %s', (_, text) => {
    expect(parse(text, 'response').end).toBe(REFUSED);
  });

  it('tells the client what becomes of its connection', () => {
    const text = 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nX: 1\r\n\r\n';
    const bytes = Buffer.from(text);
    const parser = new HeadParser('response');
    const end = parser.parse(bytes, 0, bytes.length);
    const head = (close: boolean, minor: number) =>
      rewriteResponse(bytes, end, parser, close, minor, false).toString('latin1');
    expect(head(false, 1)).toBe('HTTP/1.1 200 OK\r\nX: 1\r\n\r\n');
    expect(head(true, 1)).toBe('HTTP/1.1 200 OK\r\nX: 1\r\nConnection: close\r\n\r\n');
    expect(head(false, 0)).toBe('HTTP/1.1 200 OK\r\nX: 1\r\nConnection: keep-alive\r\n\r\n');
  });
});

describe('in pieces', () => {
  const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
  const value = fc.stringMatching(/^[ -~]{0,40}$/);
  const valid = fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'M-SEARCH'),
      fc.stringMatching(/^\/[!-~]{0,60}$/),
      fc.array(fc.tuple(token, value), { maxLength: 12 }),
      fc.constantFrom('', 'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close, Foo\r\n'),
    )
    .map(([method, target, headers, special]) => {
      const lines = headers.map(([name, text]) => `X-${name}: ${text}\r\n`).join('');
      return `${method} ${target} HTTP/1.1\r\nHost: h\r\n${lines}${special}\r\n`;
    });
  const anything = fc.oneof(
    valid,
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.tuple(valid, fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
      const index = at % text.length;
      return text.slice(0, index) + String.fromCharCode(byte) + text.slice(index + 1);
    }),
  );

  const facts = (parser: HeadParser, end: number) => ({
    end,
    error: end === REFUSED ? parser.errorStatus : null,
    framing: end < 0 ? null : [parser.contentLength, parser.chunked, parser.close, parser.upgrade, parser.minor],
    drops: end < 0 ? null : [...parser.drops.subarray(0, parser.dropCount * 2)],
  });

  function inPieces(bytes: Buffer, sizes: readonly number[]): ReturnType<typeof facts> {
    const parser = new HeadParser('request');
    const head = new HeadBuffer(16);
    let at = 0;
    for (let i = 0; at < bytes.length; i++) {
      const to = Math.min(bytes.length, at + (sizes[i % sizes.length] as number));
      head.append(bytes, at, to);
      at = to;
      const end = parser.parse(head.bytes, 0, head.length);
      if (end !== INCOMPLETE) return facts(parser, end);
    }
    return facts(parser, INCOMPLETE);
  }

  it('gives the same result however a head is cut up', () => {
    fc.assert(
      fc.property(
        anything,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        (text, sizes) => {
          // A line in pieces is judged when its end is there: so every line gets one.
          const bytes = Buffer.from(`${text}\r\n\r\n`, 'latin1');
          const parser = new HeadParser('request');
          const whole = facts(parser, parser.parse(bytes, 0, bytes.length));
          expect(inPieces(bytes, [1])).toEqual(whole);
          expect(inPieces(bytes, sizes)).toEqual(whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never reads past what it was given, and always decides or asks for more', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const bytes = Buffer.from(text, 'latin1');
        const end = new HeadParser('request').parse(bytes, 0, bytes.length);
        expect(end === INCOMPLETE || end === REFUSED || (end > 0 && end <= bytes.length)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('reads a head of 64 KiB byte by byte in reasonable time', () => {
    const bytes = Buffer.from(request(`X: ${'a'.repeat(MAX_HEAD_BYTES - 100)}`));
    const parser = new HeadParser('request');
    const head = new HeadBuffer();
    let end = INCOMPLETE;
    const before = process.cpuUsage().user;
    for (let i = 0; i < bytes.length; i++) {
      head.append(bytes, i, i + 1);
      end = parser.parse(head.bytes, 0, head.length);
    }
    expect(end).toBe(bytes.length);
    // Quadratic work would take many seconds.
    expect(process.cpuUsage().user - before).toBeLessThan(2_000_000);
  });
});
