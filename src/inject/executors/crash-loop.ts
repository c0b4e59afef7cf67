/**
 * Kills an instance again whenever it comes back. Which process it is then is told by whoever starts it
 * (`Injector.retarget`): looking for it by name or environment would one day find somebody else.
 */
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, signal } from '../processes.ts';
import { onLinux, processOf } from './common.ts';

interface CrashLoop {
  /** Kills that make it a loop: fewer is no bite. */
  readonly kills: number;
  /** How long each life may last, in ms. */
  readonly lifeMs: number;
}

export const crashLoop: Executor<CrashLoop> = {
  kind: 'crash-loop',
  what: 'kills an instance again whenever it comes back, until the lease ends',
  targets: ['process'],
  instant: false,
  parameters: {
    kills: 'kills that make it a loop; 2',
    lifeMs: 'how long each life may last, ms; 0',
  },
  needs: 'the same user, or root; whoever restarts the instance tells its new process',
  measured: 'kills',
  reverted: 'no more kills',
  parse: (given) => {
    const read = new Parameters('crash-loop', given);
    const parsed = { kills: read.integer('kills', 1, 1_000, 2), lifeMs: read.number('lifeMs', 0, 60_000, 0) };
    read.end();
    return parsed;
  },
  possible: () => onLinux('by signal, while whoever restarts the instance tells its new process'),
  prepare: (_fault, at) => ({ first: processOf(at) }),
  begin: async ({ parameters }: Fault<CrashLoop>, _traces, at) => {
    let killed = 0;
    let seen = '';
    let since = 0;
    const turn = (): boolean => {
      const identity = processOf(at);
      if (!isAlive(identity)) return true;
      const life = `${identity.pid} ${identity.startTicks}`;
      if (life !== seen) [seen, since] = [life, at.now()];
      if (at.now() - since < parameters.lifeMs) return true;
      for (const stat of membersOf(identity)) signal(stat, 'SIGKILL');
      killed++;
      return true;
    };
    turn();
    const { kills: asked } = parameters;
    return { turn, measure: () => ({ asked, measured: killed, unit: 'kills', bitten: killed >= asked }) };
  },
  revert: async () => undefined,
  residue: () => [],
};
