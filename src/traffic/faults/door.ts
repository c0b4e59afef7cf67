/** How a connection to an instance opens when there are faults on the way: late, never, in vain, or with nothing behind. */
import { connect, type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Member } from '../member.ts';
import type { Line, Opening } from './line.ts';

export interface DoorEvents {
  /** As the socket's `connect`. */
  opened(): void;
  refused(code: string): void;
}

/** The socket as everybody wants it; without faults it is just connected. */
export function connectTo({ host, port }: Member, onread: OnReadOpts): Socket {
  return connect({ host, port, noDelay: true, allowHalfOpen: true, onread });
}

export class Door {
  readonly socket: Socket;
  readonly #member: Member;
  readonly #events: DoorEvents;
  #opening: Opening;
  #line: Line;
  #over = false;
  /** Of a delayed handshake. */
  #telling: NodeJS.Timeout | null = null;

  constructor(member: Member, line: Line, onread: OnReadOpts, events: DoorEvents) {
    this.#member = member;
    this.#events = events;
    this.#line = line;
    this.#opening = line.opening();
    const goes = this.#opening === 'go' || this.#opening === 'mute';
    this.socket = goes
      ? connectTo(member, onread)
      : new Socket({ allowHalfOpen: true, onread } as SocketConstructorOpts);
    line.socket = this.socket;
    this.socket.once('connect', () => this.#connected());
    if (this.#opening === 'refuse') setImmediate(() => events.refused('ECONNREFUSED'));
    if (this.#opening === 'accept') setImmediate(() => this.#tell());
  }

  #connected(): void {
    if (this.#opening === 'mute') return;
    const delayMs = this.#line.handshakeMs();
    if (delayMs > 0) this.#telling = setTimeout(() => this.#tell(), delayMs);
    else this.#tell();
  }

  #tell(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#telling !== null) clearTimeout(this.#telling);
    this.#events.opened();
  }

  /** The faults have changed while it was being opened; `line` null: there are none. */
  refault(line: Line | null): void {
    if (this.#over) return;
    if (this.#telling !== null && line === null) {
      this.#tell();
      return;
    }
    if (line !== null) this.#line = line;
    if (this.#opening === 'go' || (line?.opening() ?? 'go') !== 'go') return;
    // What was kept from opening is tried again, as a lost first packet would be.
    const { host, port } = this.#member;
    if (this.#opening === 'swallow') this.socket.connect({ host, port, noDelay: true });
    const open = this.#opening === 'mute' && !this.socket.connecting;
    this.#opening = 'go';
    if (open) this.#connected();
  }
}
