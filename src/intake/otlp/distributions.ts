/** Points that are whole distributions: histograms of both kinds, and summaries. See metrics.ts for what they become. */
import type { BatchBuilder, IntakeContext } from '../contract.ts';
import { hashBytes, hashHigh, hashLow, hashResume } from '../wire/hash.ts';
import { type Cursor, Malformed } from '../wire/protobuf.ts';
import { type MetricHead, NO_VALUE, type SeriesPart, seriesOf } from './metric-series.ts';
import { LEN1 } from './resource.ts';

const TIME = (3 << 3) | 1;
const COUNT = (4 << 3) | 1;
const SUM = (5 << 3) | 1;
const COUNTS = (6 << 3) | 2;
const COUNTS_UNPACKED = (6 << 3) | 1;
const BOUNDS = (7 << 3) | 2;
const BOUNDS_UNPACKED = (7 << 3) | 1;
const ATTRIBUTE = (9 << 3) | 2;
const FLAGS = 10 << 3;
const QUANTILE = (6 << 3) | 2;
const SUMMARY_ATTRIBUTE = (7 << 3) | 2;
const SUMMARY_FLAGS = 8 << 3;
const MAX_BUCKETS = 512;

/** Reused from point to point: decoding is synchronous. */
const counts = new Float64Array(MAX_BUCKETS + 1);
const bounds = new Float64Array(MAX_BUCKETS);

/** Explicit and exponential ones agree in time, count, sum and flags; of the latter the buckets are left out. */
export function histogramPoint(
  cursor: Cursor,
  end: number,
  exponential: boolean,
  head: MetricHead,
  context: IntakeContext,
  batch: BatchBuilder,
): void {
  const begin = cursor.at;
  const attribute = exponential ? LEN1 : ATTRIBUTE;
  let [wallMs, count, sum, flags, buckets, borders] = [0, 0, Number.NaN, 0, 0, 0];
  hashResume(head.hashLow, head.hashHigh);
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === attribute) hashField(cursor, cursor.open(end));
    else if (tag === TIME) wallMs = cursor.nanosAsMs();
    else if (tag === COUNT) count = cursor.sfixed64();
    else if (tag === SUM) sum = cursor.double();
    else if (tag === FLAGS) flags = cursor.varint();
    else if (tag === COUNTS && !exponential) {
      const inner = cursor.open(end);
      while (cursor.at < inner) counts[place(buckets++, MAX_BUCKETS)] = cursor.sfixed64();
      cursor.close(inner);
    } else if (tag === BOUNDS && !exponential) {
      const inner = cursor.open(end);
      // Other bounds are other series.
      hashBytes(cursor.bytes, cursor.at, inner);
      while (cursor.at < inner) bounds[place(borders++, MAX_BUCKETS - 1)] = cursor.double();
      cursor.close(inner);
    } else if (tag === COUNTS_UNPACKED && !exponential) counts[place(buckets++, MAX_BUCKETS)] = cursor.sfixed64();
    else if (tag === BOUNDS_UNPACKED && !exponential) {
      hashBytes(cursor.bytes, cursor.at, cursor.at + 8);
      bounds[place(borders++, MAX_BUCKETS - 1)] = cursor.double();
    } else cursor.skip(tag, end);
  }
  cursor.close(end);
  if (buckets !== 0 && buckets !== borders + 1) {
    batch.drop('points', 'malformed');
    return;
  }
  const low = hashLow();
  const high = hashHigh();
  const known =
    context.series.find(low, high) ??
    seriesOf(
      { cursor, begin, end, attribute, low, high, name: '_count', parts: parts(borders, buckets) },
      head,
      context,
      batch,
    );
  cursor.at = end;
  if (!known) return;
  const at = wallMs === 0 ? context.wallMs() : wallMs;
  const stale = (flags & NO_VALUE) !== 0;
  batch.point(known.series, at, stale ? Number.NaN : count);
  if (stale) return;
  if (known.parts[0] && !Number.isNaN(sum)) batch.point(known.parts[0], at, sum);
  let below = 0;
  for (let n = 0; n < buckets; n++) {
    below += counts[n] as number;
    const part = known.parts[n + 1];
    if (part) batch.point(part, at, below);
  }
}

export function summaryPoint(
  cursor: Cursor,
  end: number,
  head: MetricHead,
  context: IntakeContext,
  batch: BatchBuilder,
): void {
  const begin = cursor.at;
  let [wallMs, count, sum, flags, quantiles] = [0, 0, 0, 0, 0];
  hashResume(head.hashLow, head.hashHigh);
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === SUMMARY_ATTRIBUTE) hashField(cursor, cursor.open(end));
    else if (tag === TIME) wallMs = cursor.nanosAsMs();
    else if (tag === COUNT) count = cursor.sfixed64();
    else if (tag === SUM) sum = cursor.double();
    else if (tag === SUMMARY_FLAGS) flags = cursor.varint();
    else if (tag === QUANTILE) {
      const inner = cursor.open(end);
      quantile(cursor, inner, place(quantiles++, MAX_BUCKETS - 1));
    } else cursor.skip(tag, end);
  }
  cursor.close(end);
  const low = hashLow();
  const high = hashHigh();
  const names: SeriesPart[] = [{ suffix: '_sum' }];
  for (let n = 0; n < quantiles; n++) names.push({ suffix: '', label: ['quantile', String(bounds[n])], kind: 'gauge' });
  const known =
    context.series.find(low, high) ??
    seriesOf(
      { cursor, begin, end, attribute: SUMMARY_ATTRIBUTE, low, high, name: '_count', parts: names },
      head,
      context,
      batch,
    );
  cursor.at = end;
  if (!known) return;
  const at = wallMs === 0 ? context.wallMs() : wallMs;
  const stale = (flags & NO_VALUE) !== 0;
  batch.point(known.series, at, stale ? Number.NaN : count);
  if (stale) return;
  const [total, ...levels] = known.parts;
  if (total) batch.point(total, at, sum);
  // By their label: another point of the series may carry other quantiles.
  for (const level of levels)
    for (let n = 0; n < quantiles; n++)
      if (level.labels.quantile === String(bounds[n])) batch.point(level, at, counts[n] as number);
}

function quantile(cursor: Cursor, end: number, n: number): void {
  bounds[n] = 0;
  counts[n] = 0;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === ((1 << 3) | 1)) bounds[n] = cursor.double();
    else if (tag === ((2 << 3) | 1)) counts[n] = cursor.double();
    else cursor.skip(tag, end);
  }
  cursor.close(end);
}

function parts(borders: number, buckets: number): SeriesPart[] {
  const parts: SeriesPart[] = [{ suffix: '_sum' }];
  if (buckets === 0) return parts;
  for (let n = 0; n < borders; n++) parts.push({ suffix: '_bucket', label: ['le', String(bounds[n])] });
  parts.push({ suffix: '_bucket', label: ['le', '+Inf'] });
  return parts;
}

function hashField(cursor: Cursor, inner: number): void {
  hashBytes(cursor.bytes, cursor.at, inner);
  cursor.at = inner;
}

function place(n: number, most: number): number {
  if (n > most) throw new Malformed(`more than ${MAX_BUCKETS} buckets`);
  return n;
}
