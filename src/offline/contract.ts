/**
 * What recorded files hold, before anything is made of it: spans, log lines and measures, each with the time at which
 * it was recorded. Readers (read/) fill a Gathered whatever the format; assemble/ cuts it into bins and a Recording.
 *
 * This folder is for what needs no running system. Only the CLI and benchmarks load it, and only when asked to.
 */
import type { LogSeverity } from '../model/telemetry.ts';

/** Bounds of one diagnosis. What lies beyond is refused with HF8404, never cut in silence. */
export const LIMITS = {
  /** Of one file. One JSON document must fit a string; lines of NDJSON, CSV and text are read one by one. */
  maxFileBytes: 2 * 1024 ** 3,
  maxDocumentBytes: 400 * 1024 ** 2,
  /** Files of a directory, at any depth. */
  maxFiles: 2_000,
  /** About 300 bytes each. */
  maxSpans: 3_000_000,
  maxLogLines: 5_000_000,
  maxPoints: 20_000_000,
  /** Series, or columns of a table. */
  maxSeries: 200_000,
  /** An answer of a Prometheus server. */
  maxAnswerBytes: 400 * 1024 ** 2,
} as const;

/** unknown: the format has no word for it; guessed from the shape of the trace (assemble/spans.ts). */
export type ReadKind = 'client' | 'server' | 'producer' | 'consumer' | 'internal' | 'unknown';

export interface ReadSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent: string | null;
  readonly service: string;
  readonly instance: string | null;
  /** The machine, where the source says. */
  readonly host: string | null;
  readonly kind: ReadKind;
  readonly operation: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly failed: boolean;
  /** Whom a call goes to, as the caller names it: `payments`, `db:5432`, `10.0.0.7`. */
  readonly peer: string | null;
  /** What went wrong in words, where the source has them. */
  readonly message: string | null;
}

export interface ReadLog {
  readonly atMs: number;
  /** '' when the source does not say. */
  readonly service: string;
  readonly instance: string | null;
  readonly host: string | null;
  readonly severity: LogSeverity | null;
  readonly text: string;
}

/**
 * What a measure measures. requests, failed, seconds: sums of calls (seconds: time of all of them together).
 * latencyMs, failedShare: means over calls. level: use of a resource.
 */
export type Quantity = 'requests' | 'failed' | 'seconds' | 'latencyMs' | 'failedShare' | 'level';

export interface Measure {
  readonly service: string;
  /** The other end, when calls over one edge are meant; null: all that the service answers. */
  readonly callee: string | null;
  /** Whose view: of an edge. Of a service always the callee's. */
  readonly view: 'caller' | 'callee';
  readonly quantity: Quantity;
  /** level: `cpu`, `memory`, …; else ''. */
  readonly resource: string;
  readonly instance: string | null;
  /**
   * total: grows from a start, and falls when it starts anew. added: since the point before. rate: per second. mean:
   * over the time since the point before; levels too.
   */
  readonly form: 'total' | 'added' | 'rate' | 'mean';
  /** How good it is among several of the same service and quantity: only the best are used. */
  readonly rank: number;
  /** Ascending. */
  readonly atMs: readonly number[];
  readonly values: readonly number[];
}

/** Caller → callee, known from a graph file. */
export interface KnownCall {
  readonly caller: string;
  readonly callee: string;
}

export interface ReadChange {
  readonly atMs: number;
  readonly services: readonly string[];
  readonly kind: string;
  readonly content: readonly string[];
}

/** A file beside the data that says when it began. */
export interface SaidOnset {
  readonly atMs: number;
  readonly file: string;
}

export interface Gathered {
  readonly spans: ReadSpan[];
  readonly logs: ReadLog[];
  readonly measures: Measure[];
  readonly calls: KnownCall[];
  readonly changes: ReadChange[];
  readonly onsets: SaidOnset[];
  /** What was read and what was left out, for people. */
  readonly notes: string[];
}

export function nothing(): Gathered {
  return { spans: [], logs: [], measures: [], calls: [], changes: [], onsets: [], notes: [] };
}
