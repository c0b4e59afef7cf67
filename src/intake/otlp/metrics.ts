/**
 * ExportMetricsServiceRequest → points. A series that is known costs a hash of its bytes; strings are made when it is
 * new. What becomes of each kind:
 *
 * | OTLP | series |
 * | --- | --- |
 * | gauge, non-monotonic cumulative sum | gauge `name` |
 * | monotonic cumulative sum | counter `name` |
 * | delta sum | delta `name` |
 * | histogram | `name_count`, `name_sum`, `name_bucket` with label le (cumulative over buckets), counter or delta |
 * | exponential histogram | `name_count`, `name_sum` |
 * | summary | counter `name_count`, counter `name_sum`, gauge `name` with label quantile |
 *
 * Field numbers: opentelemetry/proto/metrics/v1/metrics.proto.
 */
import type { BatchBuilder, IntakeContext } from '../contract.ts';
import { hashBytes, hashHigh, hashLow, hashNumber, hashResume } from '../wire/hash.ts';
import { Cursor } from '../wire/protobuf.ts';
import { histogramPoint, summaryPoint } from './distributions.ts';
import { type MetricHead, NO_VALUE, seriesOf } from './metric-series.ts';
import { LEN1, LEN2, type Resource, readResource } from './resource.ts';

const UNIT = (3 << 3) | 2;
const GAUGE = (5 << 3) | 2;
const SUM = (7 << 3) | 2;
const HISTOGRAM = (9 << 3) | 2;
const EXPONENTIAL = (10 << 3) | 2;
const SUMMARY = (11 << 3) | 2;
const TEMPORALITY = 2 << 3;
const MONOTONIC = 3 << 3;
const DELTA = 1;

const TIME = (3 << 3) | 1;
const AS_DOUBLE = (4 << 3) | 1;
const AS_INT = (6 << 3) | 1;
const ATTRIBUTE = (7 << 3) | 2;
const FLAGS = 8 << 3;

/** Throws Malformed; nothing is committed. */
export function decodeMetrics(bytes: Uint8Array, context: IntakeContext, batch: BatchBuilder): void {
  const cursor = new Cursor(bytes);
  const end = bytes.length;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) resourceMetrics(cursor, cursor.open(end), context, batch);
    else cursor.skip(tag, end);
  }
  cursor.close(end);
}

function resourceMetrics(cursor: Cursor, end: number, context: IntakeContext, batch: BatchBuilder): void {
  const resource = readResource(cursor, end);
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag !== LEN2) {
      cursor.skip(tag, end);
      continue;
    }
    const scope = cursor.open(end);
    while (cursor.at < scope) {
      const inner = cursor.tag();
      if (inner === LEN2) metric(cursor, cursor.open(scope), resource, context, batch);
      else cursor.skip(inner, scope);
    }
    cursor.close(scope);
  }
  cursor.close(end);
}

function metric(cursor: Cursor, end: number, resource: Resource, context: IntakeContext, batch: BatchBuilder): void {
  const head: MetricHead = {
    resource,
    nameAt: 0,
    nameEnd: 0,
    unitAt: 0,
    unitEnd: 0,
    kind: 'gauge',
    hashLow: 0,
    hashHigh: 0,
  };
  let data = 0;
  let dataAt = 0;
  let dataEnd = 0;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1 || tag === UNIT) {
      const inner = cursor.open(end);
      if (tag === LEN1) [head.nameAt, head.nameEnd] = [cursor.at, inner];
      else [head.unitAt, head.unitEnd] = [cursor.at, inner];
      cursor.at = inner;
    } else if (tag === GAUGE || tag === SUM || tag === HISTOGRAM || tag === EXPONENTIAL || tag === SUMMARY) {
      data = tag;
      dataEnd = cursor.open(end);
      dataAt = cursor.at;
      cursor.at = dataEnd;
    } else cursor.skip(tag, end);
  }
  cursor.close(end);
  if (data === 0) return;
  cursor.at = dataAt;
  kindOf(cursor, dataEnd, data, head);
  hashResume(resource.hashLow, resource.hashHigh);
  hashBytes(cursor.bytes, head.nameAt, head.nameEnd);
  hashNumber(data * 4 + (head.kind === 'gauge' ? 0 : head.kind === 'counter' ? 1 : 2));
  head.hashLow = hashLow();
  head.hashHigh = hashHigh();
  points(cursor, dataEnd, data, head, context, batch);
  cursor.at = end;
}

/** Temporality and monotonicity come after the points, but decide what they are: a quick look ahead. */
function kindOf(cursor: Cursor, end: number, data: number, head: MetricHead): void {
  let temporality = 0;
  let monotonic = data === HISTOGRAM || data === EXPONENTIAL ? 1 : 0;
  if (data === GAUGE) return;
  const begin = cursor.at;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === TEMPORALITY) temporality = cursor.varint();
    else if (tag === MONOTONIC && data === SUM) monotonic = cursor.varint();
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  cursor.at = begin;
  if (data === SUMMARY) head.kind = 'counter';
  else if (temporality === DELTA) head.kind = 'delta';
  else head.kind = monotonic === 0 ? 'gauge' : 'counter';
}

function points(
  cursor: Cursor,
  end: number,
  data: number,
  head: MetricHead,
  context: IntakeContext,
  batch: BatchBuilder,
): void {
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag !== LEN1) {
      cursor.skip(tag, end);
      continue;
    }
    const inner = cursor.open(end);
    if (data === GAUGE || data === SUM) numberPoint(cursor, inner, head, context, batch);
    else if (data === SUMMARY) summaryPoint(cursor, inner, head, context, batch);
    else histogramPoint(cursor, inner, data === EXPONENTIAL, head, context, batch);
    cursor.close(inner);
  }
  cursor.close(end);
}

function numberPoint(cursor: Cursor, end: number, head: MetricHead, context: IntakeContext, batch: BatchBuilder): void {
  const begin = cursor.at;
  let wallMs = 0;
  let value = Number.NaN;
  let flags = 0;
  hashResume(head.hashLow, head.hashHigh);
  while (cursor.at < end) {
    const tag = cursor.tag();
    switch (tag) {
      case TIME:
        wallMs = cursor.nanosAsMs();
        break;
      case AS_DOUBLE:
        value = cursor.double();
        break;
      case AS_INT:
        value = cursor.sfixed64();
        break;
      case ATTRIBUTE: {
        const inner = cursor.open(end);
        hashBytes(cursor.bytes, cursor.at, inner);
        cursor.at = inner;
        break;
      }
      case FLAGS:
        flags = cursor.varint();
        break;
      default:
        cursor.skip(tag, end);
    }
  }
  cursor.close(end);
  const low = hashLow();
  const high = hashHigh();
  const known =
    context.series.find(low, high) ??
    seriesOf({ cursor, begin, end, attribute: ATTRIBUTE, low, high, name: '', parts: [] }, head, context, batch);
  if (!known) return;
  batch.point(known.series, wallMs === 0 ? context.wallMs() : wallMs, flags & NO_VALUE ? Number.NaN : value);
}
