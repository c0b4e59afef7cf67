/**
 * The faults that are in force in this traffic process. They live here and nowhere else: each ends with its lease
 * (a timer of this process, so whoever asked may be dead), and all of them with the process.
 */
import { HoldfastError } from '../../model/errors.ts';
import {
  MAX_NETWORK_LEASE_MS,
  MIN_NETWORK_LEASE_MS,
  type NetworkFault,
  type NetworkFaultEnd,
  type NetworkFaultEnded,
  type NetworkFaultPlace,
  type NetworkFaultStatus,
} from '../../model/network-fault.ts';
import { NETWORK_FAULTS } from '../../model/network-fault-kinds.ts';
import type { Ms } from '../../model/time.ts';
import { ActiveFault } from './active.ts';

/** Each costs a look at every new connection; more than these are a mistake. */
const MAX_FAULTS = 256;

/** What a fault can lie before. */
export interface FaultyPool {
  readonly id: string;
  readonly service: string;
  readonly protocol: 'tcp' | 'http';
}

/** The faults that concern one pool, in the order in which they were put. */
export class PoolFaults {
  readonly #faults: readonly ActiveFault[];

  constructor(faults: readonly ActiveFault[]) {
    this.#faults = faults;
  }

  /** `caller` null: the traffic layer itself, on behalf of nobody in particular. */
  of(place: Pick<NetworkFaultPlace, 'caller' | 'instance'>): readonly ActiveFault[] {
    return this.#faults.filter((fault) => fault.concerns(place));
  }
}

export interface BoardEvents {
  /** The faults in force have changed. Called before the put, removal or end of a lease is over. */
  changed(): void;
  ended(ended: NetworkFaultEnded): void;
}

export class FaultBoard {
  readonly #faults = new Map<string, ActiveFault>();
  readonly #events: BoardEvents;
  readonly #now: () => Ms;
  #timer: NodeJS.Timeout | null = null;

  constructor(events: BoardEvents, now: () => Ms) {
    this.#events = events;
    this.#now = now;
  }

  /** Under an id that exists: in its place, with a new lease. HF8203 when nothing is there, HF8201 when it cannot be. */
  put(fault: NetworkFault, pools: Iterable<FaultyPool>): NetworkFaultStatus {
    const concerned = [...pools].filter((pool) => liesBefore(fault, pool));
    if (concerned.length === 0)
      throw new HoldfastError('HF8203', `there is no endpoint of ${describe(fault.where)} in the routes`);
    if (NETWORK_FAULTS[fault.kind].http && concerned.every(({ protocol }) => protocol !== 'http'))
      throw new HoldfastError('HF8201', `${fault.kind} needs an HTTP endpoint, and ${fault.where.callee} speaks TCP`, {
        remedy: 'Declare the port as HTTP, or use a fault that works on bytes (latency, reset, limit).',
      });
    if (!this.#faults.has(fault.id) && this.#faults.size >= MAX_FAULTS)
      throw new HoldfastError('HF8204', `${MAX_FAULTS} network faults are in force: remove some first`);
    const now = this.#now();
    const before = this.#faults.get(fault.id);
    const active = new ActiveFault(fault, now);
    this.#faults.set(fault.id, active);
    if (before !== undefined) this.#end(before, 'asked');
    this.#changed();
    return active.status(now);
  }

  /** HF8205 when it is over. `leaseMs` null: as long again as it was put for. */
  renew(id: string, leaseMs: Ms | null): NetworkFaultStatus {
    const active = this.#faults.get(id);
    if (active === undefined) throw new HoldfastError('HF8205', `network fault ${id} is unknown or over`);
    const lease = leaseMs ?? active.fault.leaseMs;
    if (!(lease >= MIN_NETWORK_LEASE_MS && lease <= MAX_NETWORK_LEASE_MS))
      throw new HoldfastError('HF6004', `a lease is ${MIN_NETWORK_LEASE_MS} to ${MAX_NETWORK_LEASE_MS} ms`);
    const now = this.#now();
    active.deadline = now + lease;
    this.#schedule();
    return active.status(now);
  }

  /** `id` null: all of them. One that is over already is none to remove. */
  remove(id: string | null): NetworkFaultEnded[] {
    const faults = [...this.#faults.values()].filter((active) => id === null || active.fault.id === id);
    return this.#remove(faults, 'asked');
  }

  list(): NetworkFaultStatus[] {
    const now = this.#now();
    return [...this.#faults.values()].map((active) => active.status(now));
  }

  of(pool: FaultyPool): PoolFaults | null {
    if (this.#faults.size === 0) return null;
    const faults = [...this.#faults.values()].filter(({ fault }) => liesBefore(fault, pool));
    return faults.length === 0 ? null : new PoolFaults(faults);
  }

  /** The routes have changed: faults of services that are not there any more are over. */
  keepOnly(pools: Iterable<FaultyPool>): void {
    if (this.#faults.size === 0) return;
    const known = [...pools];
    const gone = [...this.#faults.values()].filter(({ fault }) => !known.some((pool) => liesBefore(fault, pool)));
    this.#remove(gone, 'target-gone');
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#faults.clear();
  }

  #remove(faults: readonly ActiveFault[], reason: NetworkFaultEnd): NetworkFaultEnded[] {
    if (faults.length === 0) return [];
    for (const { fault } of faults) this.#faults.delete(fault.id);
    for (const active of faults) active.over = true;
    this.#changed();
    return faults.map((active) => this.#end(active, reason));
  }

  #end(active: ActiveFault, reason: NetworkFaultEnd): NetworkFaultEnded {
    active.over = true;
    const ended = { status: active.status(this.#now()), reason };
    this.#events.ended(ended);
    return ended;
  }

  #changed(): void {
    this.#schedule();
    this.#events.changed();
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#faults.size === 0) return;
    const next = Math.min(...[...this.#faults.values()].map(({ deadline }) => deadline));
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, Math.ceil(next - this.#now())));
  }

  #expire(): void {
    const now = this.#now();
    const expired = [...this.#faults.values()].filter(({ deadline }) => deadline <= now);
    if (expired.length > 0) this.#remove(expired, 'lease');
    else this.#schedule();
  }
}

function liesBefore({ where }: NetworkFault, pool: FaultyPool): boolean {
  return pool.service === where.callee && (where.port === null || pool.id === `${where.callee}:${where.port}`);
}

function describe({ callee, port }: NetworkFaultPlace): string {
  return port === null ? callee : `${callee}:${port}`;
}
