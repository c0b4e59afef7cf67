/**
 * The HTTP side of every intake that speaks it: bodies are received within the limits, decompressed, and handed to the
 * protocol as one buffer; refusals are worded by the protocol, in its own form.
 *
 * Memory is taken from the budget as bytes arrive (not as they are announced), and for what a body unpacks to.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { IntakeContext, ListenOptions, RunningIntake } from '../contract.ts';
import { cannotListen, sameSecret } from './guard.ts';
import { tlsServerOptions } from './tls.ts';
import { Unpacked, unpack } from './unpack.ts';

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Media type in lower case, without parameters; '' when there is none. */
  readonly type: string;
  /** Decompressed. */
  readonly body: Buffer;
  /** Address of the sender, without port. */
  readonly remote: string;
}

export interface HttpReply {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a request does not reach its protocol. */
export type Refusal = 400 | 401 | 408 | 413 | 415 | 500 | 503;

export interface HttpProtocol {
  readonly name: string;
  readonly port: number;
  /** Decoded body → reply. A throw is a defect of ours: 500. */
  handle(request: HttpRequest): HttpReply;
  /** The protocol's own form of an error. `message` is for people. */
  refuse(status: Refusal, message: string, request: Pick<HttpRequest, 'type' | 'path'>): HttpReply;
  /** The token that a request shows in the protocol's own way. Bearer, basic and `x-api-key` are known to all. */
  tokenOf?(headers: IncomingHttpHeaders, query: URLSearchParams): string | undefined;
  /** Paths that need no token (health checks). */
  open?(path: string): boolean;
  /** `snappy` for remote_write: the body is handed on as it came. */
  readonly ownEncodings?: readonly string[];
}

/** Seconds after which a sender that was told to come back should. */
const RETRY_AFTER_S = '5';

export async function serveHttp(
  context: IntakeContext,
  protocol: HttpProtocol,
  options: ListenOptions,
): Promise<RunningIntake> {
  const { limits, meter } = context;
  const timing = { keepAliveTimeout: limits.idleMs, requestTimeout: limits.requestMs };
  const take = (incoming: IncomingMessage, reply: ServerResponse): void =>
    new Exchange(context, protocol, options, incoming, reply).run();
  const server = options.tls
    ? createTlsServer({ ...timing, ...tlsServerOptions(options.tls) }, take)
    : createServer(timing, take);
  const handshakes = new Set<Socket>();
  if (options.tls) {
    // Those whose handshake is not done yet are no connections of HTTP, and would keep the server from closing.
    server.on('connection', (socket: Socket) => {
      handshakes.add(socket);
      socket.once('close', () => handshakes.delete(socket));
    });
    server.on('tlsClientError', () => meter.dropped(protocol.name, 'requests', 'unauthorised', 1));
  }
  server.headersTimeout = Math.min(server.headersTimeout, limits.requestMs);
  server.maxConnections = limits.maxConnections;
  server.on('drop', () => meter.dropped(protocol.name, 'requests', 'too-many-connections', 1));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    meter.dropped(protocol.name, 'requests', error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'too-slow' : 'malformed', 1);
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else socket.destroy();
  });
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? protocol.port;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(host, port, error)));
    server.listen(port, host, resolve);
  });
  return {
    name: protocol.name,
    address: { host, port: (server.address() as AddressInfo).port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of handshakes) socket.destroy();
      }),
  };
}

/** One request and its reply. */
class Exchange {
  readonly #context: IntakeContext;
  readonly #protocol: HttpProtocol;
  readonly #options: ListenOptions;
  readonly #incoming: IncomingMessage;
  readonly #reply: ServerResponse;
  readonly #path: string;
  readonly #query: URLSearchParams;
  readonly #type: string;
  readonly #chunks: Buffer[] = [];
  #received = 0;
  #taken = 0;
  #over = false;

