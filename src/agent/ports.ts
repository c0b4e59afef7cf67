/** What the agent needs from its surroundings, besides a runtime. */
import type { NetworkFault, NetworkFaultEnded, NetworkFaultStatus } from '../model/network-fault.ts';
import type { Listener, RouteTable } from '../model/routes.ts';
import type { Signal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';

export interface Clock {
  now(): Ms;
}

export interface RoutesApplied {
  readonly version: number;
  readonly failed: readonly { readonly listener: string; readonly error: string }[];
}

/** The traffic process, seen from here. */
export interface TrafficPort {
  /** Resolves when the table is in force; rejects when the traffic process cannot be reached. */
  apply(table: RouteTable): Promise<RoutesApplied>;
  /** Edge windows and stalls, as they are measured. */
  onSignals(listener: (signals: readonly Signal[]) => void): void;
}

/** Network faults of the traffic process, each under a lease there. */
export interface NetworkFaultPort {
  /** In force when it resolves. */
  putFault(fault: NetworkFault): Promise<NetworkFaultStatus>;
  renewFault(id: string, leaseMs: Ms): Promise<NetworkFaultStatus>;
  /** null: all. Gone when it resolves. */
  removeFaults(id: string | null): Promise<readonly NetworkFaultEnded[]>;
  faults(): Promise<readonly NetworkFaultStatus[]>;
  onFaultEnded(listener: (ended: NetworkFaultEnded) => void): void;
}

/** The traffic process as a part of Holdfast that can die. */
export interface PartPort {
  /** kill -9 of the one that runs; its pid, null: none runs. */
  kill(): number | null;
  /** Connected, with its last routes in force; null: none is. */
  serving(): number | null;
  /** All that the machine has for this state directory: one, when all is well. */
  processes(): readonly number[];
  /** Where it is to listen. */
  listeners(): readonly Listener[];
  /** It ended without having been told to, or another one is in its place. */
  onPart(listener: (change: PartChange) => void): void;
}

export interface PartChange {
  readonly state: 'lost' | 'back';
  readonly pid: number | null;
  /** Back: for how long there was none. */
  readonly outMs: Ms;
}
