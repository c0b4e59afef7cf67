/**
 * Leaves an instance few more files and connections to open, by lowering its own limit (prlimit). Using up the file
 * table of the whole machine instead would hit everybody, the keeper first.
 *
 * The limit is on numbers, and a new descriptor gets the lowest one that is free: so it is put where only `headroom`
 * numbers below it are free, and lowered further whenever the instance closes something (a limit above all that is open
 * would leave every gap below it, and a server that takes one connection after another needs no more than one).
 */
import { readdirSync } from 'node:fs';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { Executor, Fault } from '../contract.ts';
import { Parameters } from '../parameters.ts';
import { membersOf, read, run, statOf, tool } from '../processes.ts';
import { needsTools, processOf } from './common.ts';

interface Descriptors {
  /** How many more each process of the instance may open, at any time while it lasts. */
  readonly headroom: number;
}

interface Before {
  readonly pid: number;
  readonly startTicks: string;
  readonly soft: string;
  /** At first; later it may be lower, never higher. */
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
      const lowered = limitFor(openIn(pid), parameters.headroom);
      return soft === undefined || Number(soft) <= lowered ? [] : [{ pid, startTicks, soft, lowered: String(lowered) }];
    });
    return { target, limits } satisfies Limited;
  },
  begin: async ({ parameters }: Fault<Descriptors>, traces, at) => {
    const { limits } = traces as unknown as Limited;
    for (const { pid, startTicks, lowered } of limits) setSoft(pid, startTicks, lowered);
    let lookedAt = at.now();
    return {
      turn: () => {
        if (at.now() - lookedAt >= FOLLOW_MS) {
          lookedAt = at.now();
          for (const before of limits) follow(before, parameters.headroom);
        }
        return true;
      },
      measure: () => {
        const measured = limits.filter(isLowered).length;
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

/** Until what was closed is closed to it too. Each look reads the directory of its descriptors. */
const FOLLOW_MS = 200;

/** The lowest limit that leaves as many numbers below it free. */
export function limitFor(open: ReadonlySet<number>, headroom: number): number {
  let limit = 0;
  for (let free = 0; free < headroom || open.has(limit); limit++) if (!open.has(limit)) free++;
  return limit;
}

function follow({ pid, startTicks, lowered }: Before, headroom: number): void {
  const limit = softLimit(pid);
  const wanted = limitFor(openIn(pid), headroom);
  // Zero: nothing could be read, and what has raised its limit itself is left to itself.
  if (wanted === 0 || limit === undefined || Number(limit) > Number(lowered) || wanted >= Number(limit)) return;
  setSoft(pid, startTicks, String(wanted));
}

function isLowered({ pid, lowered }: Before): boolean {
  const limit = softLimit(pid);
  return limit !== undefined && Number(limit) <= Number(lowered);
}

/** What has a lowered limit: the processes that were there, and children born since, which have inherited it. */
function limited({ target, limits }: Limited): readonly Before[] {
  const known = limits.filter((before) => statOf(before.pid)?.startTicks === before.startTicks && isLowered(before));
  const born = membersOf(target).flatMap(({ pid, startTicks }): Before[] => {
    const parent = limits.find(({ lowered }) => Number(softLimit(pid) ?? Number.POSITIVE_INFINITY) <= Number(lowered));
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

function openIn(pid: number): ReadonlySet<number> {
  try {
    return new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  } catch {
    return new Set();
  }
}
