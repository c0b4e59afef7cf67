/**
 * One listening address of the route table: accepts, hands each connection to the pool's protocol, and on removal
 * lets what is under way finish. A port that is taken is tried again every two seconds.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { HoldfastError } from '../model/errors.ts';
import type { Listener } from '../model/routes.ts';
import type { Ms } from '../model/time.ts';
import { Downstream } from './http/downstream.ts';
import type { Pool } from './pool.ts';
import { TcpSession } from './tcp.ts';

const BACKLOG = 4_096;
const BUFFER_BYTES = 65_536;

export interface ListeningOptions {
  /** Clients that nobody can serve get an end instead of a reset. Default false. */
  readonly politely?: boolean;
}

export class Listening {
  readonly spec: Listener;
  readonly caller: string;
  readonly address: string;
  readonly http = new Set<Downstream>();
  readonly tcp = new Set<TcpSession>();
  closing = false;
  error: string | null = null;
  failure: NodeJS.ErrnoException | null = null;
  readonly #politely: boolean;
  #server: Server | null = null;
  #closingSince: Ms = 0;
  readonly #pool: () => Pool | null;

  constructor(spec: Listener, pool: () => Pool | null, { politely = false }: ListeningOptions = {}) {
    this.#politely = politely;
    this.spec = spec;
    this.caller = spec.caller;
    this.address = `${spec.host.includes(':') ? `[${spec.host}]` : spec.host}:${spec.port}`;
    this.#pool = pool;
  }

  /** Resolves when it listens or has failed; `error` tells which. */
  async listen(): Promise<void> {
    const { host, port } = this.spec;
    const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: BUFFER_BYTES }, (socket) =>
      this.#accept(socket),
    );
    this.failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      server.once('error', resolve);
      server.listen({ host, port, backlog: BACKLOG }, () => resolve(null));
    });
    this.error = this.failure === null ? null : this.#explain(this.failure);
    if (this.failure !== null) return;
    if (this.closing) {
      server.close();
      return;
    }
    // Failures to accept (no descriptors left) concern one connection: the server goes on.
    server.on('error', (error) => process.stderr.write(`${this.spec.id}: ${error.message}\n`));
    this.#server = server;
  }

  /** The actual one, where the route says 0. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : this.spec.port;
  }

  get listening(): boolean {
    return this.#server !== null;
  }

  #explain(error: NodeJS.ErrnoException): string {
    const where = `${this.spec.host}:${this.spec.port}`;
    if (error.code === 'EADDRINUSE') return new HoldfastError('HF4001', `${where} is already taken`).format();
    return `cannot listen on ${where}: ${error.message}`;
  }

  #accept(socket: Socket): void {
    const pool = this.#pool();
    if (pool !== null && pool.protocol === 'tcp') {
      new TcpSession(socket, this.#listenerFor(this.tcp), pool);
    } else if (pool !== null) {
      new Downstream(socket, this.#listenerFor(this.http));
    } else {
      socket.on('error', () => socket.destroy());
      socket.resetAndDestroy();
    }
  }

  #listenerFor<T>(connections: Set<T>) {
    const self = this;
    return {
      caller: this.caller,
      address: this.address,
      pool: this.#pool,
      connections,
      politely: this.#politely,
      get closing() {
        return self.closing;
      },
    };
  }

  /** Accepts nothing more; idle connections end now, the others with what they are doing. */
  close(now: Ms): void {
    if (this.closing) return;
    this.closing = true;
    this.#closingSince = now;
    this.#server?.close();
    this.#server = null;
    for (const connection of this.http) connection.retire();
  }

  /** True when a closed listener has nothing left. */
  get empty(): boolean {
    return this.http.size === 0 && this.tcp.size === 0;
  }

  sweep(now: Ms): void {
    for (const connection of this.http) connection.sweep(now);
    const drainMs = this.#pool()?.policy.drainMs ?? 0;
    if (this.closing && now - this.#closingSince >= drainMs) this.cut();
  }

  /** Ends all connections at once, without a reset. */
  end(): void {
    for (const connection of [...this.http]) connection.destroy();
    for (const connection of [...this.tcp]) connection.close();
  }

  cut(): void {
    for (const connection of [...this.http]) connection.destroy();
    for (const connection of [...this.tcp]) connection.cut();
  }
}
