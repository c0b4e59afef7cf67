/** One fault while it lasts: its lease, its dice, and what it did. */
import type {
  NetworkBite,
  NetworkFault,
  NetworkFaultCount,
  NetworkFaultPlace,
  NetworkFaultStatus,
} from '../../model/network-fault.ts';
import { NETWORK_FAULTS } from '../../model/network-fault-kinds.ts';
import { Random } from '../../model/random.ts';
import type { Ms } from '../../model/time.ts';
import { delayOf } from './draw.ts';

/** Half of what was asked is a bite: timers and machines under load are not exact. */
const BITES = 0.5;

export class ActiveFault {
  readonly fault: NetworkFault;
  readonly putAt: Ms;
  readonly random: Random;
  deadline: Ms;
  over = false;
  readonly seen: { -readonly [K in keyof NetworkFaultCount]: number } = { connections: 0, requests: 0, bytes: 0 };
  readonly affected: { -readonly [K in keyof NetworkFaultCount]: number } = { connections: 0, requests: 0, bytes: 0 };
  /** Sum and number of what is averaged: delays, sizes, losses; for a bandwidth bytes and seconds. */
  sum = 0;
  of = 0;
  /** Requests that matched, for `nth` and `every`. */
  matched = 0;

  constructor(fault: NetworkFault, now: Ms) {
    this.fault = fault;
    this.putAt = now;
    this.deadline = now + fault.leaseMs;
    this.random = Random.seeded(fault.seed);
  }

  number(name: string): number {
    return this.fault.parameters[name] as number;
  }

  measured(value: number, count = 1): void {
    this.sum += value;
    this.of += count;
  }

  /** Whether it is drawn for the next connection or request. */
  hits(): boolean {
    const { probability } = this.fault;
    return probability >= 1 || this.random.chance(probability);
  }

  concerns(place: Pick<NetworkFaultPlace, 'caller' | 'instance'>): boolean {
    const { caller, instance } = this.fault.where;
    return (caller === null || caller === place.caller) && (instance === null || instance === place.instance);
  }

  status(now: Ms): NetworkFaultStatus {
    const { fault, putAt, deadline, seen, affected } = this;
    const remainingMs = Math.max(0, deadline - now);
    return { fault, putAt, deadline, remainingMs, seen: { ...seen }, affected: { ...affected }, bite: this.#bite() };
  }

  #bite(): NetworkBite {
    const { kind, parameters } = this.fault;
    const { unit } = NETWORK_FAULTS[kind];
    const mean = this.of === 0 ? 0 : this.sum / this.of;
    const average = (asked: number, bitten: boolean): NetworkBite => ({ asked, measured: mean, unit, bitten });
    switch (kind) {
      case 'latency':
      case 'http-delay': {
        const asked = delayOf(parameters).meanMs;
        return average(asked, this.of > 0 && mean >= asked * BITES);
      }
      case 'slow-close': {
        const asked = this.number('delayMs');
        return average(asked, this.of > 0 && mean >= asked * BITES);
      }
      case 'bandwidth':
        return average(this.number('bytesPerSec'), this.of > 0 || this.affected.connections > 0);
      case 'loss':
        return average(this.number('share'), this.sum > 0);
      case 'slicer':
        return average(this.number('averageBytes'), this.of > 0);
      default: {
        const http = NETWORK_FAULTS[kind].http;
        const measured = http ? this.affected.requests : this.affected.connections;
        return { asked: http ? this.seen.requests : this.seen.connections, measured, unit, bitten: measured > 0 };
      }
    }
  }
}
