/**
 * Processes as the kernel tells them (Linux, /proc). A process is always named by pid and start time, looked up again
 * before every signal: between two looks a pid may have passed to somebody else.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../model/instance.ts';
import type { Ms } from '../model/time.ts';

export interface Stat {
  readonly pid: number;
  /** R, S, D, T (stopped), Z … */
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly cpuTicks: number;
  readonly startTicks: string;
  readonly rssPages: number;
}

export function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

export function parseStat(text: string): Stat | undefined {
  // The name in parentheses may itself hold spaces and parentheses: fields count from the last one that closes.
  const close = text.lastIndexOf(') ');
  const fields = text.slice(close + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (close < 0 || !state || !startTicks) return undefined;
  return {
    pid: Number.parseInt(text, 10),
    state,
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks,
    rssPages: Number(fields[21]),
  };
}

/** Undefined when there is no such process, or only its entry in the table (a zombie). */
export function statOf(pid: number): Stat | undefined {
  const stat = parseStat(read(`/proc/${pid}/stat`) ?? '');
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? stat : undefined;
}

export function allStats(): readonly Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? []);
}

export const bootId: string = read('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown';

/** CLOCK_MONOTONIC, which all processes of a machine share. */
export function monotonic(): Ms {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat && { pid, startTicks: stat.startTicks, bootId };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identity.bootId === bootId && statOf(identity.pid)?.startTicks === identity.startTicks;
}

/**
 * The process, its group where it leads one, and all descendants of these; empty when it is gone. Never this process
 * and its children: the keeper starts in a session of its own, but is a descendant of whoever asked for the fault.
 */
export function membersOf(target: ProcessIdentity): readonly Stat[] {
  if (!isAlive(target)) return [];
  const stats = allStats();
  const members = new Map<number, Stat>();
  for (const stat of stats) if (stat.pid === target.pid || stat.pgrp === target.pid) members.set(stat.pid, stat);
  for (let grown = true; grown; ) {
    grown = false;
    for (const stat of stats) {
      if (members.has(stat.pid) || !members.has(stat.ppid) || stat.pid === process.pid) continue;
      members.set(stat.pid, stat);
      grown = true;
    }
  }
  return [...members.values()];
}

/** False when exactly that process is not there any more. */
export function signal(identity: { readonly pid: number; readonly startTicks: string }, name: NodeJS.Signals): boolean {
  if (statOf(identity.pid)?.startTicks !== identity.startTicks) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Every child that is started for a fault carries this in its environment, so it is found without being recorded. */
export const MARK = 'HOLDFAST_FAULT';

export function markedWith(id: string): readonly Stat[] {
  const assignment = `${MARK}=${id}`;
  return allStats().filter(({ pid }) => (read(`/proc/${pid}/environ`) ?? '').split('\0').includes(assignment));
}

/** Memory that could be had without swapping, in bytes. */
export function availableBytes(): number {
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(read('/proc/meminfo') ?? '')?.[1] ?? 0) * 1024;
}

export const pageBytes = 4096;
/** Linux has told user programs 100 on every architecture for decades. */
export const ticksPerSec = 100;

const found = new Map<string, string>();

/** The full path of a program, as a shell would find it; undefined when it is not installed. */
export function tool(name: string): string | undefined {
  const known = found.get(name);
  if (known !== undefined && existsSync(known)) return known;
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  try {
    const at = execFileSync('/bin/sh', ['-c', 'command -v "$1"', 'sh', name], {
      encoding: 'utf8',
      env: { PATH: path },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    found.set(name, at);
    return at;
  } catch {
    return undefined;
  }
}

/** Output of a command; throws with what it wrote to stderr. Short ones only: the keeper waits. */
export function run(command: readonly string[], timeoutMs: Ms = 3_000, input = ''): string {
  const [file = '', ...args] = command;
  try {
    return execFileSync(file, args, { encoding: 'utf8', timeout: timeoutMs, input, stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? '').trim();
    throw new Error(`${command.join(' ')}: ${said === '' ? (error as Error).message : said}`, { cause: error });
  }
}
