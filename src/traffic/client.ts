/**
 * The agent's handle on the traffic process: starts it detached or adopts the one that runs, keeps a connection, and
 * starts it again when it dies (it then serves its last routes from disk before anybody tells it anything).
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { builtEntry } from '../model/entry.ts';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { NetworkFault, NetworkFaultEnded, NetworkFaultStatus } from '../model/network-fault.ts';
import type { RouteTable } from '../model/routes.ts';
import type { Ms } from '../model/time.ts';
import { FaultAsker } from './faults/asker.ts';
import { pidFile, socketPath, trafficLog } from './paths.ts';
import type { Applied, TrafficSignal } from './plane.ts';
import {
  type Endpoint,
  encode,
  type FaultAnswer,
  type FaultWork,
  type FromTraffic,
  LineDecoder,
  PROTOCOL_VERSION,
  type ToTraffic,
} from './protocol.ts';
import { isAlive, readHolder } from './single.ts';

const CONNECT_EVERY_MS: Ms = 20;
const START_TIMEOUT_MS: Ms = 10_000;
const AGAIN_FIRST_MS: Ms = 20;
const AGAIN_LONGEST_MS: Ms = 2_000;
const STOP_TIMEOUT_MS: Ms = 5_000;

export interface TrafficStatus {
  readonly state: 'up' | 'starting' | 'failed' | 'stopped';
  readonly pid: number | null;
  readonly error: HoldfastError | null;
}

export interface TrafficEvents {
  onSignals(signals: readonly TrafficSignal[]): void;
  /** A table is in force, or a listener of it that had failed listens now. */
  onApplied(applied: Applied): void;
  onStatus(status: TrafficStatus): void;
  /** A network fault is over. Not told of those that end while nobody is connected. */
  onFaultEnded?(ended: NetworkFaultEnded): void;
}

export interface TrafficOptions {
  /**
   * Only look and steer, for those that are not the agent: never starts the process, and takes no signals. Default
   * false.
   */
  readonly observer?: boolean;
}

export class TrafficClient {
  readonly #observer: boolean;
  readonly #stateDir: string;
  readonly #socketPath: string;
  readonly #events: TrafficEvents;
  #socket: Socket | null = null;
  readonly #asker = new FaultAsker((message) => this.#send(message));
  #table: RouteTable | null = null;
  #closed = false;
  #connecting: Promise<void> | null = null;
  #againMs = AGAIN_FIRST_MS;
  #status: TrafficStatus = { state: 'stopped', pid: null, error: null };

  constructor(stateDir: string, events: TrafficEvents, { observer = false }: TrafficOptions = {}) {
    this.#observer = observer;
    this.#stateDir = stateDir;
    this.#socketPath = socketPath(stateDir);
    this.#events = events;
  }

  get status(): TrafficStatus {
    return this.#status;
  }

