/** The machine itself, once a second: processor, memory, the disk that holds state and logs, and our own lateness. */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import type { NodeSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import { DiskProbe } from './disk-probe.ts';

export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

export class NodeSampler {
  readonly #node: string;
  readonly #dir: string;
  readonly #disk: DiskProbe;
  #before: CpuTimes = readCpuTimes();
  #pressed: Pressed | null = null;

  constructor(node: string, dir: string) {
    this.#node = node;
    this.#dir = dir;
    this.#disk = new DiskProbe(dir);
  }

  close(): void {
    this.#disk.close();
  }

  async sample(now: Ms, ownLagMs: Ms): Promise<NodeSignal> {
    const disk = await statfs(this.#dir);
    const times = readCpuTimes();
    const cpuShare = shareBetween(this.#before, times);
    this.#before = times;
    // What root keeps for itself is not free for anybody else, hence bavail.
    const diskFreeBytes = disk.bavail * disk.bsize;
    const pressed = readPressed(now);
    const memoryPressure = pressureBetween(this.#pressed, pressed);
    this.#pressed = pressed;
    const diskSyncMs = this.#disk.look();
    const usable = disk.blocks - disk.bfree + disk.bavail;
    return {
      kind: 'node',
      node: this.#node,
      at: now,
      cpuShare,
      memoryShare: memoryShare(),
      diskShare: usable === 0 ? 0 : 1 - disk.bavail / usable,
      diskFreeBytes,
      ownLagMs,
      ...(memoryPressure === null ? {} : { memoryPressure }),
      ...(diskSyncMs === null ? {} : { diskSyncMs }),
    };
  }
}

export function shareBetween(before: CpuTimes, after: CpuTimes): number {
  const total = after.total - before.total;
  return total <= 0 ? 0 : Math.min(1, Math.max(0, (after.busy - before.busy) / total));
}

/** Time in which somebody waited for memory (PSI, `some`), and when that was read. */
export interface Pressed {
  readonly totalUs: number;
  readonly at: Ms;
}

/** Share of the time between, two decimals; null: the kernel does not say, or it is the first look. */
export function pressureBetween(before: Pressed | null, after: Pressed | null): number | null {
  if (before === null || after === null || after.at <= before.at) return null;
  const share = (after.totalUs - before.totalUs) / 1_000 / (after.at - before.at);
  return Math.round(100 * Math.min(1, Math.max(0, share))) / 100;
}

export function parsePressure(text: string): number | undefined {
  const total = /^some .*total=(\d+)/m.exec(text)?.[1];
  return total === undefined ? undefined : Number(total);
}

function readPressed(at: Ms): Pressed | null {
  const totalUs = parsePressure(readOr('/proc/pressure/memory'));
  return totalUs === undefined ? null : { totalUs, at };
}

/** The first line of /proc/stat; waiting for a disk is idling. */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const line = /^cpu +([\d ]+)$/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { busy, total: busy + idle + iowait };
}

function readCpuTimes(): CpuTimes {
  const times = parseCpuTimes(readOr('/proc/stat'));
  if (times) return times;
  let busy = 0;
  let total = 0;
  for (const cpu of cpus()) {
    const { user, nice, sys, irq, idle } = cpu.times;
    busy += user + nice + sys + irq;
    total += user + nice + sys + irq + idle;
  }
  return { busy, total };
}

/** Caches give way when memory is needed, so "available" is what counts, not "free". */
function memoryShare(): number {
  const text = readOr('/proc/meminfo');
  const total = Number(/^MemTotal: +(\d+)/m.exec(text)?.[1] ?? 0);
  const available = Number(/^MemAvailable: +(\d+)/m.exec(text)?.[1] ?? 0);
  return total > 0 ? 1 - available / total : 1 - freemem() / totalmem();
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // Not Linux.
  }
}
