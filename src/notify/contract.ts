/**
 * What a notifier is: one kind of receiver (an HTTP endpoint, Alertmanager, …) that is told when a human is called
 * (a page) and when the incident of that page is over. It knows how to say it once; everything about saying it again
 * is done for all of them by queue.ts and courier.ts.
 *
 * What is promised, for every notifier:
 *
 * - **At least once.** A page is marked as owed before it is sent and as told after a receiver took it, durably; so it
 *   outlives kill -9, is not told again after a restart, and its resolution follows. A crash between taking and
 *   marking repeats it: `id` is the same for every attempt, by which a receiver tells repetitions.
 * - **In order.** The resolution of an incident never comes before its page.
 * - **Patient.** While the receiver is down it is tried again, with pauses that double, and with jitter. What the
 *   receiver says it will never take (4xx) is not tried again, and told in the log.
 * - **Out of the way.** Nothing here blocks or breaks whoever reports an incident. Every attempt has a time limit, every
 *   queue a bound; what does not fit is counted, told in the log, and offered again while the incident lasts.
 * - **Discreet.** User names, passwords, paths and queries of the receiver's address are in no log, metric, status or
 *   error; secrets come from files.
 *
 * A notifier is a folder and a line in registry.ts.
 */
import type { FaultClass } from '../model/incident.ts';
import type { EntityRef } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';

export type NoticeKind = 'page' | 'resolved';

export interface NoticeCause {
  /** Instance, service, edge or node. */
  readonly entity: string;
  readonly entityKind: EntityRef['kind'];
  readonly faultClass: FaultClass;
  /** `process killed`, `bad change`. */
  readonly mechanism: string;
  /** 0–1. */
  readonly confidence: number;
}

export interface Notice {
  /** The same for every attempt: `<key>/page`. */
  readonly id: string;
  /** The same for a page and its resolution, and unlike that of any other incident of any Holdfast. */
  readonly key: string;
  readonly kind: NoticeKind;
  /** Which Holdfast speaks: random, made once per state directory. */
  readonly holdfast: string;
  readonly system: string;
  readonly incident: string;
  /** What the incident is, in one line. */
  readonly title: string;
  /** page: why a human is called. resolved: how it ended. One line. */
  readonly summary: string;
  /** The best explanation so far; null when nothing was accusable. */
  readonly cause: NoticeCause | null;
  /** The service that the page is about, the same in its resolution; null when it is about none. */
  readonly service: string | null;
  /** Every service that the incident concerns, in order of name. */
  readonly services: readonly string[];
  /** The incident's page in the dashboard. */
  readonly link: string;
  /** Onset of the fault as far as it is known, ISO 8601. The same in the resolution. */
  readonly since: string;
  /** When the human was called, or the incident was over; ISO 8601. */
  readonly at: string;
}

/** A silence that holds now: for a while nobody is to be paged about a service, or about the whole system. */
export interface SilenceNotice {
  readonly id: string;
  readonly holdfast: string;
  readonly system: string;
  /** null: the whole system. */
  readonly service: string | null;
  /** ISO 8601. */
  readonly until: string;
  readonly who: string;
  readonly why: string;
}

export type Outcome =
  | { readonly kind: 'delivered' }
  /** The receiver may take it later. `afterMs`: when it said so itself. */
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs: Ms | null }
  /** The receiver will never take it. */
  | { readonly kind: 'refused'; readonly why: string };

export interface Notifier {
  /** For people, without secrets: `webhook+https://hooks.example.com/…`. */
  readonly name: string;
  /** Tells receivers apart, secrets included: whose address changes is another receiver. Never shown. */
  readonly identity: string;
  /** Where people reach the dashboard, without a slash at the end; null: where the server listens. */
  readonly dashboard: string | null;
  /** A page is told again this often while its incident lasts; null: once. */
  readonly repeatMs: Ms | null;
  /** An attempt that takes longer is given up. */
  readonly timeoutMs: Ms;
  /** One attempt. Need not catch anything; must give up when the signal says so. */
  deliver(notice: Notice, signal: AbortSignal): Promise<Outcome>;
  /**
   * For receivers that keep silences of their own: these hold now, and no others of this Holdfast. Safe to say again
   * and again.
   */
  silence?(silences: readonly SilenceNotice[], holdfast: string, signal: AbortSignal): Promise<Outcome>;
}

/** A small durable map, kept by whoever wires notifiers up. Resolves when it is durable. */
export interface Ledger {
  load(): Promise<ReadonlyMap<string, string>>;
  /** null forgets the key. */
  save(key: string, value: string | null): Promise<void>;
}

/** What a notifier has done since this process began, and how it is. */
export interface NotifierFigures {
  readonly name: string;
  readonly delivered: Readonly<Record<NoticeKind, number>>;
  /** Times that a page which was delivered was told again, for notifiers that want that. */
  readonly repeated: number;
  /** Attempts that failed and are tried again. */
  readonly failed: number;
  /** Given up, because the receiver will never take them. */
  readonly refused: number;
  /** Not taken in because the queue was full. */
  readonly dropped: number;
  /** Waiting to be delivered. */
  readonly waiting: number;
  /** Why the last attempt failed; null when it did not. */
  readonly trouble: string | null;
  /** Of the last delivery; ISO 8601. */
  readonly lastAt: string | null;
}
