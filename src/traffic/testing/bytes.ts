/** What the tests of network faults share: servers and clients that count bytes and time. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Peer {
  readonly port: number;
  readonly connections: PeerConnection[];
  close(): void;
}

export interface PeerConnection {
  readonly socket: Socket;
  received: Buffer;
  /** Sizes of what came at once. */
  readonly pieces: number[];
  ended: boolean;
  /** Error code, when it broke. */
  broken: string | null;
  closed: boolean;
}

function watch(socket: Socket): PeerConnection {
  const own: PeerConnection = {
    socket,
    received: Buffer.alloc(0),
    pieces: [],
    ended: false,
    broken: null,
    closed: false,
  };
  socket.on('data', (data: Buffer) => {
    own.pieces.push(data.length);
    own.received = Buffer.concat([own.received, data]);
  });
  socket.on('end', () => {
    own.ended = true;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    own.broken = error.code ?? error.message;
  });
  socket.on('close', () => {
    own.closed = true;
  });
  return own;
}

/** A server; `onConnection` may answer. */
export async function peer(onConnection: (socket: Socket) => void = () => undefined): Promise<Peer> {
  const connections: PeerConnection[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.push(watch(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    close: () => {
      server.close();
      for (const { socket } of connections) socket.destroy();
    },
  };
}

/** An open connection to a port of this machine. */
export async function dial(port: number): Promise<PeerConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const own = watch(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return own;
}

export async function until(what: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!what()) {
    if (performance.now() > deadline) throw new Error(`not in ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const echo = (socket: Socket): void => void socket.pipe(socket);

/**
 * The first measurement below `ms`. A busy machine holds up one or the other; what a fault holds up is held up every
 * time. Throws with the least when none is.
 */
export async function below(ms: number, measure: () => number | Promise<number>, tries = 30): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < tries; n++) {
    least = Math.min(least, await measure());
    if (least < ms) return least;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${least.toFixed(1)} ms at best, not below ${ms}`);
}

/** Time of one question and its answer, in ms. */
export async function roundTrip(connection: PeerConnection, text = 'x'): Promise<number> {
  const before = connection.received.length;
  const asked = performance.now();
  connection.socket.write(text);
  await until(() => connection.received.length >= before + text.length);
  return performance.now() - asked;
}
