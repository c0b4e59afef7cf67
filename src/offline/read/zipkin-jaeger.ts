/** Traces as Zipkin v2 (a list of spans) and Jaeger's query API (`{data: [{traceID, spans, processes}]}`) show them. */
import { isObject, type JsonObject, textOf } from '../../intake/wire/json.ts';
import type { ReadSpan } from '../contract.ts';
import type { Collector } from './collector.ts';
import { Unreadable } from './errors.ts';
import { failedByAttributes, kindOfWord, peerOf } from './otlp.ts';

export function isZipkinSpan(value: unknown): value is JsonObject {
  return isObject(value) && 'traceId' in value && 'id' in value;
}

export function readZipkin(span: JsonObject, into: Collector): void {
  const tags = new Map(Object.entries(isObject(span.tags) ? span.tags : {}).map(([key, tag]) => [key, textOf(tag)]));
  const local = isObject(span.localEndpoint) ? span.localEndpoint : {};
  const remote = isObject(span.remoteEndpoint) ? span.remoteEndpoint : {};
  const kind = kindOfWord(textOf(span.kind) || 'internal');
  const own = textOf(span.id);
  const trace = textOf(span.traceId);
  if (own === '' || trace === '') throw new Unreadable('a span without traceId or id');
  // A shared span is the callee's half under the caller's id.
  const shared = span.shared === true && kind === 'server';
  into.span({
    trace,
    id: shared ? `${own}/server` : own,
    parent: shared ? own : textOf(span.parentId) || null,
    service: textOf(local.serviceName) || 'unknown',
    instance: null,
    host: textOf(local.ipv4) || null,
    kind,
    operation: textOf(span.name),
    startMs: microsToMs(span.timestamp, 'timestamp'),
    durationMs: microsToMs(span.duration ?? 0, 'duration'),
    failed: (tags.has('error') && tags.get('error') !== 'false') || failedByAttributes(tags),
    peer: kind === 'client' || kind === 'producer' ? textOf(remote.serviceName) || peerOf(tags) : null,
    message: tags.get('error') ?? null,
  });
}

export function isJaeger(value: unknown): value is JsonObject & { readonly data: readonly unknown[] } {
  return isObject(value) && Array.isArray(value.data) && value.data.every((one) => isObject(one) && 'spans' in one);
}

export function readJaeger(document: { readonly data: readonly unknown[] }, into: Collector): void {
  for (const trace of document.data) {
    if (!isObject(trace) || !Array.isArray(trace.spans)) throw new Unreadable('a trace without spans');
    const processes = isObject(trace.processes) ? trace.processes : {};
    for (const span of trace.spans) {
      if (!isObject(span)) throw new Unreadable('a span is not an object');
      const process = isObject(span.process) ? span.process : processes[textOf(span.processID)];
      into.span(jaegerSpan(span, isObject(process) ? process : {}));
    }
  }
}

function jaegerSpan(span: JsonObject, process: JsonObject): ReadSpan {
  const tags = tagsOf(span.tags);
  const about = tagsOf(process.tags);
  const references = Array.isArray(span.references) ? span.references.filter(isObject) : [];
  const parent =
    references.find((one) => one.refType === 'CHILD_OF') ?? references.find((one) => one.refType === 'FOLLOWS_FROM');
  const kind = kindOfWord(tags.get('span.kind') || 'unknown');
  if (textOf(span.spanID) === '') throw new Unreadable('a span without spanID');
  return {
    trace: textOf(span.traceID),
    id: textOf(span.spanID),
    parent: (parent ? textOf(parent.spanID) : textOf(span.parentSpanID)) || null,
    service: textOf(process.serviceName) || 'unknown',
    instance: about.get('service.instance.id') ?? about.get('k8s.pod.name') ?? about.get('hostname') ?? null,
    host: about.get('k8s.node.name') ?? about.get('host.name') ?? null,
    kind,
    operation: textOf(span.operationName),
    startMs: microsToMs(span.startTime, 'startTime'),
    durationMs: microsToMs(span.duration ?? 0, 'duration'),
    failed: failedByAttributes(tags) || tags.get('otel.status_code') === 'ERROR',
    peer: kind === 'server' || kind === 'consumer' ? null : peerOf(tags),
    message: tags.get('otel.status_description') ?? tags.get('error.message') ?? null,
  };
}

function tagsOf(list: unknown): Map<string, string> {
  const found = new Map<string, string>();
  if (Array.isArray(list)) for (const tag of list) if (isObject(tag)) found.set(textOf(tag.key), textOf(tag.value));
  return found;
}

function microsToMs(value: unknown, what: string): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw new Unreadable(`${what} is not a number of microseconds`);
  return number / 1_000;
}
