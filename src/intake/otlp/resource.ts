/** The few parts of an OTLP resource that say who speaks; all else (SDK version, host type, …) is skipped. */
import type { IntakeContext } from '../contract.ts';
import { hashBytes, hashHigh, hashLow, hashNumber, hashStart } from '../wire/hash.ts';
import { type Cursor, wordBytes } from '../wire/protobuf.ts';

/** Field numbers with wire type "length-delimited" as they stand on the wire. */
export const LEN1 = (1 << 3) | 2;
export const LEN2 = (2 << 3) | 2;
const INT3 = 3 << 3;

/** Attributes that become labels of the resource's series. The first is the source of series and edges. */
const IDENTITY = [
  'service.name',
  'service.namespace',
  'service.instance.id',
  'host.name',
  'k8s.pod.name',
  'container.id',
  'process.pid',
] as const;
const IDENTITY_WORDS = IDENTITY.map(wordBytes);

/** A UUID, as SDKs draw for themselves. */
const MADE_UP = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** An instance that is known by its process alone. */
export const PID_PREFIX = 'pid/';

export interface Resource {
  /** `unknown_service` when it has no service.name, as SDKs themselves say. */
  readonly service: string;
  readonly instance: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** What tells this resource's series from those of others. */
  readonly hashLow: number;
  readonly hashHigh: number;
}

/**
 * The resource of a ResourceSpans, ResourceMetrics or ResourceLogs that begins at the cursor. It is field 1, usually
 * first, but need not be; the cursor is back at the beginning afterwards.
 */
export function readResource(cursor: Cursor, end: number): Resource {
  const begin = cursor.at;
  const labels: Record<string, string> = {};
  hashStart();
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag !== LEN1) {
      cursor.skip(tag, end);
      continue;
    }
    const inner = cursor.open(end);
    while (cursor.at < inner) {
      const attribute = cursor.tag();
      if (attribute === LEN1) identity(cursor, cursor.open(inner), labels);
      else cursor.skip(attribute, inner);
    }
    cursor.close(inner);
  }
  cursor.at = begin;
  const service = labels['service.name'] ?? 'unknown_service';
  return {
    service,
    instance: instanceOf(labels),
    labels,
    hashLow: hashLow(),
    hashHigh: hashHigh(),
  };
}

/** What names it best: SDKs make up ids that nobody else knows, and then the process says more than its machine. */
function instanceOf(labels: Readonly<Record<string, string>>): string | null {
  const named = labels['service.instance.id'];
  const pid = labels['process.pid'];
  if (named !== undefined && (pid === undefined || !MADE_UP.test(named))) return named;
  if (pid !== undefined) return `${PID_PREFIX}${pid}`;
  return labels['k8s.pod.name'] ?? labels['host.name'] ?? null;
}

function identity(cursor: Cursor, end: number, labels: Record<string, string>): void {
  const begin = cursor.at;
  let word = -1;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) {
      const keyEnd = cursor.open(end);
      const start = cursor.at;
      word = IDENTITY_WORDS.findIndex((candidate) => cursor.matches(start, keyEnd, candidate));
      cursor.at = keyEnd;
    } else if (tag === LEN2 && word >= 0) {
      const valueEnd = cursor.open(end);
      const text = stringValue(cursor, valueEnd);
      if (text !== '') {
        labels[IDENTITY[word] as string] = text;
        hashNumber(word);
        hashBytes(cursor.bytes, begin, end);
      }
    } else cursor.skip(tag, end);
  }
  cursor.close(end);
}

/** The string_value of an AnyValue, or its int_value as text; '' for any other kind. */
function stringValue(cursor: Cursor, end: number): string {
  let text = '';
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) {
      const inner = cursor.open(end);
      text = cursor.text(cursor.at, inner);
      cursor.at = inner;
    } else if (tag === INT3) text = String(cursor.varint64());
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  return text;
}

/** 0 when there is no room for another service. */
export function entityOf(context: IntakeContext, resource: Resource): number {
  return context.entities.id(resource.service, resource.instance);
}
