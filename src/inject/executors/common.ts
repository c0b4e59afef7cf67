/** What several executors say and ask. */
import { existsSync, statfsSync } from 'node:fs';
import { HoldfastError } from '../../model/errors.ts';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Possibility, Surroundings } from '../contract.ts';
import { tool } from '../processes.ts';

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

/** The directory that is the target. */
export function directoryOf(at: Surroundings): string {
  const target = at.target();
  if (target.kind === 'directory' && target.path.startsWith('/') && existsSync(target.path)) return target.path;
  throw new HoldfastError('HF8203', 'not a directory that is there, with its whole path');
}

/** `total`: how large the file system is. */
export function freeBytes(dir: string, which: 'free' | 'total' = 'free'): number {
  const { bavail, blocks, bsize } = statfsSync(dir);
  return (which === 'free' ? bavail : blocks) * bsize;
}

/** What needs programs that may not be installed; `from`: the Debian package that has them. */
export function needsTools(names: readonly string[], from: string, how: string): Possibility {
  const missing = names.filter((name) => tool(name) === undefined);
  if (process.platform !== 'linux') return onLinux(how);
  if (missing.length === 0) return { possible: true, how };
  return { possible: false, why: `needs ${missing.join(' and ')}`, instead: `Install ${from}.` };
}

/** Of stress: where it presses. */
export function inGroupOrMachine(): Possibility {
  const group = existsSync('/sys/fs/cgroup/cgroup.controllers');
  return onLinux(
    group
      ? 'within the limits of the target where it has a cgroup of its own, else on the machine as a whole: all of its instances'
      : 'on the machine as a whole, all of its instances: there is no unified cgroup hierarchy at /sys/fs/cgroup',
  );
}
