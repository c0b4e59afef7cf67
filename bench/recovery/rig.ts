/**
 * One supervisor under load, hurt again and again: the same load, the same faults at the same pace for all of them, and
 * the same eyes: a client that counts, a prober that sees a new process answer, and the supervisor's own word for when
 * it knew.
 */
import { Load, type LoadSummary, monotonicMs } from '../../test/support/load.ts';
import { pause } from '../../test/support/system.ts';
import type { BenchOptions } from '../contract.ts';
import { Prober } from './prober.ts';
import type { Replica, Subject } from './subject.ts';

export const RATE_PER_SEC = 500;
const CLIENT_TIMEOUT_MS = 5_000;
/** An answer later than this was not served as users expect. */
const LATE_MS = 400;
/** Who has not noticed and replaced a crash by then will not. */
const CRASH_ROUND_MS = 20_000;
/** What counts as the round of a hang: the same length for those that never get over it. */
export const HANG_WINDOW_MS = 15_000;
/** Who has not replaced a hung replica by then will not. Requests of the window are answered or timed out by then. */
export const HANG_ROUND_MS = HANG_WINDOW_MS + CLIENT_TIMEOUT_MS;
/** Load without a fault, right before each hang: late requests in it are the machine's. */
const CONTROL_MS = 5_000;
const SETTLE_WITHIN_MS = 60_000;
const BREATH_MS = 1_000;
const LOOK_EVERY_MS = 50;

export interface CrashRound {
  /** Null: not within the round. */
  readonly noticedMs: number | null;
  readonly replacedMs: number | null;
}

export interface CrashBatch {
  readonly rounds: readonly CrashRound[];
  readonly sent: number;
  readonly failed: number;
}

export interface HangRound {
  /** From the stop until the last request that failed or was late was due; 0: there was none. */
  readonly awayMs: number;
  readonly failed: number;
  readonly sent: number;
  readonly replacedMs: number | null;
  /** In the time before the stop, of the same length for all. */
  readonly lateBefore: boolean;
}

/** At most one fault per replica: the second within minutes is another matter, which supervisors are right to slow. */
export function crashes(
  subject: Subject,
  count: number,
  log: BenchOptions['log'],
  signal: AbortSignal,
): Promise<CrashBatch> {
  return withRig(subject, log, signal, (rig) => rig.crashes(count));
}

export function hangs(
  subject: Subject,
  count: number,
  log: BenchOptions['log'],
  signal: AbortSignal,
): Promise<HangRound[]> {
  return withRig(subject, log, signal, (rig) => rig.hangs(count));
}

async function withRig<T>(
  subject: Subject,
  log: BenchOptions['log'],
  signal: AbortSignal,
  work: (rig: Rig) => Promise<T>,
): Promise<T> {
  const rig = new Rig(subject, log, signal);
  try {
    // The first seconds of a client and its connections are not the fault's.
    await pause(2 * BREATH_MS);
    return await work(rig);
  } finally {
    await rig.close();
  }
}

class Rig {
  readonly #subject: Subject;
  readonly #log: BenchOptions['log'];
  readonly #signal: AbortSignal;
  readonly #load: Load;
  readonly #prober: Prober;

