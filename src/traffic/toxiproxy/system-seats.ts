/**
 * A running system's endpoints as proxies of the API: each address that Holdfast listens on for a service that opted
 * in to experiments, called `caller->callee`, or `callee` where it is published. Their toxics are faults in the
 * system's own traffic process, under a short lease that is renewed from here: when this process dies, they end.
 */
import { asHoldfastError } from '../../model/errors.ts';
import { type NetworkFault, type NetworkFaultPlace, parseNetworkFault } from '../../model/network-fault.ts';
import { OUTSIDE } from '../../model/signal.ts';
import { TrafficClient } from '../client.ts';
import type { Endpoint } from '../protocol.ts';
import type { Seat } from './contract.ts';
import { ApiError } from './errors.ts';
import type { Proxies } from './proxies.ts';
import { LEASE_MS, RENEW_MS, ToxicProxy } from './proxy.ts';

const notOurs = (): ApiError =>
  new ApiError(409, 'this proxy is an endpoint of the running system: it can be disabled, not moved or removed');

export class SystemSeats {
  readonly #client: TrafficClient;
  readonly #proxies: Proxies;
  readonly #seed: number;
  readonly #seats = new Map<string, SystemSeat>();
  readonly #timer: NodeJS.Timeout;

  constructor(stateDir: string, proxies: Proxies, seed: number) {
    this.#proxies = proxies;
    this.#seed = seed;
    const events = { onSignals: () => undefined, onApplied: () => undefined, onStatus: () => undefined };
    this.#client = new TrafficClient(stateDir, events, { observer: true });
    this.#timer = setInterval(() => void proxies.inTurn(() => this.#renew()), RENEW_MS);
  }

  /** Brings the proxies up to the routes in force. Throws HF4002 when there is no traffic process. */
  async refresh(): Promise<void> {
    const endpoints = new Map(named((await this.#client.endpoints()).filter(({ experiments }) => experiments)));
    for (const [name, seat] of this.#seats) {
      if (endpoints.has(name)) continue;
      this.#seats.delete(name);
      if (this.#proxies.all.some((proxy) => proxy.seat === seat)) this.#proxies.release(name);
    }
    for (const [name, endpoint] of endpoints) {
      const seat = this.#seats.get(name);
      if (seat !== undefined) seat.endpoint = endpoint;
      else this.#add(name, endpoint);
    }
  }

  #add(name: string, endpoint: Endpoint): void {
    // A name that a proxy of our own has already stays with it.
    if (this.#proxies.all.some((proxy) => proxy.name === name)) return;
    const seat = new SystemSeat(this.#client, endpoint, this.#seats.size);
    this.#seats.set(name, seat);
    this.#proxies.adopt(new ToxicProxy(name, seat, this.#seed));
  }

  /** Toxics whose faults are over were ended by somebody else, and stay so: whoever stops all has the last word. */
  async #renew(): Promise<void> {
    for (const proxy of this.#proxies.all) {
      if (!(proxy.seat instanceof SystemSeat)) continue;
      for (const id of [...proxy.faults, ...proxy.seat.ownFaults]) {
        try {
          await this.#client.renewFault(id, LEASE_MS);
        } catch (error) {
          if (asHoldfastError(error).code !== 'HF8205') return;
          proxy.forget(id);
          proxy.seat.forget(id);
        }
      }
    }
  }

  /** Ends what was done to the system. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const ids = this.#proxies.all
      .filter(({ seat }) => seat instanceof SystemSeat)
      .flatMap((proxy) => [...proxy.faults, ...(proxy.seat as SystemSeat).ownFaults]);
    // What cannot be removed any more ends with its lease.
    for (const id of ids) await this.#client.removeFaults(id).catch(() => undefined);
    this.#client.close();
  }
}

class SystemSeat implements Seat {
  endpoint: Endpoint;
  readonly #client: TrafficClient;
  readonly #number: number;
  /** Ids of the faults that make it `down`. */
  #down: readonly string[] = [];

  constructor(client: TrafficClient, endpoint: Endpoint, number: number) {
    this.#client = client;
    this.endpoint = endpoint;
    this.#number = number;
  }

  get listen(): string {
    return this.endpoint.listen;
  }

  get upstream(): string {
    return this.endpoint.members.join(',');
  }

  get enabled(): boolean {
    return this.#down.length === 0;
  }

  get ownFaults(): readonly string[] {
    return this.#down;
  }

  get place(): NetworkFaultPlace {
    const { caller, callee, port } = this.endpoint;
    return { caller, callee, port, instance: null };
  }

  forget(id: string): void {
    if (this.#down.includes(id)) this.#down = [];
  }

  async start(): Promise<void> {
    const down = this.#down;
    this.#down = [];
    await this.removeFaults(down);
  }

  /** As if every instance had gone: nothing new is accepted, and what is open is closed. */
  async stop(): Promise<void> {
    if (!this.enabled) return;
    const prefix = `down-${process.pid}-${this.#number}`;
    const common = { where: this.place, leaseMs: LEASE_MS, holder: 'toxiproxy' };
    const refuse = { ...common, id: `${prefix}-refuse`, kind: 'refuse' };
    const cut = { ...common, id: `${prefix}-cut`, kind: 'timeout', parameters: { afterMs: 1 } };
    await this.putFault(parseNetworkFault(refuse));
    await this.putFault(parseNetworkFault(cut));
    this.#down = [refuse.id, cut.id];
  }

  async move(): Promise<void> {
    throw notOurs();
  }

  isAt(listen: string, upstream: string): boolean {
    return listen === this.listen && upstream === this.upstream;
  }

  async remove(): Promise<void> {
    throw notOurs();
  }

  async putFault(fault: NetworkFault): Promise<void> {
    await this.#client.putFault(fault);
  }

  async removeFaults(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#client.removeFaults(id);
  }
}

function named(endpoints: readonly Endpoint[]): [string, Endpoint][] {
  return endpoints.map((endpoint) => {
    const { caller, callee, port } = endpoint;
    const several = endpoints.some((other) => other.callee === callee && other.port !== port);
    const to = several ? `${callee}:${port}` : callee;
    return [caller === OUTSIDE ? to : `${caller}->${to}`, endpoint];
  });
}
