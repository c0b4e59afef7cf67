/**
 * One TCP connection through an endpoint: bytes both ways, written rather than piped (half the cost), with
 * backpressure and half-open ends. Until the first byte is sent nothing is lost by trying another member, so connect
 * failures are never seen by the client while any member accepts.
 */
import type { Socket } from 'node:net';
import type { Ms } from '../model/time.ts';
import { monotonic } from './clock.ts';
import type { EdgeWindow } from './edge-window.ts';
import { connectTo, Door } from './faults/door.ts';
import type { Line, LineOwner } from './faults/line.ts';
import type { Held, Member, Open } from './member.ts';
import { isOwnError } from './own-errors.ts';
import type { Pool } from './pool.ts';
import type { Waiter } from './wait-queue.ts';

const READ_BYTES = 65_536;
const MAX_CONNECT_FAILURES = 10;

export interface TcpListener {
  readonly caller: string;
  pool(): Pool | null;
  readonly connections: Set<TcpSession>;
  /** Clients that nobody can serve get an end instead of a reset. */
  readonly politely: boolean;
}

export class TcpSession implements Held, Waiter, Open, LineOwner {
  readonly isRetry = false;
  deadline: Ms = 0;
  sentAt: Ms = 0;
  edge: EdgeWindow | null = null;

  readonly #client: Socket;
  readonly #listener: TcpListener;
  readonly #pool: Pool;
  readonly #startedAt: Ms;
  #member: Member | null = null;
  #upstream: Socket | null = null;
  #connected = false;
  /** Network faults on the way to the member; null, as nearly always, when there are none. */
  #line: Line | null = null;
  #door: Door | null = null;
  #tried: Member[] | null = null;
  #connectFailures = 0;
  #connectTimer: NodeJS.Timeout | null = null;
  #buffer: Buffer | null = null;
  #bufferKept = false;
  /** The client has sent something that was not answered yet. */
  #awaiting = false;
  #clientEnded = false;
  #over = false;

