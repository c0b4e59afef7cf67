/**
 * The process table, read at most as often as somebody needs it newer: when a hundred lives end together, they share
 * one reading. It also knows of each process which instance it was started for, by the private directory in its
 * environment: the only trace of a process that left session, group and parents behind.
 */
import { type ProcStat, readAllStats, readSmallFile, ticksPerSec, uptimeSec } from './proc.ts';

const MARK = 'HOLDFAST_INSTANCE_DIR=';
/** A young process may still be what it was forked from: its environment is looked up again. */
const SETTLED_SEC = 2;

export class ProcessTable {
  #stats: readonly ProcStat[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #marks = new Map<string, string | null>();

  /** A table that was read at or after `since` (performance.now). */
  read(since: number): readonly ProcStat[] {
    if (this.#readAt < since) {
      this.#readAt = performance.now();
      this.#stats = readAllStats();
      const keys = new Set(this.#stats.map(keyOf));
      for (const key of this.#marks.keys()) if (!keys.has(key)) this.#marks.delete(key);
    }
    return this.#stats;
  }

  /** The instance directory that the process was started with, or null. */
  directoryOf(stat: ProcStat): string | null {
    const key = keyOf(stat);
    const known = this.#marks.get(key);
    if (known !== undefined) return known;
    const directory = parseMark(readSmallFile(`/proc/${stat.pid}/environ`) ?? '');
    if (uptimeSec() - Number(stat.startTicks) / ticksPerSec > SETTLED_SEC) this.#marks.set(key, directory);
    return directory;
  }
}

function keyOf(stat: ProcStat): string {
  return `${stat.pid} ${stat.startTicks}`;
}

export function parseMark(environ: string): string | null {
  const found = environ.split('\0').find((variable) => variable.startsWith(MARK));
  return found === undefined ? null : Buffer.from(found.slice(MARK.length), 'latin1').toString('utf8');
}
