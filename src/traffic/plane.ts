/** The data plane as a whole: applies route tables, keeps the listeners and pools of the newest, and drives time. */
import type { NetworkFault, NetworkFaultEnded, NetworkFaultStatus } from '../model/network-fault.ts';
import { Random } from '../model/random.ts';
import type { RouteTable } from '../model/routes.ts';
import type { EdgeSignal, StallSignal, WaySignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import { monotonic } from './clock.ts';
import { FaultBoard } from './faults/board.ts';
import { Listening } from './listening.ts';
import { Pool } from './pool.ts';
import { probeConnect } from './probe.ts';
import type { Endpoint } from './protocol.ts';
import { Ways } from './ways.ts';

export type TrafficSignal = EdgeSignal | StallSignal | WaySignal;

export interface Applied {
  readonly version: number;
  readonly failed: readonly { readonly listener: string; readonly error: string }[];
}

/** How often stalls, timeouts and queues are looked at: an upper bound on how late each is noticed. */
const TICK_MS: Ms = 50;
const WINDOW_MS: Ms = 1_000;
const LISTEN_AGAIN_MS: Ms = 2_000;
/** A tick that comes this much late means that this process stood still: silence meanwhile says nothing. */
const LATE_MS: Ms = 100;

export interface PlaneEvents {
  signals(signals: readonly TrafficSignal[]): void;
  /** A listener that had failed listens now. */
  changed(applied: Applied): void;
  /** A network fault is over. */
  faultEnded?(ended: NetworkFaultEnded): void;
}

export class Plane {
  #table: RouteTable | null = null;
  readonly #pools = new Map<string, Pool>();
  /** Not in the table any more, but not yet empty. */
  readonly #oldPools = new Set<Pool>();
  readonly #listeners = new Map<string, Listening>();
  readonly #oldListeners = new Set<Listening>();
  readonly #events: PlaneEvents;
  readonly #faults: FaultBoard;
  readonly #random = Random.seeded(process.pid ^ Math.floor(monotonic()));
  readonly #timers: NodeJS.Timeout[];
  readonly #ways = new Ways((signal) => this.#events.signals([signal]));
  #tickedAt = monotonic();
  #windowAt = monotonic();
  #applying: Promise<unknown> = Promise.resolve();

  constructor(events: PlaneEvents) {
    this.#events = events;
    this.#faults = new FaultBoard(
      { changed: () => this.#refault(), ended: (ended) => events.faultEnded?.(ended) },
      monotonic,
    );
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#window(), WINDOW_MS),
      setInterval(() => void this.#inTurn(() => this.#listenAgain()), LISTEN_AGAIN_MS),
    ];
  }

  get table(): RouteTable | null {
    return this.#table;
  }

  /** Tables are applied one after the other. An older one than that in force, of the same system, changes nothing. */
  apply(table: RouteTable): Promise<Applied> {
    return this.#inTurn(() => this.#apply(table));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#applying.then(work);
    this.#applying = done.catch(() => undefined);
    return done;
  }

  async #apply(table: RouteTable): Promise<Applied> {
    const inForce = this.#table;
    if (inForce !== null && inForce.system === table.system && table.version < inForce.version) return this.#applied();
    this.#table = table;
    this.#applyPools(table);
    this.#faults.keepOnly(table.pools);
    this.#refault();
    await this.#applyListeners(table);
    return this.#applied();
  }

  #applyPools(table: RouteTable): void {
    const wanted = new Set(table.pools.map(({ id }) => id));
    for (const [id, pool] of this.#pools) {
      if (wanted.has(id)) continue;
      pool.retire();
      this.#pools.delete(id);
      this.#oldPools.add(pool);
    }
    for (const spec of table.pools) {
      const pool = this.#pools.get(spec.id);
      if (pool) pool.update(spec);
      else this.#pools.set(spec.id, this.#createPool(spec));
    }
  }

  // Network faults: they hold from the moment that the call returns, on open connections as on new ones.

  putFault(fault: NetworkFault): NetworkFaultStatus {
    return this.#faults.put(fault, this.#pools.values());
  }

  renewFault(id: string, leaseMs: Ms | null): NetworkFaultStatus {
    return this.#faults.renew(id, leaseMs);
  }

  removeFaults(id: string | null): NetworkFaultEnded[] {
    return this.#faults.remove(id);
  }

  faults(): NetworkFaultStatus[] {
    return this.#faults.list();
  }

  endpoints(): Endpoint[] {
    const { listeners = [], pools = [] } = this.#table ?? {};
    return listeners.flatMap(({ caller, host, port, pool: id }) => {
      const pool = pools.find((each) => each.id === id);
      if (pool === undefined) return [];
      const members = pool.members.map((member) => hostPort(member));
      const name = id.slice(pool.service.length + 1);
      const experiments = pool.experiments === true;
      return [{ caller, callee: pool.service, port: name, listen: hostPort({ host, port }), members, experiments }];
    });
  }

  #refault(): void {
    for (const pool of [...this.#pools.values(), ...this.#oldPools]) pool.setFaults(this.#faults.of(pool));
  }

  /** What an agent that comes anew must know: it may have missed the claim itself. */
  standing(): StallSignal[] {
    return [...this.#pools.values()].flatMap((pool) => pool.standing());
  }

  #createPool(spec: RouteTable['pools'][number]): Pool {
    return new Pool(spec, {
      random: this.#random,
      now: monotonic,
      emit: (signal) => this.#events.signals([signal]),
      probe: probeConnect,
    });
  }

  async #applyListeners(table: RouteTable): Promise<void> {
    const now = monotonic();
    const wanted = new Map(table.listeners.map((listener) => [listener.id, listener]));
    for (const [id, listening] of this.#listeners) {
      const next = wanted.get(id);
      const { host, port, pool, caller } = listening.spec;
      if (next && next.host === host && next.port === port && next.pool === pool && next.caller === caller) continue;
      listening.close(now);
      this.#listeners.delete(id);
      this.#oldListeners.add(listening);
    }
    for (const spec of table.listeners) {
      if (this.#listeners.has(spec.id)) continue;
      this.#listeners.set(spec.id, new Listening(spec, () => this.#pools.get(spec.pool) ?? null));
    }
    await this.#listen();
  }

  async #listen(): Promise<boolean> {
    const waiting = [...this.#listeners.values()].filter((listening) => !listening.listening);
    await Promise.all(waiting.map((listening) => listening.listen()));
    return waiting.some((listening) => listening.listening);
  }

  async #listenAgain(): Promise<void> {
    if (await this.#listen()) this.#events.changed(this.#applied());
  }

  #applied(): Applied {
    const failed = [...this.#listeners.values()].flatMap(({ spec, error }) =>
      error === null ? [] : [{ listener: spec.id, error }],
    );
    return { version: this.#table?.version ?? 0, failed };
  }

  #tick(): void {
    const now = monotonic();
    const late = now - this.#tickedAt > TICK_MS + LATE_MS;
    this.#tickedAt = now;
    if (late) this.#ways.late(now);
    for (const pool of this.#pools.values()) pool.tick(now, late);
    for (const pool of this.#oldPools) pool.tick(now, late);
  }

  #window(): void {
    const now = monotonic();
    const windowMs = now - this.#windowAt;
    this.#windowAt = now;
    const signals: EdgeSignal[] = [];
    for (const pool of [...this.#pools.values(), ...this.#oldPools]) {
      for (const [edge, oldestWaitMs] of pool.windows(now)) {
        const signal = edge.take(now, windowMs, oldestWaitMs);
        if (signal !== null) signals.push(signal);
      }
      pool.forget();
      if (pool.empty) this.#oldPools.delete(pool);
    }
    for (const listening of this.#listeners.values()) listening.sweep(now);
    for (const listening of this.#oldListeners) {
      listening.sweep(now);
      if (listening.empty) this.#oldListeners.delete(listening);
    }
    if (signals.length > 0) this.#events.signals(signals);
    if (this.#table !== null) this.#ways.window(signals, this.#table, this.#pools, now);
  }

  /** Ends everything at once. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#faults.close();
    const now = monotonic();
    for (const listening of [...this.#listeners.values(), ...this.#oldListeners]) {
      listening.close(now);
      listening.cut();
    }
    for (const pool of this.#pools.values()) pool.retire();
  }
}

function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
