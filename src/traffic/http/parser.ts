/**
 * Parser of HTTP/1.1 heads, for requests and responses. It looks at every byte once, keeps offsets instead of strings
 * (heads are passed on as bytes), and is strict: whatever two parsers could read in two ways is refused, because a
 * disagreement between this proxy and the server behind it is how requests are smuggled.
 *
 * Lines end in CRLF, nothing else. Folded lines, spaces before a colon, control characters, a second Content-Length,
 * Content-Length beside Transfer-Encoding, any transfer coding but `chunked`: refused.
 */
import { COLON, CR, equals, LF, SP, spells, TAB, TARGET, TOKEN, VALUE } from './bytes.ts';

export const INCOMPLETE = -1;
export const REFUSED = -2;

/** Longest head, start line included. Larger ones are answered 431. */
export const MAX_HEAD_BYTES = 65_536;
const MAX_DROPS = 64;
const MAX_EMPTY_BYTES = 8;

/** Lengths of the names that mean something to a proxy; all other headers are only checked. */
const KNOWN_LENGTHS = new Uint8Array(256);
for (const length of [2, 4, 6, 7, 10, 14, 15, 16, 17]) KNOWN_LENGTHS[length] = 1;

const METHODS_IDEMPOTENT = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'];

export class HeadParser {
  /** When refused: the status to answer and a few words why. */
  errorStatus = 400;
  error = '';

  // The start line.
  minor = 1;
  methodEnd = 0;
  /** Offset of the minor version's digit in the start line. */
  minorAt = 0;
  isHead = false;
  isConnect = false;
  idempotent = false;
  status = 0;

  // The header lines.
  contentLength = -1;
  chunked = false;
  close = false;
  keepAlive = false;
  hosts = 0;
  /** `Connection: upgrade`, and an Upgrade header that is passed on. */
  upgrade = false;
  expectContinue = false;
  forwardedProto = false;
  /** From `Keep-Alive: timeout=N`; -1 when not said. */
  keepAliveSeconds = -1;
  /** Lines that are not passed on: pairs of offsets. */
  readonly drops = new Int32Array(MAX_DROPS * 2);
  dropCount = 0;
  start = 0;

  readonly #request: boolean;
  #line = -1;
  #scanned = 0;
  #startLineDone = false;
  #transferEncodings = 0;
  #connectionUpgrade = false;
  #upgradeFrom = -1;
  #upgradeTo = -1;
  #named = false;

  constructor(kind: 'request' | 'response') {
    this.#request = kind === 'request';
  }

  reset(): void {
    this.methodEnd = 0;
    this.isHead = false;
    this.isConnect = false;
    this.idempotent = false;
    this.status = 0;
    this.contentLength = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.hosts = 0;
    this.upgrade = false;
    this.expectContinue = false;
    this.forwardedProto = false;
    this.keepAliveSeconds = -1;
    this.dropCount = 0;
    this.#line = -1;
    this.#scanned = 0;
    this.#startLineDone = false;
    this.#transferEncodings = 0;
    this.#connectionUpgrade = false;
    this.#upgradeFrom = -1;
    this.#named = false;
  }

