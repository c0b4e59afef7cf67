/** The core's two makers. Everything else about it is in contract.ts. */
import type { Core, CoreOptions } from './contract.ts';
import { Machine } from './machine.ts';

export function createCore(options: CoreOptions): Core {
  return new Machine(options, null);
}

/** Goes on from a snapshot; what happened since is replayed by the caller. */
export function restoreCore(options: CoreOptions, snapshot: string): Core {
  return new Machine(options, snapshot);
}
