/**
 * Leaves an instance few more files and connections to open, by lowering its own limit (prlimit). Using up the file
 * table of the whole machine instead would hit everybody, the keeper first.
 */
import { readdirSync } from 'node:fs';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { membersOf, read, run, statOf, tool } from '../processes.ts';
import { needsTools, processOf } from './common.ts';

interface Descriptors {
  /** How many more each process of the instance may open. */
  readonly headroom: number;
}

interface Before {
  readonly pid: number;
  readonly startTicks: string;
  readonly soft: string;
  readonly lowered: string;
}

interface Limited {
  readonly target: ProcessIdentity;
  readonly limits: readonly Before[];
}

export const descriptors: Executor<Descriptors> = {
  kind: 'descriptors',
  what: 'leaves each process of an instance only so many more files and connections to open',
  targets: ['process'],
  instant: false,
  parameters: {
    headroom: 'how many more each process may open; 0',
  },
  needs: 'prlimit (util-linux); the same user, or root',
  measured: 'processes that have the lowered limit',
  reverted: 'the former limit, also for children born meanwhile',
  parse: (given) => {
    const read = new Parameters('descriptors', given);
    const parsed = { headroom: read.integer('headroom', 0, 1_000_000, 0) };
    read.end();
    return parsed;
  },
  possible: () => needsTools(['prlimit'], 'util-linux', 'by the limit of the process'),
  prepare: ({ parameters }: Fault<Descriptors>, at) => {
    const target = processOf(at);
    const limits = membersOf(target).flatMap(({ pid, startTicks }): Before[] => {
      const soft = softLimit(pid);
      // A new descriptor gets the lowest free number, and the limit is on numbers.
      const lowered = String(highestOpen(pid) + 1 + parameters.headroom);
      return soft === undefined || Number(soft) <= Number(lowered) ? [] : [{ pid, startTicks, soft, lowered }];
    });
    return { target, limits } satisfies Limited;
  },
  begin: async (_fault, traces) => {
    const { limits } = traces as unknown as Limited;
    for (const { pid, startTicks, lowered } of limits) setSoft(pid, startTicks, lowered);
    return {
      measure: () => {
        const measured = limits.filter((before) => softLimit(before.pid) === before.lowered).length;
        const bitten = limits.length > 0 && measured === limits.length;
        return { asked: limits.length, measured, unit: 'processes limited', bitten };
      },
    };
  },
  revert: async (_fault, traces) => {
    for (const { pid, startTicks, soft } of limited(traces as unknown as Limited)) setSoft(pid, startTicks, soft);
  },
  residue: (_fault, traces) =>
    limited(traces as unknown as Limited).map(({ pid }) => `process ${pid} may still open few files`),
};

/** What has a lowered limit: the processes that were there, and children born since, which have inherited it. */
function limited({ target, limits }: Limited): readonly Before[] {
  const known = limits.filter(
    ({ pid, startTicks, lowered }) => statOf(pid)?.startTicks === startTicks && softLimit(pid) === lowered,
  );
  const born = membersOf(target).flatMap(({ pid, startTicks }): Before[] => {
    const parent = limits.find(({ lowered }) => lowered === softLimit(pid));
    return parent && !limits.some((each) => each.pid === pid) ? [{ ...parent, pid, startTicks }] : [];
  });
  return [...known, ...born];
}

function setSoft(pid: number, startTicks: string, soft: string): void {
  if (statOf(pid)?.startTicks === startTicks) run([tool('prlimit') ?? 'prlimit', `--pid=${pid}`, `--nofile=${soft}:`]);
}

/** Undefined for `unlimited` too: there is none for files on Linux. */
function softLimit(pid: number): string | undefined {
  return /^Max open files\s+(\d+)/m.exec(read(`/proc/${pid}/limits`) ?? '')?.[1];
}

function highestOpen(pid: number): number {
  try {
    return Math.max(-1, ...readdirSync(`/proc/${pid}/fd`).map(Number));
  } catch {
    return -1;
  }
}
