/**
 * Uses up processor time, in the target's cgroup where it has one, else on the machine as a whole.
 *
 * Priority counts from that of the agent, which is that of the instances it starts: what is absolute would be nothing
 * against instances that run with more, and everything against those that run with less.
 */
import { cpus } from 'node:os';
import { HoldfastError } from '../../model/errors.ts';
import { enter, groupOf, startStressor } from '../bound.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { ticksPerSec } from '../processes.ts';
import { inGroupOrMachine } from './common.ts';

interface Cpu {
  readonly workers: number;
  /** Of one core, for each worker. */
  readonly percent: number;
  /** Added to the priority of the keeper. */
  readonly nice: number;
}

/** Against others that want the same cores it gets its fair share and no more: a quarter of what was asked is a bite. */
const BITE_SHARE = 0.25;
/** A keeper ten steps behind still gets a hundredth of a core; when it does not, the stressor ends by itself. */
const MOST_URGENT = -10;

/** No more than there is can be had, however many ask for it. */
export function coresAsked({ workers, percent }: Pick<Cpu, 'workers' | 'percent'>, cores: number): number {
  return Math.min(cores, (workers * percent) / 100);
}

/** As `share` of the machine: a worker on each core, each for its part of the time. */
function sharesOf(read: Parameters, cores: number): Pick<Cpu, 'workers' | 'percent'> {
  const share = read.number('share', 0, 1, 0);
  if (share > 0) {
    const given = read.number('workers', 0, 256, 0) + read.number('percent', 0, 100, 0);
    if (given === 0) return { workers: cores, percent: Math.max(1, 100 * share) };
    throw new HoldfastError('HF6004', 'fault cpu: share says how much, so workers and percent are not given with it');
  }
  return { workers: read.integer('workers', 1, 256, cores), percent: read.number('percent', 1, 100, 100) };
}

export const cpu: Executor<Cpu> = {
  kind: 'cpu',
  what: 'uses up processor time',
  targets: ['process', 'node'],
  instant: false,
  parameters: {
    share: 'of the whole machine, 0 to 1; instead of the next two',
    workers: 'threads that work; one for each core. More than cores: the others wait that much longer',
    percent: 'of one core, for each worker; 100',
    nice: 'priority against the instances, −10 (ten times as much as one of them; root only) to 19 (last); 0',
  },
  needs: 'nothing; to be within the limits of the instance, a cgroup (version 2) of its own',
  measured: 'cores used, by the kernel’s account; a quarter of what was asked, or of all cores, is a bite',
  reverted: 'the stressor ends',
  parse: (given) => {
    const read = new Parameters('cpu', given);
    const parsed = {
      ...sharesOf(read, cpus().length),
      nice: read.integer('nice', MOST_URGENT, 19, 0),
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
        const asked = coresAsked(parameters, cpus().length);
        return { asked, measured, unit: 'cores', bitten: measured >= asked * BITE_SHARE };
      },
    };
  },
  revert: async () => undefined,
  residue: () => [],
};
