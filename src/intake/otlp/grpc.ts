/**
 * OTLP over gRPC: three unary methods over HTTP/2. gRPC is small enough to speak it ourselves: one length-prefixed message in, one out, status in trailers.
 *
 * Senders repeat UNAVAILABLE (and a few more), never INVALID_ARGUMENT or RESOURCE_EXHAUSTED without RetryInfo.
 * Wire format: github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { DropReason, Intake, IntakeContext } from '../contract.ts';
import { cannotListen, sameSecret } from '../wire/guard.ts';
import { credentialsOf } from '../wire/http.ts';
import { Malformed } from '../wire/protobuf.ts';
import { tlsServerOptions } from '../wire/tls.ts';
import { Unpacked, unpack } from '../wire/unpack.ts';
import { accept, KINDS, type Kind, responseBytes } from './decode.ts';

const NAME = 'otlp-grpc';
/** Message prefix: compressed flag, length. */
const PREFIX = 5;
/**
 * Bytes that a sender may have under way per connection before it must wait for us. HTTP/2's default of 64 KiB costs a
 * round trip per half a batch; what is received is accounted for in the memory budget either way.
 */
const WINDOW_BYTES = 4 * 1_048_576;
const MAX_STREAMS = 128;

const Code = {
  invalid: 3,
  exhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
  deadline: 4,
} as const;
type StatusCode = (typeof Code)[keyof typeof Code];

export const otlpGrpc: Intake = {
  name: NAME,
  title: 'OpenTelemetry (OTLP) over gRPC',
  transport: 'http2',
  port: 4317,
  start: async (context, options) => {
    const { limits, meter } = context;
    const sessions = new Set<ServerHttp2Session>();
    const settings = { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: MAX_STREAMS, enablePush: false };
    const { tls } = options;
    const server = tls ? createSecureServer({ settings, ...tlsServerOptions(tls) }) : createServer({ settings });
    const handshakes = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      if (!tls) return;
      handshakes.add(socket);
      socket.once('close', () => handshakes.delete(socket));
    });
    server.on('tlsClientError', () => meter.dropped(NAME, 'requests', 'unauthorised', 1));
    server.maxConnections = limits.maxConnections;
    server.on('drop', () => meter.dropped(NAME, 'requests', 'too-many-connections', 1));
    server.on('session', (session) => {
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
      session.on('error', () => meter.dropped(NAME, 'requests', 'malformed', 1));
      session.setTimeout(limits.idleMs, () => session.close());
      session.setLocalWindowSize(WINDOW_BYTES * 2);
    });
    server.on('sessionError', () => {});
    server.on('stream', (stream, headers) => new Call(context, options.token, stream).run(headers));
    const host = options.host ?? '127.0.0.1';
    const port = options.port ?? 4317;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(cannotListen(host, port, error)));
      server.listen(port, host, resolve);
    });
    return {
      name: NAME,
      address: { host, port: (server.address() as AddressInfo).port },
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          for (const session of sessions) session.destroy();
          for (const socket of handshakes) socket.destroy();
        }),
    };
  },
};

/** One call: its bytes, then its answer. */
class Call {
  readonly #context: IntakeContext;
  readonly #token: string | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #chunks: Buffer[] = [];
  #received = 0;
  #taken = 0;
  #over = false;

  constructor(context: IntakeContext, token: string | undefined, stream: ServerHttp2Stream) {
    this.#context = context;
    this.#token = token;
    this.#stream = stream;
  }

