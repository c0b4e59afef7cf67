/**
 * Prometheus remote_write 1.0: POST of a snappy-compressed WriteRequest, on any path (by custom /api/v1/write).
 * Prometheus repeats 5xx and drops what got any other error.
 *
 * Specification: prometheus.io/docs/specs/prw/remote_write_spec.
 */
import type { BatchBuilder, Intake, IntakeContext, KnownSeries } from '../contract.ts';
import { hashBytes, hashHigh, hashLow, hashResume, hashStart } from '../wire/hash.ts';
import { type HttpProtocol, serveHttp } from '../wire/http.ts';
import { Cursor, Malformed, wordBytes } from '../wire/protobuf.ts';
import { kindOfName } from './names.ts';
import { snappyLength, unsnappy } from './snappy.ts';

const NAME = 'prometheus-remote-write';
/** Families whose type was told by metadata; more than this are guessed by name. */
const MAX_TYPES = 20_000;

const LEN1 = (1 << 3) | 2;
const LEN2 = (2 << 3) | 2;
const LEN3 = (3 << 3) | 2;
const HISTOGRAM = (4 << 3) | 2;
const VALUE = (1 << 3) | 1;
const TIMESTAMP = 2 << 3;
const METADATA_TYPE = 1 << 3;
const JOB = wordBytes('job');
/** MetricMetadata.MetricType. */
const TYPES = ['unknown', 'counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset'];

export const remoteWrite: Intake = {
  name: NAME,
  title: 'Prometheus remote_write 1.0',
  transport: 'http',
  port: 9201,
  start: (context, options) => {
    const types = new Map<string, string>();
    const plain = (status: number, message: string) => ({
      status,
      type: 'text/plain; charset=utf-8',
      body: `${message}\n`,
    });
    const protocol: HttpProtocol = {
      name: NAME,
      port: 9201,
      ownEncodings: ['snappy'],
      refuse: (status, message) => plain(status, message),
      handle: ({ method, headers, body }) => {
        const refused = (
          status: number,
          reason: 'malformed' | 'unsupported' | 'too-large' | 'memory',
          message: string,
        ) => {
          context.meter.dropped(NAME, 'requests', reason, 1);
          return plain(status, message);
        };
        if (method !== 'POST') return refused(405, 'unsupported', 'remote_write is sent by POST');
        if (/proto=io\.prometheus\.write\.v2/.test(headers['content-type'] ?? ''))
          return refused(415, 'unsupported', 'remote_write 2.0 is not supported: use 1.0');
        if (headers['content-encoding'] !== 'snappy')
          return refused(415, 'unsupported', 'content-encoding must be snappy');
        let taken = 0;
        try {
          const { bytes } = snappyLength(body);
          if (bytes > context.limits.maxRequestBytes)
            return refused(413, 'too-large', `more than ${context.limits.maxRequestBytes} bytes`);
          if (!context.memory.take(bytes))
            return refused(503, 'memory', 'too much is being received at once; try again');
          taken = bytes;
          const batch = context.batch(NAME);
          decodeWrite(unsnappy(body), types, context, batch);
          batch.commit();
          return { status: 204 };
        } catch (error) {
          if (error instanceof Malformed) return refused(400, 'malformed', error.message);
          throw error;
        } finally {
          context.memory.give(taken);
        }
      },
    };
    return serveHttp(context, protocol, options);
  },
};

/** Throws Malformed; nothing is committed. */
export function decodeWrite(
  bytes: Uint8Array,
  types: Map<string, string>,
  context: IntakeContext,
  batch: BatchBuilder,
): void {
  const cursor = new Cursor(bytes);
  const end = bytes.length;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) timeSeries(cursor, cursor.open(end), types, context, batch);
    else if (tag === LEN3) metadata(cursor, cursor.open(end), types);
    else cursor.skip(tag, end);
  }
  cursor.close(end);
}

