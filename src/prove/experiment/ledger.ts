/**
 * The faults of one run. Whatever was asked for is in here before it is asked for, and nobody takes it out: each is
 * reverted once, with several attempts, even when its injection failed or was never answered, since half of it may
 * have happened. Reverting is a task of its own that no interruption reaches.
 */
import type { PartOutage } from '../../model/part-fault.ts';
import type { Ms } from '../../model/time.ts';
import type { FaultRecord } from './journal.ts';
import { isList, isMap, type Json } from './json.ts';
import { ask, type Steps, sleepUntil, type Task, type Tasks } from './tasks.ts';
import type { FaultSpec } from './types.ts';

/** Reverting is tried this often; after that it is the lease's business, and named. */
export const REVERT_ATTEMPTS = 3;
/** Between attempts; long enough for an agent to come back from a restart, short beside any lease. */
export const REVERT_PAUSE_MS = 1_000;
/** For one attempt. */
export const REVERT_TIMEOUT_MS = 5_000;
/** Renewals per lease: two may fail. */
const RENEWALS_PER_LEASE = 3;

interface Entry {
  record: FaultRecord;
  readonly spec: FaultSpec;
  reverting: Task | null;
  lasting: Task | null;
  gone: boolean;
  renewing: Task | null;
}

export class Ledger {
  readonly #tasks: Tasks;
  readonly #prefix: string;
  readonly #entries = new Map<string, Entry>();

  constructor(tasks: Tasks, prefix: string) {
    this.#tasks = tasks;
    this.#prefix = prefix;
  }

  open(activity: string, spec: FaultSpec): string {
    const id = `${this.#prefix}${this.#entries.size + 1}`;
    const { kind, target } = spec;
    const record: FaultRecord = {
      id,
      activity,
      kind,
      service: target.service,
      askedAt: this.#tasks.now,
      begunAt: null,
      revertedAt: null,
      state: 'asked',
      error: null,
      bite: null,
      residue: [],
    };
    this.#entries.set(id, { record, spec, reverting: null, renewing: null, lasting: null, gone: false });
    return id;
  }

  /** It is in force: its lease is renewed until it is reverted. */
  begun(id: string, output: Json): void {
    const entry = this.#entry(id);
    if (entry.reverting !== null) return;
    const told = isMap(output) && typeof output.begunAt === 'number' ? output.begunAt : this.#tasks.now;
    this.#note(id, { begunAt: told, state: 'in-force' });
    if (!entry.spec.instant) entry.renewing = this.#tasks.spawn(this.#renew(entry), true);
  }

  /** A task that ends when the time of the fault is over, or the fault itself. */
  lasts(id: string, until: Ms): Task {
    const entry = this.#entry(id);
    entry.lasting ??= this.#tasks.spawn(sleepUntil(entry.gone ? this.#tasks.now : until));
    return entry.lasting;
  }

  over(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.gone = true;
    if (entry.lasting) this.#tasks.wake(entry.lasting);
  }

  refused(id: string, error: string): void {
    this.#note(id, { error });
  }

  /** Begins at once; the task ends when it is reverted or given up. */
  revert(id: string): Task {
    const entry = this.#entry(id);
    entry.reverting ??= this.#tasks.spawn(this.#undo(entry), true);
    if (entry.renewing) this.#tasks.wake(entry.renewing);
    return entry.reverting;
  }

  revertAll(): readonly Task[] {
    return [...this.#entries.keys()].map((id) => this.revert(id));
  }

  get records(): readonly FaultRecord[] {
    return [...this.#entries.values()].map(({ record }) => record);
  }

  #entry(id: string): Entry {
    return this.#entries.get(id) as Entry;
  }

  #note(id: string, change: Partial<FaultRecord>): void {
    const entry = this.#entry(id);
    entry.record = { ...entry.record, ...change };
  }

  *#renew(entry: Entry): Steps<void> {
    const { leaseMs } = entry.spec;
    const every: Ms = leaseMs / RENEWALS_PER_LEASE;
    for (;;) {
      yield* sleepUntil(this.#tasks.now + every);
      if (entry.reverting !== null) return;
      yield* ask({ kind: 'renew', fault: entry.record.id, leaseMs }, every);
      if (entry.reverting !== null) return;
    }
  }

  *#undo(entry: Entry): Steps<void> {
    const { id } = entry.record;
    let error = '';
    for (let attempt = 1; attempt <= REVERT_ATTEMPTS; attempt++) {
      if (attempt > 1) yield* sleepUntil(this.#tasks.now + REVERT_PAUSE_MS);
      const answer = yield* ask({ kind: 'revert', fault: id }, REVERT_TIMEOUT_MS);
      if (answer.ok) {
        this.#note(id, { revertedAt: this.#tasks.now, state: 'reverted', ...told(answer.output) });
        return;
      }
      error = answer.error;
    }
    this.#note(id, { state: 'unconfirmed', error: `not confirmed as reverted: ${error}` });
  }
}

function told(output: Json): Partial<FaultRecord> {
  if (!isMap(output)) return {};
  const residue = isList(output.residue) ? output.residue.map((line) => String(line)) : [];
  const part = isMap(output.part) ? { part: output.part as unknown as PartOutage } : {};
  return { bite: output.bite ?? null, residue, ...part };
}
