/**
 * What an intake is: one wire protocol that somebody's library, agent or tool already speaks, turned into
 * TelemetryBatch. It judges nothing and keeps nothing; what must be shared between protocols (series, halves of calls,
 * the memory budget, counters) is in the IntakeContext that it is given.
 *
 * What every intake keeps to:
 *
 * - **All or nothing.** A request is decoded as a whole before any of it is handed on. A refused request leaves no
 *   trace but a counter. Protocols without requests (UDP, lines) do so per datagram or line.
 * - **Errors in the protocol's own way.** A sender gets what its own server would say: a google.rpc.Status, an Influx
 *   `unable to parse`, a Zabbix `failed: 1`. Where the protocol has no answer (UDP) there is a counter only.
 * - **Bounded.** No request, connection, label or series beyond IntakeLimits. What was left out is counted with its
 *   reason, and a sender that can be told is told.
 * - **A bad client never disturbs its neighbours.** Whatever arrives, no exception leaves the handler of its own
 *   connection, nothing waits for a slow sender, and one source's series cannot use up the places of all.
 * - **Loopback** unless told otherwise; what asks for a token is compared in constant time.
 *
 * An intake is a folder (OTLP's holds two) and a line in registry.ts.
 */
import type { ChangeReport, CheckReport, LogLine, Series, SeriesKind } from '../model/telemetry.ts';
import type { Ms } from '../model/time.ts';
import type { IntakeLimits } from './limits.ts';

export interface Intake {
  /** Registry name, also `TelemetryBatch.protocol`: `otlp-http`. */
  readonly name: string;
  /** For people: `OTLP over HTTP`. */
  readonly title: string;
  readonly transport: 'http' | 'http2' | 'tcp' | 'udp';
  /** The port that senders use by default. */
  readonly port: number;
  /** The same when encrypted, where it is another one (syslog: RFC 5425). */
  readonly tlsPort?: number;
  /** Takes TLS with a shared key too. */
  readonly hasPsk?: boolean;
  /** Rejects when it cannot listen (HF4001 with the address). */
  start(context: IntakeContext, options: ListenOptions): Promise<RunningIntake>;
}

export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: the protocol's; 0 takes a free one. */
  readonly port?: number;
  /**
   * What senders must show, where the protocol has a place for it (HEC token, Influx token, Fluent shared key, bearer
   * token over HTTP). Default: none asked. Protocols without a place for it refuse to start with one.
   */
  readonly token?: string;
  /** What senders must name besides the token, where they can: the user of basic authentication. Default: any. */
  readonly user?: string;
  /** Only encrypted connections are taken. Not for UDP. */
  readonly tls?: TlsOptions;
}

/** A certificate and its key, or (Zabbix) a key that both sides know; at least one of the two. */
export interface TlsOptions {
  /** PEM: the certificate, and those between it and its authority. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  /** PEM: senders must show a certificate of this authority. */
  readonly ca?: string;
  /** A shared key (TLS-PSK), for protocols that have it. */
  readonly psk?: { readonly identity: string; readonly key: Uint8Array };
}

export interface RunningIntake {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  /** Stops listening, closes connections, resolves when all are gone. Nothing is emitted afterwards. */
  close(): Promise<void>;
}

/** What intakes share. hub.ts makes it; tests may make their own. */
export interface IntakeContext {
  readonly limits: IntakeLimits;
  readonly meter: Meter;
  readonly memory: MemoryBudget;
  readonly series: SeriesRegistry;
  readonly entities: EntityRegistry;
  /** Monotonic. */
  now(): Ms;
  /** Ms since 1970: the time of points that carry none. */
  wallMs(): number;
  /** A new, empty batch of this protocol. Nothing of it is seen by anyone before `commit`. */
  batch(protocol: string): BatchBuilder;
}

export interface BatchBuilder {
  /** A NaN (Prometheus' stale marker too) is counted and left out. */
  point(series: Series, wallMs: number, value: number): void;
  log(line: LogLine): void;
  check(report: CheckReport): void;
  change(report: ChangeReport): void;
  readonly spans: SpanColumns;
  /** Parts of the request that were left out: reported by `meter` on commit, so that a refused request counts once. */
  drop(what: What, reason: DropReason, count?: number): void;
  /** How many of a kind were refused so far (NaN and cut text are not), for protocols that tell: OTLP's partial_success. */
  dropped(what: What): number;
  /** Hands everything on. Once; the builder is empty afterwards. */
  commit(): void;
}

/** Spans of one batch as columns: what folding needs of them, and nothing else. */
export interface SpanColumns {
  readonly length: number;
  /** Copies the row: pass the same object again and again. */
  add(span: SpanRow): void;
}

