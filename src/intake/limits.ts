/**
 * How much the outside world may ask of us. Every limit has one counter that tells what it cost (see DropReason), so
 * that "why is my series missing" is a look at the counters and not a guess. All are shared by the intakes of one
 * process unless it says otherwise.
 */
import type { Ms } from '../model/time.ts';

export interface IntakeLimits {
  /**
   * Bytes of one request after decompression. Default 20 MiB, OTLP's own limit. Exporters send 0.1 to 1 MiB; raise it
   * for a collector with very large batches, at that much memory per concurrent request.
   */
  readonly maxRequestBytes: number;
  /** Bytes of one gRPC message after decompression. Default 4 MiB, what gRPC servers everywhere accept. */
  readonly maxMessageBytes: number;
  /**
   * Bytes of all requests being received or decoded at once, over all intakes. Default 64 MiB: three of the largest.
   * Beyond it a request is told to come back later (503, UNAVAILABLE), and streams are read no further for a while.
   */
  readonly maxInFlightBytes: number;
  /** Connections of one intake. Default 512; more are closed at once. Exporters keep one or two open. */
  readonly maxConnections: number;
  /** A connection on which nothing arrives for this long is closed. Default 5 min, longer than exporters' intervals. */
  readonly idleMs: Ms;
  /** The whole of one request must arrive within this. Default 30 s: a slow sender holds memory. */
  readonly requestMs: Ms;
  /** Bytes of one line, record or log text. Default 64 KiB; longer text is cut (counted as `cut`). */
  readonly maxLineBytes: number;
  /** Attributes kept of one log line, labels of one series. Default 64. A point with more labels is dropped. */
  readonly maxLabels: number;
  /** Bytes of a label's value, a metric's name. Default 1 KiB. A point with a longer one is dropped. */
  readonly maxLabelBytes: number;
  /**
   * Series known at once, over all intakes. Default 100,000, about 1 KiB each. The memory of a detector per series
   * comes on top (64 KiB at most), which is what usually decides.
   */
  readonly maxSeries: number;
  /**
   * Series of one source (service, target, sender's address). Default 20,000, a fifth of the above: one service whose
   * label holds a user id does not take the place of the others.
   */
  readonly maxSeriesPerSource: number;
  /** A series without a point for this long is forgotten, and its place is free. Default 15 min. */
  readonly seriesIdleMs: Ms;
  /** Service names, and instances of services, known at once. Default 10,000. */
  readonly maxEntities: number;
  /** Caller → callee pairs within one window. Default 5,000, up to 2 KiB each. */
  readonly maxEdges: number;
  /**
   * Spans that wait for their other half (a client's span for the server's, or the reverse): up to twice this many,
   * 64 bytes each. Default 131,072 (16 MiB). Senders of one trace flush within about 5 s of one another, so this
   * covers 26,000 spans/s; beyond that the waiting time shortens (counted as `join-shortened`) and more calls are
   * attributed by what one side alone says.
   */
  readonly joinSpans: number;
  /** How long a span waits for its other half. Default 10 s: twice the usual flush interval of an exporter. */
  readonly joinMs: Ms;
  /** How often edges are handed on. Default 1 s, as the traffic layer does. */
  readonly windowMs: Ms;
}

export const DEFAULT_LIMITS: IntakeLimits = {
  maxRequestBytes: 20 * 1_048_576,
  maxMessageBytes: 4 * 1_048_576,
  maxInFlightBytes: 64 * 1_048_576,
  maxConnections: 512,
  idleMs: 300_000,
  requestMs: 30_000,
  maxLineBytes: 65_536,
  maxLabels: 64,
  maxLabelBytes: 1_024,
  maxSeries: 100_000,
  maxSeriesPerSource: 20_000,
  seriesIdleMs: 900_000,
  maxEntities: 10_000,
  maxEdges: 5_000,
  joinSpans: 131_072,
  joinMs: 10_000,
  windowMs: 1_000,
};
