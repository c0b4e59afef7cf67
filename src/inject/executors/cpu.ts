/** Uses up processor time, in the target's cgroup where it has one, else on the machine as a whole. */
import { cpus } from 'node:os';
import { enter, groupOf, startStressor } from '../bound.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { ticksPerSec } from '../processes.ts';
import { inGroupOrMachine } from './common.ts';

interface Cpu {
  readonly workers: number;
  /** Of one core, for each worker. */
  readonly percent: number;
  readonly nice: number;
}

/** Against others that want the same cores it gets its fair share and no more: a quarter of what was asked is a bite. */
const BITE_SHARE = 0.25;

export const cpu: Executor<Cpu> = {
  kind: 'cpu',
  what: 'uses up processor time',
  targets: ['process', 'node'],
  instant: false,
  parameters: {
    workers: 'threads that work; one for each core',
    percent: 'of one core, for each worker; 100',
    nice: 'priority, 0 (as everybody) to 19 (last); 0',
  },
  needs: 'nothing; to be within the limits of the instance, a cgroup (version 2) of its own',
  measured: 'cores used, by the kernel’s account; a quarter of what was asked is a bite',
  reverted: 'the stressor ends',
  parse: (given) => {
    const read = new Parameters('cpu', given);
    const parsed = {
      workers: read.integer('workers', 1, 256, cpus().length),
      percent: read.number('percent', 1, 100, 100),
      nice: read.integer('nice', 0, 19, 0),
    };
    read.end();
    return parsed;
  },
  possible: inGroupOrMachine,
  prepare: (_fault, at) => ({ group: groupOf(at) ?? null }),
  begin: async ({ id, parameters }: Fault<Cpu>, _traces, at) => {
    const stressor = startStressor(id, 'cpu', parameters);
    enter(groupOf(at), stressor);
    await stressor.until(() => stressor.figure > 0);
    const start = { at: at.now(), ticks: stressor.stat?.cpuTicks ?? 0 };
    return {
      measure: () => {
        stressor.beat();
        const sec = Math.max(1e-3, (at.now() - start.at) / 1_000);
        const measured = Math.max(0, (stressor.stat?.cpuTicks ?? 0) - start.ticks) / ticksPerSec / sec;
        const asked = (parameters.workers * parameters.percent) / 100;
        return { asked, measured, unit: 'cores', bitten: measured >= asked * BITE_SHARE };
      },
    };
  },
  revert: async () => undefined,
  residue: () => [],
};