export interface SpanRow {
  /** Service (and instance) whose span this is: id of the EntityRegistry. */
  entity: number;
  /** For exits: the service called, as its caller names it; 0 when it does not. */
  peer: number;
  /** `peer` is what the callee calls itself (peer.service), or it has no spans of its own (a database): no need to wait. */
  peerCertain: boolean;
  /** The span's id mixed with its trace's, as two 32-bit halves (see `mixIds`). */
  idLow: number;
  idHigh: number;
  /** The same of its parent; 0, 0 for a root. */
  parentLow: number;
  parentHigh: number;
  durationUs: number;
  kind: SpanKind;
  error: boolean;
}

/** internal: neither end of a call. entry: server or consumer. exit: client or producer. */
export const SPAN_INTERNAL = 0;
export const SPAN_ENTRY = 1;
export const SPAN_EXIT = 2;
export type SpanKind = typeof SPAN_INTERNAL | typeof SPAN_ENTRY | typeof SPAN_EXIT;

/** What can be counted. */
export type What = 'requests' | 'points' | 'spans' | 'logs' | 'checks' | 'changes';

/** Why something was left out. The text is for people; the key is the label of the counter. */
export const DROP_REASONS = {
  malformed: 'not what the protocol says',
  'too-large': 'beyond maxRequestBytes, maxMessageBytes or maxLineBytes',
  'not-a-number': 'NaN: a stale marker, or a value that says nothing',
  unsupported: 'a kind of data that has no counterpart here',
  unauthorised: 'no token, or the wrong one',
  memory: 'maxInFlightBytes was used up',
  'too-many-connections': 'beyond maxConnections',
  'too-many-series': 'beyond maxSeries, or maxSeriesPerSource for this source',
  'too-many-labels': 'beyond maxLabels or maxLabelBytes',
  'too-many-entities': 'beyond maxEntities',
  'too-many-edges': 'beyond maxEdges in one window',
  'join-shortened': 'spans that waited less than joinMs for their other half: more than joinSpans came in that time',
  'join-crowded': 'spans that could not wait for their other half: a sender uses the same ids again and again',
  unmatched: 'spans whose other half never came (still counted on the side that was seen)',
  cut: 'text cut at maxLineBytes, attributes beyond maxLabels (the rest is kept)',
  'too-slow': 'did not arrive within requestMs',
  consumer: 'Holdfast itself could not take it: a defect',
} as const;
export type DropReason = keyof typeof DROP_REASONS;

export interface Meter {
  accepted(protocol: string, what: What, count: number): void;
  dropped(protocol: string, what: What, reason: DropReason, count: number): void;
  /** Everything that was ever counted, in a stable order. `reason` is null for what was accepted. */
  rows(): readonly MeterRow[];
}

export interface MeterRow {
  readonly protocol: string;
  readonly what: What;
  readonly reason: DropReason | null;
  readonly count: number;
}

/** maxInFlightBytes, taken before bytes are kept and given back when their request is done. */
export interface MemoryBudget {
  readonly usedBytes: number;
  /** False, and nothing taken, when it would go beyond. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/**
 * Series by the bytes that name them on the wire: whoever sends the same bytes again gets its Series back for the
 * price of a hash, without a string being made.
 */
export interface SeriesRegistry {
  readonly size: number;
  /** By a 64-bit hash of everything that tells this series from others (source included). Marks it as seen. */
  find(low: number, high: number): KnownSeries | undefined;
  /** Is there room for another series of this source? To be asked before strings are made. */
  room(source: string): boolean;
  /** Makes it known under this hash; undefined when there is no room. Labels in any order. */
  add(low: number, high: number, draft: SeriesDraft): KnownSeries | undefined;
}

export interface KnownSeries {
  readonly series: Series;
  /** Series that come with this one (a histogram's buckets), made by its protocol when it first sees it. */
  readonly parts: Series[];
}

export interface SeriesDraft {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: SeriesKind;
  readonly unit: string;
  readonly source: string;
  /** More series under the same roof. */
  readonly parts?: readonly Omit<SeriesDraft, 'source' | 'parts'>[];
}

/** Services and their instances as small numbers. Id 0 is never given. */
export interface EntityRegistry {
  /** 0 when there is no room. */
  id(service: string, instance: string | null): number;
  /** The service (no instance) named by these UTF-8 bytes, `:port` added unless 0. No string is made when it is known. */
  idOfBytes(bytes: Uint8Array, start: number, end: number, port?: number): number;
  service(id: number): string;
  instance(id: number): string | null;
}
