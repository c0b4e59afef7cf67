/** Ending lives: politely first, then with SIGKILL, until nothing of them is left. */
import { HoldfastError } from '../../model/errors.ts';
import type { InstanceId } from '../../model/instance.ts';
import type { Ms } from '../../model/time.ts';
import type { Cgroups } from './cgroup.ts';
import { CHECK_MARK } from './exec.ts';
import type { Life } from './life.ts';
import { membersOf } from './members.ts';
import { type ProcStat, startTicksOf, wasStartedWith } from './proc.ts';
import type { Paths } from './record.ts';
import { send, sendToGroup } from './signals.ts';
import { ProcessTable } from './table.ts';

/** Waits between two rounds of SIGKILL; the last one repeats. */
const ROUNDS_MS = [5, 10, 20, 50, 100, 250];
/** After this time of SIGKILL a process counts as unstoppable (it waits in the kernel, for a dead disk say). */
const UNSTOPPABLE_MS = 5_000;

const ENDED_POLL_MS = 25;
/** How old the first look may be, so that lives that end together share it. */
const OLD_TABLE_MS = 50;
const SHARED_TABLE_MS = 10;

export class Killer {
  readonly #lives: ReadonlyMap<InstanceId, Life>;
  readonly #cgroups: Cgroups | undefined;
  readonly #paths: Paths;
  readonly #table = new ProcessTable();
  /** Stops and kills that are not over: the next life of the instance must not meet the end of the last one. */
  readonly #ending = new Map<InstanceId, Set<Promise<void>>>();
  readonly #look: (life: Life) => void;

  constructor(
    lives: ReadonlyMap<InstanceId, Life>,
    cgroups: Cgroups | undefined,
    paths: Paths,
    look: (life: Life) => void,
  ) {
    this.#look = look;
    this.#lives = lives;
    this.#cgroups = cgroups;
    this.#paths = paths;
  }

  /** A second stop shortens the grace when it asks for less, and changes nothing else. */
  stop(life: Life, signal: NodeJS.Signals, graceMs: Ms): Promise<void> {
    const deadline = performance.now() + graceMs;
    if (life.stopping) {
      life.stopping.deadline = Math.min(life.stopping.deadline, deadline);
      return life.stopping.done;
    }
    const stopping = { deadline, done: Promise.resolve() };
    life.stopping = stopping;
    stopping.done = this.#track(life, this.#stopNow(life, signal, stopping));
    return stopping.done;
  }

  async #stopNow(life: Life, signal: NodeJS.Signals, stopping: { readonly deadline: Ms }): Promise<void> {
    const pid = life.identity?.pid;
    if (pid !== undefined && this.#isSame(life)) {
      sendToGroup(pid, signal);
      // One that was stopped (SIGSTOP) gets its signal only when it goes on.
      sendToGroup(pid, 'SIGCONT');
    }
    while (life.exit === null && performance.now() < stopping.deadline) {
      await Promise.race([life.ended, wait(Math.min(100, stopping.deadline - performance.now()))]);
    }
    await this.#endNow(life);
  }

  /** SIGKILL until nothing is left. Throws HF3009. */
  end(life: Life): Promise<void> {
    return this.#track(life, this.#endNow(life));
  }

  #track(life: Life, work: Promise<void>): Promise<void> {
    const { instance } = life.record.launch;
    const ending = this.#ending.get(instance) ?? new Set();
    this.#ending.set(instance, ending.add(work));
    const over = (): void => {
      ending.delete(work);
      if (ending.size === 0) this.#ending.delete(instance);
    };
    work.then(over, over);
    return work;
  }

  async #endNow(life: Life): Promise<void> {
    const { instance } = life.record.launch;
    if (life.exit === null) life.killed = true;
    const left = await this.#killRounds(instance, life);
    if (left.length > 0) {
      const pids = left.map((stat) => `${stat.pid} (state ${stat.state})`).join(', ');
      throw new HoldfastError('HF3009', `${instance}: SIGKILL did not end process ${pids}`);
    }
    // All are dead; the shim has yet to say so, or is dead too.
    const begun = performance.now();
    while (life.identity && life.exit === null && performance.now() - begun < UNSTOPPABLE_MS) {
      await Promise.race([life.ended, wait(ENDED_POLL_MS)]);
      this.#look(life);
    }
  }

  /** Whatever earlier lives of the instance left running, recorded or not. */
  async endStrays(instance: InstanceId): Promise<void> {
    await Promise.allSettled(this.#ending.get(instance) ?? []);
    const left = await this.#killRounds(instance, undefined);
    if (left.length > 0) {
      throw new HoldfastError('HF3009', `${instance}: process ${left[0]?.pid} of an earlier life cannot be ended`);
    }
  }

  /** Commands that a Holdfast which was killed ran beside its instances: nobody waits for them any more. */
  endLeftCommands(): void {
    for (const stat of this.#table.read(performance.now())) {
      if (stat.pid === process.pid || !this.#table.directoryOf(stat)?.startsWith(this.#paths.instances)) continue;
      if (wasStartedWith(stat.pid, `${CHECK_MARK}=1`)) send(stat.pid, 'SIGKILL');
    }
  }

  /**
   * Looks first and kills then: with the main process gone, nothing leads from it to a child that left its session.
   * Then again, until a look finds nothing: a fork may have been faster.
   */
  async #killRounds(instance: InstanceId, life: Life | undefined): Promise<readonly ProcStat[]> {
    const begun = performance.now();
    let since = begun - OLD_TABLE_MS;
    if (life && !this.#isSame(life)) {
      // Of what has ended already, only a new table can tell that nothing is left. Many lives that end together wait
      // for one that will do for all of them.
      since = begun;
      await wait(SHARED_TABLE_MS);
    }
    for (let round = 0; ; round++) {
      const pid = life && this.#isSame(life) ? (life.identity?.pid ?? null) : null;
      const stats = this.#table.read(since);
      const members = membersOf(
        { pid: groupIdOf(life, stats), directory: this.#paths.data(instance) },
        stats,
        (stat) => this.#table.directoryOf(stat),
        this.#spare(life),
      );
      if (life) this.#cgroups?.kill(life.record.launchId);
      if (pid !== null) sendToGroup(pid, 'SIGKILL');
      const left = members.filter((member) => startTicksOf(member.pid) === member.startTicks);
      for (const member of left) send(member.pid, 'SIGKILL');
      if (pid === null && left.length === 0) return [];
      if (performance.now() - begun > UNSTOPPABLE_MS) return left;
      since = performance.now();
      await wait(ROUNDS_MS[Math.min(round, ROUNDS_MS.length - 1)] ?? 0);
    }
  }

  /** Never to be killed: ourselves, and every other life with its shim. */
  #spare(ending: Life | undefined): Set<number> {
    const spare = new Set([process.pid, 1]);
    for (const life of this.#lives.values()) {
      if (life.exit !== null) continue;
      if (life !== ending && life.identity) spare.add(life.identity.pid);
      if (life.shimPid !== null) spare.add(life.shimPid);
    }
    return spare;
  }

  /** The pid still is this life's: it may have been given to another process since. */
  #isSame(life: Life): boolean {
    return life.identity !== null && startTicksOf(life.identity.pid) === life.identity.startTicks;
  }
}

/** The main pid is also its group's and session's, also when it has ended, until somebody else is given it. */
function groupIdOf(life: Life | undefined, stats: readonly ProcStat[]): number | null {
  const main = life?.identity;
  if (!main) return null;
  return stats.some((stat) => stat.pid === main.pid && stat.startTicks !== main.startTicks) ? null : main.pid;
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, Math.max(0, ms)));
}
