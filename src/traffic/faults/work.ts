/** What is asked of the faults over the control socket, carried out. What is wrong with it is an answer, not an end. */
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import {
  type NetworkFault,
  type NetworkFaultEnded,
  type NetworkFaultStatus,
  parseNetworkFault,
} from '../../model/network-fault.ts';
import type { Ms } from '../../model/time.ts';
import type { Endpoint, FaultAnswer } from '../protocol.ts';

export interface FaultKeeper {
  putFault(fault: NetworkFault): NetworkFaultStatus;
  renewFault(id: string, leaseMs: Ms | null): NetworkFaultStatus;
  removeFaults(id: string | null): NetworkFaultEnded[];
  faults(): NetworkFaultStatus[];
  endpoints(): Endpoint[];
}

export function doFaultWork(keeper: FaultKeeper, work: unknown): FaultAnswer {
  try {
    return { faults: [], ended: [], error: null, ...carryOut(keeper, work) };
  } catch (error) {
    return { faults: [], ended: [], error: asHoldfastError(error).toJSON() };
  }
}

function carryOut(keeper: FaultKeeper, work: unknown): Partial<FaultAnswer> {
  const { op, fault, id, leaseMs } = (work ?? {}) as Readonly<Record<string, unknown>>;
  if (op === 'put') return { faults: [keeper.putFault(parseNetworkFault(fault))] };
  if (op === 'endpoints') return { endpoints: keeper.endpoints() };
  if (op === 'list') return { faults: keeper.faults() };
  if (op === 'renew' && typeof id === 'string' && (typeof leaseMs === 'number' || leaseMs === null))
    return { faults: [keeper.renewFault(id, leaseMs)] };
  if (op === 'remove' && (typeof id === 'string' || id === null)) return { ended: keeper.removeFaults(id) };
  throw new HoldfastError('HF4003', 'the traffic process does not know this work on network faults');
}
