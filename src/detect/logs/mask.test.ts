import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOOKED_AT, Masker, WILD } from './mask.ts';

const masker = new Masker();

function mask(line: string): string {
  masker.take(line);
  return masker.text().replaceAll(WILD, '<*>');
}

describe('masking', () => {
  it.each([
    // numbers with their signs and units
    ['took 900 ms', 'took <*>'],
    ['took 1.2 s', 'took <*>'],
    ['delta -127633188', 'delta <*>'],
    ['126MB HIGHMEM available.', '<*> HIGHMEM available.'],
    ['50% done, 5/10 parts.', '<*> done, <*> parts.'],
    ['18846 bytes (18.4 KB) received', '<*> received'],
    ['403 bytes received', '<*> received'],
    ['lifetime <1 sec', 'lifetime <*>'],
    ['lifetime 00:01', 'lifetime <*>'],
    ['answer <5> given', 'answer <<*>> given'],
    ['retry within 60000 ms.', 'retry within <*>.'],
    // addresses
    ['from 10.0.0.1:4444 to [fe80::1ff:fe23:4567:890a]', 'from <*> to [<*>]'],
    ['chip FF:F2:9F:16:E2:23 ok', 'chip <*> ok'],
    ['peer db-3:5432 is gone', 'peer <*> is gone'],
    ['from 24.54.76.216 (24-54-76-216.example.com) at', 'from <*> at'],
    ['from 24.54.76.216 () at', 'from <*> at'],
    ['proxy.example.org closed', '<*> closed'],
    ['shop.example.cn:443 closed', '<*> closed'],
    ['mail of ann@example.com refused', 'mail of <*> refused'],
    // paths
    ['cannot open /etc/passwd: denied', 'cannot open <*>: denied'],
    ['cannot open ./a/b.c, denied', 'cannot open <*>, denied'],
    ['loading C:\\Windows\\x.dll now', 'loading <*> now'],
    ['copy \\\\server\\share\\x to home\\ann\\y', 'copy <*> to <*>'],
    ['open from a\\b', 'open from a\\b'],
    ['nodes [3, 17, 20] of [4]', 'nodes [<*>] of [<*>]'],
    ['GET https://example.com/a?b=c done', 'GET <*> done'],
    ['Input/output error', 'Input/output error'],
    ['HTTP/1.1 or tree/torus', 'HTTP/<*> or tree/torus'],
    // identifiers keep their names
    ['attempt_1445144423722_0020_m_000000_0 ok', 'attempt_<*> ok'],
    ['db-28800 and a-b12', 'db-<*> and a-<*>'],
    ['eth0 and node-246', 'eth<*> and node-<*>'],
    ['request 9b2d8c1e-7f3a-4c1b-9a2e-0f1d2c3b4a5e', 'request <*>'],
    ['at c00045a4 0xdeadbeef deadbeef', 'at <*> <*> <*>'],
    ['session x7Kp2q', 'session <*>'],
    // dates
    ['on Fri Jun 17 07:07:00 2005', 'on <*> <*> <*> <*> <*>'],
    ['on Sat Jun  4 20:55:06 PDT 2005', 'on <*> <*> <*> <*> <*> <*>'],
    ['2023-10-10T13:55:36.123Z ready', '<*> ready'],
    ['May I come in', 'May I come in'],
    // literals only where a value is due
    ['ok=true x: null', 'ok=<*> x: <*>'],
    ['Failed none, that is true', 'Failed none, that is true'],
    // and the rest
    ['\u001b[32mINFO\u001b[0m  two   blanks ', 'INFO two blanks'],
    ['java.io.IOException: gone', 'java.io.IOException: gone'],
    ['', ''],
  ])('%j', (line, masked) => {
    expect(mask(line)).toBe(masked);
  });

  it('knows identifiers by their whole shape, whichever digits they begin with', () => {
    const masked = (line: string): string => {
      const masker = new Masker();
      masker.take(line);
      return masker.text().replaceAll(WILD, '<*>');
    };
    expect(masked('req-edbfbefa-1d2c-4aaa-abcd-0123456789ab done')).toBe(
      masked('req-0dbfbefa-1d2c-4aaa-abcd-0123456789ab done'),
    );
    expect(masked('key SHA256:9fQxZ of db-3:5432')).toBe('key SHA<*> of <*>');
    expect(masked('db-3:5432 is up')).toBe('<*> is up');
  });

  it('takes any text, and never makes it much longer', () => {
    const codes = fc.array(fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 0, max: 65_535 })));
    fc.assert(
      fc.property(codes, fc.constantFrom(1, 2, 300), (part, times) => {
        masker.take(String.fromCharCode(...part).repeat(times));
        expect(masker.text().length).toBeLessThanOrEqual(LOOKED_AT + 8);
      }),
    );
  });

  it('gives equal keys to equal masks, and different keys to different ones', () => {
    const words = fc.constantFrom('open', 'close', '17', '10.0.0.1', 'a=', 'x_7', '(', ')', '/tmp/x', ',', ' ');
    const lines = fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(lines, lines, (one, other) => {
        masker.take(one);
        const [key, text] = [masker.key, masker.text()];
        masker.take(other);
        expect(masker.key === key).toBe(masker.text() === text);
      }),
    );
  });

  it('does not depend on which number it is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (one, other) => {
        expect(mask(`block ${one} of part-${one} in ${one}ms (${one})`)).toBe(
          mask(`block ${other} of part-${other} in ${other}ms (${other})`),
        );
      }),
    );
  });
});
