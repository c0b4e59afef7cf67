/**
 * One connection to a member: reads responses, rewrites their heads in place, and passes the bytes on. Reads go into
 * one buffer of its own again and again (net's `onread`): it is replaced only when the client's socket could not take
 * the bytes at once and still refers to them.
 */
import type { Socket } from 'node:net';
import type { Ms } from '../../model/time.ts';
import { monotonic } from '../clock.ts';
import { connectTo, Door } from '../faults/door.ts';
import type { Line, LineOwner } from '../faults/line.ts';
import type { IdleConnection, Member, Open } from '../member.ts';
import type { Pool } from '../pool.ts';
import type { Exchange } from './exchange.ts';
import { BODY_CHUNKED, BODY_CLOSE, BODY_LENGTH, BODY_NONE, BodyFraming, type BodyKind } from './framing.ts';
import { HeadBuffer } from './head-buffer.ts';
import { HeadParser, INCOMPLETE } from './parser.ts';
import { rewriteResponse } from './rewrite.ts';

const READ_BYTES = 32_768;
/** Part of the server's announced keep-alive time that is not used: it may be closing already. */
const KEEP_ALIVE_MARGIN_MS: Ms = 1_000;

export class Upstream implements IdleConnection, Open, LineOwner {
  readonly socket: Socket;
  readonly member: Member;
  idleSince: Ms = 0;
  connected = false;
  /** Served a request before the present one. */
  reused = false;

  readonly #pool: Pool;
  readonly #parser = new HeadParser('response');
  readonly #framing = new BodyFraming();
  #exchange: Exchange | null;
  /** Network faults on the way to the member; null, as nearly always, when there are none. */
  #line: Line | null;
  #door: Door | null = null;
  /** What a fault answers in place of the member. */
  #answer: Buffer | null = null;
  /** Whose connection it is at present: faults may lie on the way of one caller only. */
  #caller: string;
  #buffer: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #bufferKept = false;
  #head: HeadBuffer | null = null;
  #inBody = false;
  #tunnel = false;
  #tunnelEnded = false;
  #reusable = false;
  #closed = false;
  #keepAliveMs: Ms = Number.POSITIVE_INFINITY;
  readonly #connectBy: NodeJS.Timeout;