function timeSeries(
  cursor: Cursor,
  end: number,
  types: Map<string, string>,
  context: IntakeContext,
  batch: BatchBuilder,
): void {
  const begin = cursor.at;
  hashStart();
  hashBytes(JOB, 0, JOB.length);
  let low = hashLow();
  let high = hashHigh();
  let samples = 0;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === LEN1) {
      const inner = cursor.open(end);
      hashResume(low, high);
      hashBytes(cursor.bytes, cursor.at, inner);
      low = hashLow();
      high = hashHigh();
      cursor.at = inner;
    } else {
      if (tag === LEN2) samples++;
      if (tag === HISTOGRAM) batch.drop('points', 'unsupported');
      cursor.skip(tag, end);
    }
  }
  cursor.close(end);
  if (samples === 0) return;
  const known =
    context.series.find(low, high) ?? create(cursor, begin, end, { low, high, samples }, types, context, batch);
  if (known) {
    cursor.at = begin;
    while (cursor.at < end) {
      const tag = cursor.tag();
      if (tag === LEN2) sample(cursor, cursor.open(end), known, batch);
      else cursor.skip(tag, end);
    }
  }
  cursor.at = end;
}

function sample(cursor: Cursor, end: number, known: KnownSeries, batch: BatchBuilder): void {
  let value = 0;
  let wallMs = 0;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === VALUE) value = cursor.double();
    else if (tag === TIMESTAMP) wallMs = cursor.varint64();
    else cursor.skip(tag, end);
  }
  cursor.close(end);
  batch.point(known.series, wallMs, value);
}

function create(
  cursor: Cursor,
  begin: number,
  end: number,
  { low, high, samples }: { low: number; high: number; samples: number },
  types: Map<string, string>,
  { series, limits }: IntakeContext,
  batch: BatchBuilder,
): KnownSeries | undefined {
  const refuse = (reason: 'too-many-series' | 'too-many-labels' | 'malformed'): undefined => {
    batch.drop('points', reason, samples);
    return undefined;
  };
  // First the source alone: a source without room costs one string, not all of its labels.
  let source = '';
  eachLabel(cursor, begin, end, (nameAt, nameEnd, valueAt, valueEnd) => {
    if (cursor.matches(nameAt, nameEnd, JOB)) source = cursor.text(valueAt, valueEnd);
  });
  if (!series.room(source)) return refuse('too-many-series');
  const labels: Record<string, string> = {};
  let count = 0;
  let longest = 0;
  eachLabel(cursor, begin, end, (nameAt, nameEnd, valueAt, valueEnd) => {
    longest = Math.max(longest, nameEnd - nameAt, valueEnd - valueAt);
    if (++count > limits.maxLabels + 1 || longest > limits.maxLabelBytes) return;
    const name = cursor.text(nameAt, nameEnd);
    if (name !== '__proto__') labels[name] = cursor.text(valueAt, valueEnd);
  });
  if (count > limits.maxLabels + 1 || longest > limits.maxLabelBytes) return refuse('too-many-labels');
  const { __name__: name, ...rest } = labels;
  if (name === undefined) return refuse('malformed');
  const draft = { name, labels: rest, kind: kindOfName(name, rest, types), unit: '', source };
  return series.add(low, high, draft) ?? refuse('too-many-series');
}

function eachLabel(
  cursor: Cursor,
  begin: number,
  end: number,
  visit: (nameAt: number, nameEnd: number, valueAt: number, valueEnd: number) => void,
): void {
  cursor.at = begin;
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag !== LEN1) {
      cursor.skip(tag, end);
      continue;
    }
    const inner = cursor.open(end);
    let [nameAt, nameEnd, valueAt, valueEnd] = [0, 0, 0, 0];
    while (cursor.at < inner) {
      const part = cursor.tag();
      if (part === LEN1 || part === LEN2) {
        const partEnd = cursor.open(inner);
        if (part === LEN1) [nameAt, nameEnd] = [cursor.at, partEnd];
        else [valueAt, valueEnd] = [cursor.at, partEnd];
        cursor.at = partEnd;
      } else cursor.skip(part, inner);
    }
    cursor.close(inner);
    visit(nameAt, nameEnd, valueAt, valueEnd);
  }
}

function metadata(cursor: Cursor, end: number, types: Map<string, string>): void {
  let type = 0;
  let family = '';
  while (cursor.at < end) {
    const tag = cursor.tag();
    if (tag === METADATA_TYPE) type = cursor.varint();
    else if (tag === LEN2) {
      const inner = cursor.open(end);
      family = cursor.text(cursor.at, inner);
      cursor.at = inner;
    } else cursor.skip(tag, end);
  }
  cursor.close(end);
  if (types.size < MAX_TYPES || types.has(family)) types.set(family, TYPES[type] ?? 'unknown');
}
