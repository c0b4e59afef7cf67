/**
 * TCP and UDP listeners within the limits. A TCP protocol sees what has arrived and not been consumed yet, says how
 * much of it it took, and may write; whatever it throws costs that one connection.
 */
import { createSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { HoldfastError } from '../../model/errors.ts';
import type { IntakeContext, ListenOptions, RunningIntake } from '../contract.ts';
import { cannotListen } from './guard.ts';
import { Malformed } from './protobuf.ts';
import { noTls, tlsServerOptions } from './tls.ts';

export interface TcpConnection {
  /**
   * All bytes that are there, oldest first; returns how many are done with. Called again when more have come. `last`:
   * the sender has finished. Malformed closes the connection.
   */
  consume(bytes: Buffer, last: boolean): number;
}

export interface TcpProtocol {
  readonly name: string;
  readonly port: number;
  /** When encrypted, where that is another one. */
  readonly tlsPort?: number;
  /** Unconsumed bytes of one connection; beyond it the connection is closed as `too-large`. */
  readonly maxBytes: number;
  connect(peer: TcpPeer): TcpConnection;
}

export interface TcpPeer {
  readonly remote: string;
  write(bytes: Uint8Array | string): void;
  /** After what was written has gone out. */
  end(): void;
}

/** How long a connection is read no further when the memory budget is used up. */
const WAIT_MS = 100;
const FIRST_BYTES = 4_096;

export async function serveTcp(
  context: IntakeContext,
  protocol: TcpProtocol,
  options: ListenOptions,
): Promise<RunningIntake> {
  const { limits, meter } = context;
  const sockets = new Set<Socket>();
  const { tls } = options;
  const take = (socket: Socket): void => void new Stream(context, protocol, socket);
  const server = tls ? createTlsServer(tlsServerOptions(tls), take) : createServer(take);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => meter.dropped(protocol.name, 'requests', 'unauthorised', 1));
  server.maxConnections = limits.maxConnections;
  server.on('drop', () => meter.dropped(protocol.name, 'requests', 'too-many-connections', 1));
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (tls ? (protocol.tlsPort ?? protocol.port) : protocol.port);
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
        for (const socket of sockets) socket.destroy();
      }),
  };
}

class Stream {
  readonly #context: IntakeContext;
  readonly #protocol: TcpProtocol;
  readonly #socket: Socket;
  readonly #connection: TcpConnection;
  #buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #over = false;

  constructor(context: IntakeContext, protocol: TcpProtocol, socket: Socket) {
    this.#context = context;
    this.#protocol = protocol;
    this.#socket = socket;
    socket.setTimeout(context.limits.idleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#release());
    this.#connection = protocol.connect({
      remote: socket.remoteAddress ?? '',
      write: (bytes) => void (socket.writable && socket.write(bytes)),
      end: () => socket.end(),
    });
    socket.on('data', (chunk) => this.#data(chunk));
    socket.on('end', () => {
      this.#consume(true);
      socket.end();
    });
  }

  #data(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#to - this.#from + chunk.length > this.#protocol.maxBytes) this.#close('too-large');
    else if (this.#append(chunk)) this.#consume(false);
    else {
      this.#context.meter.dropped(this.#protocol.name, 'requests', 'memory', 1);
      this.#socket.pause();
      setTimeout(() => {
        this.#socket.resume();
        this.#data(chunk);
      }, WAIT_MS).unref();
    }
  }

  #consume(last: boolean): void {
    if (this.#over) return;
    try {
      this.#from += this.#connection.consume(this.#buffer.subarray(this.#from, this.#to), last);
    } catch (error) {
      this.#close(error instanceof Malformed ? 'malformed' : 'consumer');
      return;
    }
    if (this.#from === this.#to) this.#release();
  }

  /** False when the budget has no room for it now. */
  #append(chunk: Buffer): boolean {
    const held = this.#to - this.#from;
    const needed = held + chunk.length;
    if (this.#to + chunk.length > this.#buffer.length) {
      if (needed > this.#buffer.length) {
        const size = Math.min(this.#protocol.maxBytes, Math.max(FIRST_BYTES, needed * 2));
        if (!this.#context.memory.take(size - this.#buffer.length)) return false;
        const larger = Buffer.allocUnsafe(size);
        this.#buffer.copy(larger, 0, this.#from, this.#to);
        this.#buffer = larger;
      } else this.#buffer.copyWithin(0, this.#from, this.#to);
      this.#from = 0;
      this.#to = held;
    }
    chunk.copy(this.#buffer, this.#to);
    this.#to += chunk.length;
    return true;
  }

  #close(reason: 'malformed' | 'too-large' | 'consumer'): void {
    this.#over = true;
    this.#context.meter.dropped(this.#protocol.name, 'requests', reason, 1);
    // What was written before (an error in the protocol's own words) still goes out.
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), WAIT_MS).unref();
    this.#release();
  }

  #release(): void {
    this.#context.memory.give(this.#buffer.length);
    this.#buffer = Buffer.alloc(0);
    this.#from = this.#to = 0;
  }
}

export interface UdpProtocol {
  readonly name: string;
  readonly port: number;
  datagram(bytes: Buffer, remote: string): void;
}

/** Receive buffer asked of the kernel: senders come in bursts, and what does not fit is lost unseen. */
const UDP_BUFFER_BYTES = 4 * 1_048_576;

export async function serveUdp(
  context: IntakeContext,
  protocol: UdpProtocol,
  options: ListenOptions,
): Promise<RunningIntake> {
  noToken(protocol.name, options);
  noTls(protocol.name, options);
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? protocol.port;
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(cannotListen(host, port, error)));
    socket.bind(port, host, resolve);
  });
  try {
    socket.setRecvBufferSize(UDP_BUFFER_BYTES);
  } catch {
    // The kernel's own size will do.
  }
  socket.removeAllListeners('error');
  socket.on('error', () => context.meter.dropped(protocol.name, 'requests', 'malformed', 1));
  socket.on('message', (bytes, { address }) => {
    try {
      protocol.datagram(bytes, address);
    } catch (error) {
      context.meter.dropped(protocol.name, 'requests', error instanceof Malformed ? 'malformed' : 'consumer', 1);
    }
  });
  return {
    name: protocol.name,
    address: { host, port: socket.address().port },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A token that nobody can show would be a false comfort. */
export function noToken(name: string, options: ListenOptions): void {
  if (options.token !== undefined)
    throw new HoldfastError('HF1004', `${name} has no place for a token`, {
      remedy: 'Remove the token, and let only trusted machines reach the address.',
    });
}
