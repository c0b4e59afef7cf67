/**
 * Runs that recur. A schedule is kept in the store under /schedules/, so it survives the server; at its time it asks for
 * its run as anybody would, and what guards runs (opt-in, budget, windows, the emergency stop, no overlap) guards it
 * too. A time that passed while the server was down, or that something stood in the way of, is said and not made up for:
 * an experiment that begins at another hour than the one that was agreed on is a surprise.
 *
 * Variables of experiments come from the server's environment: what a terminal knew is not kept.
 */
import type { ProofRequest, ProofStarted, ScheduleResource } from '../../api/proof-resources.ts';
import { asHoldfastError, HoldfastError } from '../../model/errors.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import { type LocalTime, nextTime, parseRecurrence, type Recurrence } from '../../prove/schedule/index.ts';
import type { Store } from '../../store/contract.ts';
import type { Actor } from '../control-plane.ts';
import { listAll } from '../list-all.ts';

export interface SchedulesOptions {
  readonly store: Store;
  readonly wallMs: () => number;
  /** Shortest distance between runs of one schedule, ms. */
  readonly leastEveryMs: Ms;
  readonly start: (request: ProofRequest, actor: Actor) => Promise<ProofStarted>;
  /** Throws when the request cannot be read: nobody wants to learn that at night. */
  readonly check: (request: ProofRequest) => void;
  readonly changed: () => void;
  readonly log: (line: { readonly level: 'info' | 'warn'; readonly text: string }) => void;
}

interface Kept {
  readonly name: string;
  readonly when: string;
  readonly run: ProofRequest['run'];
  readonly workload?: ProofRequest['workload'];
  readonly who: string;
  readonly why: string;
  /** Wall clock, ms. */
  readonly createdAt: number;
  readonly nextAt: number;
  readonly last: ScheduleResource['last'];
  readonly missed: number;
}

const PREFIX = '/schedules/';
const LOOK_MS: Ms = 1_000;
/** Later than this it is another time than the one that was agreed on: a machine that slept, a server that was down. */
export const GRACE_MS: Ms = 60_000;
export const MOST_SCHEDULES = 50;

export class Schedules {
  readonly #o: SchedulesOptions;
  readonly #all = new Map<string, Kept>();
  #timer: NodeJS.Timeout | null = null;
  /** A look waits for the one before it. */
  #looking = false;

  private constructor(options: SchedulesOptions) {
    this.#o = options;
  }

  static async open(options: SchedulesOptions): Promise<Schedules> {
    const schedules = new Schedules(options);
    for (const [name, value] of await listAll(options.store, PREFIX)) {
      schedules.#all.set(name, JSON.parse(value) as Kept);
    }
    return schedules;
  }