  /**
   * Parses from `start`, or goes on where it stopped: then `start` and the bytes before the new ones are the same as
   * in the call before. Returns the offset after the head, INCOMPLETE or REFUSED.
   */
  parse(bytes: Buffer, start: number, end: number): number {
    let line = this.#line;
    if (line < 0) {
      line = start;
      this.start = start;
    } else if (this.#scanned > line && this.#scanned < end) {
      // A line that arrives in pieces is looked at again only when its end is there.
      const lf = bytes.indexOf(LF, this.#scanned);
      if (lf < 0 || lf >= end) return this.#pause(line, end);
    }
    if (!this.#startLineDone) {
      // Empty lines before a request are tolerated, as RFC 9112 2.2 asks.
      while (this.#request && bytes[line] === CR && line + 1 < end && bytes[line + 1] === LF) line += 2;
      if (line - start > MAX_EMPTY_BYTES) return this.#refuse(400, 'nothing but empty lines');
      this.start = line;
      if (line >= end || (this.#request && bytes[line] === CR && line + 1 === end)) return this.#pause(line, end);
      const next = this.#request ? this.#requestLine(bytes, line, end) : this.#statusLine(bytes, line, end);
      if (next < 0) return next === INCOMPLETE ? this.#pause(line, end) : REFUSED;
      this.#startLineDone = true;
      line = next;
    }
    for (;;) {
      if (line >= end) return this.#pause(line, end);
      if (bytes[line] === CR) {
        if (line + 1 >= end) return this.#pause(line, end);
        if (bytes[line + 1] !== LF) return this.#refuse(400, 'a carriage return without a line feed');
        return this.#finish(bytes, line + 2);
      }
      const next = this.#header(bytes, line, end);
      if (next < 0) return next === INCOMPLETE ? this.#pause(line, end) : REFUSED;
      line = next;
    }
  }

  #pause(line: number, end: number): number {
    this.#line = line;
    this.#scanned = end;
    if (end - this.start > MAX_HEAD_BYTES) return this.#refuse(431, 'the head is larger than 64 KiB');
    return INCOMPLETE;
  }

  #refuse(status: number, error: string): number {
    this.errorStatus = status;
    this.error = error;
    return REFUSED;
  }

  #requestLine(bytes: Buffer, line: number, end: number): number {
    let i = line;
    while (i < end && TOKEN[bytes[i] as number] === 1) i++;
    if (i - line > 32) return this.#refuse(400, 'the method is too long');
    if (i >= end) return INCOMPLETE;
    if (bytes[i] !== SP || i === line) return this.#refuse(400, 'malformed request line');
    this.methodEnd = i;
    const target = ++i;
    while (i < end && TARGET[bytes[i] as number] === 1) i++;
    if (i >= end) return INCOMPLETE;
    if (bytes[i] !== SP || i === target) return this.#refuse(400, 'malformed request target');
    const version = i + 1;
    if (version + 10 > end) return this.#versionSoFar(bytes, version, end);
    if (!this.#version(bytes, version)) return REFUSED;
    if (bytes[version + 8] !== CR || bytes[version + 9] !== LF) return this.#refuse(400, 'malformed request line');
    this.#method(bytes, line, this.methodEnd - line);
    return version + 10;
  }

  /** Methods are case-sensitive. */
  #method(bytes: Buffer, at: number, length: number): void {
    for (const method of METHODS_IDEMPOTENT) {
      if (method.length !== length || !equals(bytes, at, method)) continue;
      this.idempotent = true;
      this.isHead = method === 'HEAD';
      return;
    }
    this.isConnect = length === 7 && equals(bytes, at, 'CONNECT');
  }

  /** A version that has not arrived completely is refused as soon as it cannot become one. */
  #versionSoFar(bytes: Buffer, version: number, end: number): number {
    const expected = 'HTTP/1';
    for (let i = 0; version + i < end && i < expected.length; i++) {
      if (bytes[version + i] === expected.charCodeAt(i)) continue;
      return i < 5
        ? this.#refuse(400, 'malformed version')
        : this.#refuse(505, 'only HTTP/1.0 and HTTP/1.1 are spoken');
    }
    return INCOMPLETE;
  }