  constructor(subject: Subject, log: BenchOptions['log'], signal: AbortSignal) {
    this.#subject = subject;
    this.#log = log;
    this.#signal = signal;
    const { addresses } = subject;
    this.#load = new Load({
      url: addresses.join(','),
      ratePerSec: RATE_PER_SEC,
      requests: [{ path: '/' }],
      timeoutMs: CLIENT_TIMEOUT_MS,
      spread: true,
    });
    this.#prober = new Prober(addresses);
  }

  async crashes(count: number): Promise<CrashBatch> {
    const from = monotonicMs();
    const rounds: CrashRound[] = [];
    for (let round = 0; round < count; round++) rounds.push(await this.#crash(round));
    const to = monotonicMs();
    await pause(CLIENT_TIMEOUT_MS);
    const { sent, failed, outcomes } = await this.#load.window(from, to);
    this.#tell(`${count} crashes`, `${sent} requests`, failed, outcomes);
    if (failed > 0) await this.#tellStory();
    return { rounds, sent, failed };
  }

  async #crash(round: number): Promise<CrashRound> {
    const victim = await this.#victim(round, BREATH_MS);
    const at = Date.now();
    process.kill(victim.pid, 'SIGKILL');
    await this.#until(at + CRASH_ROUND_MS, () => this.#prober.servedBornAfter(at) !== null);
    await this.#until(Date.now() + BREATH_MS);
    const servedAt = this.#prober.servedBornAfter(at);
    const result = { noticedMs: since(at, await this.#subject.noticedAt(victim, at)), replacedMs: since(at, servedAt) };
    this.#log(`${this.#subject.name} crash: noticed ${ms(result.noticedMs)}, replaced ${ms(result.replacedMs)}`);
    return result;
  }

  async hangs(count: number): Promise<HangRound[]> {
    const rounds: HangRound[] = [];
    for (let round = 0; round < count; round++) rounds.push(await this.#hang(round));
    return rounds;
  }

  async #hang(round: number): Promise<HangRound> {
    const victim = await this.#victim(round, CONTROL_MS);
    const from = monotonicMs();
    const at = Date.now();
    process.kill(victim.pid, 'SIGSTOP');
    try {
      await this.#until(at + HANG_ROUND_MS);
      const before = await this.#load.window(from - CONTROL_MS, from, LATE_MS);
      const { lastLateMs, failed, sent, outcomes } = await this.#load.window(from, from + HANG_WINDOW_MS, LATE_MS);
      const awayMs = lastLateMs === null ? 0 : lastLateMs - from;
      const replacedMs = since(at, this.#prober.servedBornAfter(at));
      this.#tell('hang', `traffic away ${ms(awayMs)}, replaced ${ms(replacedMs)}`, failed, outcomes);
      await this.#tellStory();
      return { awayMs, failed, sent, replacedMs, lateBefore: before.lastLateMs !== null };
    } finally {
      endStopped(victim.pid);
    }
  }

  async close(): Promise<void> {
    this.#prober.stop();
    await this.#load.stop();
  }

  /** Replicas take turns. */
  async #victim(round: number, quietMs: number): Promise<Replica> {
    const until = performance.now() + SETTLE_WITHIN_MS;
    while (!(await this.#subject.settled())) {
      this.#signal.throwIfAborted();
      if (performance.now() > until) {
        const story = await this.#subject.story();
        throw new Error(
          `${this.#subject.name} is not over the last fault after ${SETTLE_WITHIN_MS} ms\n${story.join('\n')}`,
        );
      }
      await pause(LOOK_EVERY_MS);
    }
    await this.#until(Date.now() + quietMs);
    const replicas = await this.#subject.replicas();
    return replicas[round % replicas.length] as Replica;
  }

  async #until(wallMs: number, done = () => false): Promise<void> {
    while (Date.now() < wallMs && !done()) {
      this.#signal.throwIfAborted();
      await pause(Math.min(LOOK_EVERY_MS, Math.max(1, wallMs - Date.now())));
    }
  }

  #tell(what: string, text: string, failed: number, outcomes: LoadSummary['outcomes']): void {
    const bad = Object.entries(outcomes).filter(([outcome]) => !/^[1-4]\d\d$/.test(outcome) && outcome !== 'open');
    const kinds = bad.map(([outcome, count]) => `${count} ${outcome}`).join(', ');
    this.#log(`${this.#subject.name} ${what}: ${text}, failed ${failed}${kinds === '' ? '' : ` (${kinds})`}`);
  }

  async #tellStory(): Promise<void> {
    for (const line of await this.#subject.story()) this.#log(`    ${line}`);
  }
}

const since = (from: number, at: number | null): number | null => (at === null ? null : Math.max(0, at - from));
const ms = (value: number | null): string => (value === null ? 'never' : `${Math.round(value)} ms`);

/** A supervisor that never replaced it still holds it: a crash is something that it does get over. */
function endStopped(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
