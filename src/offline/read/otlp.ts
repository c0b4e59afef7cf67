/**
 * OTLP/JSON as exporters write it to files: an export request, or one per line as the OpenTelemetry collector's file
 * exporter does. Metrics and logs go through the intake's own decoder. Spans are read here: the intake keeps of them
 * only what live edges need, a diagnosis wants names, times and parents as well.
 */

import { severityOf } from '../../intake/severity.ts';
import { isObject, type JsonObject, textOf } from '../../intake/wire/json.ts';
import type { LogSeverity } from '../../model/telemetry.ts';
import type { ReadKind, ReadLog, ReadSpan } from '../contract.ts';
import type { Collector } from './collector.ts';
import { Unreadable } from './errors.ts';

export const OTLP_KEYS = ['resourceSpans', 'resourceMetrics', 'resourceLogs'] as const;

/** Spans and logs of one request; metrics are handed to the collector's intake. True when it was one. */
export function readOtlp(document: JsonObject, into: Collector): boolean {
  let any = false;
  for (const resource of listAt(document, 'resourceSpans')) {
    any = true;
    readSpans(resource, into);
  }
  for (const resource of listAt(document, 'resourceLogs')) {
    any = true;
    readLogs(resource, into);
  }
  if (Array.isArray(document.resourceMetrics)) {
    any = true;
    into.otlpMetrics(document);
  }
  return any || OTLP_KEYS.some((key) => key in document);
}

type Attributes = ReadonlyMap<string, string>;

interface Speaker {
  readonly service: string;
  readonly instance: string | null;
  readonly host: string | null;
}

function speakerOf(resource: JsonObject): Speaker {
  const attributes = attributesOf(isObject(resource.resource) ? resource.resource.attributes : undefined);
  const first = (...keys: readonly string[]): string | null =>
    keys.map((key) => attributes.get(key) ?? '').find((value) => value !== '') ?? null;
  return {
    service: first('service.name', 'k8s.deployment.name', 'k8s.container.name', 'container.name') ?? 'unknown_service',
    instance: first('service.instance.id', 'k8s.pod.name', 'container.id'),
    host: first('k8s.node.name', 'host.name', 'host.id'),
  };
}

const KINDS: readonly ReadKind[] = ['unknown', 'internal', 'server', 'client', 'producer', 'consumer'];
const STATUS_ERROR = 2;

function readSpans(resource: JsonObject, into: Collector): void {
  const speaker = speakerOf(resource);
  // instrumentationLibrarySpans: what exporters of 2021 and before wrote.
  for (const scope of [...listAt(resource, 'scopeSpans'), ...listAt(resource, 'instrumentationLibrarySpans')])
    for (const span of listAt(scope, 'spans')) into.span(spanOf(span, speaker));
}

function spanOf(span: JsonObject, speaker: Speaker): ReadSpan {
  const trace = textOf(span.traceId);
  const id = textOf(span.spanId);
  if (trace === '' || id === '') throw new Unreadable('a span without traceId or spanId');
  const attributes = attributesOf(span.attributes);
  const startMs = nanosToMs(span.startTimeUnixNano, 'startTimeUnixNano');
  const endMs = nanosToMs(span.endTimeUnixNano ?? span.startTimeUnixNano, 'endTimeUnixNano');
  const status = isObject(span.status) ? span.status : {};
  const kind = typeof span.kind === 'string' ? kindOfWord(span.kind) : (KINDS[Number(span.kind ?? 0)] ?? 'unknown');
  return {
    ...speaker,
    trace,
    id,
    parent: textOf(span.parentSpanId).replace(/^0+$/, '') || null,
    kind,
    operation: textOf(span.name),
    startMs,
    durationMs: Math.max(0, endMs - startMs),
    failed: status.code === STATUS_ERROR || status.code === 'STATUS_CODE_ERROR' || failedByAttributes(attributes),
    peer: kind === 'client' || kind === 'producer' || kind === 'unknown' ? peerOf(attributes) : null,
    message: textOf(status.message) || attributes.get('exception.message') || exceptionOf(span) || null,
  };
}

export function kindOfWord(word: string): ReadKind {
  const plain = word.replace(/^SPAN_KIND_/i, '').toLowerCase();
  return (KINDS as readonly string[]).includes(plain) ? (plain as ReadKind) : 'unknown';
}

