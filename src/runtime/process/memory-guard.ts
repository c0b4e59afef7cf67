/**
 * Memory and process limits where the kernel cannot be asked to enforce them: looked at four times a second, and
 * what is over its limit is killed. Slower than a cgroup (a fast grower overshoots), so only where there is none.
 */
import type { InstanceId } from '../../model/instance.ts';
import type { Life } from './life.ts';
import { type ProcStat, pageBytes, readPss, readStat } from './proc.ts';
import type { LifeRecord } from './record.ts';
import type { Sampler } from './sampler.ts';

/** Lower overshoots less and costs more: a few microseconds per process of a limited instance each time. */
const GUARD_MS = 250;

type Verdict = NonNullable<LifeRecord['verdict']>;

export class MemoryGuard {
  readonly #lives: ReadonlyMap<InstanceId, Life>;
  readonly #sampler: Sampler;
  readonly #condemn: (life: Life, verdict: Verdict) => Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    lives: ReadonlyMap<InstanceId, Life>,
    sampler: Sampler,
    condemn: (life: Life, verdict: Verdict) => Promise<void>,
  ) {
    this.#lives = lives;
    this.#sampler = sampler;
    this.#condemn = condemn;
  }

  start(): void {
    this.#timer = setInterval(() => {
      for (const life of this.#lives.values()) {
        const verdict = life.exit === null ? this.#judge(life) : null;
        if (verdict) void this.#condemn(life, verdict);
      }
    }, GUARD_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #judge(life: Life): Verdict | null {
    const { memoryBytes, pids } = life.record.launch.resources;
    if (life.identity === null || (memoryBytes === null && pids === null)) return null;
    const members = this.#current(life);
    if (pids !== null && members.length > pids) {
      return { reason: 'signal', detail: `process limit ${pids} exceeded (${members.length}, enforced by sampling)` };
    }
    return memoryBytes === null ? null : judgeMemory(members, memoryBytes, readPss);
  }

  /** The members of the last pass, as they are now; before the first pass, the main process. */
  #current(life: Life): ProcStat[] {
    const known = this.#sampler.membersOf(life);
    const pids = known.length > 0 ? known.map((stat) => stat.pid) : [life.identity?.pid ?? 0];
    return pids.map(readStat).filter((stat) => stat !== undefined);
  }
}

/**
 * Resident sets count a shared page once for each process. That is good enough to suspect a group of processes, but
 * before one is killed its pages are counted by share.
 */
export function judgeMemory(
  members: readonly Pick<ProcStat, 'pid' | 'rssPages'>[],
  limitBytes: number,
  pssOf: (pid: number) => number | undefined,
): Verdict | null {
  const resident = (stat: Pick<ProcStat, 'rssPages'>): number => stat.rssPages * pageBytes;
  let bytes = members.reduce((sum, stat) => sum + resident(stat), 0);
  if (bytes > limitBytes && members.length > 1) {
    bytes = members.reduce((sum, stat) => sum + (pssOf(stat.pid) ?? resident(stat)), 0);
  }
  if (bytes <= limitBytes) return null;
  const detail = `memory limit ${mebibytes(limitBytes)} exceeded (${mebibytes(bytes)}, enforced by sampling every ${GUARD_MS} ms)`;
  return { reason: 'oom', detail };
}

function mebibytes(bytes: number): string {
  const value = bytes / 1024 / 1024;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} MiB`;
}
