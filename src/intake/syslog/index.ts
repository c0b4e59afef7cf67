/**
 * Syslog over UDP (a message a datagram), and TCP (RFC 6587: octet counting, or one message a line, told apart by each
 * frame's first byte) or TLS (RFC 5425). Syslog has no answers: what is too long is cut and counted.
 */
import type { BatchBuilder, Intake, IntakeContext } from '../contract.ts';
import { noToken, serveTcp, serveUdp, type TcpConnection } from '../wire/sockets.ts';
import { parseSyslog } from './parse.ts';

const LF = 10;
const [ZERO, NINE] = [48, 57];
/** `64 `: length and blank of a counted frame; nobody has more digits. */
const MAX_HEAD = 8;

export const syslogUdp: Intake = {
  name: 'syslog-udp',
  title: 'syslog over UDP, RFC 5424 and RFC 3164',
  transport: 'udp',
  port: 514,
  start: (context, options) => {
    const name = 'syslog-udp';
    const datagram = (bytes: Buffer, remote: string): void => {
      const batch = context.batch(name);
      message(bytes, remote, context, batch);
      batch.commit();
    };
    return serveUdp(context, { name, port: 514, datagram }, options);
  },
};

export const syslogTcp: Intake = {
  name: 'syslog-tcp',
  title: 'syslog over TCP or TLS, octet counting and lines, RFC 5424 and RFC 3164',
  transport: 'tcp',
  port: 601,
  tlsPort: 6514,
  start: (context, options) => {
    const name = 'syslog-tcp';
    noToken(name, options);
    const maxBytes = context.limits.maxLineBytes * 4;
    const connect = ({ remote }: { remote: string }): TcpConnection => new Frames(name, remote, context);
    return serveTcp(context, { name, port: 601, tlsPort: 6514, maxBytes, connect }, options);
  },
};

/** The messages of one connection. */
export class Frames implements TcpConnection {
  readonly #name: string;
  readonly #remote: string;
  readonly #context: IntakeContext;
  /** Bytes of an overlong message that are still to come and not wanted; Infinity: up to the next line end. */
  #skip = 0;

  constructor(name: string, remote: string, context: IntakeContext) {
    this.#name = name;
    this.#remote = remote;
    this.#context = context;
  }

  consume(bytes: Buffer, last: boolean): number {
    const batch = this.#context.batch(this.#name);
    let at = 0;
    let messages = 0;
    while (at < bytes.length) {
      const next = this.#skip > 0 ? this.#skipped(bytes, at) : this.#frame(bytes, at, last, batch);
      if (next < 0) break;
      if (next > at) messages++;
      at = next;
    }
    if (messages > 0) batch.commit();
    return at;
  }

  #skipped(bytes: Buffer, at: number): number {
    const lineEnd = this.#skip === Number.POSITIVE_INFINITY ? bytes.indexOf(LF, at) : -1;
    if (lineEnd >= 0) {
      this.#skip = 0;
      return lineEnd + 1;
    }
    const count = Math.min(this.#skip, bytes.length - at);
    this.#skip -= count;
    return at + count;
  }

  /** Where the next frame begins; -1: more must come first. */
  #frame(bytes: Buffer, at: number, last: boolean, batch: BatchBuilder): number {
    const most = this.#context.limits.maxLineBytes;
    const first = bytes[at] as number;
    if (first > ZERO && first <= NINE) {
      const blank = bytes.subarray(at, at + MAX_HEAD).indexOf(0x20);
      const length = blank > 0 ? Number(bytes.toString('latin1', at, at + blank)) : Number.NaN;
      if (!Number.isNaN(length)) {
        const start = at + blank + 1;
        const end = start + Math.min(length, most);
        if (end > bytes.length && !last) return -1;
        this.#skip = length > most ? length - most : 0;
        if (this.#skip > 0) batch.drop('logs', 'cut');
        message(bytes.subarray(start, end), this.#remote, this.#context, batch);
        return Math.min(end, bytes.length);
      }
      if (blank < 0 && bytes.length - at < MAX_HEAD && !last) return -1;
    }
    const lineEnd = bytes.indexOf(LF, at);
    if (lineEnd < 0 && bytes.length - at <= most && !last) return -1;
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    if (lineEnd < 0 && !last) this.#skip = Number.POSITIVE_INFINITY;
    message(bytes.subarray(at, end), this.#remote, this.#context, batch);
    return lineEnd < 0 ? end : end + 1;
  }
}

function message(bytes: Buffer, remote: string, context: IntakeContext, batch: BatchBuilder): void {
  if (bytes.length === 0) return;
  const { limits } = context;
  const kept = bytes.length > limits.maxLineBytes ? bytes.subarray(0, limits.maxLineBytes) : bytes;
  if (kept !== bytes) batch.drop('logs', 'cut');
  const line = parseSyslog(kept.toString('utf8'), context.wallMs());
  if (line.text === '' && line.service === '') return;
  const names = Object.keys(line.attributes);
  if (names.length > limits.maxLabels) {
    batch.drop('logs', 'cut');
    for (const name of names.slice(limits.maxLabels)) delete (line.attributes as Record<string, string>)[name];
  }
  batch.log(line.instance === '' ? { ...line, instance: remote } : line);
}
