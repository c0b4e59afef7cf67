/**
 * One connection of an HTTP client: requests in the order they come, one at a time, each handed to an Exchange.
 * Pipelined requests wait unread (the socket is paused), so a client can never make us hold more than one read's
 * worth of them.
 */
import type { Socket } from 'node:net';
import type { Ms } from '../../model/time.ts';
import { monotonic } from '../clock.ts';
import type { FailureKind } from '../edge-window.ts';
import type { Pool } from '../pool.ts';
import { Exchange } from './exchange.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BodyFraming } from './framing.ts';
import { HeadBuffer } from './head-buffer.ts';
import { HeadParser, INCOMPLETE } from './parser.ts';
import { failure, refusal } from './responses.ts';
import { rewriteHead } from './rewrite.ts';

/** An idle keep-alive connection is closed after this; longer spares clients reconnecting, shorter frees descriptors. */
export const CLIENT_IDLE_MS: Ms = 75_000;
/** A request's head must be complete this long after its first byte. */
export const HEAD_TIMEOUT_MS: Ms = 30_000;
/** After an answer that ends the connection, this long is read and thrown away, so that the answer is not lost. */
const LINGER_MS: Ms = 1_000;
const PROTO = 'X-Forwarded-Proto: http\r\n';
const UPGRADE = Buffer.from('Connection: Upgrade\r\n');

export interface HttpListener {
  readonly caller: string;
  /** For HTTP/1.0 requests without Host. */
  readonly address: string;
  pool(): Pool | null;
  readonly closing: boolean;
  readonly connections: Set<Downstream>;
}

const HEAD = 0;
const BODY = 1;
/** The request is complete; its response is awaited or under way. */
const RESPONSE = 2;
const TUNNEL = 3;
const ENDED = 4;

export class Downstream {
  readonly caller: string;
  readonly #socket: Socket;
  readonly #listener: HttpListener;
  readonly #parser = new HeadParser('request');
  readonly #framing = new BodyFraming();
  readonly #forwarded: Buffer;
  readonly #forwardedFor: Buffer;
  #state = HEAD;
  #head: HeadBuffer | null = null;
  #exchange: Exchange | null = null;
  #stash: Buffer | null = null;
  #processing = false;
  #keepAlive = true;
  /** When the present state of reading heads began, or the connection began to linger. */
  #since: Ms;

  constructor(socket: Socket, listener: HttpListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.caller = listener.caller;
    this.#since = monotonic();
    const address = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '');
    this.#forwarded = Buffer.from(`X-Forwarded-For: ${address}\r\n${PROTO}\r\n`);
    this.#forwardedFor = Buffer.from(`X-Forwarded-For: ${address}\r\n\r\n`);
    listener.connections.add(this);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#exchange?.clientDrained());
    socket.on('end', () => this.#onEnd());
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
  }

  #onData(chunk: Buffer): void {
    if (this.#state === ENDED) return;
    this.#processing = true;
    this.#process(chunk, 0);
    this.#processing = false;
  }

  #process(chunk: Buffer, from: number): void {
    let bytes = chunk;
    let at = from;
    while (at < bytes.length) {
      switch (this.#state) {
        case HEAD: {
          if (this.#head !== null) {
            this.#head.append(bytes, at, bytes.length);
            bytes = this.#head.bytes.subarray(0, this.#head.length);
            at = 0;
          }
          const end = this.#parser.parse(bytes, at, bytes.length);
          if (end === INCOMPLETE) {
            this.#keepPartial(bytes, at);
            return;
          }
          if (end < 0) {
            this.#refuse(this.#parser.errorStatus, this.#parser.error);
            return;
          }
          this.#head = null;
          at = this.#begin(bytes, end);
          break;
        }
        case BODY: {
          const end = this.#framing.take(bytes, at, bytes.length);
          if (this.#framing.failed) {
            this.#refuseBody();
            return;
          }
          const { done } = this.#framing;
          if (done) this.#state = RESPONSE;
          if (this.#exchange?.body(bytes.subarray(at, end), done) === false) this.#socket.pause();
          at = end;
          break;
        }
        case TUNNEL:
          if (this.#exchange?.body(bytes.subarray(at), false) === false) this.#socket.pause();
          return;
        case RESPONSE:
          this.#stash = this.#stash === null ? bytes.subarray(at) : Buffer.concat([this.#stash, bytes.subarray(at)]);
          this.#socket.pause();
          return;
        default:
          return;
      }
    }
  }

  #keepPartial(bytes: Buffer, at: number): void {
    if (this.#head !== null) return;
    this.#since = monotonic();
    this.#head = new HeadBuffer(Math.max(4_096, bytes.length - at));
    this.#head.append(bytes, at, bytes.length);
    this.#parser.reset();
    if (this.#parser.parse(this.#head.bytes, 0, this.#head.length) !== INCOMPLETE)
      this.#refuse(this.#parser.errorStatus, this.#parser.error);
  }

  /** A complete head: starts its exchange with what has arrived of the body; returns where the rest begins. */
  #begin(bytes: Buffer, headEnd: number): number {
    const parser = this.#parser;
    if (parser.isConnect) {
      this.#refuse(405, 'CONNECT is not offered here');
      return bytes.length;
    }
    this.#keepAlive = parser.minor === 1 ? !parser.close : parser.keepAlive && !parser.close;
    const { chunked, contentLength } = parser;
    this.#framing.begin(chunked ? BODY_CHUNKED : contentLength > 0 ? BODY_LENGTH : BODY_NONE, contentLength);
    const bodyEnd = this.#framing.take(bytes, headEnd, bytes.length);
    if (this.#framing.failed) {
      this.#refuse(400, 'malformed chunk');
      return bytes.length;
    }
    const pool = this.#listener.pool();
    const { done } = this.#framing;
    this.#state = done ? RESPONSE : BODY;
    const facts = {
      head: this.#headFor(bytes, headEnd),
      idempotent: parser.idempotent,
      isHead: parser.isHead,
      upgrade: parser.upgrade,
      minor: parser.minor,
    };
    parser.reset();
    if (pool === null) {
      this.#socket.write(failure(503, 'unavailable', 'this endpoint has no service', '', true, facts.isHead));
      this.#linger();
      return bytes.length;
    }
    this.#exchange = new Exchange(this, pool, facts, monotonic());
    this.#exchange.start(bodyEnd > headEnd ? bytes.subarray(headEnd, bodyEnd) : null, done);
    return bodyEnd;
  }

  #headFor(bytes: Buffer, headEnd: number): Buffer {
    const parser = this.#parser;
    let tail = parser.forwardedProto ? this.#forwardedFor : this.#forwarded;
    if (parser.hosts === 0) tail = Buffer.concat([Buffer.from(`Host: ${this.#listener.address}\r\n`), tail]);
    return parser.upgrade
      ? rewriteHead(bytes, headEnd, parser, tail, UPGRADE)
      : rewriteHead(bytes, headEnd, parser, tail);
  }

