/** The traffic process's side of the control socket: takes route tables and the order to stop, hands out signals. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { RouteTable } from '../model/routes.ts';
import { monotonic } from './clock.ts';
import { Outbox } from './outbox.ts';
import type { Applied, TrafficSignal } from './plane.ts';
import { encode, type FaultAnswer, type FromTraffic, LineDecoder, PROTOCOL_VERSION } from './protocol.ts';
import { isRouteTable } from './routes-file.ts';

/** A reader that is this far behind is cut: it reconnects and gets what is still of use. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

export interface ControlHandler {
  inForce(): RouteTable | null;
  /** Claims that still stand: the one who heard them may be gone. */
  standing(): readonly TrafficSignal[];
  routes(table: RouteTable): Promise<Applied>;
  /** Whatever is wrong with the work is in the answer. */
  fault(work: unknown): FaultAnswer;
  stop(): void;
}

export class ControlServer {
  readonly #clients = new Set<Socket>();
  readonly #observers = new Set<Socket>();
  readonly #outbox = new Outbox();
  readonly #handler: ControlHandler;
  #server: Server | null = null;

  constructor(handler: ControlHandler) {
    this.#handler = handler;
  }

  async listen(path: string): Promise<void> {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // The single-instance file is ours: whatever lies here was left by a process that is gone.
    rmSync(path, { force: true });
    const server = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    server.on('error', (error) => process.stderr.write(`control socket: ${error.message}\n`));
    chmodSync(path, 0o600);
    this.#server = server;
  }

  #accept(socket: Socket): void {
    const decoder = new LineDecoder();
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#clients.delete(socket));
    const table = this.#handler.inForce();
    const { system, version } = table ?? { system: null, version: null };
    socket.write(
      encode({ kind: 'hello', protocol: PROTOCOL_VERSION, pid: process.pid, faults: true, system, version }),
    );
    this.#clients.add(socket);
    const kept = this.#outbox.take(monotonic());
    const missed = [...kept, ...this.#handler.standing()];
    if (missed.length > 0) socket.write(encode({ kind: 'signals', signals: missed }));
    socket.on('data', (chunk: string) => {
      try {
        for (const message of decoder.push(chunk)) this.#receive(socket, message, kept);
      } catch (error) {
        process.stderr.write(`control socket: ${(error as Error).message}\n`);
        socket.destroy();
      }
    });
  }

  /** `kept`: signals of the time when nobody was there, which it got. */
  #receive(socket: Socket, message: unknown, kept: readonly TrafficSignal[]): void {
    const { kind, table, ask, work } = message as Readonly<Record<string, unknown>>;
    if (kind === 'stop') {
      socket.end(encode({ kind: 'stopping' }));
      this.#handler.stop();
    } else if (kind === 'routes' && isRouteTable(table)) {
      this.#handler.routes(table).then(
        (applied) => this.#send(socket, { kind: 'routes-applied', ...applied }),
        (error: unknown) => {
          // Not answered: the agent sends the table again when it reconnects.
          process.stderr.write(`routes ${table.version} could not be applied: ${String(error)}\n`);
          socket.destroy();
        },
      );
    } else if (kind === 'observe') {
      if (this.#clients.delete(socket) && this.#clients.size === 0) this.#outbox.add(kept, monotonic());
      socket.on('close', () => this.#observers.delete(socket));
      this.#observers.add(socket);
    } else if (kind === 'fault' && typeof ask === 'number') {
      this.#send(socket, { kind: 'fault-answer', ask, answer: this.#handler.fault(work) });
    }
    // Other kinds are of a later minor version: nothing that this one needs to know.
  }

  #send(socket: Socket, message: FromTraffic): void {
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    else socket.write(encode(message));
  }

  broadcast(message: FromTraffic): void {
    for (const socket of this.#clients) this.#send(socket, message);
  }

  signals(signals: readonly TrafficSignal[]): void {
    if (this.#clients.size === 0) this.#outbox.add(signals, monotonic());
    else this.broadcast({ kind: 'signals', signals });
  }

  close(): void {
    this.#server?.close();
    for (const socket of [...this.#clients, ...this.#observers]) socket.destroySoon();
  }
}
