/**
 * Proxies on listeners of this process: the traffic layer as a plain proxy in front of any server. Each has a pool of
 * one member, which is tried for every connection, whatever it did before: Toxiproxy judges nobody.
 */
import { MAX_NETWORK_LEASE_MS, type NetworkFault } from '../../model/network-fault.ts';
import { Random } from '../../model/random.ts';
import { DEFAULT_POOL_POLICY, type Pool as PoolSpec } from '../../model/routes.ts';
import { OUTSIDE } from '../../model/signal.ts';
import { monotonic } from '../clock.ts';
import { FaultBoard } from '../faults/board.ts';
import { Listening } from '../listening.ts';
import { Pool } from '../pool.ts';
import { type Address, formatAddress, listenError, parseAddress } from './addresses.ts';
import type { Seat, Seats } from './contract.ts';

/** A member that refused is tried again for the next connection: until then it waits, this long at most. */
const POLICY = { ...DEFAULT_POOL_POLICY, queueTimeoutMs: 150, connectTimeoutMs: 30_000, drainMs: 0 };
/** Toxics here live as long as this process: the longest lease, renewed long before its end. */
const RENEW_MS = MAX_NETWORK_LEASE_MS / 10;
const TICK_MS = 50;
const SWEEP_MS = 1_000;

export class OwnSeats implements Seats {
  readonly #seats = new Set<OwnSeat>();
  readonly #timers: NodeJS.Timeout[];
  readonly #random: Random;
  readonly board = new FaultBoard(
    {
      changed: () => {
        for (const { pool } of this.#seats) pool.setFaults(this.board.of(pool));
      },
      ended: () => undefined,
    },
    monotonic,
  );

  constructor(seed: number) {
    this.#random = Random.seeded(seed);
    this.#timers = [
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#sweep(), SWEEP_MS),
      setInterval(() => this.#renew(), RENEW_MS),
    ];
  }

  create(name: string, listen: string, upstream: string): Seat {
    const seat = new OwnSeat(name, listen, upstream, this, this.#random);
    this.#seats.add(seat);
    return seat;
  }

  forget(seat: OwnSeat): void {
    this.#seats.delete(seat);
  }

  pools(): Pool[] {
    return [...this.#seats].map(({ pool }) => pool);
  }

  #tick(): void {
    const now = monotonic();
    // As if we were always late: whoever is silent here is never judged for it.
    for (const { pool } of this.#seats) pool.tick(now, true);
  }

  #sweep(): void {
    for (const seat of this.#seats) seat.sweep();
  }

  #renew(): void {
    for (const { fault } of this.board.list()) this.board.renew(fault.id, null);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    for (const seat of [...this.#seats]) await seat.remove();
    this.board.close();
  }
}

class OwnSeat implements Seat {
  readonly pool: Pool;
  readonly place;
  readonly #name: string;
  readonly #home: OwnSeats;
  #asked: string;
  #address: Address;
  #upstream: string;
  #listening: Listening | null = null;

  constructor(name: string, listen: string, upstream: string, home: OwnSeats, random: Random) {
    this.#name = name;
    this.#home = home;
    this.#asked = listen;
    this.#address = parseAddress(listen, 'listen');
    this.#upstream = upstream;
    this.place = { caller: null, callee: name, port: null, instance: null };
    this.pool = new Pool(this.#spec(), {
      random,
      now: monotonic,
      emit: () => undefined,
      // Whether it accepts connections again shows with the next one.
      probe: (_member, _timeoutMs, _faults, done) => void setImmediate(done, null),
    });
  }

  #spec(): PoolSpec {
    const { host, port } = parseAddress(this.#upstream, 'dial');
    const member = { instance: this.#name, incarnation: 1, host, port, state: 'serve' } as const;
    return {
      id: `${this.#name}:main`,
      service: this.#name,
      protocol: 'tcp',
      members: [member],
      token: null,
      policy: POLICY,
    };
  }

  get listen(): string {
    return this.#listening === null ? this.#asked : formatAddress(this.#address);
  }

  get upstream(): string {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#listening !== null;
  }

  async start(): Promise<void> {
    if (this.#listening !== null) return;
    const address = parseAddress(this.#asked, 'listen');
    const spec = { id: this.#name, ...address, caller: OUTSIDE, pool: this.pool.id };
    const listening = new Listening(spec, () => this.pool, { politely: true });
    await listening.listen();
    if (listening.failure !== null) throw listenError(listening.failure, address);
    this.#listening = listening;
    this.#address = { host: address.host, port: listening.port };
    // A port that was chosen for it stays its own.
    this.#asked = formatAddress(this.#address);
  }

  async stop(): Promise<void> {
    const listening = this.#listening;
    this.#listening = null;
    listening?.close(monotonic());
    listening?.end();
  }

  async move(listen: string, upstream: string): Promise<void> {
    parseAddress(listen, 'listen');
    parseAddress(upstream, 'dial');
    await this.stop();
    this.#asked = listen;
    this.#upstream = upstream;
    this.pool.update(this.#spec());
    this.pool.setFaults(this.#home.board.of(this.pool));
  }

  isAt(listen: string, upstream: string): boolean {
    if (upstream !== this.#upstream) return false;
    if (listen === this.#asked || listen === this.listen) return true;
    const { host, port } = parseAddress(listen, 'listen');
    return host === this.#address.host && port === this.#address.port;
  }

  async remove(): Promise<void> {
    await this.stop();
    this.pool.retire();
    this.#home.forget(this);
  }

  sweep(): void {
    this.#listening?.sweep(monotonic());
    this.pool.forget();
  }

  async putFault(fault: NetworkFault): Promise<void> {
    this.#home.board.put({ ...fault, leaseMs: MAX_NETWORK_LEASE_MS }, this.#home.pools());
  }

  async removeFaults(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#home.board.remove(id);
  }
}
