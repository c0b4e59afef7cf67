/**
 * Faults of the catalogue that the traffic layer makes. The lease is the traffic process's own; here orders become its
 * requests, and what it tells becomes reports, in the same shape as those of the injector.
 */
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { FaultBite, FaultEnd, FaultKindFacts, FaultOrder, FaultReport } from '../model/fault.ts';
import type { InstanceId } from '../model/instance.ts';
import type { InventoryItem } from '../model/link.ts';
import { type NetworkFaultEnded, parseNetworkFault } from '../model/network-fault.ts';
import { NETWORK_FAULTS, type NetworkFaultSpec, type ParameterSpec } from '../model/network-fault-kinds.ts';
import type { Ms } from '../model/time.ts';
import type { Clock, NetworkFaultPort } from './ports.ts';

export interface NetworkFaultsOptions {
  readonly port: NetworkFaultPort;
  readonly clock: Clock;
  readonly lifeOf: (instance: InstanceId) => InventoryItem | undefined;
  readonly report: (faults: readonly FaultReport[]) => void;
  readonly complain: (what: string, error: unknown) => void;
}

/** Whether it bites is asked this often, until it does. */
const POLL_MS: Ms = 300;
/** A traffic process that has ended took its faults along, and told nobody: not found so often, it is over. */
const MISSED = 3;

interface Held {
  begunAt: Ms;
  bite: FaultBite;
  missed: number;
}

export class NetworkFaults {
  readonly #o: NetworkFaultsOptions;
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: NetworkFaultsOptions) {
    this.#o = options;
    options.port.onFaultEnded((ended) => this.#ended(ended));
  }

  knows(kind: string): boolean {
    return Object.hasOwn(NETWORK_FAULTS, kind);
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** What an agent that has gone has left there ends by its lease; nobody here could judge it any more. */
  start(): void {
    this.revertAll();
  }

  inject(order: FaultOrder): void {
    this.#put(order).catch((error: unknown) => {
      const { message, remedy } = asHoldfastError(error);
      this.#held.delete(order.id);
      const end = { reason: 'failed', detail: `${message} (${remedy})`, residue: [] };
      this.#o.report([{ id: order.id, phase: 'ended', begunAt: null, bite: null, end }]);
    });
  }

  async #put({ id, kind, instance, service, from, parameters: given, leaseMs, holder }: FaultOrder): Promise<void> {
    const callee = instance === null ? service : this.#o.lifeOf(instance)?.launch.service;
    if (callee === undefined) throw new HoldfastError('HF8203', `fault ${kind} is done to the way to an instance`);
    const { port = null, direction, probability, seed, ...parameters } = given;
    const where = { caller: from, callee, port, instance };
    const optional = Object.entries({ direction, probability, seed }).filter(([, value]) => value !== undefined);
    const fault = { id, where, kind, parameters, leaseMs, holder, ...Object.fromEntries(optional) };
    const { bite } = await this.#o.port.putFault(parseNetworkFault(fault));
    const begunAt = this.#o.clock.now();
    this.#held.set(id, { begunAt, bite, missed: 0 });
    this.#o.report([{ id, phase: 'active', begunAt, bite, end: null }]);
    this.#watch();
  }

  renew(id: string, leaseMs: Ms): void {
    this.#o.port.renewFault(id, leaseMs).catch((error: unknown) => {
      this.#o.complain(`fault ${id} is not renewed`, error);
    });
  }

  revert(id: string): void {
    this.#o.port
      .removeFaults(id)
      .then((ended) => {
        // Its end may have been told already; a traffic process that knows nothing of it has none.
        for (const each of ended) this.#ended(each);
        this.#over(id, { reason: 'asked', detail: '', residue: [] });
      })
      .catch((error: unknown) => this.#o.complain(`fault ${id}`, error));
  }

  revertAll(): void {
    this.#o.port
      .removeFaults(null)
      .then((ended) => {
        for (const each of ended) this.#ended(each);
      })
      .catch((error: unknown) => this.#o.complain('network faults', error));
  }

  /** A fault is state of the traffic process alone: what it does not list any more is nowhere. */
  async residue(ids: readonly string[]): Promise<readonly string[]> {
    const listed = await this.#o.port.faults();
    return listed
      .filter(({ fault }) => ids.includes(fault.id))
      .map(({ fault }) => `the traffic layer still has ${fault.kind} ${fault.id}`);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #ended({ status, reason }: NetworkFaultEnded): void {
    const held = this.#held.get(status.fault.id);
    if (held) held.bite = status.bite;
    this.#over(status.fault.id, { reason, detail: '', residue: [] });
  }

  #over(id: string, end: FaultEnd): void {
    const held = this.#held.get(id);
    if (!held) return;
    this.#held.delete(id);
    this.#o.report([{ id, phase: 'ended', begunAt: held.begunAt, bite: held.bite, end }]);
  }

  #watch(): void {
    if (this.#timer || this.#closed || this.#held.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#look()
        .catch((error: unknown) => this.#o.complain('network faults', error))
        .finally(() => this.#watch());
    }, POLL_MS);
  }

  async #look(): Promise<void> {
    const listed = new Map((await this.#o.port.faults()).map((status) => [status.fault.id, status]));
    for (const [id, held] of this.#held) {
      const status = listed.get(id);
      if (!status) {
        held.missed += 1;
        if (held.missed >= MISSED) this.#over(id, { reason: 'keeper-lost', detail: '', residue: [] });
        continue;
      }
      held.missed = 0;
      const news = status.bite.bitten && !held.bite.bitten;
      held.bite = status.bite;
      if (news) this.#o.report([{ id, phase: 'active', begunAt: held.begunAt, bite: held.bite, end: null }]);
    }
  }
}

/** The catalogue of the traffic layer, told like that of the injector. */
export function networkFaultKinds(): readonly FaultKindFacts[] {
  return Object.entries<NetworkFaultSpec>(NETWORK_FAULTS).map(
    ([kind, { what, parameters, directions, unit, http }]) => ({
      kind,
      what,
      parameters: {
        ...Object.fromEntries(Object.entries(parameters).map(([name, spec]) => [name, textOf(spec)])),
        direction: `one of ${directions.join(', ')}; ${directions[0]}`,
        probability: 'share of connections or requests that are hit; 1',
        port: 'name of the port; all',
        seed: 'of what is drawn at random; 1',
      },
      instant: false,
      targets: ['way'],
      needs: http ? 'an HTTP endpoint' : 'an endpoint',
      measured: unit,
      reverted: 'the traffic layer forgets it',
      possible: true,
      how: 'in the traffic layer, without privileges',
    }),
  );
}

function textOf(spec: ParameterSpec): string {
  return spec.otherwise === undefined ? spec.what : `${spec.what}; ${JSON.stringify(spec.otherwise)}`;
}