  #version(bytes: Buffer, at: number): boolean {
    for (let i = 0; i < 5; i++) {
      if (bytes[at + i] !== 'HTTP/'.charCodeAt(i)) {
        this.#refuse(400, 'malformed version');
        return false;
      }
    }
    const minor = (bytes[at + 7] as number) - 0x30;
    if (bytes[at + 5] !== 0x31 || bytes[at + 6] !== 0x2e || (minor !== 0 && minor !== 1)) {
      this.#refuse(505, 'only HTTP/1.0 and HTTP/1.1 are spoken');
      return false;
    }
    this.minor = minor;
    this.minorAt = at + 7;
    return true;
  }

  #statusLine(bytes: Buffer, line: number, end: number): number {
    if (end - line < 13) return INCOMPLETE;
    if (!this.#version(bytes, line)) return REFUSED;
    let status = 0;
    for (let i = line + 9; i < line + 12; i++) {
      const digit = (bytes[i] as number) - 0x30;
      if (digit < 0 || digit > 9) return this.#refuse(502, 'malformed status');
      status = status * 10 + digit;
    }
    if (bytes[line + 8] !== SP || status < 100) return this.#refuse(502, 'malformed status line');
    this.status = status;
    let i = line + 12;
    while (i < end && VALUE[bytes[i] as number] === 1) i++;
    if (i + 1 >= end) return i < end && bytes[i] !== CR ? this.#refuse(502, 'malformed reason') : INCOMPLETE;
    if (bytes[i] !== CR || bytes[i + 1] !== LF) return this.#refuse(502, 'malformed reason');
    return i + 2;
  }

  #header(bytes: Buffer, line: number, end: number): number {
    let i = line;
    while (i < end && TOKEN[bytes[i] as number] === 1) i++;
    if (i >= end) return INCOMPLETE;
    const length = i - line;
    if (bytes[i] !== COLON || length === 0) return this.#refuse(400, 'malformed header line');
    i++;
    while (i < end && (bytes[i] === SP || bytes[i] === TAB)) i++;
    const value = i;
    while (i < end && VALUE[bytes[i] as number] === 1) i++;
    if (i + 1 >= end) return i < end && bytes[i] !== CR ? this.#refuse(400, 'bad character in a header') : INCOMPLETE;
    if (bytes[i] !== CR || bytes[i + 1] !== LF) return this.#refuse(400, 'bad character in a header');
    if (length < 256 && KNOWN_LENGTHS[length] === 1 && !this.#known(bytes, line, length, value, i)) return REFUSED;
    return i + 2;
  }

  /** Takes note of the headers that concern a proxy; false when one is refused. */
  #known(bytes: Buffer, line: number, length: number, value: number, crlf: number): boolean {
    let end = crlf;
    while (end > value && (bytes[end - 1] === SP || bytes[end - 1] === TAB)) end--;
    const next = crlf + 2;
    switch (length) {
      case 2:
        if (spells(bytes, line, 'te') && !(end - value === 8 && spells(bytes, value, 'trailers')))
          return this.#drop(line, next);
        return true;
      case 4:
        if (spells(bytes, line, 'host')) this.hosts++;
        return true;
      case 6:
        if (spells(bytes, line, 'expect'))
          this.expectContinue = end - value === 12 && spells(bytes, value, '100-continue');
        return true;
      case 7:
        if (spells(bytes, line, 'upgrade')) return this.#upgradeHeader(bytes, line, next, value, end);
        return true;
      case 10:
        if (spells(bytes, line, 'connection')) return this.#connection(bytes, value, end) && this.#drop(line, next);
        if (spells(bytes, line, 'keep-alive')) {
          const timeout = /timeout=(\d{1,6})/i.exec(bytes.toString('latin1', value, end));
          if (timeout) this.keepAliveSeconds = Number(timeout[1]);
          return this.#drop(line, next);
        }
        return true;
      case 14:
        if (spells(bytes, line, 'content-length')) return this.#contentLength(bytes, value, end);
        if (spells(bytes, line, 'http2-settings')) return this.#drop(line, next);
        return true;
      case 15:
        if (this.#request && end > value && spells(bytes, line, 'idempotency-key')) this.idempotent = true;
        return true;
      case 16:
        if (spells(bytes, line, 'proxy-connection')) return this.#drop(line, next);
        return true;
      case 17:
        if (spells(bytes, line, 'transfer-encoding')) return this.#transferEncoding(bytes, value, end);
        if (spells(bytes, line, 'x-forwarded-proto')) this.forwardedProto = true;
        return true;
      default:
        return true;
    }
  }

  #drop(from: number, to: number): boolean {
    if (this.dropCount === MAX_DROPS) return this.#refuse(400, 'too many connection headers') === 0;
    this.drops[this.dropCount * 2] = from;
    this.drops[this.dropCount * 2 + 1] = to;
    this.dropCount++;
    return true;
  }

  #contentLength(bytes: Buffer, value: number, end: number): boolean {
    if (this.contentLength >= 0) return this.#refuse(400, 'more than one Content-Length') === 0;
    if (end === value || end - value > 15) return this.#refuse(400, 'bad Content-Length') === 0;
    let length = 0;
    for (let i = value; i < end; i++) {
      const digit = (bytes[i] as number) - 0x30;
      if (digit < 0 || digit > 9) return this.#refuse(400, 'bad Content-Length') === 0;
      length = length * 10 + digit;
    }
    this.contentLength = length;
    return true;
  }

  #transferEncoding(bytes: Buffer, value: number, end: number): boolean {
    if (++this.#transferEncodings > 1) return this.#refuse(400, 'more than one Transfer-Encoding') === 0;
    if (end - value === 7 && spells(bytes, value, 'chunked')) this.chunked = true;
    else return this.#refuse(501, 'only the transfer coding `chunked` is known') === 0;
    return true;
  }

  #upgradeHeader(bytes: Buffer, line: number, next: number, value: number, end: number): boolean {
    // h2c would open a second protocol behind our back: the request goes on as plain HTTP/1.1.
    const wanted = bytes.toString('latin1', value, end).toLowerCase();
    if (this.#upgradeFrom >= 0 || wanted.includes('h2c')) return this.#drop(line, next);
    this.#upgradeFrom = line;
    this.#upgradeTo = next;
    return true;
  }

  #connection(bytes: Buffer, value: number, end: number): boolean {
    // The two values that nearly all have, without making a string.
    if (end - value === 10 && spells(bytes, value, 'keep-alive')) {
      this.keepAlive = true;
      return true;
    }
    for (const raw of bytes.toString('latin1', value, end).toLowerCase().split(',')) {
      const option = raw.trim();
      if (option === 'close') this.close = true;
      else if (option === 'keep-alive') this.keepAlive = true;
      else if (option === 'upgrade') this.#connectionUpgrade = true;
      else if (option !== '' && option !== 'te') this.#named = true;
    }
    return true;
  }

  #finish(bytes: Buffer, headEnd: number): number {
    if (headEnd - this.start > MAX_HEAD_BYTES) return this.#refuse(431, 'the head is larger than 64 KiB');
    if (this.chunked && this.contentLength >= 0) return this.#refuse(400, 'Content-Length beside Transfer-Encoding');
    if (this.chunked && this.minor === 0) return this.#refuse(400, 'Transfer-Encoding in HTTP/1.0');
    if (this.#request && (this.hosts > 1 || (this.hosts === 0 && this.minor === 1)))
      return this.#refuse(400, this.hosts > 1 ? 'more than one Host' : 'no Host');
    if (this.#upgradeFrom >= 0) {
      if (this.#connectionUpgrade && this.minor === 1) this.upgrade = true;
      else if (!this.#drop(this.#upgradeFrom, this.#upgradeTo)) return REFUSED;
    }
    if (this.#named && !this.#dropNamed(bytes, headEnd)) return REFUSED;
    if (this.dropCount > 1 && (this.#named || this.#upgradeFrom >= 0)) this.#sortDrops();
    return headEnd;
  }

  /** Headers that Connection names belong to this hop. Those that frame or route the message cannot be named away. */
  #dropNamed(bytes: Buffer, headEnd: number): boolean {
    const keep = new Set(['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'keep-alive', 'te']);
    for (const known of ['close', 'proxy-connection', 'http2-settings']) keep.add(known);
    const lines = bytes.toString('latin1', this.start, headEnd).split('\r\n');
    const named = new Set<string>();
    for (const line of lines) {
      if (!/^connection:/i.test(line)) continue;
      for (const option of line.slice(11).toLowerCase().split(','))
        if (!keep.has(option.trim())) named.add(option.trim());
    }
    let at = this.start;
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (at > this.start && colon > 0 && named.has(line.slice(0, colon).toLowerCase())) {
        if (!this.#drop(at, at + line.length + 2)) return false;
      }
      at += line.length + 2;
    }
    return true;
  }

  #sortDrops(): void {
    const pairs: [number, number][] = [];
    for (let i = 0; i < this.dropCount; i++) pairs.push([this.drops[i * 2] as number, this.drops[i * 2 + 1] as number]);
    pairs.sort((a, b) => a[0] - b[0]);
    pairs.forEach(([from, to], i) => {
      this.drops[i * 2] = from;
      this.drops[i * 2 + 1] = to;
    });
  }
}
