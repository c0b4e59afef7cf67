/**
 * When what is told to one receiver: a queue with time as an argument, so that its tests take no time. Pure; the timer
 * and the request are in courier.ts.
 *
 * One entry per incident: its page, then its resolution, never the other way round. One attempt at a time, so that a
 * receiver that comes back is not overrun. Each entry has its own pause: one notice that the receiver cannot digest
 * (it answers 500 to it for ever) does not hold up the others, and a fresh notice never waits for the pause of an
 * old one. The first success wakes the others up: the receiver is back.
 */
import type { Ms } from '../model/time.ts';
import type { Notice, Outcome } from './contract.ts';

export interface QueueOptions {
  /**
   * Incidents that wait or are being repeated. Default 256: more open incidents than anybody can look at, and a few
   * hundred kilobytes at most. Fewer only makes sense where memory is very short.
   */
  readonly maxEntries?: number;
  /** The pause after the first failure, doubled by each further one. Default 1 s: a restart of the receiver is over. */
  readonly minBackoffMs?: Ms;
  /**
   * The longest pause, and so how late a page can be after the receiver came back. Default 60 s. Shorter is sooner, and
   * more load for a receiver that has trouble.
   */
  readonly maxBackoffMs?: Ms;
  /** A page is told again this often while its incident lasts; null: once. */
  readonly repeatMs: Ms | null;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
}

export const MAX_ENTRIES = 256;
export const MIN_BACKOFF_MS = 1_000;
export const MAX_BACKOFF_MS = 60_000;
/** The longest pause that a receiver may ask for (Retry-After): a page an hour late is no page. */
export const MAX_ASKED_MS = 300_000;

export interface Delivery {
  readonly notice: Notice;
  /** The receiver has taken it before. */
  readonly repeat: boolean;
}

interface Entry {
  readonly key: string;
  readonly order: number;
  /** In this order: a page, its resolution, or both. */
  readonly waiting: Notice[];
  /** A page that was told and is to be told again. */
  firing: Notice | null;
  failures: number;
  triedAt: Ms;
  dueAt: Ms;
}

export class NoticeQueue {
  readonly #o: Required<QueueOptions>;
  readonly #entries = new Map<string, Entry>();
  #order = 0;
  #inFlight: Entry | null = null;

  constructor(options: QueueOptions) {
    this.#o = { maxEntries: MAX_ENTRIES, minBackoffMs: MIN_BACKOFF_MS, maxBackoffMs: MAX_BACKOFF_MS, ...options };
  }

