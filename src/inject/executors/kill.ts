/**
 * Ends an instance at once (`kill`), or sends its main process a signal (`signal`). Nothing lasts, so there is nothing
 * to revert: the instance is to be started again. What would last (SIGSTOP) is the fault `pause`.
 */
import type { Bite, Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, signal as send } from '../processes.ts';
import { onLinux, processOf } from './common.ts';

const ENDED = { asked: 1, unit: 'processes ended' } as const;

export const kill: Executor = {
  kind: 'kill',
  what: 'kills all processes of an instance at once (SIGKILL)',
  targets: ['process'],
  instant: true,
  parameters: {},
  needs: 'the same user, or root',
  measured: 'whether its main process is gone',
  reverted: 'not at all: it is to be started again',
  parse: (given) => {
    new Parameters('kill', given).end();
    return {};
  },
  possible: () => onLinux('by signal'),
  prepare: (_fault, at) => ({ target: processOf(at) }),
  begin: async (_fault, _traces, at) => {
    const identity = processOf(at);
    for (const stat of membersOf(identity)) send(stat, 'SIGKILL');
    return { measure: () => ended(!isAlive(identity)) };
  },
  revert: async () => undefined,
  residue: () => [],
};

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGABRT', 'SIGSEGV'] as const;

interface Signal {
  readonly signal: (typeof SIGNALS)[number];
}

/** Signals that a program may well take without ending: that it was sent is all that can be seen from outside. */
const TAKEN: readonly string[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'];

export const signal: Executor<Signal> = {
  kind: 'signal',
  what: 'sends a signal to the main process of an instance',
  targets: ['process'],
  instant: true,
  parameters: { signal: `one of ${SIGNALS.join(', ')}; SIGTERM` },
  needs: 'the same user, or root',
  measured: `whether the process has ended; for ${TAKEN.join(', ')} whether it was sent`,
  reverted: 'not at all: it is to be started again',
  parse: (given) => {
    const read = new Parameters('signal', given);
    const parsed = { signal: read.oneOf('signal', SIGNALS, 'SIGTERM') };
    read.end();
    return parsed;
  },
  possible: () => onLinux('by signal'),
  prepare: (_fault, at) => ({ target: processOf(at) }),
  begin: async ({ parameters }: Fault<Signal>, _traces, at) => {
    const identity = processOf(at);
    const sent = send(identity, parameters.signal);
    return { measure: () => ended(TAKEN.includes(parameters.signal) ? sent : !isAlive(identity)) };
  },
  revert: async () => undefined,
  residue: () => [],
};

function ended(yes: boolean): Bite {
  return { ...ENDED, measured: yes ? 1 : 0, bitten: yes };
}
