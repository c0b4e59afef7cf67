/** The machine itself, once a second: processor, memory, the disk that holds state and logs, and our own lateness. */
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import type { NodeSignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';

export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

export class NodeSampler {
  readonly #node: string;
  readonly #dir: string;
  #before: CpuTimes = readCpuTimes();

  constructor(node: string, dir: string) {
    this.#node = node;
    this.#dir = dir;
  }

  async sample(now: Ms, ownLagMs: Ms): Promise<NodeSignal> {
    const disk = await statfs(this.#dir);
    const times = readCpuTimes();
    const cpuShare = shareBetween(this.#before, times);
    this.#before = times;
    // What root keeps for itself is not free for anybody else, hence bavail.
    const diskFreeBytes = disk.bavail * disk.bsize;
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
    };
  }
}

export function shareBetween(before: CpuTimes, after: CpuTimes): number {
  const total = after.total - before.total;
  return total <= 0 ? 0 : Math.min(1, Math.max(0, (after.busy - before.busy) / total));
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