  constructor(pool: Pool, member: Member, exchange: Exchange) {
    this.#pool = pool;
    this.member = member;
    this.#exchange = exchange;
    member.open.add(this);
    this.#caller = exchange.caller;
    this.#line = pool.faults.line(member, this.#caller, this);
    this.socket = this.#open();
    this.#connectBy = setTimeout(() => this.#closedWith('timed out'), pool.policy.connectTimeoutMs);
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#line !== null && this.connected) this.#line.receivedClose(true);
      else this.#closedWith(error.code ?? error.message);
    });
    this.socket.on('end', () => (this.#line === null ? this.#onEnd() : this.#line.receivedEnd()));
    this.socket.on('close', () => {
      if (this.#line !== null && this.connected) this.#line.receivedClose(false);
      else this.#closedWith('closed');
    });
    this.socket.on('drain', () => (this.#line === null ? this.lineRoom() : this.#line.socketDrained()));
  }

  #open(): Socket {
    const buffer = (): Buffer => this.#readInto();
    const callback = (count: number, bytes: Uint8Array): boolean =>
      this.#line === null ? this.#onRead(count, bytes as Buffer) : this.#line.received(bytes.subarray(0, count));
    if (this.#line === null) {
      const socket = connectTo(this.member, { buffer, callback });
      return socket.once('connect', () => this.#onConnect());
    }
    this.#door = new Door(
      this.member,
      this.#line,
      { buffer, callback },
      {
        opened: () => this.#onConnect(),
        refused: (code) => this.#closedWith(code),
      },
    );
    return this.#door.socket;
  }

  refault(): void {
    if (this.#closed) return;
    const line = this.#pool.faults.again(this.#line, this.member, this.#caller, this);
    // The end of a fault may have been the end of the connection.
    if (this.#closed) return;
    // A request that a fault answers is answered, even when the fault ends meanwhile.
    if (line !== null || this.#answer === null) this.#line = line;
    if (line !== null) line.socket = this.socket;
    this.#door?.refault(line);
  }

  lineData(bytes: Buffer): boolean {
    return this.#onRead(bytes.length, bytes);
  }

  lineEnd(): void {
    this.#onEnd();
  }

  lineOver(reset: boolean): void {
    if (reset) this.#closedWith('ECONNRESET');
    else if (!this.#closed) this.#onEnd();
  }

  lineRoom(): void {
    this.#exchange?.upstreamDrained();
  }

  /** A request's head with what there is of its body; `complete`: that is all of it. */
  send(head: Buffer, parts: readonly Buffer[], complete: boolean): boolean {
    if (this.#line !== null) return this.#sendFaulty(this.#line, head, parts, complete);
    if (parts.length === 0) return this.socket.write(head);
    this.socket.cork();
    let flowing = this.socket.write(head);
    for (const part of parts) flowing = this.socket.write(part);
    this.socket.uncork();
    return flowing;
  }

  #sendFaulty(line: Line, head: Buffer, parts: readonly Buffer[], complete: boolean): boolean {
    this.#answer = line.request(head, this.#exchange?.isHead === true);
    if (this.#answer !== null) return this.#swallow(complete);
    let flowing = line.send(head);
    for (const part of parts) flowing = line.send(part);
    return flowing;
  }

  /** More of the request. */
  write(bytes: Buffer, complete: boolean): boolean {
    if (this.#line === null) return this.socket.write(bytes);
    return this.#answer === null ? this.#line.send(bytes) : this.#swallow(complete);
  }

  /** A request that a fault answers goes nowhere; its answer comes when all of it has come, as from a server. */
  #swallow(complete: boolean): boolean {
    const answer = this.#answer;
    if (complete && answer !== null) setImmediate(() => this.#line?.received(answer));
    return true;
  }

  end(): void {
    if (this.#line === null) this.socket.end();
    else this.#line.end();
  }

  resume(): void {
    if (this.#line === null) this.socket.resume();
    else this.#line.resume();
  }

  #readInto(): Buffer {
    if (this.#bufferKept) {
      this.#bufferKept = false;
      this.#buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    }
    return this.#buffer;
  }

  #onConnect(): void {
    if (this.#closed) return;
    clearTimeout(this.#connectBy);
    this.connected = true;
    this.#exchange?.connected();
  }

  /** Takes an idle connection for the next request. */
  take(exchange: Exchange): void {
    this.#exchange = exchange;
    this.reused = true;
    if (this.#line === null && this.#pool.faults.here === null) return;
    if (this.#caller !== exchange.caller) this.#line?.set([]);
    this.#caller = exchange.caller;
    this.refault();
  }

  /** The exchange goes on elsewhere. `canary`: stay to hear whether the member answers at last. */
  detach(canary: boolean): void {
    this.#exchange = null;
    if (canary && this.member.canary === null) {
      this.member.canary = this;
      this.idleSince = monotonic();
    } else this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#connectBy);
    this.member.open.delete(this);
    if (this.member.canary === this) this.member.canary = null;
    this.#line?.drop();
    this.socket.destroy();
  }

  /** The drain is over: what is still going on is cut. */
  cut(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.close();
    exchange?.upstreamLost('reset', 'the instance was stopped');
  }

  get usable(): boolean {
    return !this.#closed && monotonic() - this.idleSince < this.#keepAliveMs;
  }

  #onRead(count: number, bytes: Buffer): boolean {
    const exchange = this.#exchange;
    const now = monotonic();
    this.#pool.heard(this.member, now, exchange === null ? null : exchange.awaitingSince);
    if (exchange === null) {
      // A canary that was answered, or bytes that nobody asked for.
      this.#forgetIdle();
      this.close();
      return true;
    }
    exchange.firstByte();
    if (this.#tunnel) return this.#pass(exchange, bytes.subarray(0, count));
    if (this.#inBody) return this.#body(exchange, bytes, 0, count);
    if (this.#head === null) {
      const end = this.#parser.parse(bytes, 0, count);
      if (end >= 0) return this.#onHead(exchange, bytes, end, count);
      if (end !== INCOMPLETE) return this.#malformed(exchange);
      this.#parser.reset();
      this.#head = new HeadBuffer();
    }
    this.#head.append(bytes, 0, count);
    return this.#resumeHead(exchange, this.#head);
  }

  #resumeHead(exchange: Exchange, head: HeadBuffer): boolean {
    const end = this.#parser.parse(head.bytes, 0, head.length);
    if (end === INCOMPLETE) return true;
    if (end < 0) return this.#malformed(exchange);
    this.#head = null;
    return this.#onHead(exchange, head.bytes, end, head.length);
  }

  #malformed(exchange: Exchange): boolean {
    this.#exchange = null;
    this.close();
    exchange.upstreamLost('reset', `the instance sent a malformed response: ${this.#parser.error}`);
    return true;
  }

  #onHead(exchange: Exchange, bytes: Buffer, headEnd: number, end: number): boolean {
    const parser = this.#parser;
    const { status } = parser;
    if (status < 200 && status !== 101) return this.#interim(exchange, bytes, headEnd, end);
    if (status === 101 && !exchange.wantsUpgrade) return this.#malformed(exchange);
    if (exchange.retriesStatus(status)) {
      this.#exchange = null;
      this.close();
      exchange.retryStatus(status);
      return true;
    }
    this.#tunnel = status === 101;
    const kind = this.#bodyKind(exchange);
    this.#framing.begin(kind, kind === BODY_LENGTH ? parser.contentLength : 0);
    this.#inBody = true;
    this.#reusable = !parser.close && kind !== BODY_CLOSE && (parser.minor === 1 || parser.keepAlive);
    if (parser.keepAliveSeconds >= 0) {
      const announced = parser.keepAliveSeconds * 1_000;
      this.#keepAliveMs = announced - Math.min(KEEP_ALIVE_MARGIN_MS, announced / 2);
    }
    const close = exchange.responseBegins(status, kind === BODY_CLOSE && !this.#tunnel, kind === BODY_CHUNKED);
    if (exchange.unchunks) {
      exchange.forward(rewriteResponse(bytes, headEnd, parser, close, exchange.clientMinor, true));
      return this.#body(exchange, bytes, headEnd, end);
    }
    const bodyEnd = this.#framing.take(bytes, headEnd, end);
    if (this.#framing.failed) return this.#malformed(exchange);
    let message: Buffer;
    let flowing: boolean;
    if (!close && exchange.clientMinor === 1 && !parser.upgrade && parser.dropCount <= 1) {
      message = this.#dropInPlace(bytes, bodyEnd);
      flowing = this.#pass(exchange, message);
    } else {
      message = rewriteResponse(bytes, headEnd, parser, close, exchange.clientMinor, false);
      flowing = exchange.forward(message);
      if (bodyEnd > headEnd) flowing = this.#pass(exchange, bytes.subarray(headEnd, bodyEnd));
    }
    if (!this.#framing.done || this.#tunnel) return flowing;
    this.#finished(exchange, bodyEnd < end);
    return true;
  }

  /** Removes the one Connection or Keep-Alive line by moving what is before it: a few bytes, and no allocation. */
  #dropInPlace(bytes: Buffer, end: number): Buffer {
    const { start, minorAt, dropCount, drops } = this.#parser;
    bytes[minorAt] = 0x31;
    if (dropCount === 0) return bytes.subarray(start, end);
    const from = drops[0] as number;
    const shift = (drops[1] as number) - from;
    bytes.copyWithin(start + shift, start, from);
    return bytes.subarray(start + shift, end);
  }

  #interim(exchange: Exchange, bytes: Buffer, headEnd: number, end: number): boolean {
    exchange.interim(rewriteResponse(bytes, headEnd, this.#parser, false, 1, false));
    this.#parser.reset();
    if (headEnd >= end) return true;
    const rest = new HeadBuffer();
    rest.append(bytes, headEnd, end);
    this.#head = rest;
    return this.#resumeHead(exchange, rest);
  }

  #bodyKind(exchange: Exchange): BodyKind {
    const { status, chunked, contentLength } = this.#parser;
    if (status === 101) return BODY_CLOSE;
    if (exchange.isHead || status === 204 || status === 304) return BODY_NONE;
    if (chunked) return BODY_CHUNKED;
    return contentLength >= 0 ? BODY_LENGTH : BODY_CLOSE;
  }

  #body(exchange: Exchange, bytes: Buffer, from: number, to: number): boolean {
    let flowing = true;
    let end: number;
    if (exchange.unchunks) {
      end = this.#framing.take(bytes, from, to, (a, b) => {
        flowing = this.#pass(exchange, bytes.subarray(a, b));
      });
    } else {
      end = this.#framing.take(bytes, from, to);
      if (!this.#framing.failed && end > from) flowing = this.#pass(exchange, bytes.subarray(from, end));
    }
    if (this.#framing.failed) return this.#malformed(exchange);
    if (!this.#framing.done) return flowing;
    // Whoever uses this connection next must find it reading.
    this.#finished(exchange, end < to);
    return true;
  }

  /** Hands bytes of the read buffer to the client; false: read no more until it has drained. */
  #pass(exchange: Exchange, bytes: Buffer): boolean {
    const flowing = exchange.forward(bytes);
    if (exchange.clientBuffered) this.#bufferKept = true;
    return flowing;
  }

  #finished(exchange: Exchange, extra: boolean): void {
    this.#exchange = null;
    this.#answer = null;
    this.#inBody = false;
    this.#parser.reset();
    if (this.#reusable && !extra && exchange.requestComplete && this.member.state !== 'drain') {
      this.idleSince = monotonic();
      this.member.idle.push(this);
    } else this.close();
    exchange.completed();
  }

  #onEnd(): void {
    const exchange = this.#exchange;
    if (exchange !== null && this.#inBody && this.#framing.kind === BODY_CLOSE) {
      if (this.#tunnel) {
        this.#tunnelEnded = true;
        exchange.tunnelEnded(this);
        return;
      }
      this.#exchange = null;
      this.close();
      exchange.completed();
      return;
    }
    this.#closedWith('closed');
  }

  #closedWith(reason: string): void {
    if (this.#closed) return;
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#forgetIdle();
    this.close();
    if (exchange === null) return;
    if (this.#tunnelEnded) exchange.tunnelOver(this);
    else if (!this.connected) exchange.connectFailed(this.member, reason);
    else exchange.upstreamLost('reset', `the instance closed the connection (${reason})`);
  }

  #forgetIdle(): void {
    const index = this.member.idle.indexOf(this);
    if (index >= 0) this.member.idle.splice(index, 1);
  }
}
