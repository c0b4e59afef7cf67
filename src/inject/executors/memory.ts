/** Takes memory and keeps it in use, in the target's cgroup where it has one, else of the machine as a whole. */
import { HoldfastError } from '../../model/errors.ts';
import { enter, groupOf, startStressor } from '../bound.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { availableBytes, pageBytes } from '../processes.ts';
import { inGroupOrMachine } from './common.ts';

interface Memory {
  readonly bytes: number;
  /** What the machine keeps available in any case. */
  readonly floorBytes: number;
}

/** With less than this a machine stops answering, and so does its keeper. */
export const MEMORY_FLOOR_BYTES = 256 * 1024 * 1024;
const BITE_SHARE = 0.9;

export const memory: Executor<Memory> = {
  kind: 'memory',
  what: 'takes memory and keeps it in use, never below a floor of what is available',
  targets: ['process', 'node'],
  instant: false,
  parameters: {
    bytes: 'how much to take',
    floorBytes: 'what the machine keeps available, at least 256 MiB; 512 MiB',
  },
  needs: 'nothing; to be within the limits of the instance, a cgroup (version 2) of its own',
  measured: 'resident bytes; nine tenths are a bite',
  reverted: 'the stressor ends',
  parse: (given) => {
    const read = new Parameters('memory', given);
    const parsed = {
      bytes: read.integer('bytes', 1, 2 ** 50),
      floorBytes: read.integer('floorBytes', MEMORY_FLOOR_BYTES, 2 ** 50, 2 * MEMORY_FLOOR_BYTES),
    };
    read.end();
    return parsed;
  },
  possible: inGroupOrMachine,
  prepare: ({ parameters }: Fault<Memory>, at) => {
    if (availableBytes() > parameters.floorBytes) return { group: groupOf(at) ?? null };
    throw new HoldfastError('HF8201', 'less memory is available already than is to be left');
  },
  begin: async ({ id, parameters }: Fault<Memory>, _traces, at) => {
    const stressor = startStressor(id, 'memory', parameters);
    enter(groupOf(at), stressor);
    await stressor.until(() => stressor.figure > 0);
    return {
      measure: () => {
        stressor.beat();
        const measured = Math.min(stressor.figure, (stressor.stat?.rssPages ?? 0) * pageBytes);
        return { asked: parameters.bytes, measured, unit: 'bytes', bitten: measured >= parameters.bytes * BITE_SHARE };
      },
    };
  },
  revert: async () => undefined,
  residue: () => [],
};
