/**
 * One instance's part in the loss of its whole node: it is killed, and killed again whenever it comes back. Whoever asks
 * for the loss of a node begins this at every instance there, at once. Nothing else of the machine is touched: what is
 * lost is what runs there, not the machine that the keeper itself needs to bring it to an end.
 *
 * Where nobody starts anything (Holdfast was killed) nobody has to be killed either, and the lease runs out all the same.
 */
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, signal } from '../processes.ts';
import { onLinux, processOf } from './common.ts';

interface NodeLoss {
  /** Read by whoever asks, not here: a node is more than a disruption budget pays for. */
  readonly beyondBudget: boolean;
}

/** Of the time. A life is known a moment after it began, so all of it cannot be asked for. */
const GONE = 0.5;

export const nodeLoss: Executor<NodeLoss> = {
  kind: 'node-loss',
  what: 'kills every instance of a node at once, and whatever is started there again, until the lease ends',
  targets: ['process'],
  instant: false,
  parameters: { beyondBudget: 'may take out more than the disruption budget pays for; false' },
  needs: 'the same user, or root; every service of the node has opted in; `target: {node: localhost}`',
  measured: 'instances gone at the same time, averaged over its time; half of the time, each, is a bite',
  reverted: 'no more kills',
  parse: (given) => {
    const read = new Parameters('node-loss', given);
    const parsed = { beyondBudget: read.flag('beyondBudget') };
    read.end();
    return parsed;
  },
  possible: () => onLinux('by signal, while whoever restarts the instances tells their new processes'),
  prepare: (_fault, at) => ({ first: processOf(at) }),
  begin: async (_fault: Fault<NodeLoss>, _traces, at) => {
    let [looks, gone] = [0, 0];
    const strike = (): boolean => {
      const identity = processOf(at);
      if (!isAlive(identity)) return false;
      for (const stat of membersOf(identity)) signal(stat, 'SIGKILL');
      return true;
    };
    strike();
    const turn = (): boolean => {
      looks++;
      if (!strike()) gone++;
      return true;
    };
    const measure = () => {
      const share = looks === 0 ? 0 : Math.round((100 * gone) / looks) / 100;
      return { asked: 1, measured: share, unit: 'instances gone at the same time', bitten: share >= GONE };
    };
    return { turn, measure };
  },
  revert: async () => undefined,
  residue: () => [],
};
