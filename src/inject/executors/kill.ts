/** Ends an instance: at once (`kill`), or by asking it to (`terminate`). Nothing to revert: it is to be started again. */
import type { Bite, Executor, Fault, Surroundings } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, signal } from '../processes.ts';
import { onLinux, processOf } from './common.ts';

function ending(kind: string, what: string, name: 'SIGKILL' | 'SIGTERM'): Executor {
  return {
    kind,
    what,
    targets: ['process'],
    parse: (given) => {
      new Parameters(kind, given).end();
      return {};
    },
    possible: () => onLinux('by signal'),
    prepare: (_fault, at) => ({ pids: membersOf(processOf(at)).map(({ pid }) => pid) }),
    begin: async (_fault: Fault, _traces, at: Surroundings) => {
      const identity = processOf(at);
      // All of it at once when it is killed; who is asked to end tells its own children.
      const all = membersOf(identity);
      for (const stat of all) if (name === 'SIGKILL' || stat.pid === identity.pid) signal(stat, name);
      const measure = (): Bite => {
        const measured = isAlive(identity) ? 0 : 1;
        return { asked: 1, measured, unit: 'processes ended', bitten: measured === 1 };
      };
      return { measure };
    },
    revert: async () => undefined,
    residue: () => [],
  };
}

export const kill = ending('kill', 'kills all processes of an instance at once (SIGKILL)', 'SIGKILL');
export const terminate = ending('terminate', 'asks the main process of an instance to end (SIGTERM)', 'SIGTERM');