  // What the exchange asks for.

  get closesAfterResponse(): boolean {
    return !this.#keepAlive || this.#listener.closing;
  }

  get buffered(): boolean {
    return this.#socket.writableLength > 0;
  }

  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  resumeBody(): void {
    if (this.#state === BODY || this.#state === TUNNEL) this.#socket.resume();
  }

  tunnelBegins(): void {
    this.#state = TUNNEL;
    const stash = this.#stash;
    this.#stash = null;
    if (stash !== null) this.#exchange?.body(stash, false);
    this.#socket.resume();
  }

  endTunnel(): void {
    this.#socket.end();
  }

  finished(close: boolean): void {
    this.#exchange = null;
    if (this.#state === ENDED) return;
    if (close || this.#state !== RESPONSE || this.closesAfterResponse) {
      this.#linger();
      return;
    }
    this.#state = HEAD;
    this.#since = monotonic();
    if (this.#stash === null || this.#processing) return;
    this.#continue();
  }

  /** Goes on with what was read ahead. */
  #continue(): void {
    if (this.#socket.writableNeedDrain) {
      // A client that sends requests and reads no answers gets no further ones.
      this.#socket.once('drain', () => this.#continue());
      return;
    }
    if (this.#stash === null || this.#state !== HEAD) return;
    const stash = this.#stash;
    this.#stash = null;
    this.#onData(stash);
    if (this.#stash === null) this.#socket.resume();
  }

  fail(status: number, kind: FailureKind, message: string, service: string): void {
    const isHead = this.#exchange?.isHead === true;
    const close = this.closesAfterResponse || this.#state !== RESPONSE;
    this.#socket.write(failure(status, kind, message, service, close, isHead));
    this.finished(close);
  }

  /** The response broke off: the client must not take it for complete. */
  abort(): void {
    this.#exchange = null;
    this.#state = ENDED;
    this.#socket.resetAndDestroy();
  }

  // Endings.

  #refuse(status: number, message: string): void {
    this.#socket.write(refusal(status, message));
    this.#linger();
  }

  #refuseBody(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.abandon();
    this.#refuse(400, 'malformed chunk');
  }

  #linger(): void {
    this.#state = ENDED;
    this.#since = monotonic();
    this.#stash = null;
    this.#head = null;
    this.#socket.end();
    this.#socket.resume();
  }

  #onEnd(): void {
    if (this.#state === TUNNEL) this.#exchange?.clientEndedTunnel();
    else if (this.#exchange === null && this.#socket.writableLength > 0 && this.#state !== ENDED) this.#linger();
    else this.destroy();
  }

  destroy(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#state = ENDED;
    exchange?.abandon();
    this.#listener.connections.delete(this);
    this.#socket.destroy();
  }

  /** The listener goes away: idle connections end now, busy ones with their response. */
  retire(): void {
    if (this.#state === HEAD && this.#head === null) this.#linger();
  }

  /** Called every second. */
  sweep(now: Ms): void {
    const age = now - this.#since;
    if (this.#state === ENDED) {
      if (age >= (this.#socket.writableLength === 0 ? LINGER_MS : CLIENT_IDLE_MS)) this.destroy();
    } else if (this.#state === HEAD) {
      if (this.#head !== null && age >= HEAD_TIMEOUT_MS) this.#refuse(408, 'the request head did not arrive in time');
      else if (this.#head === null && age >= CLIENT_IDLE_MS) this.#linger();
    }
  }
}
