/**
 * The agent's view of the traffic process: a request ("apply this table") made of the client's events. The traffic
 * process stamps what it measures with the machine's own monotonic clock; here that becomes the core's clock.
 */
import type { NetworkFaultPort, PartChange, PartPort, RoutesApplied, TrafficPort } from '../agent/ports.ts';
import type { StatusResource } from '../api/resources.ts';
import { HoldfastError } from '../model/errors.ts';
import type { NetworkFault, NetworkFaultEnded, NetworkFaultStatus } from '../model/network-fault.ts';
import type { Listener, RouteTable } from '../model/routes.ts';
import type { Signal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import { TrafficClient, type TrafficStatus } from '../traffic/client.ts';
import { pidFile } from '../traffic/paths.ts';
import type { TrafficSignal } from '../traffic/plane.ts';
import { isAlive, readHolder, trafficProcesses } from '../traffic/single.ts';

/** Longest wait for a table to be in force before the agent is told to offer it again. */
const APPLY_TIMEOUT_MS = 5_000;

interface Waiting {
  readonly version: number;
  readonly resolve: (applied: RoutesApplied) => void;
}

export class TrafficLink implements TrafficPort, NetworkFaultPort, PartPort {
  readonly #stateDir: string;
  readonly #client: TrafficClient;
  readonly #offsetMs: Ms;
  readonly #changed: (applied: RoutesApplied) => void;
  #connecting: Promise<void> = Promise.resolve();
  #waiting: Waiting[] = [];
  #faultEnded: (ended: NetworkFaultEnded) => void = () => undefined;
  #listener: (signals: readonly Signal[]) => void = () => undefined;
  #partChanged: (change: PartChange) => void = () => undefined;
  /** The one that was connected last, and since when it is not. */
  #last: number | null = null;
  #lostAt: Ms | null = null;

  /** `changed`: a table that was in force already changed by itself: a listener that had failed listens now. */
  constructor(stateDir: string, offsetMs: Ms, changed: (applied: RoutesApplied) => void, touched: () => void) {
    this.#stateDir = stateDir;
    this.#offsetMs = offsetMs;
    this.#changed = changed;
    this.#client = new TrafficClient(stateDir, {
      onSignals: (signals) => this.#listener(signals.map((signal) => this.#shifted(signal))),
      onApplied: (applied) => this.#applied(applied),
      onStatus: (status) => {
        this.#follow(status);
        touched();
      },
      onFaultEnded: (ended) => this.#faultEnded(ended),
    });
  }

  onSignals(listener: (signals: readonly Signal[]) => void): void {
    this.#listener = listener;
  }

  onFaultEnded(listener: (ended: NetworkFaultEnded) => void): void {
    this.#faultEnded = listener;
  }

  kill(): number | null {
    const holder = readHolder(pidFile(this.#stateDir));
    if (holder === null || !isAlive(holder)) return null;
    process.kill(holder.pid, 'SIGKILL');
    return holder.pid;
  }

  serving(): number | null {
    const { state, pid } = this.#client.status;
    return state === 'up' ? pid : null;
  }

  processes(): readonly number[] {
    return trafficProcesses(this.#stateDir);
  }

  listeners(): readonly Listener[] {
    return this.#client.table?.listeners ?? [];
  }

  onPart(listener: (change: PartChange) => void): void {
    this.#partChanged = listener;
  }

  putFault(fault: NetworkFault): Promise<NetworkFaultStatus> {
    return this.#client.putFault(fault);
  }

  renewFault(id: string, leaseMs: Ms): Promise<NetworkFaultStatus> {
    return this.#client.renewFault(id, leaseMs);
  }

  removeFaults(id: string | null): Promise<readonly NetworkFaultEnded[]> {
    return this.#client.removeFaults(id);
  }

  faults(): Promise<readonly NetworkFaultStatus[]> {
    return this.#client.faults();
  }

  /** Adopts the traffic process that runs, so that what it measures arrives before there is a new table. */
  connect(): Promise<void> {
    this.#connecting = this.#client.ensureRunning();
    return this.#connecting;
  }

  async apply(table: RouteTable): Promise<RoutesApplied> {
    await this.#client.ensureRunning();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting);
        reject(new HoldfastError('HF4002', `the traffic process did not take routes ${table.version} in time`));
      }, APPLY_TIMEOUT_MS);
      const waiting: Waiting = {
        version: table.version,
        resolve: (applied) => {
          clearTimeout(timer);
          resolve(applied);
        },
      };
      this.#waiting.push(waiting);
      this.#client.apply(table);
    });
  }

  part(): StatusResource['parts'][number] {
    const { state, pid, error } = this.#client.status;
    const shown = state === 'up' ? 'running' : state === 'starting' ? 'starting' : 'down';
    return { name: 'traffic', state: shown, pid, detail: error?.message ?? 'endpoints and edges' };
  }

  /** `end`: the process as well, and all endpoints with it. */
  async close(end: boolean): Promise<void> {
    if (!end) {
      this.#client.close();
      return;
    }
    // One that is just being started cannot be told to end yet, and would stay behind. Whether it came up or not.
    await this.#connecting.catch(() => undefined);
    await this.#client.stop();
  }

  /** Only what ends by itself is lost: who is told to end is `stopped`, and who is let go of changes nothing. */
  #follow({ state, pid }: TrafficStatus): void {
    const now = performance.now();
    if (state === 'up') {
      const lostAt = this.#lostAt;
      [this.#last, this.#lostAt] = [pid, null];
      if (lostAt !== null) this.#partChanged({ state: 'back', pid, outMs: now - lostAt });
    } else if (state === 'stopped') {
      [this.#last, this.#lostAt] = [null, null];
    } else if (this.#last !== null && this.#lostAt === null) {
      this.#lostAt = now;
      this.#partChanged({ state: 'lost', pid: this.#last, outMs: 0 });
    }
  }

  #applied(applied: RoutesApplied): void {
    const done = this.#waiting.filter(({ version }) => version <= applied.version);
    this.#waiting = this.#waiting.filter(({ version }) => version > applied.version);
    for (const { resolve } of done) resolve(applied);
    if (done.length === 0) this.#changed(applied);
  }

  #shifted(signal: TrafficSignal): Signal {
    return this.#offsetMs === 0 ? signal : { ...signal, at: signal.at + this.#offsetMs };
  }
}
