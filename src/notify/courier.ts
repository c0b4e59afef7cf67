/**
 * Carries notices to one receiver: the timer, the time limit and the book-keeping around queue.ts. What is owed and
 * what was told is in the ledger, so that the next process goes on where this one ended.
 */
import { HoldfastError } from '../model/errors.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import type { Ledger, Notice, NoticeKind, Notifier, NotifierFigures, Outcome } from './contract.ts';
import { type Delivery, NoticeQueue } from './queue.ts';

/** What the ledger holds for an incident until its end was told. */
export interface Debt {
  /** owed: its page is to be told. paged: it was, and the end is to be told when it comes. */
  readonly state: 'owed' | 'paged';
  /** As it was first made: repetitions and the resolution speak of the same. */
  readonly page: Notice;
}

export type Log = (line: { readonly level: 'info' | 'warn' | 'error'; readonly text: string }) => void;

export interface CourierOptions {
  readonly notifier: Notifier;
  /** Keys are incidents. */
  readonly ledger: Pick<Ledger, 'save'>;
  readonly debts: ReadonlyMap<string, Debt>;
  /** Monotonic. */
  readonly now: () => Ms;
  readonly wallMs: () => number;
  readonly random: () => number;
  readonly log: Log;
  readonly maxEntries?: number;
}

/** While a receiver stays down the log says so again this often. */
const REMIND_MS = 600_000;
/** What is under way at the end may take this long; it is tried again after the next start. */
const CLOSE_MS = 2_000;

export class Courier {
  readonly notifier: Notifier;
  readonly #o: CourierOptions;
  readonly #queue: NoticeQueue;
  readonly #debts: Map<string, Debt>;
  /** Incidents whose page the receiver refused: not offered again by this process. */
  readonly #refused = new Set<string>();
  readonly #dropped = new Set<string>();
  readonly #delivered: Record<NoticeKind, number> = { page: 0, resolved: 0 };
  #counts = { repeated: 0, failed: 0, refused: 0, dropped: 0 };
  #trouble: { readonly why: string; readonly since: Ms; readonly loggedAt: Ms } | null = null;
  #lastAt: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #abort = new AbortController();
  #underWay: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  #saveFailed = false;
  #closed = false;

