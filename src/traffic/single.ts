/**
 * One traffic process per state directory: a file names its pid and when that process started, so a pid that was given
 * to another process meanwhile does not count.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { HoldfastError } from '../model/errors.ts';

export interface Holder {
  readonly pid: number;
  /** Kernel start time in ticks since boot; '' where the platform does not tell. */
  readonly startTicks: string;
}

/** Takes the file for this process, or throws HF2001 naming the holder. */
export function claimSingle(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, startTicks: startTicks(process.pid) ?? '' }), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        // A link appears whole or not at all, and fails when the name is taken.
        linkSync(own, path);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readHolder(path);
      if (holder !== null && isAlive(holder))
        throw new HoldfastError('HF2001', `a traffic process with pid ${holder.pid} serves this state directory`);
      rmSync(path, { force: true });
    }
    throw new HoldfastError('HF2001', `${path} is contended`);
  } finally {
    rmSync(own, { force: true });
  }
}

export function releaseSingle(path: string): void {
  if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
}

export function readHolder(path: string): Holder | null {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    if (typeof holder.pid !== 'number' || typeof holder.startTicks !== 'string') return null;
    return { pid: holder.pid, startTicks: holder.startTicks };
  } catch {
    // Missing or half written by something else: nobody holds it.
    return null;
  }
}

export function isAlive({ pid, startTicks: known }: Holder): boolean {
  const now = startTicks(pid);
  if (now !== null) return known === '' || now === known;
  if (process.platform === 'linux') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Every traffic process of this state directory: more than one is one too many. Empty where there is no /proc. */
export function trafficProcesses(stateDir: string): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && isTrafficOf(name, stateDir) && startTicks(Number(name)) !== null)
      .map(Number);
  } catch {
    return [];
  }
}

function isTrafficOf(name: string, stateDir: string): boolean {
  try {
    const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
    return /\/traffic\/main\.[jt]s$/.test(argv[1] ?? '') && argv[argv.indexOf('--state-dir') + 1] === stateDir;
  } catch {
    // It ended meanwhile, or is another user's.
    return false;
  }
}

/** Field 22 of /proc/PID/stat; null when there is no such process, or it is a zombie, or there is no /proc. */
export function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
