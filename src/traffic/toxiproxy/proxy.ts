/** A proxy of the API: its seat, and the toxics on it in the order in which they were added. */
import { parseNetworkFault } from '../../model/network-fault.ts';
import type { Seat } from './contract.ts';
import { toxicExists, toxicNotFound } from './errors.ts';
import type { Body } from './fields.ts';
import { faultOf, parseToxic, type Toxic, updatedToxic, withAttributes } from './toxics.ts';

/** A toxic has no end of its own: it lasts as long as this process, which renews it. */
export const LEASE_MS = 6_000;
/** Each renewal in a running system is an entry of its journal: thrice within a lease is enough. */
export const RENEW_MS = 2_000;

export interface ProxyBody {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  readonly toxics: readonly Toxic[];
}

interface Placed {
  readonly toxic: Toxic;
  /** null: it does nothing. */
  readonly fault: string | null;
}

let nextFault = 1;
/** So that two of these processes at one system do not take each other's faults for their own. */
const own = `toxic-${process.pid}`;

export class ToxicProxy {
  readonly name: string;
  readonly seat: Seat;
  readonly #seed: number;
  #toxics: Placed[] = [];

  constructor(name: string, seat: Seat, seed: number) {
    this.name = name;
    this.seat = seat;
    this.#seed = seed;
  }

  body(): ProxyBody {
    const { listen, upstream, enabled } = this.seat;
    return { name: this.name, listen, upstream, enabled, toxics: this.toxics() };
  }

  /** Upstream first, as the original lists them. */
  toxics(): readonly Toxic[] {
    const all = this.#toxics.map(({ toxic }) => toxic);
    return ['upstream', 'downstream'].flatMap((stream) => all.filter((toxic) => toxic.stream === stream));
  }

  toxic(name: string): Toxic {
    return this.#find(name).toxic;
  }

  get faults(): readonly string[] {
    return this.#toxics.flatMap(({ fault }) => fault ?? []);
  }

  async add(body: Body): Promise<Toxic> {
    const parsed = parseToxic(body);
    if (this.#toxics.some(({ toxic }) => toxic.name === parsed.name)) throw toxicExists();
    const toxic = withAttributes(parsed, body);
    const fault = faultOf(toxic) === null ? null : `${own}-${nextFault++}`;
    if (fault !== null) await this.#put(toxic, fault);
    this.#toxics.push({ toxic, fault });
    return toxic;
  }

  async update(name: string, body: Body): Promise<Toxic> {
    const placed = this.#find(name);
    const toxic = updatedToxic(placed.toxic, body);
    if (placed.fault !== null) await this.#put(toxic, placed.fault);
    this.#toxics = this.#toxics.map((each) => (each === placed ? { ...placed, toxic } : each));
    return toxic;
  }

  async remove(name: string): Promise<void> {
    const placed = this.#find(name);
    this.#toxics = this.#toxics.filter((each) => each !== placed);
    if (placed.fault !== null) await this.seat.removeFaults([placed.fault]);
  }

  async reset(): Promise<void> {
    const { faults } = this;
    this.#toxics = [];
    if (faults.length > 0) await this.seat.removeFaults(faults);
  }

  /** Its fault is over: so is the toxic. */
  forget(fault: string): void {
    this.#toxics = this.#toxics.filter((each) => each.fault !== fault);
  }

  #find(name: string): Placed {
    const placed = this.#toxics.find(({ toxic }) => toxic.name === name);
    if (placed === undefined) throw toxicNotFound();
    return placed;
  }

  async #put(toxic: Toxic, id: string): Promise<void> {
    const { kind, parameters } = faultOf(toxic) as NonNullable<ReturnType<typeof faultOf>>;
    await this.seat.putFault(
      parseNetworkFault({
        id,
        kind,
        parameters,
        where: this.seat.place,
        direction: toxic.stream === 'upstream' ? 'towards' : 'back',
        probability: Math.min(1, Math.max(0, toxic.toxicity)),
        seed: this.#seed,
        leaseMs: LEASE_MS,
        holder: 'toxiproxy',
      }),
    );
  }
}
