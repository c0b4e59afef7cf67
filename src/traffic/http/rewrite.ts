/** Heads as they are passed on: without the headers of the other hop, with those of ours. */
import type { HeadParser } from './parser.ts';

const CONNECTION_CLOSE = Buffer.from('Connection: close\r\n');
const CONNECTION_KEEP_ALIVE = Buffer.from('Connection: keep-alive\r\n');
const CONNECTION_UPGRADE = Buffer.from('Connection: Upgrade\r\n');
const CRLF = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * Copies a head without the dropped lines and with `tail` (which ends the head) instead of its last empty line. The
 * version becomes 1.1, because that is what this proxy speaks.
 */
export function rewriteHead(bytes: Buffer, headEnd: number, parser: HeadParser, tail: Buffer, extra = NOTHING): Buffer {
  const { start, drops, dropCount } = parser;
  const out = Buffer.allocUnsafe(headEnd - 2 - start + extra.length + tail.length);
  let from = start;
  let at = 0;
  for (let i = 0; i < dropCount; i++) {
    const to = drops[i * 2] as number;
    if (to > from) at += bytes.copy(out, at, from, to);
    from = Math.max(from, drops[i * 2 + 1] as number);
  }
  at += bytes.copy(out, at, from, headEnd - 2);
  if (extra.length > 0) at += extra.copy(out, at);
  at += tail.copy(out, at);
  out[parser.minorAt - start] = 0x31;
  return at === out.length ? out : out.subarray(0, at);
}

/** A response head with our own Connection header. `unchunk`: the body follows without its chunks, up to the end. */
export function rewriteResponse(
  bytes: Buffer,
  headEnd: number,
  parser: HeadParser,
  close: boolean,
  clientMinor: number,
  unchunk: boolean,
): Buffer {
  let connection = NOTHING;
  if (parser.upgrade) connection = CONNECTION_UPGRADE;
  else if (close) connection = CONNECTION_CLOSE;
  else if (clientMinor === 0) connection = CONNECTION_KEEP_ALIVE;
  const out = rewriteHead(bytes, headEnd, parser, CRLF, connection);
  if (!unchunk) return out;
  return Buffer.from(out.toString('latin1').replace(/\r\n(?:transfer-encoding|trailer):[^\r]*/gi, ''), 'latin1');
}
