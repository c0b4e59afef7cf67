/**
 * Faults that this process holds in a running system, asked of its server: so they are journaled with who and why, need
 * the opt-in, are paid for from the disruption budget, and end with the emergency stop. A toxic has no end: its fault is
 * a lease that is renewed from here, and begun again when it ended only because Holdfast itself was away for a while.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastClient } from '../../api/client.ts';
import type { FaultResource } from '../../api/proof-resources.ts';
import type { ApiFile } from '../../api/resources.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import type { NetworkFault } from '../../model/network-fault.ts';
import { ApiError } from './errors.ts';
import { LEASE_MS, RENEW_MS } from './proxy.ts';

export interface HeldFaultsOptions {
  readonly stateDir: string;
  readonly why: string;
  readonly say: (text: string) => void;
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** One is over, and not by us. */
  readonly ended: (id: string) => void;
}

interface Held {
  readonly fault: NetworkFault;
  /** What the server calls it: another one each time it is begun. */
  readonly id: string;
}

/** Ended because nobody could renew it, or because whoever kept it was started anew: not by anybody's wish. */
const NOBODYS_WISH = ['lease', 'keeper-lost'];
/** Of a guard rail: what a client of the API did wrong is none of these. */
const REFUSALS = ['HF5002', 'HF5006', 'HF8301'];

export class HeldFaults {
  readonly #o: HeldFaultsOptions;
  readonly #held = new Map<string, Held>();
  readonly #timer: NodeJS.Timeout;
  /** Ids have to differ from those of another such process, of this one's namesake of yesterday too. */
  readonly #prefix = `${process.pid}-${Date.now().toString(36)}`;
  #count = 0;

  constructor(options: HeldFaultsOptions) {
    this.#o = options;
    this.#timer = setInterval(() => void options.inTurn(() => this.#renew()), RENEW_MS);
  }

  /** In the place of one of the same id: first the new one, so that what was bad does not get well in between. */
  async put(fault: NetworkFault): Promise<void> {
    const before = this.#held.get(fault.id);
    this.#held.set(fault.id, { fault, id: await this.#begin(fault) });
    if (before) await this.#end(before);
  }

  async remove(id: string): Promise<void> {
    const held = this.#held.get(id);
    if (!held) return;
    this.#held.delete(id);
    await this.#end(held);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    // What cannot be ended any more ends with its lease.
    for (const id of [...this.#held.keys()]) await this.remove(id).catch(() => undefined);
  }

  async #begin({ kind, parameters, where, direction, probability, seed }: NetworkFault): Promise<string> {
    const id = `toxic-${this.#prefix}-${++this.#count}`;
    try {
      await this.#client().injectFault({
        ...{ id, kind, service: where.callee, from: where.caller, leaseMs: LEASE_MS, holder: 'toxiproxy' },
        parameters: {
          ...parameters,
          direction,
          probability,
          seed,
          ...(where.port === null ? {} : { port: where.port }),
        },
        why: this.#o.why,
      });
    } catch (error) {
      const { code, message } = asHoldfastError(error);
      throw new ApiError(REFUSALS.includes(code) ? 409 : 500, `${code} ${message}`);
    }
    return id;
  }

  async #end({ id }: Held): Promise<void> {
    try {
      await this.#client().revertFault(id, this.#o.why);
    } catch (error) {
      if (asHoldfastError(error).code !== 'HF8205') throw error;
    }
  }

  async #renew(): Promise<void> {
    for (const [id, held] of [...this.#held]) {
      try {
        const reason = endOf(await this.#client().renewFault(held.id, LEASE_MS, this.#o.why));
        if (reason === null) continue;
        if (NOBODYS_WISH.includes(reason)) this.#held.set(id, { ...held, id: await this.#begin(held.fault) });
        else this.#forget(id, reason);
      } catch (error) {
        const { code, message } = asHoldfastError(error);
        // A server that is away now is asked again; one that refuses, or knows nothing of it, has the last word.
        if (code === 'HF8205' || (error instanceof ApiError && error.status === 409)) this.#forget(id, message);
      }
    }
  }

  #forget(id: string, why: string): void {
    this.#held.delete(id);
    this.#o.say(`${id} is over: ${why}`);
    this.#o.ended(id);
  }

  /** Found anew each time: a server that was started again may listen elsewhere. */
  #client(): HoldfastClient {
    const path = join(this.#o.stateDir, 'api.json');
    try {
      const { url, token } = JSON.parse(readFileSync(path, 'utf8')) as ApiFile;
      return new HoldfastClient({ url, token });
    } catch (error) {
      throw new HoldfastError('HF7001', `no server runs on ${this.#o.stateDir}`, { cause: error });
    }
  }
}

/** null: it is in force. */
function endOf({ targets }: FaultResource): string | null {
  return targets.every(({ phase }) => phase === 'ended') ? (targets[0]?.end ?? 'asked') : null;
}
