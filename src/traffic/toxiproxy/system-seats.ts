/**
 * A running system's endpoints as proxies of the API: each address that Holdfast listens on for a service that opted
 * in to experiments, called `caller->callee`, or `callee` where it is published. What they are is asked of the traffic
 * process; what is done to them is asked of the server (held-faults.ts), like every fault.
 */
import { type NetworkFault, type NetworkFaultPlace, parseNetworkFault } from '../../model/network-fault.ts';
import { OUTSIDE } from '../../model/signal.ts';
import { TrafficClient } from '../client.ts';
import type { Endpoint } from '../protocol.ts';
import type { Seat } from './contract.ts';
import { ApiError } from './errors.ts';
import { HeldFaults } from './held-faults.ts';
import type { Proxies } from './proxies.ts';
import { LEASE_MS, ToxicProxy } from './proxy.ts';

export interface SystemSeatsOptions {
  readonly stateDir: string;
  readonly proxies: Proxies;
  readonly seed: number;
  /** For the journal. */
  readonly why: string;
  /** One line for who watches this process. */
  readonly say: (text: string) => void;
}

const notOurs = (): ApiError =>
  new ApiError(409, 'this proxy is an endpoint of the running system: it can be disabled, not moved or removed');

export class SystemSeats {
  readonly #client: TrafficClient;
  readonly #proxies: Proxies;
  readonly #seed: number;
  readonly #seats = new Map<string, SystemSeat>();
  readonly #faults: HeldFaults;

  constructor({ stateDir, proxies, seed, why, say }: SystemSeatsOptions) {
    this.#proxies = proxies;
    this.#seed = seed;
    const events = { onSignals: () => undefined, onApplied: () => undefined, onStatus: () => undefined };
    this.#client = new TrafficClient(stateDir, events, { observer: true });
    this.#faults = new HeldFaults({
      ...{ stateDir, why, say },
      inTurn: (work) => proxies.inTurn(work),
      ended: (id) => this.#ended(id),
    });
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
    const seat = new SystemSeat(this.#faults, endpoint, this.#seats.size);
    this.#seats.set(name, seat);
    this.#proxies.adopt(new ToxicProxy(name, seat, this.#seed));
  }

  /** Somebody else has ended it: so is its toxic. Whoever stops all has the last word. */
  #ended(id: string): void {
    for (const proxy of this.#proxies.all) {
      proxy.forget(id);
      if (proxy.seat instanceof SystemSeat) proxy.seat.forget(id);
    }
  }

  /** Ends what was done to the system. */
  async close(): Promise<void> {
    await this.#faults.close();
    this.#client.close();
  }
}

class SystemSeat implements Seat {
  endpoint: Endpoint;
  readonly #faults: HeldFaults;
  readonly #number: number;
  /** Ids of the faults that make it `down`. */
  #down: readonly string[] = [];

  constructor(faults: HeldFaults, endpoint: Endpoint, number: number) {
    this.#faults = faults;
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

  get place(): NetworkFaultPlace {
    const { caller, callee, port } = this.endpoint;
    return { caller, callee, port, instance: null };
  }

  forget(id: string): void {
    this.#down = this.#down.filter((each) => each !== id);
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
    this.#down = [refuse.id];
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

  putFault(fault: NetworkFault): Promise<void> {
    return this.#faults.put(fault);
  }

  async removeFaults(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#faults.remove(id);
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
