import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseMessage, SseParser } from './sse.ts';

function parse(...chunks: readonly string[]): SseMessage[] {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

describe('SseParser', () => {
  it('reads events, ids, several data lines, comments and defaults', () => {
    expect(
      parse(': hello\nretry: 1000\n\nevent: core\nid: 7\ndata: {"a":1}\n\ndata: one\ndata:two\n\nevent: empty\n\n'),
    ).toEqual([
      { event: 'core', data: '{"a":1}', id: '7' },
      { event: 'message', data: 'one\ntwo', id: '7' },
    ]);
  });

  it('takes all three line endings', () => {
    const one = [{ event: 'core', data: 'x', id: null }];
    expect(parse('event: core\ndata: x\n\n')).toEqual(one);
    expect(parse('event: core\r\ndata: x\r\n\r\n')).toEqual(one);
    expect(parse('event: core\rdata: x\r\r', ':\n')).toEqual(one);
  });

  it('says nothing of an event that is not finished', () => {
    expect(parse('event: core\ndata: x\n')).toEqual([]);
  });

  it('reads the same however the stream is cut', () => {
    const line = fc.constantFrom('event: a', 'data: x', 'data:', 'id: 3', ': c', '', 'data: a: b', 'other');
    const ending = fc.constantFrom('\n', '\r\n', '\r');
    const stream = fc
      .array(fc.tuple(line, ending), { maxLength: 30 })
      .map((lines) => `${lines.map(([text, end]) => text + end).join('')}\n`);
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 10 }), (text, cuts) => {
        const at = [...new Set(cuts.map((cut) => Math.min(cut, text.length)))].sort((a, b) => a - b);
        const chunks = [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
        expect(parse(...chunks)).toEqual(parse(text));
      }),
    );
  });
});
