/**
 * Reading /proc, cheaply: one descriptor, one read, no promise. These files are made by the kernel on the spot, so a
 * synchronous read costs microseconds where an asynchronous one costs a trip through the thread pool.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import type { ProcessIdentity } from '../../model/instance.ts';

/** The fields of /proc/PID/stat that are used here. */
export interface ProcStat {
  readonly pid: number;
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** User and system time, in ticks. */
  readonly cpuTicks: number;
  readonly startTicks: string;
  readonly rssPages: number;
}

const scratch = Buffer.alloc(64 * 1024);

/** Undefined when the file is gone or may not be read: the process ended, or is somebody else's. */
export function readSmallFile(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const length = readSync(fd, scratch, 0, scratch.length, null);
    return scratch.toString('latin1', 0, length);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * The name in parentheses is the program's choice: it may hold spaces and parentheses itself, so the fields are
 * counted from the last one that closes.
 */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf(' (');
  const close = text.lastIndexOf(') ');
  if (open < 1 || close < open) return undefined;
  const pid = Number(text.slice(0, open));
  const fields = text.slice(close + 2).split(' ', 23);
  const [state, ppid, pgrp, session] = fields;
  const startTicks = fields[19];
  const rss = fields[21];
  if (!Number.isInteger(pid) || !state || !startTicks || rss === undefined || !/^\d+$/.test(startTicks)) {
    return undefined;
  }
  return {
    pid,
    state,
    ppid: Number(ppid),
    pgrp: Number(pgrp),
    session: Number(session),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    startTicks,
    rssPages: Number(rss),
  };
}

/** Its main thread's time on a run queue (schedstat: time on the processor, time waiting for one, slices). */
export function readWaitedMs(pid: number): number | undefined {
  const ns = readSmallFile(`/proc/${pid}/schedstat`)?.split(' ')[1];
  return ns === undefined || !/^\d+$/.test(ns) ? undefined : Number(ns) / 1e6;
}

export function readStat(pid: number): ProcStat | undefined {
  const text = readSmallFile(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

export function listPids(): number[] {
  const pids: number[] = [];
  for (const name of readdirSync('/proc')) {
    const first = name.charCodeAt(0);
    if (first >= 49 && first <= 57) pids.push(Number(name));
  }
  return pids;
}

/** Every process of the machine that is not a zombie: a zombie holds nothing and cannot be signalled. */
export function readAllStats(): ProcStat[] {
  if (!hasProc) return parsePs(execFileSync('ps', ['-axo', PS_COLUMNS], { encoding: 'utf8' }));
  const stats: ProcStat[] = [];
  for (const pid of listPids()) {
    const stat = readStat(pid);
    if (stat && !isDead(stat)) stats.push(stat);
  }
  return stats;
}

/** Where there is no /proc. The start has five words, so it comes last. */
export const PS_COLUMNS = 'pid=,state=,ppid=,pgid=,rss=,time=,lstart=';

export function parsePs(text: string): ProcStat[] {
  const stats: ProcStat[] = [];
  for (const line of text.split('\n')) {
    const [pid, state, ppid, pgrp, rssKb, time, ...start] = line.trim().split(/\s+/);
    if (!pid || !state || !time || start.length === 0) continue;
    const stat = {
      pid: Number(pid),
      state: state.charAt(0),
      ppid: Number(ppid),
      pgrp: Number(pgrp),
      session: 0,
      cpuTicks: parsePsTime(time) * ticksPerSec,
      startTicks: start.join(' '),
      rssPages: (Number(rssKb) * 1024) / pageBytes,
    };
    if (!isDead(stat)) stats.push(stat);
  }
  return stats;
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`, in seconds. */
function parsePsTime(text: string): number {
  const [rest = '', days = '0'] = text.split('-').reverse();
  return Number(days) * 86_400 + rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** Where nobody reaps orphans (many containers have such a first process), the dead stay in the table. */
export function isDead(stat: ProcStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

export const hasProc: boolean = readSmallFile('/proc/self/stat') !== undefined;

/** Changes with every boot: what was recorded under another one is gone. */
export function readBootId(): string {
  const id = readSmallFile('/proc/sys/kernel/random/boot_id')?.trim();
  if (id) return id;
  return execFileSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).trim();
}

/** The start of a process as its platform tells it; undefined when there is no such living process. */
export function startTicksOf(pid: number): string | undefined {
  if (hasProc) {
    const stat = readStat(pid);
    return stat && !isDead(stat) ? stat.startTicks : undefined;
  }
  try {
    const [state = '', ...start] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/);
    return state.startsWith('Z') || start.length === 0 ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}

/** Since boot, as /proc/uptime has it: the clock of start times. */
export function uptimeSec(): number {
  return uptime();
}

/** True while exactly this life of the pid runs: a recycled pid has another start, a reboot another boot id. */
export function isAlive(identity: ProcessIdentity, bootId: string): boolean {
  return identity.bootId === bootId && startTicksOf(identity.pid) === identity.startTicks;
}

/** Descriptors that a process has open; Linux 6.2 and later tell it as the size of the directory. */
export function countOpenFiles(pid: number): number {
  const path = `/proc/${pid}/fd`;
  try {
    const { size } = statSync(path);
    return size > 0 ? size : readdirSync(path).length;
  } catch {
    return 0;
  }
}

export function readOpenFilesLimit(pid: number): number | null {
  const match = /^Max open files\s+(\d+|unlimited)/m.exec(readSmallFile(`/proc/${pid}/limits`) ?? '');
  return match?.[1] === undefined || match[1] === 'unlimited' ? null : Number(match[1]);
}

/** Memory of a process with shared pages counted by share. Slow (it walks the page tables), so only to decide. */
export function readPss(pid: number): number | undefined {
  const match = /^Pss:\s+(\d+) kB/m.exec(readSmallFile(`/proc/${pid}/smaps_rollup`) ?? '');
  return match ? Number(match[1]) * 1024 : undefined;
}

/** True when the process was started with this `NAME=value` in its environment. */
export function wasStartedWith(pid: number, assignment: string): boolean {
  return (readSmallFile(`/proc/${pid}/environ`) ?? '').split('\0').includes(assignment);
}

/** From the auxiliary vector: [page size, clock ticks per second]. */
export function parseAuxv(bytes: Buffer): { readonly pageBytes: number; readonly ticksPerSec: number } {
  const found = { pageBytes: 4096, ticksPerSec: 100 };
  for (let at = 0; at + 16 <= bytes.length; at += 16) {
    const type = Number(bytes.readBigUInt64LE(at));
    const value = Number(bytes.readBigUInt64LE(at + 8));
    if (type === 6) found.pageBytes = value;
    if (type === 17) found.ticksPerSec = value;
  }
  return found;
}

export const { pageBytes, ticksPerSec } = readAuxv();

function readAuxv(): ReturnType<typeof parseAuxv> {
  try {
    return parseAuxv(readFileSync('/proc/self/auxv'));
  } catch {
    return parseAuxv(Buffer.alloc(0));
  }
}
