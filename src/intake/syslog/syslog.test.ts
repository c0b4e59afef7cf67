import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rig } from '../testing/rig.ts';
import { Frames } from './index.ts';
import { parseSyslog } from './parse.ts';

const NOW = new Date(2024, 0, 3, 12).getTime();

describe('one syslog message', () => {
  it('RFC 5424, with structured data', () => {
    expect(
      parseSyslog(
        '<165>1 2003-10-11T22:14:15.003Z host.example.com evntslog 77 ID47 [ex@32473 iut="3" s="a \\"b\\" \\] c"][x@1 y="z"] \ufeffAn event',
        NOW,
      ),
    ).toEqual({
      wallMs: Date.UTC(2003, 9, 11, 22, 14, 15, 3),
      service: 'evntslog',
      instance: 'host.example.com',
      severity: 'info',
      text: 'An event',
      attributes: {
        facility: 'local4',
        procid: '77',
        msgid: 'ID47',
        'ex@32473.iut': '3',
        'ex@32473.s': 'a "b" ] c',
        'x@1.y': 'z',
      },
    });
    expect(parseSyslog('<34>1 - - - - - -', NOW)).toMatchObject({
      wallMs: NOW,
      service: '',
      text: '',
      severity: 'fatal',
    });
    expect(parseSyslog('<34>1 - - su - - - text [not] data', NOW)).toMatchObject({
      service: 'su',
      text: 'text [not] data',
    });
  });

  it('RFC 3164, in the year that fits', () => {
    expect(parseSyslog("<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed\n", NOW)).toEqual({
      wallMs: new Date(2023, 9, 11, 22, 14, 15).getTime(),
      service: 'su',
      instance: 'mymachine',
      severity: 'fatal',
      text: "'su root' failed",
      attributes: { facility: 'auth', procid: '12' },
    });
    const yesterday = parseSyslog('<13>Jan  2 10:00:00 h app: x', NOW);
    expect(yesterday.wallMs).toBe(new Date(2024, 0, 2, 10).getTime());
    expect(parseSyslog('<13>Dec 31 23:59:59 h app: x', NOW).wallMs).toBe(new Date(2023, 11, 31, 23, 59, 59).getTime());
    expect(parseSyslog('<13>Jan  2 10:00:00 app[1]: no host', NOW)).toMatchObject({
      service: 'app',
      instance: '',
      text: 'no host',
    });
    expect(parseSyslog('<11>2024-01-02T10:00:00Z h app: x', NOW)).toMatchObject({ instance: 'h', severity: 'error' });
  });

  it('anything else is text', () => {
    expect(parseSyslog('just words', NOW)).toMatchObject({ text: 'just words', severity: null, wallMs: NOW });
    expect(parseSyslog('<999>x', NOW)).toMatchObject({ text: '<999>x', severity: null });
    expect(parseSyslog('<13>Foo 99 99:99:99 odd', NOW)).toMatchObject({
      text: 'Foo 99 99:99:99 odd',
      severity: 'info',
    });
  });

  it('never throws and never hangs', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'<13>1 -[]="\\:aJn 2'), maxLength: 80 }), (text) => {
        const line = parseSyslog(`<13>${text}`, NOW);
        return !Number.isNaN(line.wallMs) && line.text.length <= text.length + 5;
      }),
      { numRuns: 3_000 },
    );
    const begin = performance.now();
    parseSyslog(`<13>1 - - - - - [a${' b="'.repeat(20_000)}`, NOW);
    parseSyslog(`<13>${'a'.repeat(60_000)}`, NOW);
    expect(performance.now() - begin).toBeLessThan(500);
  });
});

describe('syslog over a stream', () => {
  function read(stream: string, cuts: readonly number[], maxLineBytes = 1_000): string[] {
    const { hub, batches } = rig({ maxLineBytes });
    const frames = new Frames('syslog-tcp', '10.0.0.1', hub);
    const bytes = Buffer.from(stream);
    const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
    let from = 0;
    for (const [n, end] of ends.entries()) from += frames.consume(bytes.subarray(from, end), n === ends.length - 1);
    hub.close();
    return batches.flatMap(({ logs }) => logs.map(({ text }) => text));
  }

  it('finds the same messages wherever it is cut, framed either way or both', () => {
    const texts = fc.array(fc.stringMatching(/^[a-z ]{0,30}[a-z]$/), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(texts, fc.array(fc.boolean()), fc.array(fc.nat(), { maxLength: 10 }), (messages, counted, cuts) => {
        const stream = messages
          .map((text, n) => {
            const message = `<13>1 - h app - - - ${text}`;
            return counted[n] ? `${message.length} ${message}` : `${message}\n`;
          })
          .join('');
        expect(read(stream, cuts)).toEqual(messages);
      }),
    );
  });

  it('cuts what is too long and goes on behind it', () => {
    const long = `<13>1 - h app - - - ${'x'.repeat(500)}`;
    for (const stream of [`${long}\n<13>1 - - - - - - next\n`, `${long.length} ${long}24 <13>1 - - - - - - next`]) {
      const texts = read(stream, [50, 100, 150, 200, 300, 400, 520], 100);
      expect(texts[0]?.length).toBeLessThan(120);
      expect(texts.at(-1)).toBe('next');
      expect(texts).toHaveLength(2);
    }
  });
});
