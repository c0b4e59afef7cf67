/** Uses up process ids, in the target's cgroup where it has one (against its `pids` limit), else of the machine. */
import { enter, groupOf, startStressor } from '../bound.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { inGroupOrMachine } from './common.ts';

interface Processes {
  readonly count: number;
}

/** What is left of the machine's process ids in any case. */
export const PROCESS_FLOOR = 1_024;

export const processes: Executor<Processes> = {
  kind: 'processes',
  what: 'starts idle processes, so that few more can be started',
  targets: ['process', 'node'],
  instant: false,
  parameters: {
    count: 'how many, 1 to 4096',
  },
  needs: 'nothing; to be within the limits of the instance, a cgroup (version 2) of its own',
  measured: 'idle processes that are there',
  reverted: 'they end with the stressor that holds their pipes',
  parse: (given) => {
    const read = new Parameters('processes', given);
    const parsed = { count: read.integer('count', 1, 4_096) };
    read.end();
    return parsed;
  },
  possible: inGroupOrMachine,
  prepare: (_fault, at) => ({ group: groupOf(at) ?? null }),
  begin: async ({ id, parameters }: Fault<Processes>, _traces, at) => {
    const stressor = startStressor(id, 'processes', { ...parameters, floor: PROCESS_FLOOR });
    const inside = enter(groupOf(at), stressor);
    await stressor.until(() => stressor.figure > 0);
    return {
      measure: () => {
        stressor.beat();
        // Counted by who is there, not by what the stressor says. In a group the limit may well come first.
        const measured = Math.max(0, stressor.members.length - 1);
        const bitten = inside ? measured > 0 : measured >= parameters.count;
        return { asked: parameters.count, measured, unit: 'processes', bitten };
      },
    };
  },
  revert: async () => undefined,
  residue: () => [],
};
