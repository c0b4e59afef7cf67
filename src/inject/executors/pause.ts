/** Stops all processes of an instance where they are (SIGSTOP), as a long collection, a swapping host or a debugger does. */
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Executor } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, type Stat, signal, statOf } from '../processes.ts';
import { onLinux, processOf } from './common.ts';

interface Named {
  readonly pid: number;
  readonly startTicks: string;
}

interface Paused {
  readonly target: ProcessIdentity;
  /** As they were before. */
  readonly members: readonly Named[];
  /** Stopped already by somebody else, who may want it so. */
  readonly spared: readonly Named[];
}

/** How often it is looked for children that were born while their parents were being stopped. */
const ROUNDS = 3;

export const pause: Executor = {
  kind: 'pause',
  what: 'stops all processes of an instance where they are, and lets them go on afterwards (SIGSTOP, SIGCONT)',
  targets: ['process'],
  instant: false,
  parameters: {},
  needs: 'the same user, or root',
  measured: 'processes in state T, of those of the instance',
  reverted: 'SIGCONT to each process that was stopped',
  parse: (given) => {
    new Parameters('pause', given).end();
    return {};
  },
  possible: () => onLinux('by signal'),
  prepare: (_fault, at) => {
    const target = processOf(at);
    const stats = membersOf(target);
    const named = (stopped: boolean): readonly Named[] =>
      stats.filter(({ state }) => (state === 'T') === stopped).map(({ pid, startTicks }) => ({ pid, startTicks }));
    return { target, members: named(false), spared: named(true) } satisfies Paused;
  },
  begin: async (_fault, given) => {
    const traces = given as unknown as Paused;
    for (let round = 0; round < ROUNDS; round++) for (const member of affected(traces)) signal(member, 'SIGSTOP');
    return {
      measure: () => {
        const [asked, measured] = [affected(traces).length, stoppedBy(traces).length];
        return { asked, measured, unit: 'processes stopped', bitten: asked > 0 && measured === asked };
      },
      turn: () => isAlive(traces.target),
    };
  },
  revert: async (_fault, traces) => {
    for (const member of stoppedBy(traces as unknown as Paused)) signal(member, 'SIGCONT');
  },
  residue: (_fault, traces) =>
    stoppedBy(traces as unknown as Paused).map(({ pid }) => `process ${pid} is still stopped`),
};

/** What was there before or has been born since, and lives; without its leader a group is known by its members only. */
function affected({ target, members, spared }: Paused): readonly Stat[] {
  const recorded = members.flatMap((member) => {
    const stat = statOf(member.pid);
    return stat?.startTicks === member.startTicks ? [stat] : [];
  });
  const now = new Map([...recorded, ...membersOf(target)].map((stat) => [stat.pid, stat]));
  for (const { pid } of spared) now.delete(pid);
  return [...now.values()];
}

function stoppedBy(traces: Paused): readonly Stat[] {
  return affected(traces).filter(({ state }) => state === 'T');
}