  constructor(
    context: IntakeContext,
    protocol: HttpProtocol,
    options: ListenOptions,
    incoming: IncomingMessage,
    reply: ServerResponse,
  ) {
    this.#context = context;
    this.#protocol = protocol;
    this.#options = options;
    this.#incoming = incoming;
    this.#reply = reply;
    const [path, query] = (incoming.url ?? '/').split('?', 2);
    this.#path = path ?? '/';
    this.#query = new URLSearchParams(query ?? '');
    this.#type = (incoming.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  }

  run(): void {
    const { headers } = this.#incoming;
    this.#incoming.on('error', () => this.#end());
    this.#reply.on('error', () => this.#end());
    this.#reply.on('close', () => this.#end());
    const { token, user } = this.#options;
    if (token !== undefined && !this.#protocol.open?.(this.#path)) {
      const own = this.#protocol.tokenOf?.(headers, this.#query);
      const shown = own === undefined ? credentialsOf(headers) : { token: own };
      // Whoever shows a user must show the right one; a bearer token has none.
      const asUser = user === undefined || shown?.user === undefined || sameSecret(shown.user, user);
      if (!sameSecret(shown?.token ?? '', token) || !asUser) {
        this.#refuse(401, shown === undefined ? 'a token is required' : 'this token is not known');
        return;
      }
    }
    if (Number(headers['content-length'] ?? 0) > this.#context.limits.maxRequestBytes) this.#tooLarge();
    else {
      this.#incoming.on('data', (chunk: Buffer) => this.#chunk(chunk));
      this.#incoming.on('end', () => this.#unpack());
    }
  }

  #chunk(chunk: Buffer): void {
    if (this.#over) return;
    this.#received += chunk.length;
    if (this.#received > this.#context.limits.maxRequestBytes) this.#tooLarge();
    else if (!this.#take(chunk.length)) this.#refuse(503, 'too much is being received at once; try again');
    else this.#chunks.push(chunk);
  }

  #unpack(): void {
    if (this.#over) return;
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const encoding = (this.#incoming.headers['content-encoding'] ?? '').trim().toLowerCase();
    if (encoding === '' || encoding === 'identity' || this.#protocol.ownEncodings?.includes(encoding)) {
      this.#handle(body);
      return;
    }
    unpack(encoding, body, this.#context, (result) => {
      if (this.#over) {
        if (result.ok) this.#context.memory.give(result.takenBytes);
      } else if (result.ok) {
        this.#taken += result.takenBytes;
        this.#handle(result.bytes);
      } else if (result.why === Unpacked.tooLarge) this.#tooLarge();
      else if (result.why === Unpacked.memory) this.#refuse(503, 'too much is being received at once; try again');
      else if (result.why === Unpacked.unknown) this.#refuse(415, `content-encoding ${encoding} is not supported`);
      else this.#refuse(400, `the body is not ${encoding}`);
    });
  }

  #handle(body: Buffer): void {
    const { method, headers, socket } = this.#incoming;
    const request: HttpRequest = {
      method: method ?? '',
      path: this.#path,
      query: this.#query,
      headers,
      type: this.#type,
      body,
      remote: socket.remoteAddress ?? '',
    };
    let reply: HttpReply;
    try {
      reply = this.#protocol.handle(request);
    } catch {
      this.#refuse(500, 'internal error');
      return;
    }
    this.#send(reply);
  }

  #tooLarge(): void {
    this.#refuse(413, `more than ${this.#context.limits.maxRequestBytes} bytes`);
  }

  #refuse(status: Refusal, message: string): void {
    const reason = REASONS[status];
    this.#context.meter.dropped(this.#protocol.name, 'requests', reason, 1);
    const reply = this.#protocol.refuse(status, message, { type: this.#type, path: this.#path });
    const early = !this.#incoming.complete;
    const headers = {
      ...reply.headers,
      ...(status === 503 ? { 'retry-after': RETRY_AFTER_S } : {}),
      // What the sender still sends is not read: the connection cannot be used again.
      ...(early ? { connection: 'close' } : {}),
    };
    this.#send({ ...reply, headers });
    if (early) this.#reply.once('finish', () => setTimeout(() => this.#incoming.destroy(), 50).unref());
  }

  #send({ status, type, body, headers }: HttpReply): void {
    if (this.#over) return;
    this.#end();
    const length = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const all: Record<string, string | number> = { ...headers };
    if (type !== undefined) all['content-type'] = type;
    if (status !== 204) all['content-length'] = length;
    this.#reply.writeHead(status, all);
    this.#reply.end(body);
    if (!this.#incoming.complete) this.#incoming.resume();
  }

  #take(bytes: number): boolean {
    if (!this.#context.memory.take(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  #end(): void {
    this.#over = true;
    this.#chunks.length = 0;
    if (this.#taken > 0) this.#context.memory.give(this.#taken);
    this.#taken = 0;
  }
}

const REASONS = {
  400: 'malformed',
  401: 'unauthorised',
  408: 'too-slow',
  413: 'too-large',
  415: 'unsupported',
  500: 'consumer',
  503: 'memory',
} as const;

export interface Credentials {
  readonly token: string;
  readonly user?: string;
}

/** What collectors and agents can be told to send: a bearer token, a user and password, or an API key. */
export function credentialsOf({ authorization = '', ...headers }: IncomingHttpHeaders): Credentials | undefined {
  const bearer = /^Bearer (.+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return { token: bearer };
  const basic = /^Basic (.+)$/i.exec(authorization)?.[1];
  if (basic !== undefined) {
    const [, user = '', token = ''] = /^([^:]*):?(.*)$/s.exec(Buffer.from(basic, 'base64').toString()) ?? [];
    return { user, token };
  }
  const key = headers['x-api-key'] ?? headers['api-key'];
  return typeof key === 'string' ? { token: key } : undefined;
}
