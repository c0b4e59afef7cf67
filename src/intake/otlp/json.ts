/**
 * OTLP/JSON → OTLP/protobuf, by a table of what the messages look like; then the one decoder does the rest, so the two
 * forms cannot drift apart. OTLP's own rules over proto3 JSON: trace and span ids in hex, enums as integers, 64-bit
 * integers as decimal strings (numbers are accepted), lowerCamelCase keys only, unknown keys ignored.
 */
import { ProtoWriter } from '../wire/proto-writer.ts';
import { depthGuard, Malformed } from '../wire/protobuf.ts';

type Kind = 'text' | 'hex' | 'base64' | 'bool' | 'varint' | 'fixed64' | 'double' | 'counts' | 'bounds';
/** Field number, what it is (a kind, or another message), and whether it repeats. */
type Field = readonly [number: number, is: Kind | (() => Message), many?: true];
export type Message = Readonly<Record<string, Field>>;

const ANY: Message = {
  stringValue: [1, 'text'],
  boolValue: [2, 'bool'],
  intValue: [3, 'varint'],
  doubleValue: [4, 'double'],
  arrayValue: [5, () => ({ values: [1, () => ANY, true] })],
  kvlistValue: [6, () => ({ values: [1, () => KEY_VALUE, true] })],
  bytesValue: [7, 'base64'],
};
const KEY_VALUE: Message = { key: [1, 'text'], value: [2, () => ANY] };
const ATTRIBUTES = (field: number): Field => [field, () => KEY_VALUE, true];
const RESOURCE: Message = { attributes: ATTRIBUTES(1) };
const STATUS: Message = { message: [2, 'text'], code: [3, 'varint'] };
const SPAN: Message = {
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  parentSpanId: [4, 'hex'],
  name: [5, 'text'],
  kind: [6, 'varint'],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: ATTRIBUTES(9),
  status: [15, () => STATUS],
};
const NUMBER_POINT: Message = {
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
  asInt: [6, 'fixed64'],
  attributes: ATTRIBUTES(7),
  flags: [8, 'varint'],
};
const HISTOGRAM_POINT: Message = {
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'counts'],
  explicitBounds: [7, 'bounds'],
  attributes: ATTRIBUTES(9),
  flags: [10, 'varint'],
};
const EXPONENTIAL_POINT: Message = {
  attributes: ATTRIBUTES(1),
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  flags: [10, 'varint'],
};
const QUANTILE: Message = { quantile: [1, 'double'], value: [2, 'double'] };
const SUMMARY_POINT: Message = {
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  quantileValues: [6, () => QUANTILE, true],
  attributes: ATTRIBUTES(7),
  flags: [8, 'varint'],
};
const METRIC: Message = {
  name: [1, 'text'],
  description: [2, 'text'],
  unit: [3, 'text'],
  gauge: [5, () => ({ dataPoints: [1, () => NUMBER_POINT, true] })],
  sum: [
    7,
    () => ({
      dataPoints: [1, () => NUMBER_POINT, true],
      aggregationTemporality: [2, 'varint'],
      isMonotonic: [3, 'bool'],
    }),
  ],
  histogram: [9, () => ({ dataPoints: [1, () => HISTOGRAM_POINT, true], aggregationTemporality: [2, 'varint'] })],
  exponentialHistogram: [
    10,
    () => ({ dataPoints: [1, () => EXPONENTIAL_POINT, true], aggregationTemporality: [2, 'varint'] }),
  ],
  summary: [11, () => ({ dataPoints: [1, () => SUMMARY_POINT, true] })],
};
const LOG_RECORD: Message = {
  timeUnixNano: [1, 'fixed64'],
  severityNumber: [2, 'varint'],
  severityText: [3, 'text'],
  body: [5, () => ANY],
  attributes: ATTRIBUTES(6),
  observedTimeUnixNano: [11, 'fixed64'],
};

const request = (outer: string, scopes: string, items: string, item: Message): Message => ({
  [outer]: [
    1,
    () => ({
      resource: [1, () => RESOURCE],
      [scopes]: [2, () => ({ [items]: [2, () => item, true] }), true],
    }),
    true,
  ],
});

export const TRACES = request('resourceSpans', 'scopeSpans', 'spans', SPAN);
export const METRICS = request('resourceMetrics', 'scopeMetrics', 'metrics', METRIC);
export const LOGS = request('resourceLogs', 'scopeLogs', 'logRecords', LOG_RECORD);

/** Throws Malformed with the path of what is wrong. */
export function jsonToProtobuf(text: string, message: Message): Uint8Array {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Malformed(error instanceof Error ? error.message : 'not JSON');
  }
  return toProtobuf(value, message);
}

export function toProtobuf(value: unknown, message: Message): Uint8Array {
  const writer = new ProtoWriter();
  write(writer, value, message, '', 0);
  return writer.bytes();
}

function write(writer: ProtoWriter, value: unknown, message: Message, path: string, depth: number): void {
  depthGuard(depth);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Malformed(`${path || 'the request'} is not an object`);
  for (const [key, item] of Object.entries(value)) {
    const field = Object.hasOwn(message, key) ? message[key] : undefined;
    if (!field || item === null) continue;
    const where = path === '' ? key : `${path}.${key}`;
    if (!field[2]) {
      one(writer, field, item, where, depth);
      continue;
    }
    if (!Array.isArray(item)) throw new Malformed(`${where} is not a list`);
    for (const element of item) one(writer, field, element, where, depth);
  }
}

function one(writer: ProtoWriter, [number, is]: Field, value: unknown, path: string, depth: number): void {
  if (typeof is === 'function') {
    writer.message(number, (inner) => write(inner, value, is(), path, depth + 1));
    return;
  }
  switch (is) {
    case 'text':
      writer.text(number, expectText(value, path));
      break;
    case 'hex': {
      const text = expectText(value, path);
      if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new Malformed(`${path} is not hex`);
      writer.chunk(number, Buffer.from(text, 'hex'));
      break;
    }
    case 'base64':
      writer.chunk(number, Buffer.from(expectText(value, path), 'base64'));
      break;
    case 'bool':
      writer.varint(number, value === true ? 1 : 0);
      break;
    case 'varint':
      writer.varint(number, integer(value, path));
      break;
    case 'fixed64':
      writer.fixed64(number, integer(value, path));
      break;
    case 'double':
      writer.double(number, double(value, path));
      break;
    case 'counts':
      for (const count of listOf(value, path)) writer.fixed64(number, integer(count, path));
      break;
    case 'bounds':
      for (const bound of listOf(value, path)) writer.double(number, double(bound, path));
      break;
  }
}

function listOf(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw new Malformed(`${path} is not a list`);
  return value;
}

function expectText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new Malformed(`${path} is not text`);
  return value;
}

function integer(value: unknown, path: string): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new Malformed(`${path} is not a whole number`);
}

/** JSON has no NaN or infinity: proto3 writes them as text. */
function double(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  throw new Malformed(`${path} is not a number`);
}