/** Servers answer 5xx when they failed; callers of an answer in 4xx have themselves to blame. */
export function failedByAttributes(attributes: Attributes): boolean {
  const status = Number(attributes.get('http.response.status_code') ?? attributes.get('http.status_code') ?? 0);
  const flag = (attributes.get('error') ?? '').toLowerCase();
  // gRPC: unknown, deadline, exhausted, aborted, internal, unavailable, data loss.
  const grpc = Number(attributes.get('rpc.grpc.status_code') ?? attributes.get('grpc.status_code') ?? 0);
  return status >= 500 || flag === 'true' || flag === '1' || [2, 4, 8, 10, 13, 14, 15].includes(grpc);
}

/** What names a callee, in today's and yesterday's semantic conventions; the surest first. */
export function peerOf(attributes: Attributes): string | null {
  const named = attributes.get('peer.service');
  if (named) return named;
  const port = attributes.get('server.port') ?? attributes.get('net.peer.port') ?? '';
  const address = [
    'server.address',
    'net.peer.name',
    'peer.hostname',
    'net.peer.ip',
    'peer.address',
    'upstream_cluster',
  ]
    .map((key) => attributes.get(key) ?? '')
    .find((value) => value !== '');
  if (address) return port === '' || port === '0' ? address : `${address}:${port}`;
  return (
    attributes.get('messaging.destination.name') ??
    attributes.get('db.system.name') ??
    attributes.get('db.system') ??
    attributes.get('messaging.system') ??
    attributes.get('rpc.service') ??
    null
  );
}

function exceptionOf(span: JsonObject): string {
  for (const event of listAt(span, 'events')) {
    const text = attributesOf(event.attributes).get('exception.message');
    if (text) return text;
  }
  return '';
}

/** SeverityNumber: 1–4 trace, 5–8 debug, … 21–24 fatal. */
const SEVERITIES: readonly LogSeverity[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

function readLogs(resource: JsonObject, into: Collector): void {
  const speaker = speakerOf(resource);
  for (const scope of [...listAt(resource, 'scopeLogs'), ...listAt(resource, 'instrumentationLibraryLogs')])
    for (const record of listAt(scope, 'logRecords')) into.log(logOf(record, speaker));
}

function logOf(record: JsonObject, speaker: Speaker): ReadLog {
  const observed = nanosToMs(record.observedTimeUnixNano ?? 0, 'observedTimeUnixNano');
  const attributes = attributesOf(record.attributes);
  const exception = [attributes.get('exception.type'), attributes.get('exception.message')].filter(Boolean).join(': ');
  const body = isObject(record.body) ? anyText(record.body) : textOf(record.body);
  return {
    atMs: nanosToMs(record.timeUnixNano ?? 0, 'timeUnixNano') || observed,
    ...speaker,
    severity:
      SEVERITIES[Math.floor((Number(record.severityNumber ?? 0) - 1) / 4)] ?? severityOf(textOf(record.severityText)),
    text: exception === '' ? body : `${body} ${exception}`.trim(),
  };
}

function listAt(holder: JsonObject, key: string): JsonObject[] {
  const list = holder[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw new Unreadable(`${key} is not a list`);
  return list.map((item: unknown, n) => {
    if (!isObject(item)) throw new Unreadable(`${key}[${n}] is not an object`);
    return item;
  });
}

const NONE: Attributes = new Map();

function attributesOf(list: unknown): Attributes {
  if (!Array.isArray(list) || list.length === 0) return NONE;
  const found = new Map<string, string>();
  for (const item of list) {
    if (isObject(item) && typeof item.key === 'string' && isObject(item.value))
      found.set(item.key, anyText(item.value));
  }
  return found;
}

function anyText(value: JsonObject): string {
  const scalar = value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue;
  if (scalar !== undefined) return String(scalar);
  return Object.keys(value).length === 0 ? '' : JSON.stringify(value);
}

/** Nanoseconds since 1970 as text or number: beyond what a double counts exactly, so milliseconds are cut off as text. */
export function nanosToMs(value: unknown, what: string): number {
  const text = typeof value === 'number' ? value.toFixed(0) : textOf(value);
  if (text === '') return 0;
  if (!/^\d{1,20}$/.test(text)) throw new Unreadable(`${what} is not a time in nanoseconds: ${text.slice(0, 40)}`);
  if (text.length <= 6) return Number(text) / 1e6;
  return Number(text.slice(0, -6)) + Number(text.slice(-6)) / 1e6;
}
