/**
 * Resource use of every life, once a second. One pass reads the whole process table, because children and their
 * children count too; it is cut into slices of a few milliseconds, so that a machine with thousands of processes
 * does not make Holdfast deaf for the length of a pass. The same pass is the net under the exit watch: a life whose
 * process is not in the table is looked at.
 */
import type { InstanceId } from '../../model/instance.ts';
import type { ResourceSignal } from '../../model/signal.ts';
import type { Ms } from '../../model/time.ts';
import type { Life } from './life.ts';
import { attribute } from './members.ts';
import {
  countOpenFiles,
  hasProc,
  isDead,
  listPids,
  type ProcStat,
  pageBytes,
  readAllStats,
  readOpenFilesLimit,
  readStat,
  readWaitedMs,
  ticksPerSec,
} from './proc.ts';

const PASS_MS = 1_000;
/** Between two slices. */
const SLICE_EVERY_MS = 40;
/** Work per slice: 3 of 40 ms bounds sampling to 7 % of a core; longer passes come less often instead. */
const SLICE_MS = 3;
/** Of a group with many processes, those whose descriptors are counted. */
const FD_PROCESSES = 8;
/**
 * The limit can be changed while a process runs, but hardly ever is. More often notices it sooner, and reads more: who is out
 * of descriptors fails at once, and is repaired within seconds, on whatever is known by then.
 */
const LIMIT_REREAD_PASSES = 2;

interface Measured {
  readonly ticks: ReadonlyMap<string, number>;
  readonly at: Ms;
  readonly openFilesLimit: number | null;
  readonly passes: number;
  /** Time that each process was ready to run and did not, as far as the kernel tells. */
  readonly waitedMs: ReadonlyMap<number, Ms>;
}

export class Sampler {
  readonly #lives: ReadonlyMap<InstanceId, Life>;
  readonly #now: () => Ms;
  readonly #look: (life: Life) => void;
  readonly #measured = new Map<Life, Measured>();
  #members = new Map<Life, readonly ProcStat[]>();
  #timer: NodeJS.Timeout | undefined;
  #pass: Generator<undefined, void> | undefined;
  #passBegan: Ms = Number.NEGATIVE_INFINITY;
  onSample: (samples: readonly ResourceSignal[]) => void = () => {};

  constructor(lives: ReadonlyMap<InstanceId, Life>, now: () => Ms, look: (life: Life) => void) {
    this.#lives = lives;
    this.#now = now;
    this.#look = look;
  }

  start(): void {
    this.#timer = setInterval(() => this.slice(SLICE_MS), SLICE_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The processes of a life as of the last pass. */
  membersOf(life: Life): readonly ProcStat[] {
    return this.#members.get(life) ?? [];
  }

  /** Goes on with the pass for so long, or begins the next one when it is due. */
  slice(budgetMs: Ms): void {
    const began = performance.now();
    if (!this.#pass) {
      if (began - this.#passBegan < PASS_MS) return;
      this.#passBegan = began;
      this.#pass = this.#run();
    }
    while (performance.now() - began < budgetMs) {
      if (this.#pass.next().done) {
        this.#pass = undefined;
        return;
      }
    }
  }

  *#run(): Generator<undefined, void> {
    const lives = [...this.#lives.values()].filter((life) => life.exit === null && life.identity !== null);
    if (lives.length === 0) return;
    const stats: ProcStat[] = [];
    yield* readTable(stats);
    const byMain = new Map(lives.map((life) => [life.identity?.pid ?? 0, life]));
    const members = new Map<Life, ProcStat[]>(lives.map((life) => [life, []]));
    const owner = attribute(stats, new Set(byMain.keys()));
    yield;
    for (const stat of stats) members.get(byMain.get(owner.get(stat.pid) ?? 0) as Life)?.push(stat);
    this.#members = members;
    for (const life of this.#measured.keys()) if (!members.has(life)) this.#measured.delete(life);
    yield;
    let batch: ResourceSignal[] = [];
    for (const life of lives) {
      const sample = this.#sample(life, members.get(life) ?? []);
      if (sample) batch.push(sample);
      if (batch.length === 32) {
        this.onSample(batch);
        batch = [];
      }
      yield;
    }
    if (batch.length > 0) this.onSample(batch);
  }

  #sample(life: Life, members: readonly ProcStat[]): ResourceSignal | undefined {
    const { identity, exit, record } = life;
    const main = members.find((stat) => stat.pid === identity?.pid && stat.startTicks === identity.startTicks);
    if (!main || exit !== null) {
      this.#look(life);
      return undefined;
    }
    const now = this.#now();
    const before = this.#measured.get(life);
    const ticks = new Map(members.map((stat) => [`${stat.pid} ${stat.startTicks}`, stat.cpuTicks]));
    const passes = (before?.passes ?? 0) + 1;
    const openFilesLimit =
      before && passes % LIMIT_REREAD_PASSES !== 0 ? before.openFilesLimit : readOpenFilesLimit(main.pid);
    const waitedMs = new Map(members.slice(0, FD_PROCESSES).flatMap(({ pid }) => waited(pid)));
    this.#measured.set(life, { ticks, at: now, openFilesLimit, passes, waitedMs });
    const { launch } = record;
    return {
      kind: 'resource',
      instance: launch.instance,
      incarnation: launch.incarnation,
      at: now,
      cpuCores: before ? cpuCores(before, ticks, now) : 0,
      memoryBytes: members.reduce((sum, stat) => sum + stat.rssPages, 0) * pageBytes,
      memoryLimitBytes: launch.resources.memoryBytes,
      // The limit holds for each process: the one nearest to it is what matters.
      openFiles: Math.max(...members.slice(0, FD_PROCESSES).map((stat) => countOpenFiles(stat.pid))),
      openFilesLimit,
      processes: members.length,
      ...(before && waitedMs.size > 0 ? { cpuWaitShare: waitShare(before, waitedMs, now) } : {}),
      state: main.state,
    };
  }
}

function* readTable(stats: ProcStat[]): Generator<undefined, void> {
  if (!hasProc) {
    stats.push(...readAllStats());
    return;
  }
  for (const pid of listPids()) {
    const stat = readStat(pid);
    if (stat && !isDead(stat)) stats.push(stat);
    yield;
  }
}

function waited(pid: number): [number, Ms][] {
  const ms = readWaitedMs(pid);
  return ms === undefined ? [] : [[pid, ms]];
}

/** Of the process that waited longest, two decimals: it is kept for each sample. */
export function waitShare(
  before: Pick<Measured, 'waitedMs' | 'at'>,
  waitedMs: ReadonlyMap<number, Ms>,
  now: Ms,
): number {
  let longest = 0;
  for (const [pid, ms] of waitedMs) longest = Math.max(longest, ms - (before.waitedMs.get(pid) ?? ms));
  const elapsedMs = now - before.at;
  return elapsedMs <= 0 ? 0 : Math.round((100 * Math.min(elapsedMs, longest)) / elapsedMs) / 100;
}

/** Only what both samples saw counts, and all of what is new: a process that ended takes its share with it. */
export function cpuCores(before: Pick<Measured, 'ticks' | 'at'>, ticks: ReadonlyMap<string, number>, now: Ms): number {
  const elapsedMs = now - before.at;
  if (elapsedMs <= 0) return 0;
  let used = 0;
  for (const [key, value] of ticks) used += value - (before.ticks.get(key) ?? 0);
  return Math.max(0, used / ticksPerSec / (elapsedMs / 1_000));
}