  constructor(options: CourierOptions) {
    this.#o = options;
    this.notifier = options.notifier;
    this.#debts = new Map(options.debts);
    const { maxEntries, random } = options;
    this.#queue = new NoticeQueue({
      repeatMs: options.notifier.repeatMs,
      random,
      ...(maxEntries === undefined ? {} : { maxEntries }),
    });
  }

  /** Incidents whose end is still to be told. */
  get debts(): ReadonlyMap<string, Debt> {
    return this.#debts;
  }

  /** The incident was paged for and lasts. Safe to say again and again. `page` is asked for when it is news. */
  firing(incident: string, page: () => Notice): void {
    const debt = this.#debts.get(incident);
    if (debt === undefined) {
      if (this.#refused.has(incident)) return;
      const owed: Debt = { state: 'owed', page: page() };
      this.#note(incident, owed);
      this.#offer(owed.page);
    } else if (debt.state === 'owed') this.#offer(debt.page);
    else if (this.#queue.resume(debt.page, this.#o.now()) === 'queued') this.#pump();
  }

  /** The incident is over; means nothing unless its page was owed or told. Safe to say again and again. */
  over(incident: string, resolved: (page: Notice) => Notice): void {
    const debt = this.#debts.get(incident);
    if (debt === undefined) return;
    if (debt.state === 'owed' && !this.#offer(debt.page)) return;
    this.#offer(resolved(debt.page));
  }

  /** Links lead to where the dashboard is now, also in what was noted by a server that listened elsewhere. */
  relink(linkTo: (incident: string) => string): void {
    for (const [incident, { state, page }] of this.#debts) {
      this.#debts.set(incident, { state, page: { ...page, link: linkTo(incident) } });
    }
  }

  /** The core has forgotten all incidents but these. */
  keepOnly(incidents: ReadonlySet<string>): void {
    for (const incident of this.#refused) if (!incidents.has(incident)) this.#refused.delete(incident);
  }

  figures(): NotifierFigures {
    return {
      name: this.notifier.name,
      delivered: { ...this.#delivered },
      ...this.#counts,
      waiting: this.#queue.waiting,
      trouble: this.#trouble?.why ?? null,
      lastAt: this.#lastAt,
    };
  }

  /** Nothing new is begun; what is under way gets a moment. Whatever is still owed stays in the ledger. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const limit = setTimeout(() => this.#abort.abort(), CLOSE_MS);
    await this.#underWay;
    clearTimeout(limit);
    await this.#saving;
  }

  /** False: there was no room. */
  #offer(notice: Notice): boolean {
    const answer = this.#queue.offer(notice, this.#o.now());
    if (answer === 'full') {
      if (!this.#dropped.has(notice.id)) {
        this.#counts.dropped += 1;
        if (this.#dropped.size === 0) {
          const text = `${this.#queue.waiting} notices wait for ${this.notifier.name} and there is no room for more: ${about(notice)} is left out until there is`;
          this.#o.log({ level: 'error', text });
        }
        this.#dropped.add(notice.id);
      }
      return false;
    }
    this.#dropped.delete(notice.id);
    if (answer === 'queued') this.#pump();
    return true;
  }

  /** Begins the next attempt when there is one, else sees to it that it is asked again in time. */
  #pump(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const now = this.#o.now();
    const delivery = this.#queue.next(now);
    if (delivery !== null) {
      this.#underWay = this.#attempt(delivery);
      return;
    }
    const { nextAt } = this.#queue;
    // A millisecond more: timers may fire a little early, and would then find nothing due.
    if (nextAt !== null) this.#timer = setTimeout(() => this.#pump(), Math.max(0, nextAt - now) + 1).unref();
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const outcome = await this.#once(delivery.notice);
    const now = this.#o.now();
    this.#queue.settle(delivery, outcome, now);
    if (outcome.kind === 'delivered') this.#told(delivery, now);
    else if (outcome.kind === 'refused') this.#turnedDown(delivery, outcome.why, now);
    else this.#failed(delivery.notice, outcome.why, now);
    this.#pump();
  }

  /** Never rejects, and never takes longer than it may. */
  async #once(notice: Notice): Promise<Outcome> {
    const abort = new AbortController();
    this.#abort = abort;
    const timer = setTimeout(() => abort.abort(), this.notifier.timeoutMs);
    const late = new Promise<Outcome>((resolve) => {
      const give = (): void => resolve({ kind: 'retry', why: 'no answer in time', afterMs: null });
      abort.signal.addEventListener('abort', give, { once: true });
    });
    try {
      // Out of the caller's way: what a notifier does before it first waits is not done on its time.
      await new Promise((resolve) => setImmediate(resolve));
      return await Promise.race([this.notifier.deliver(notice, abort.signal), late]);
    } catch (error) {
      // What others throw may hold the address.
      const why = error instanceof HoldfastError ? error.message : `a defect of Holdfast (${nameOf(error)})`;
      return { kind: 'retry', why, afterMs: null };
    } finally {
      clearTimeout(timer);
    }
  }

  #told({ notice, repeat }: Delivery, now: Ms): void {
    this.#well(now);
    this.#lastAt = new Date(this.#o.wallMs()).toISOString();
    if (repeat) {
      this.#counts.repeated += 1;
      return;
    }
    this.#delivered[notice.kind] += 1;
    this.#o.log({ level: 'info', text: `${about(notice)} was told to ${this.notifier.name}` });
    this.#note(notice.incident, notice.kind === 'page' ? { state: 'paged', page: notice } : null);
  }

  #turnedDown({ notice, repeat }: Delivery, why: string, now: Ms): void {
    this.#counts.refused += 1;
    this.#trouble = { why, since: this.#trouble?.since ?? now, loggedAt: now };
    const more = repeat ? 'it is said again later' : 'it is not tried again';
    this.#o.log({ level: 'error', text: `${this.notifier.name} refuses ${about(notice)}, and ${more}: ${why}` });
    if (repeat) return;
    this.#refused.add(notice.incident);
    this.#note(notice.incident, null);
  }

  #failed(notice: Notice, why: string, now: Ms): void {
    if (this.#closed) return;
    this.#counts.failed += 1;
    const before = this.#trouble;
    const silent = before !== null && now - before.loggedAt < REMIND_MS;
    this.#trouble = { why, since: before?.since ?? now, loggedAt: silent ? before.loggedAt : now };
    if (silent) return;
    const lasting = before === null ? '' : ` for ${formatDuration(now - before.since)} now`;
    const text = `${this.notifier.name} does not take ${about(notice)}${lasting}: ${why}; it is tried again`;
    this.#o.log({ level: 'warn', text });
  }

  #well(now: Ms): void {
    if (this.#trouble === null) return;
    const lasted = formatDuration(now - this.#trouble.since);
    this.#trouble = null;
    this.#o.log({ level: 'info', text: `${this.notifier.name} takes notices again, after ${lasted}` });
  }

  /** In order, and in the background: a ledger that cannot be written costs a repetition after the next start at most. */
  #note(incident: string, debt: Debt | null): void {
    if (debt === null) this.#debts.delete(incident);
    else this.#debts.set(incident, debt);
    const text = debt === null ? null : JSON.stringify(debt);
    this.#saving = this.#saving
      .then(() => this.#o.ledger.save(incident, text))
      .then(
        () => {
          this.#saveFailed = false;
        },
        (error: unknown) => {
          if (this.#saveFailed) return;
          this.#saveFailed = true;
          const why = error instanceof Error ? error.message : nameOf(error);
          this.#o.log({ level: 'warn', text: `what was told to ${this.notifier.name} cannot be kept: ${why}` });
        },
      );
  }
}

function about({ kind, incident }: Notice): string {
  return kind === 'page' ? `the page for ${incident}` : `the end of ${incident}`;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