  constructor(client: Socket, listener: TcpListener, pool: Pool) {
    this.#client = client;
    this.#listener = listener;
    this.#pool = pool;
    this.#startedAt = monotonic();
    listener.connections.add(this);
    pool.budget.active++;
    client.pause();
    client.on('data', (chunk: Buffer) => this.#fromClient(chunk));
    client.on('drain', () => (this.#line === null ? this.#upstream?.resume() : this.#line.resume()));
    client.on('end', () => this.#clientEnd());
    client.on('error', () => this.#end());
    client.on('close', () => this.#end());
    this.#next();
  }

  #next(): void {
    const member = this.#pool.pick(this.#tried, false);
    if (member === null) this.#wait();
    else this.#connect(member);
  }

  #wait(): void {
    const now = monotonic();
    if (this.deadline === 0) this.deadline = now + this.#pool.policy.queueTimeoutMs;
    if (now >= this.deadline || !this.#pool.queue.add(this)) this.expired();
  }

  resume(): void {
    this.#next();
  }

  expired(): void {
    const edge = this.edge ?? this.#pool.nobody(this.#listener.caller);
    edge.callFailed(this.#connectFailures > 0 ? 'connect' : 'unavailable');
    this.#end(!this.#listener.politely);
  }

  #connect(member: Member): void {
    this.#member = member;
    member.load++;
    member.open.add(this);
    this.edge = member.edge(this.#listener.caller, this.#pool.service, 'tcp');
    this.edge.inFlight++;
    this.sentAt = monotonic();
    member.opens(this);
    const upstream = this.#open(member);
    this.#upstream = upstream;
    this.#connectTimer = setTimeout(
      () => this.#connectFailed(upstream, 'timed out'),
      this.#pool.policy.connectTimeoutMs,
    );
    upstream.on('drain', () => (this.#line === null ? this.#client.resume() : this.#line.socketDrained()));
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (!this.#connected) this.#connectFailed(upstream, error.code ?? error.message);
      else if (this.#line === null) this.#lost();
      else this.#line.receivedClose(true);
    });
    upstream.on('end', () => (this.#line === null ? this.#client.end() : this.#line.receivedEnd()));
    upstream.on('close', () => {
      if (!this.#connected || this.#upstream !== upstream) return;
      if (this.#line === null) this.#end();
      else this.#line.receivedClose(false);
    });
  }

  #open(member: Member): Socket {
    const buffer = (): Buffer => this.#readInto();
    const callback = (count: number, bytes: Uint8Array): boolean =>
      this.#line === null ? this.#fromMember(bytes.subarray(0, count)) : this.#line.received(bytes.subarray(0, count));
    this.#line = this.#pool.faults.line(member, this.#listener.caller, this);
    if (this.#line === null) {
      const socket = connectTo(member, { buffer, callback });
      return socket.once('connect', () => this.#onConnect());
    }
    const door = new Door(
      member,
      this.#line,
      { buffer, callback },
      {
        opened: () => {
          if (this.#upstream === door.socket) this.#onConnect();
        },
        refused: (code) => this.#connectFailed(door.socket, code),
      },
    );
    this.#door = door;
    return door.socket;
  }

  refault(): void {
    const member = this.#member;
    const upstream = this.#upstream;
    if (member === null || upstream === null) return;
    const line = this.#pool.faults.again(this.#line, member, this.#listener.caller, this);
    // The end of a fault may have been the end of the connection.
    if (this.#over || this.#upstream !== upstream) return;
    this.#line = line;
    if (line !== null) line.socket = upstream;
    this.#door?.refault(line);
  }

  lineData(bytes: Buffer): boolean {
    return this.#fromMember(bytes);
  }

  lineEnd(): void {
    this.#client.end();
  }

  lineOver(reset: boolean): void {
    if (reset) this.#lost();
    else this.#end();
  }

  lineRoom(): void {
    this.#client.resume();
  }

  #readInto(): Buffer {
    if (this.#buffer === null || this.#bufferKept) {
      this.#bufferKept = false;
      this.#buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    }
    return this.#buffer;
  }

  #onConnect(): void {
    if (this.#over || this.#member === null) return;
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    this.#connected = true;
    this.#member.opened(this);
    this.edge?.measured(monotonic() - this.#startedAt);
    this.#pool.succeeded(this.#member);
    if (this.#clientEnded) this.#endUpstream();
    this.#client.resume();
  }

  #connectFailed(upstream: Socket, reason: string): void {
    if (this.#over || this.#upstream !== upstream || this.#member === null) return;
    const member = this.#member;
    this.#leaveMember();
    if (isOwnError(reason)) {
      this.#wait();
      return;
    }
    this.#connectFailures++;
    if (this.#tried === null) this.#tried = [member];
    else this.#tried.push(member);
    this.#pool.refused(member, reason === 'timed out' ? 'connecting timed out' : `connection failed (${reason})`);
    if (this.#connectFailures > MAX_CONNECT_FAILURES) this.expired();
    else this.#next();
  }

  #fromClient(chunk: Buffer): void {
    const upstream = this.#upstream;
    if (upstream === null) return;
    if (!this.#awaiting) this.#await();
    const flowing = this.#line === null ? upstream.write(chunk) : this.#line.send(chunk);
    if (!flowing) this.#client.pause();
  }

  /** From here on silence counts, until the member sends something. Protocols that never answer are learnt as such. */
  #await(): void {
    this.#awaiting = true;
    this.sentAt = monotonic();
    this.#member?.hold(this, this.sentAt);
  }

  #fromMember(bytes: Uint8Array): boolean {
    const member = this.#member;
    if (member !== null) {
      this.#pool.heard(member, monotonic(), this.#awaiting ? this.sentAt : null);
      if (this.#awaiting) {
        this.#awaiting = false;
        member.release(this);
      }
    }
    const flowing = this.#client.write(bytes);
    if (this.#client.writableLength > 0) this.#bufferKept = true;
    return flowing;
  }

  #clientEnd(): void {
    this.#clientEnded = true;
    if (this.#connected) this.#endUpstream();
  }

  #endUpstream(): void {
    if (this.#line === null) this.#upstream?.end();
    else this.#line.end();
  }

  /** The member broke the connection. */
  #lost(): void {
    if (this.#over) return;
    if (this.#member !== null) this.#pool.connectionLost(this.#member, false);
    this.edge?.failed('reset');
    this.#client.resetAndDestroy();
    this.#end();
  }

  moveAway(): boolean {
    return false;
  }

  /** TCP has no notion of a response: silence alone cuts nothing. */
  timedOut(): void {}

  close(): void {
    this.#end();
  }

  cut(): void {
    this.#end(true);
  }

  #end(reset = false): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#member !== null) {
      this.edge?.closed();
    }
    this.#pool.queue.remove(this);
    this.#pool.budget.active--;
    this.#leaveMember(reset);
    this.#listener.connections.delete(this);
    if (reset) this.#client.resetAndDestroy();
    else this.#client.destroySoon();
  }

  /** `cut`: what was written and not yet taken does not reach it any more. */
  #leaveMember(cut = false): void {
    const member = this.#member;
    const upstream = this.#upstream;
    const line = this.#line;
    this.#member = null;
    this.#upstream = null;
    this.#line = null;
    this.#door = null;
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    if (member !== null) {
      member.load--;
      member.open.delete(this);
      member.release(this);
      if (this.edge !== null) this.edge.inFlight--;
      this.#pool.trialVoid(member);
    }
    this.#awaiting = false;
    if (upstream === null) return;
    if (cut) {
      line?.drop();
      if (this.#connected) upstream.resetAndDestroy();
      else upstream.destroy();
      return;
    }
    if (line !== null && this.#connected && line.farewell()) return;
    line?.drop();
    if (this.#connected) upstream.destroySoon();
    else upstream.destroy();
  }
}
