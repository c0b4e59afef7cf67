/** What several executors say and ask. */
import { HoldfastError } from '../../model/errors.ts';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Possibility, Surroundings } from '../contract.ts';

export function onLinux(how: string): Possibility {
  if (process.platform === 'linux') return { possible: true, how };
  return {
    possible: false,
    why: `needs Linux, this is ${process.platform}`,
    instead: 'Use the faults of the traffic layer.',
  };
}

/** The process that is the target now. */
export function processOf(at: Surroundings): ProcessIdentity {
  const target = at.target();
  if (target.kind === 'process') return target.process;
  throw new HoldfastError('HF8203', `not a process: ${target.kind}`);
}