  /** Resolves when a traffic process of this version is connected; HF4002 or HF4003 when there can be none. */
  ensureRunning(): Promise<void> {
    if (this.#socket !== null) return Promise.resolve();
    this.#closed = false;
    this.#connecting ??= this.#establish().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  /** What was asked for last; null: nothing yet. */
  get table(): RouteTable | null {
    return this.#table;
  }

  /** Sent now, and again after every reconnection, until there is a newer one. */
  apply(table: RouteTable): void {
    this.#table = table;
    this.#send({ kind: 'routes', table });
  }

  /**
   * A network fault, in force when this resolves, until it is removed or nobody has renewed it for its lease. Under an
   * id that exists it takes that one's place. HF6004, HF8202 for what is wrong with it; HF8203 when the routes have no
   * such endpoint, HF8201 when it cannot be there; HF4002, HF4003 when there is no traffic process to do it.
   */
  async putFault(fault: NetworkFault): Promise<NetworkFaultStatus> {
    const { faults } = await this.#ask({ op: 'put', fault });
    return faults[0] as NetworkFaultStatus;
  }

  /** `leaseMs` null: as long again as it was put for. HF8205 when it is over. */
  async renewFault(id: string, leaseMs: Ms | null = null): Promise<NetworkFaultStatus> {
    const { faults } = await this.#ask({ op: 'renew', id, leaseMs });
    return faults[0] as NetworkFaultStatus;
  }

  /** `id` null: all. Gone when this resolves, with what they did; nothing for one that is over already. */
  async removeFaults(id: string | null = null): Promise<readonly NetworkFaultEnded[]> {
    return (await this.#ask({ op: 'remove', id })).ended;
  }

  async faults(): Promise<readonly NetworkFaultStatus[]> {
    return (await this.#ask({ op: 'list' })).faults;
  }

  /** What listens, with what is behind it. */
  async endpoints(): Promise<readonly Endpoint[]> {
    return (await this.#ask({ op: 'endpoints' })).endpoints ?? [];
  }

  async #ask(work: FaultWork): Promise<FaultAnswer> {
    await this.ensureRunning();
    return this.#asker.ask(work);
  }

  /** Lets go; the traffic process goes on. */
  close(): void {
    this.#closed = true;
    this.#drop();
    this.#connecting?.then(
      () => this.#closed && this.#drop(),
      () => undefined,
    );
  }

  /** Ends the traffic process, and with it all endpoints; one that is just being started as well. */
  async stop(): Promise<void> {
    this.#closed = true;
    await this.#connecting?.catch(() => undefined);
    const holder = readHolder(pidFile(this.#stateDir));
    if (this.#socket !== null) this.#send({ kind: 'stop' });
    else if (holder !== null && isAlive(holder)) process.kill(holder.pid, 'SIGTERM');
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    while (holder !== null && isAlive(holder)) {
      if (performance.now() > deadline) {
        process.kill(holder.pid, 'SIGKILL');
        break;
      }
      await pause(CONNECT_EVERY_MS);
    }
    this.#drop();
    this.#setStatus({ state: 'stopped', pid: null, error: null });
  }

  #drop(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  async #establish(): Promise<void> {
    this.#setStatus({ state: 'starting', pid: null, error: null });
    const deadline = performance.now() + START_TIMEOUT_MS;
    let spawned = false;
    for (;;) {
      // One that is started already is waited for: only who is connected to it can end it.
      if (this.#closed && !spawned) throw new HoldfastError('HF4002', 'no traffic process: none is wanted any more');
      const socket = await tryConnect(this.#socketPath);
      if (socket !== null) return this.#adopt(socket);
      const holder = readHolder(pidFile(this.#stateDir));
      const alive = holder !== null && isAlive(holder);
      if (!alive && this.#observer) break;
      if (!spawned && !alive) {
        spawnTraffic(this.#stateDir, this.#socketPath);
        spawned = true;
      }
      if (performance.now() > deadline) break;
      await pause(CONNECT_EVERY_MS);
    }
    const why = this.#observer ? `none runs on ${this.#stateDir}` : `none came up; see ${trafficLog(this.#stateDir)}`;
    const error = new HoldfastError('HF4002', `no traffic process: ${why}`);
    this.#setStatus({ state: 'failed', pid: null, error });
    throw error;
  }

  /** Waits for the greeting of the other side, and refuses one that speaks another version. */
  #adopt(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      const decoder = new LineDecoder();
      let greeted = false;
      socket.setEncoding('utf8');
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        if (!greeted) reject(new HoldfastError('HF4002', 'the traffic process closed the connection'));
        else if (this.#socket === socket) this.#lost();
      });
      socket.on('data', (chunk: string) => {
        try {
          for (const message of decoder.push(chunk) as FromTraffic[]) {
            if (greeted) this.#receive(message);
            else {
              this.#greeting(socket, message);
              greeted = true;
              resolve();
            }
          }
        } catch (error) {
          const known = asHoldfastError(error);
          this.#setStatus({ state: 'failed', pid: null, error: known });
          reject(known);
          socket.destroy();
        }
      });
    });
  }

  #greeting(socket: Socket, message: FromTraffic): void {
    const protocol = message.kind === 'hello' ? message.protocol : 'unknown';
    if (message.kind !== 'hello' || protocol !== PROTOCOL_VERSION) {
      const text = `the running traffic process speaks version ${protocol}, this Holdfast speaks ${PROTOCOL_VERSION}`;
      throw new HoldfastError('HF4003', text);
    }
    this.#socket = socket;
    this.#asker.connected(message.faults === true);
    this.#againMs = AGAIN_FIRST_MS;
    this.#setStatus({ state: 'up', pid: message.pid, error: null });
    if (this.#observer) this.#send({ kind: 'observe' });
    if (this.#table !== null) this.#send({ kind: 'routes', table: this.#table });
  }

  #receive(message: FromTraffic): void {
    if (message.kind === 'signals') this.#events.onSignals(message.signals);
    else if (message.kind === 'routes-applied') {
      this.#events.onApplied({ version: message.version, failed: message.failed });
    } else if (message.kind === 'fault-answer') this.#asker.answered(message.ask, message.answer);
    else if (message.kind === 'fault-ended') this.#events.onFaultEnded?.(message.ended);
  }

  #send(message: ToTraffic): void {
    this.#socket?.write(encode(message));
  }

  #lost(): void {
    this.#socket = null;
    this.#asker.lost();
    if (this.#closed) return;
    this.ensureRunning().catch(() => {
      // The status says why. A version mismatch stays until somebody restarts it; looking again costs little.
      if (this.#closed) return;
      setTimeout(() => this.#lost(), this.#againMs);
      this.#againMs = Math.min(AGAIN_LONGEST_MS, this.#againMs * 2);
    });
  }

  #setStatus(status: TrafficStatus): void {
    this.#status = status;
    this.#events.onStatus(status);
  }
}

function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', () => resolve(null));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function spawnTraffic(stateDir: string, socket: string): void {
  const log = trafficLog(stateDir);
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
  const output = openSync(log, 'a', 0o600);
  const entry = builtEntry(import.meta.url, './main.js');
  const child = spawn(process.execPath, [entry, '--state-dir', stateDir, '--socket', socket], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  // Its exit is noticed by the connection; a failure to start by the deadline.
  child.on('error', () => undefined);
  child.unref();
  closeSync(output);
}

function pause(ms: Ms): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