  run(headers: IncomingHttpHeaders): void {
    const stream = this.#stream;
    stream.on('error', () => this.#end());
    stream.on('close', () => this.#end());
    if (!/^application\/grpc(?:\+proto)?$/.test(headers['content-type'] ?? '')) {
      this.#count('unsupported');
      this.#end();
      stream.respond({ ':status': 415 }, { endStream: true });
      return;
    }
    const shown = credentialsOf(headers)?.token ?? '';
    const kind = KINDS.find(({ method }) => method === headers[':path']);
    if (this.#token !== undefined && !sameSecret(shown, this.#token))
      this.#refuse(Code.unauthenticated, 'unauthorised', 'a valid token is required');
    else if (!kind) this.#refuse(Code.unimplemented, 'unsupported', 'no such method');
    else {
      stream.setTimeout(this.#context.limits.requestMs, () =>
        this.#refuse(Code.deadline, 'too-slow', 'the request did not arrive in time'),
      );
      const encoding = String(headers['grpc-encoding'] ?? 'identity');
      stream.on('data', (chunk: Buffer) => this.#chunk(chunk));
      stream.on('end', () => this.#message(kind, encoding));
    }
  }

  #chunk(chunk: Buffer): void {
    if (this.#over) return;
    this.#received += chunk.length;
    if (this.#received > this.#context.limits.maxMessageBytes + PREFIX) this.#tooLarge();
    else if (!this.#context.memory.take(chunk.length)) this.#busy();
    else {
      this.#taken += chunk.length;
      this.#chunks.push(chunk);
    }
  }

  #message(kind: Kind, encoding: string): void {
    if (this.#over) return;
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    if (all.length < PREFIX || all.readUInt32BE(1) !== all.length - PREFIX || (all[0] as number) > 1) {
      this.#refuse(Code.invalid, 'malformed', 'a unary call has exactly one message');
      return;
    }
    const message = all.subarray(PREFIX);
    if (all[0] === 0) {
      this.#decode(kind, message);
      return;
    }
    const most = this.#context.limits.maxMessageBytes;
    unpack(
      encoding,
      message,
      this.#context,
      (result) => {
        if (this.#over) {
          if (result.ok) this.#context.memory.give(result.takenBytes);
        } else if (result.ok) {
          this.#taken += result.takenBytes;
          this.#decode(kind, result.bytes);
        } else if (result.why === Unpacked.tooLarge) this.#tooLarge();
        else if (result.why === Unpacked.memory) this.#busy();
        else if (result.why === Unpacked.unknown)
          this.#refuse(Code.unimplemented, 'unsupported', `grpc-encoding ${encoding} is not supported`);
        else this.#refuse(Code.invalid, 'malformed', `the message is not ${encoding}`);
      },
      most,
    );
  }

  #decode(kind: Kind, message: Uint8Array): void {
    let answer: Uint8Array;
    try {
      answer = responseBytes(accept(kind, message, this.#context, NAME));
    } catch (error) {
      if (error instanceof Malformed) this.#refuse(Code.invalid, 'malformed', error.message);
      else this.#refuse(Code.internal, 'consumer', 'internal error');
      return;
    }
    this.#end();
    const stream = this.#stream;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const frame = Buffer.alloc(PREFIX + answer.length);
    frame.writeUInt32BE(answer.length, 1);
    frame.set(answer, PREFIX);
    stream.end(frame);
  }

  #tooLarge(): void {
    this.#refuse(Code.exhausted, 'too-large', `more than ${this.#context.limits.maxMessageBytes} bytes`);
  }

  #busy(): void {
    this.#refuse(Code.unavailable, 'memory', 'too much is being received at once; try again');
  }

  /** A response of trailers alone. What is still being sent is thrown away. */
  #refuse(code: StatusCode, reason: DropReason, message: string): void {
    if (this.#over) return;
    this.#count(reason);
    this.#end();
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-accept-encoding': 'identity,gzip',
        'grpc-status': String(code),
        'grpc-message': encodeURIComponent(message),
      },
      { endStream: true },
    );
    stream.resume();
  }

  #count(reason: DropReason): void {
    this.#context.meter.dropped(NAME, 'requests', reason, 1);
  }

  #end(): void {
    this.#over = true;
    this.#chunks.length = 0;
    if (this.#taken > 0) this.#context.memory.give(this.#taken);
    this.#taken = 0;
  }
}
