/**
 * The seam between Toxiproxy's API and what carries it out. A seat is where a proxy of the API lives: on listeners of
 * our own (own-seats.ts), or at an endpoint of a running system (system-seats.ts). The API knows only seats.
 */
import type { NetworkFault, NetworkFaultPlace } from '../../model/network-fault.ts';

export interface Seat {
  /** As the API tells them: `127.0.0.1:22222`. */
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  /** Where its toxics lie. */
  readonly place: NetworkFaultPlace;
  /** Accepts connections. Throws when it cannot. */
  start(): Promise<void>;
  /** Accepts none, and ends those that there are. */
  stop(): Promise<void>;
  /** Other addresses; it is stopped when this is over. Throws for seats that cannot be moved. */
  move(listen: string, upstream: string): Promise<void>;
  /** Whether these are its addresses already. */
  isAt(listen: string, upstream: string): boolean;
  /** For ever. Throws for seats that are not ours to remove. */
  remove(): Promise<void>;
  putFault(fault: NetworkFault): Promise<void>;
  removeFaults(ids: readonly string[]): Promise<void>;
}

export interface Seats {
  create(name: string, listen: string, upstream: string): Seat;
}
