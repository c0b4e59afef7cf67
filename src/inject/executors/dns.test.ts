/** What is asked of names, and what lies over the true files; see dns.integration.test.ts for real lookups. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copiesFor, dns, type NamesFault, withoutNames } from './dns.ts';

const TRUTH = {
  hosts: '127.0.0.1 localhost\n# 10.0.0.9 ledger\n10.0.0.7 ledger.internal ledger # books\n10.0.0.8 other\n',
  'resolv.conf': 'search lan\nnameserver 10.0.0.1\nnameserver 10.0.0.2\noptions ndots:2\n',
  'nsswitch.conf': 'passwd: files\nhosts: mymachines resolve [!UNAVAIL=return] files myhostname dns # as ever\n',
};

const copies = (given: Record<string, unknown>): ReturnType<typeof copiesFor> =>
  copiesFor(dns.parse(given) as NamesFault, TRUTH, '192.0.2.1');
const hostsLine = (text: string): string | undefined => text.split('\n').find((line) => line.startsWith('hosts:'));

describe('what is asked', () => {
  it('has defaults, and names as they are looked up', () => {
    expect(dns.parse({})).toEqual({ mode: 'fail', names: [], address: '192.0.2.2' });
    expect(dns.parse({ mode: 'wrong', names: ['Ledger.', 'ledger'], address: '::1' })).toEqual({
      mode: 'wrong',
      names: ['ledger'],
      address: '::1',
    });
  });

  it.each([
    [{ mode: 'wrong' }, /wrong needs names/],
    [{ mode: 'slow' }, /one of fail, timeout, wrong/],
    [{ names: 'ledger' }, /list of texts/],
    [{ names: ['a b'] }, /not the name of a host/],
    [{ names: ['10.0.0.1'] }, /not the name of a host/],
    [{ names: ['a\n1.2.3.4 b'] }, /not the name of a host/],
    [{ names: Array.from({ length: 17 }, (_, n) => `n${n}`) }, /at most 16/],
    [{ mode: 'wrong', names: ['a'], address: '1.2.3' }, /IP address/],
    [{ mode: 'fail', address: '10.0.0.1' }, /is for mode wrong/],
    [{ nmaes: ['a'] }, /no parameter nmaes/],
  ])('%j is refused', (given, why) => {
    expect(() => dns.parse(given)).toThrow(why);
  });
});

describe('what lies over the true files', () => {
  it('fail: nobody is asked, the hosts file still counts', () => {
    const made = copies({});
    expect(made.hosts).toBe(TRUTH.hosts);
    expect(hostsLine(made['nsswitch.conf'])).toBe('hosts: mymachines files myhostname');
    expect(made['nsswitch.conf']).toContain('passwd: files');
    expect(made['resolv.conf']).not.toContain('10.0.0.');
    expect(made['resolv.conf']).toContain('search lan');
  });

  it('timeout: one server is asked, with the options there were', () => {
    const made = copies({ mode: 'timeout', names: ['ledger'] });
    expect(made.hosts).toContain('10.0.0.7 ledger.internal\n');
    expect(hostsLine(made['nsswitch.conf'])).toBe('hosts: mymachines files dns');
    expect(made['resolv.conf']).toBe('nameserver 192.0.2.1\nsearch lan\noptions ndots:2\n');
  });

  it('wrong: the names come first, and servers know the rest', () => {
    const made = copies({ mode: 'wrong', names: ['ledger', 'db.lan'], address: '10.9.9.9' });
    expect(made.hosts.split('\n').slice(0, 3)).toEqual(['10.9.9.9 ledger', '10.9.9.9 db.lan', '127.0.0.1 localhost']);
    expect(made['resolv.conf']).toBe(TRUTH['resolv.conf']);
    expect(hostsLine(made['nsswitch.conf'])).toBe('hosts: files mymachines resolve myhostname dns');
  });

  it('no line of the hosts file is lost but for its names', () => {
    const name = fc.constantFrom('a', 'b.lan', 'C', 'localhost');
    const line = fc.tuple(fc.ipV4(), fc.array(name, { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(line), fc.array(name), (lines, lost) => {
        const text = lines.map(([address, names]) => [address, ...names].join(' ')).join('\n');
        const gone = lost.map((each) => each.toLowerCase());
        const isKept = (each: string): boolean => !gone.includes(each.toLowerCase());
        const want = lines.flatMap(([address, names]) => {
          const left = names.filter(isKept);
          return left.length === 0 ? [] : [[address, ...left].join(' ')];
        });
        expect(withoutNames(text, gone).split('\n').filter(Boolean)).toEqual(want);
      }),
    );
  });
});