  /** Notices that the receiver has not taken yet. */
  get waiting(): number {
    let count = 0;
    for (const entry of this.#entries.values()) count += entry.waiting.length;
    return count;
  }

  /** `known`: it waits already, or was told. `full`: not taken in. */
  offer(notice: Notice, now: Ms): 'queued' | 'known' | 'full' {
    const entry = this.#entries.get(notice.key);
    if (entry === undefined) {
      if (this.#entries.size >= this.#o.maxEntries) return 'full';
      this.#add(notice.key, now).waiting.push(notice);
      return 'queued';
    }
    if (entry.firing?.id === notice.id || entry.waiting.some(({ id }) => id === notice.id)) return 'known';
    // A page after its own resolution would be news from yesterday.
    if (notice.kind === 'page') return 'known';
    if (entry.waiting.length === 0) this.#renew(entry, now);
    entry.waiting.push(notice);
    return 'queued';
  }

  /** A page that was told before (by the process before this one, say): where pages are repeated, goes on with that. */
  resume(page: Notice, now: Ms): 'queued' | 'known' | 'full' {
    if (this.#o.repeatMs === null || this.#entries.has(page.key)) return 'known';
    if (this.#entries.size >= this.#o.maxEntries) return 'full';
    this.#add(page.key, now).firing = page;
    return 'queued';
  }

  /** What is to be tried now; then nothing more until `settle` is told how it went. */
  next(now: Ms): Delivery | null {
    if (this.#inFlight !== null) return null;
    let best: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.dueAt <= now && (best === null || before(entry, best))) best = entry;
    }
    if (best === null) return null;
    this.#inFlight = best;
    best.triedAt = now;
    const [first] = best.waiting;
    return first === undefined ? { notice: best.firing as Notice, repeat: true } : { notice: first, repeat: false };
  }

  /** When to ask `next` again; null: when something was offered or settled. */
  get nextAt(): Ms | null {
    if (this.#inFlight !== null) return null;
    let least: Ms | null = null;
    for (const { dueAt } of this.#entries.values()) if (least === null || dueAt < least) least = dueAt;
    return least;
  }

  settle({ notice, repeat }: Delivery, outcome: Outcome, now: Ms): void {
    const entry = this.#inFlight;
    if (entry === null || entry.key !== notice.key) throw new Error(`${notice.id} is not under way`);
    this.#inFlight = null;
    switch (outcome.kind) {
      case 'delivered':
        if (repeat) this.#renew(entry, entry.waiting.length > 0 ? now : now + (this.#o.repeatMs ?? 0));
        else this.#told(entry, notice, now);
        this.#wake(now);
        return;
      case 'refused':
        // A receiver that did not take the page has no use for its end. One that took it is asked again.
        if (repeat) this.#renew(entry, entry.waiting.length > 0 ? now : now + (this.#o.repeatMs ?? 0));
        else this.#entries.delete(entry.key);
        return;
      case 'retry':
        entry.failures += 1;
        entry.dueAt = now + this.#pause(entry.failures, outcome.afterMs);
        // Its page needs no repetition any more: the resolution that came meanwhile is fresh.
        if (repeat && entry.waiting.length > 0) this.#renew(entry, now);
    }
  }

  #add(key: string, now: Ms): Entry {
    const entry: Entry = {
      key,
      order: this.#order++,
      waiting: [],
      firing: null,
      failures: 0,
      triedAt: Number.NEGATIVE_INFINITY,
      dueAt: now,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #renew(entry: Entry, dueAt: Ms): void {
    entry.failures = 0;
    entry.dueAt = dueAt;
  }

  #told(entry: Entry, notice: Notice, now: Ms): void {
    entry.waiting.shift();
    const { repeatMs } = this.#o;
    if (notice.kind === 'page') entry.firing = repeatMs === null ? null : notice;
    else entry.firing = null;
    if (entry.waiting.length > 0) this.#renew(entry, now);
    else if (entry.firing !== null && repeatMs !== null) this.#renew(entry, now + repeatMs);
    else this.#entries.delete(entry.key);
  }

  /** The receiver is back: what failed is tried at once, each at most once per shortest pause. */
  #wake(now: Ms): void {
    for (const entry of this.#entries.values()) {
      if (entry.failures === 0) continue;
      entry.dueAt = Math.min(entry.dueAt, Math.max(now, entry.triedAt + this.#o.minBackoffMs));
    }
  }

  /** Doubling, between half and the whole of it ("equal jitter"): many Holdfasts do not knock at the same moment. */
  #pause(failures: number, asked: Ms | null): Ms {
    const { minBackoffMs, maxBackoffMs, random } = this.#o;
    const whole = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures - 1, 30));
    return Math.max(whole * (0.5 + random() / 2), Math.min(asked ?? 0, MAX_ASKED_MS));
  }
}

/** What was never tried goes first, then what failed, then what is only said again; each in the order it came due. */
function before(a: Entry, b: Entry): boolean {
  const rank = ({ waiting, failures }: Entry): number => (waiting.length === 0 ? 2 : failures === 0 ? 0 : 1);
  return rank(a) - rank(b) < 0 || (rank(a) === rank(b) && (a.dueAt - b.dueAt || a.order - b.order) < 0);
}
