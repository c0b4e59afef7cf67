import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finalStatus, requestText } from './http.ts';
import { listens } from './probe.ts';

describe('finalStatus', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\n\r\n', 200],
    ['HTTP/1.0 404 Not Found\r\nA: b\r\n\r\nbody', 404],
    ['HTTP/1.1 200\r\n\r\n', 200],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n', 503],
    ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', undefined],
    ['HTTP/1.1 101 Switching\r\n\r\n', 101],
    ['HTTP/1.1 200 OK\r\nA: b\r\n', undefined],
    ['HT', undefined],
    ['', undefined],
    ['SSH-2.0-OpenSSH_9.2\r\n', null],
    ['HTTP/2 200\r\n\r\n', null],
  ])('%j', (text, status) => {
    expect(finalStatus(text)).toBe(status);
  });

  it('is the same however the answer arrives', () => {
    const whole = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n\r\n';
    for (let end = 0; end < whole.length; end++) expect(finalStatus(whole.slice(0, end)), String(end)).toBeUndefined();
    expect(finalStatus(whole)).toBe(204);
  });
});

describe('requestText', () => {
  it('is one request whatever the path and the headers say', () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string({ minLength: 1 }), fc.string()), (path, headers) => {
        const text = requestText(path, headers);
        expect(text.startsWith('GET /')).toBe(true);
        expect(text.indexOf('\r\n\r\n')).toBe(text.length - 4);
      }),
    );
  });

  it('keeps what was declared', () => {
    expect(requestText('health z', { Host: 'x', Authorization: 'Bearer y' })).toBe(
      'GET /health%20z HTTP/1.1\r\nUser-Agent: holdfast-check\r\nAccept: */*\r\nHost: x\r\nAuthorization: Bearer y\r\nConnection: close\r\n\r\n',
    );
  });
});

describe('a refused connection', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:0BB9 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 2 1
`;
  it('is not the doing of a program that listens', () => {
    expect(listens(table, 3_000)).toBe(true);
    expect(listens(table, 3_001)).toBe(false);
    expect(listens(table, 3_002)).toBe(false);
  });
});
