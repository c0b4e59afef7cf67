/**
 * InfluxDB's write API of 1.x (/write) and 2.x (/api/v2/write): what Telegraf and every Influx client speak. Like
 * InfluxDB, one bad line costs itself only: the good ones are taken, and 400 tells of the bad ones.
 */
import type { BatchBuilder, Intake, IntakeContext } from '../contract.ts';
import { hashHigh, hashLow, hashStart, hashText } from '../wire/hash.ts';
import { type HttpProtocol, type HttpReply, type HttpRequest, serveHttp } from '../wire/http.ts';
import { Malformed } from '../wire/protobuf.ts';
import { type InfluxLine, parseInflux, splitLines } from './lines.ts';

const NAME = 'influx';
/** Units of a time stamp per millisecond. */
const PER_MS: Readonly<Record<string, number>> = {
  ns: 1e6,
  n: 1e6,
  us: 1e3,
  u: 1e3,
  µ: 1e3,
  ms: 1,
  s: 1e-3,
  m: 1 / 60_000,
  h: 1 / 3_600_000,
};

export const influx: Intake = {
  name: NAME,
  title: 'InfluxDB line protocol over HTTP, 1.x and 2.x write API',
  transport: 'http',
  port: 8086,
  start: (context, options) => {
    const protocol: HttpProtocol = {
      name: NAME,
      port: 8086,
      open: (path) => path === '/ping' || path === '/health',
      tokenOf: (headers, query) =>
        /^Token (.+)$/i.exec(headers.authorization ?? '')?.[1]?.replace(/^[^:]*:/, '') ?? query.get('p') ?? undefined,
      refuse: (status, message, { path }) => errorReply(path, status, message),
      handle: (request) => handle(request, context),
    };
    return serveHttp(context, protocol, options);
  },
};

function handle(request: HttpRequest, context: IntakeContext): HttpReply {
  const { path, method, query } = request;
  if (path === '/ping') return { status: 204, headers: { 'x-influxdb-version': '1.8.10' } };
  if (path === '/health') return { status: 200, type: 'application/json', body: '{"name":"influxdb","status":"pass"}' };
  const refused = (status: number, message: string): HttpReply => {
    context.meter.dropped(NAME, 'requests', 'unsupported', 1);
    return errorReply(path, status, message);
  };
  if (path !== '/write' && path !== '/api/v2/write') return refused(404, 'not found');
  if (method !== 'POST') return refused(405, 'method not allowed');
  const precision = query.get('precision') ?? 'ns';
  const perMs = PER_MS[precision];
  if (perMs === undefined) return refused(400, `invalid precision "${precision.slice(0, 20)}"`);
  const batch = context.batch(NAME);
  const errors = takeInflux(request.body.toString('utf8'), perMs, request.remote, context, batch);
  const refusedPoints = batch.dropped('points') - errors.length;
  batch.commit();
  if (errors.length > 0) return errorReply(path, 400, errors.slice(0, 10).join('\n'));
  if (refusedPoints > 0)
    return errorReply(path, 400, `partial write: max-series-per-database limit exceeded: dropped=${refusedPoints}`);
  return { status: 204 };
}

/** What is wrong with which line, in InfluxDB's words; good lines are in the batch. */
export function takeInflux(
  text: string,
  perMs: number,
  remote: string,
  context: IntakeContext,
  batch: BatchBuilder,
): string[] {
  const errors: string[] = [];
  for (const raw of splitLines(text)) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    try {
      points(parseInflux(line), perMs, remote, context, batch);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      batch.drop('points', 'malformed');
      errors.push(`unable to parse '${line.slice(0, 200)}': ${error.message}`);
    }
  }
  return errors;
}

function points(line: InfluxLine, perMs: number, remote: string, context: IntakeContext, batch: BatchBuilder): void {
  const wallMs = line.time === null ? context.wallMs() : line.time / perMs;
  const source = line.tags.service ?? line.tags.host ?? remote;
  for (const [field, value] of line.fields) {
    if (value === null) {
      batch.drop('points', 'unsupported');
      continue;
    }
    hashStart();
    hashText(line.key);
    hashText(field);
    hashText(source);
    const low = hashLow();
    const high = hashHigh();
    let known = context.series.find(low, high);
    if (!known) {
      const name = `${line.measurement}.${field}`;
      const { maxLabels, maxLabelBytes } = context.limits;
      const texts = Object.values(line.tags);
      if (
        texts.length > maxLabels ||
        name.length > maxLabelBytes ||
        texts.some((text) => text.length > maxLabelBytes)
      ) {
        batch.drop('points', 'too-many-labels');
        continue;
      }
      known = context.series.add(low, high, { name, labels: line.tags, kind: 'gauge', unit: '', source });
      if (!known) {
        batch.drop('points', 'too-many-series');
        continue;
      }
    }
    batch.point(known.series, wallMs, value);
  }
}

function errorReply(path: string, status: number, message: string): HttpReply {
  const body =
    path === '/api/v2/write'
      ? {
          code:
            status === 401
              ? 'unauthorized'
              : status === 413
                ? 'request too large'
                : status >= 500
                  ? 'unavailable'
                  : 'invalid',
          message,
        }
      : { error: message };
  return {
    status,
    type: 'application/json',
    headers: { 'x-influxdb-error': message.split('\n')[0]?.replace(/[^ -~]/g, '?') ?? '' },
    body: JSON.stringify(body),
  };
}