  /** From now on; times that have passed are told of at the first look. */
  begin(): void {
    this.#timer ??= setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  list(): readonly ScheduleResource[] {
    return [...this.#all.values()].sort((a, b) => a.nextAt - b.nextAt).map(resourceOf);
  }

  /** In the place of one of the same name. HF6004: when it is to run cannot be read, or there are too many. */
  async put(name: string, when: string, request: ProofRequest, { who, why }: Actor): Promise<ScheduleResource> {
    const recurrence = this.#recurrenceOf(when);
    if (request.dryRun) throw new HoldfastError('HF6004', 'a dry run is for somebody who looks at it: run it now');
    if (!this.#all.has(name) && this.#all.size >= MOST_SCHEDULES) {
      throw new HoldfastError('HF6004', `there are ${MOST_SCHEDULES} schedules: remove one first`);
    }
    this.#o.check(request);
    const now = this.#o.wallMs();
    const nextAt = nextTime(recurrence, now, now, localTime);
    const { run, workload } = request;
    const kept: Kept = {
      name,
      when,
      run: withoutContents(run),
      ...(workload ? { workload } : {}),
      who,
      why,
      createdAt: now,
      nextAt,
      last: null,
      missed: 0,
    };
    await this.#keep(kept);
    return resourceOf(kept);
  }

  /** HF6005: there is none. */
  async remove(name: string): Promise<void> {
    if (!this.#all.delete(name)) throw new HoldfastError('HF6005', `there is no schedule ${name}`);
    await this.#o.store.txn({ when: [], change: [{ op: 'delete', key: PREFIX + name }], otherwise: [] });
    this.#o.changed();
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const now = this.#o.wallMs();
      for (const kept of [...this.#all.values()]) if (kept.nextAt <= now) await this.#due(kept, now);
    } catch (error) {
      this.#o.log({ level: 'warn', text: `schedules: ${String(error)}` });
    } finally {
      this.#looking = false;
    }
  }

  async #due(kept: Kept, now: number): Promise<void> {
    const recurrence = this.#recurrenceOf(kept.when, 0);
    const nextAt = nextTime(recurrence, kept.createdAt, now, localTime);
    const late = now - kept.nextAt;
    const at = new Date(kept.nextAt).toISOString();
    // First its next time, then the run: a server that dies in between does not begin it twice.
    await this.#keep({ ...kept, nextAt });
    if (late > GRACE_MS) {
      const count = timesBetween(recurrence, kept, now);
      const text = `missed${count > 1 ? ` ${count} times` : ''} from ${at} on: the server was not running for it`;
      await this.#said(
        kept.name,
        { at, outcome: 'missed', detail: `${text} (${formatDuration(late)} late)`, suite: null },
        count,
      );
      return;
    }
    try {
      const { run, workload, why } = kept;
      const request = { run, ...(workload ? { workload } : {}), environment: {}, dryRun: false, why };
      const { suite, proofs } = await this.#o.start(request, { who: `schedule ${kept.name}`, why: kept.why });
      await this.#said(kept.name, { at, outcome: 'started', detail: proofs.join(', '), suite }, 0);
    } catch (error) {
      await this.#said(kept.name, { at, outcome: 'refused', detail: asHoldfastError(error).message, suite: null }, 0);
    }
  }

  /** What is kept already stays as it is, whatever the server allows now. */
  #recurrenceOf(when: string, leastMs = this.#o.leastEveryMs): Recurrence {
    const recurrence = parseRecurrence(when, leastMs);
    if (recurrence) return recurrence;
    throw new HoldfastError('HF6004', `"${when}" is no time that recurs`, {
      remedy: `Write "every 6h" (${formatDuration(leastMs)} to 31d), "daily 03:00" or "Mon-Fri 03:00".`,
    });
  }

  async #said(name: string, last: NonNullable<ScheduleResource['last']>, missed: number): Promise<void> {
    const kept = this.#all.get(name);
    this.#o.log({
      level: last.outcome === 'started' ? 'info' : 'warn',
      text: `schedule ${name}: ${last.outcome}: ${last.detail}`,
    });
    // Removed meanwhile: then nobody asks any more.
    if (kept) await this.#keep({ ...kept, last, missed: kept.missed + missed });
  }

  async #keep(kept: Kept): Promise<void> {
    const put = { op: 'put', key: PREFIX + kept.name, value: JSON.stringify(kept), lease: null } as const;
    await this.#o.store.txn({ when: [], change: [put], otherwise: [] });
    this.#all.set(kept.name, kept);
    this.#o.changed();
  }
}

/** Nothing that a client has read for it lies on the disk. */
function withoutContents(run: ProofRequest['run']): ProofRequest['run'] {
  if (run.kind !== 'experiments') return run;
  return { ...run, files: run.files.map(({ file, baseDir, text }) => ({ file, baseDir, text })) };
}

function timesBetween(recurrence: Recurrence, { createdAt, nextAt }: Kept, now: number): number {
  let count = 0;
  for (let at = nextAt; at <= now && count < 1_000; at = nextTime(recurrence, createdAt, at, localTime)) count++;
  return count;
}

/** In the server's time zone. */
function localTime(at: Ms): LocalTime {
  const date = new Date(at);
  return { day: date.getDay(), minute: date.getHours() * 60 + date.getMinutes() };
}

function resourceOf({ name, when, run, who, why, createdAt, nextAt, last, missed }: Kept): ScheduleResource {
  return {
    name,
    when,
    what: whatOf(run),
    who,
    why,
    createdAt: new Date(createdAt).toISOString(),
    nextAt: new Date(nextAt).toISOString(),
    last,
    missed,
  };
}

function whatOf(run: ProofRequest['run']): string {
  if (run.kind === 'experiments') return run.files.map(({ file }) => file).join(', ');
  if (run.kind === 'cause') return `cause of ${run.incident}`;
  const only = [...run.faults, ...run.services].join(', ');
  const what = run.kind === 'explore' ? `explore, seed ${run.seed}` : 'catalogue';
  return only === '' ? what : `${what}: ${only}`;
}
