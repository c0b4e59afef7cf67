/** Takes memory and keeps it in use, in the target's cgroup where it has one, else of the machine as a whole. */
import { totalmem } from 'node:os';
import { HoldfastError } from '../../model/errors.ts';
import { enter, groupOf, startStressor } from '../bound.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { availableBytes, pageBytes } from '../processes.ts';
import { inGroupOrMachine } from './common.ts';

interface Memory {
  /** 0: as `share` says. */
  readonly bytes: number;
  /** Of the machine's memory that is to be in use; 0: as `bytes` says. */
  readonly share: number;
  /** What the machine keeps available in any case. */
  readonly floorBytes: number;
}

/** With less than this a machine stops answering, and so does its keeper. */
export const MEMORY_FLOOR_BYTES = 256 * 1024 * 1024;
const BITE_SHARE = 0.9;

/** How much is to be taken of what can be had; the stressor keeps to the floor besides. */
export function bytesOf({ bytes, share }: Pick<Memory, 'bytes' | 'share'>, available: number, total: number): number {
  return share === 0 ? bytes : Math.max(0, Math.floor(available - (1 - share) * total));
}

export const memory: Executor<Memory> = {
  kind: 'memory',
  what: 'takes memory and keeps it in use, never below a floor of what is available',
  targets: ['process', 'node'],
  instant: false,
  parameters: {
    bytes: 'how much to take; or `share`',
    share: 'of the memory of the machine: so much is in use then, by everybody together, 0 to 1',
    floorBytes: 'what the machine keeps available, at least 256 MiB; 512 MiB',
  },
  needs: 'nothing; to be within the limits of the instance, a cgroup (version 2) of its own',
  measured: 'resident bytes; nine tenths are a bite',
  reverted: 'the stressor ends',
  parse: (given) => {
    const read = new Parameters('memory', given);
    const share = read.number('share', 0, 1, 0);
    const parsed = {
      bytes: share > 0 ? read.integer('bytes', 0, 2 ** 50, 0) : read.integer('bytes', 1, 2 ** 50),
      share,
      floorBytes: read.integer('floorBytes', MEMORY_FLOOR_BYTES, 2 ** 50, 2 * MEMORY_FLOOR_BYTES),
    };
    read.end();
    if (share > 0 && parsed.bytes > 0)
      throw new HoldfastError('HF6004', 'fault memory: bytes or share say how much, not both');
    return parsed;
  },
  possible: inGroupOrMachine,
  prepare: ({ parameters }: Fault<Memory>, at) => {
    if (availableBytes() <= parameters.floorBytes)
      throw new HoldfastError('HF8201', 'less memory is available already than is to be left');
    const bytes = bytesOf(parameters, availableBytes(), totalmem());
    if (bytes > 0) return { group: groupOf(at) ?? null, bytes };
    throw new HoldfastError('HF8201', 'as much memory as that is in use already');
  },
  begin: async ({ id, parameters }: Fault<Memory>, traces, at) => {
    const asked = Number(traces.bytes);
    const stressor = startStressor(id, 'memory', { ...parameters, bytes: asked });
    enter(groupOf(at), stressor);
    await stressor.until(() => stressor.figure > 0);
    return {
      measure: () => {
        stressor.beat();
        const measured = Math.min(stressor.figure, (stressor.stat?.rssPages ?? 0) * pageBytes);
        return { asked, measured, unit: 'bytes', bitten: measured >= asked * BITE_SHARE };
      },
    };
  },
  revert: async () => undefined,
  residue: () => [],
};
