/**
 * Which processes belong to a life: the main process, its session and group, all descendants, and those that left
 * all of these (a daemon that forked twice) but still carry the life's private directory in their environment.
 */
import type { ProcStat } from './proc.ts';

/** Of each process the main pid it belongs to, for those that belong to one. */
export function attribute(stats: readonly ProcStat[], mains: ReadonlySet<number>): Map<number, number> {
  const byPid = new Map(stats.map((stat) => [stat.pid, stat]));
  const owner = new Map<number, number>();
  const find = (stat: ProcStat, depth: number): number => {
    const known = owner.get(stat.pid);
    if (known !== undefined) return known;
    const parent = byPid.get(stat.ppid);
    let main = 0;
    if (mains.has(stat.pid)) main = stat.pid;
    else if (mains.has(stat.pgrp)) main = stat.pgrp;
    else if (mains.has(stat.session)) main = stat.session;
    // The table is not read in one instant: a chain of parents may be a loop of recycled pids.
    else if (parent && stat.ppid > 1 && depth < 64) main = find(parent, depth + 1);
    owner.set(stat.pid, main);
    return main;
  };
  for (const stat of stats) find(stat, 0);
  for (const [pid, main] of owner) if (main === 0) owner.delete(pid);
  return owner;
}

/** Living processes of one life. `spare` are pids that are certainly not its business (other lives, shims, ourselves). */
export function membersOf(
  life: { readonly pid: number | null; readonly directory: string },
  stats: readonly ProcStat[],
  directoryOf: (stat: ProcStat) => string | null,
  spare: ReadonlySet<number>,
): ProcStat[] {
  const owner = life.pid === null ? new Map() : attribute(stats, new Set([life.pid]));
  return stats.filter((stat) => {
    if (spare.has(stat.pid)) return false;
    // What is in the session of another life needs no look at its environment: on a full machine that is nearly all.
    return owner.has(stat.pid) || (!spare.has(stat.session) && directoryOf(stat) === life.directory);
  });
}
