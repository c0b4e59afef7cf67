/** What several executors say and ask. */
import { existsSync, statfsSync } from 'node:fs';
import { HoldfastError } from '../../model/errors.ts';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { PortTarget, Possibility, Surroundings } from '../contract.ts';
import type { Parameters } from '../parameters.ts';
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

/** The port that is the target. */
export function portOf(at: Surroundings): PortTarget {
  const target = at.target();
  if (target.kind === 'port') return target;
  throw new HoldfastError('HF8203', `not a port: ${target.kind}`);
}

const ADDRESS = /^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/;

/** Addresses or prefixes of the other side. */
export function peersOf(kind: string, read: Parameters): readonly string[] {
  const peers = read.texts('peers');
  const odd = peers.find((peer) => !ADDRESS.test(peer));
  if (odd === undefined) return peers;
  throw new HoldfastError('HF6004', `fault ${kind}: peers are addresses or prefixes, not ${JSON.stringify(odd)}`);
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
