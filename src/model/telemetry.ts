/**
 * What other people's agents, libraries and tools tell us, in our own words, whatever protocol it came by. An intake
 * turns requests into these batches; no judgement in them. Two clocks: `at` is when it reached us (monotonic, shared
 * by all Holdfast processes of the machine); `wallMs` is the sender's own time stamp (ms since 1970, as wrong as the
 * sender's clock).
 *
 * Points are kept as columns: a hundred thousand of them a second are three arrays, not a hundred thousand objects.
 */
import type { SparseHistogram } from './histogram.ts';
import type { Ms } from './time.ts';

/**
 * gauge: a level. counter: a total since some start, falls only when it starts anew. delta: what was added since the
 * point before (0 is a point as well). State sets, info metrics and all else without a better word are gauges.
 */
export type SeriesKind = 'gauge' | 'counter' | 'delta';

/** One time series. The same object stands for it in every batch while it is known, so it can be a Map key. */
export interface Series {
  /** Dense, unique in this process, never reused. */
  readonly id: number;
  /** As the sender spelt it: `http_requests_total`, `system.cpu.time`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: SeriesKind;
  /** The sender's word (`s`, `By`, `ms`, `%`); '' when it gave none. */
  readonly unit: string;
  /** Who reports it, as well as the protocol tells: a service name, a scraped target, a sender's address. */
  readonly source: string;
}

/** Columns of equal length. */
export interface PointColumns {
  readonly series: readonly Series[];
  readonly wallMs: readonly number[];
  /** Never NaN; infinities do occur. */
  readonly values: readonly number[];
}

/** Calls over one edge within one window, folded from spans. */
export interface SpanEdge {
  /** Service name, or OUTSIDE when the caller is not instrumented. */
  readonly caller: string;
  readonly callee: string;
  /** The callee's instance as its resource names it; null when it does not, or when only the caller reported. */
  readonly instance: string | null;
  /** Calls that ended in the window. Sampled by the sender: a share of all calls, unless it samples none away. */
  readonly count: number;
  readonly errors: number;
  /** As the caller measured it where its span was seen, else as the callee did. */
  readonly latency: SparseHistogram;
}

export type LogSeverity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LogLine {
  readonly wallMs: number;
  /** Service, application or tag; '' when the sender does not say. */
  readonly service: string;
  /** Host or instance; '' when the sender does not say. */
  readonly instance: string;
  /** null when the sender does not say. */
  readonly severity: LogSeverity | null;
  readonly text: string;
  /** Flat; at most the intake's limit of them. */
  readonly attributes: Readonly<Record<string, string>>;
}

export type CheckState = 'ok' | 'warning' | 'critical' | 'unknown';

/** Somebody else's judgement: a Nagios plugin's exit, a DogStatsD service check, an alert that fires. */
export interface CheckReport {
  readonly wallMs: number;
  /** What was judged: a service where the sender names one, else a host; '' when neither is known. */
  readonly subject: string;
  /** Name of the check or alert. */
  readonly check: string;
  readonly state: CheckState;
  readonly text: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something that a human or a pipeline says to have done (a deploy event, an annotation). */
export interface ChangeReport {
  readonly wallMs: number;
  readonly title: string;
  readonly text: string;
  readonly who: string;
  /** Services named by it; empty when it names none. */
  readonly services: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** All that one request, datagram or window carried. Empty parts are empty arrays, never absent. */
export interface TelemetryBatch {
  /** Registry name of the intake: `otlp-http`. */
  readonly protocol: string;
  readonly at: Ms;
  readonly points: PointColumns;
  readonly edges: readonly SpanEdge[];
  readonly logs: readonly LogLine[];
  readonly checks: readonly CheckReport[];
  readonly changes: readonly ChangeReport[];
}
