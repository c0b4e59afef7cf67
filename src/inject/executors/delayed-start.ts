/**
 * Kills an instance and keeps every life that follows from starting for a while, as a slow disk, a long migration or a
 * pull over a thin line do: its processes are stopped (SIGSTOP) as soon as whoever starts it tells of them
 * (`Injector.retarget`), and let go on afterwards. What they did in the moment before that stays done.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Executor, Fault, Traces } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { isAlive, membersOf, type Stat, signal } from '../processes.ts';
import { onLinux, processOf } from './common.ts';

interface DelayedStart {
  /** How much later each life starts, ms. */
  readonly delayMs: number;
}

export const delayedStart: Executor<DelayedStart> = {
  kind: 'delayed-start',
  what: 'kills an instance, and lets each life that follows start only after a delay',
  targets: ['process'],
  instant: false,
  parameters: { delayMs: 'how much later each life starts, ms; 5000' },
  needs: 'the same user, or root; whoever restarts the instance tells its new process',
  measured: 'lives that were delayed; one is a bite',
  reverted: 'SIGCONT to each process that was stopped',
  parse: (given) => {
    const read = new Parameters('delayed-start', given);
    const parsed = { delayMs: read.number('delayMs', 100, 300_000, 5_000) };
    read.end();
    return parsed;
  },
  possible: () => onLinux('by signal, while whoever restarts the instance tells its new process'),
  // Which lives there will be is not known yet: each is written there before it is stopped.
  prepare: (_fault, at) => ({ first: processOf(at), file: join(at.directory, 'delayed.json') }),
  begin: async ({ parameters }: Fault<DelayedStart>, traces, at) => {
    let life = processOf(at);
    for (const stat of membersOf(life)) signal(stat, 'SIGKILL');
    let [until, delayed] = [0, 0];
    const turn = (): boolean => {
      const now = processOf(at);
      if (!isAlive(now)) return true;
      if (now.pid !== life.pid || now.startTicks !== life.startTicks) {
        writeFileSync(fileOf(traces), JSON.stringify(now), { mode: 0o600 });
        life = now;
        until = at.now() + parameters.delayMs;
        delayed++;
      }
      if (at.now() < until) for (const member of membersOf(life)) signal(member, 'SIGSTOP');
      else for (const member of stoppedOf(traces)) signal(member, 'SIGCONT');
      return true;
    };
    return { turn, measure: () => ({ asked: 1, measured: delayed, unit: 'lives delayed', bitten: delayed > 0 }) };
  },
  revert: async (_fault, traces) => {
    for (const member of stoppedOf(traces)) signal(member, 'SIGCONT');
  },
  residue: (_fault, traces) => stoppedOf(traces).map(({ pid }) => `process ${pid} is still stopped`),
};

function fileOf(traces: Traces): string {
  return (traces as { readonly file: string }).file;
}

/** Of the newest life that was delayed. */
function stoppedOf(traces: Traces): readonly Stat[] {
  let life: ProcessIdentity;
  try {
    life = JSON.parse(readFileSync(fileOf(traces), 'utf8')) as ProcessIdentity;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return membersOf(life).filter(({ state }) => state === 'T');
}
