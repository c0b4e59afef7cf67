/**
 * Zipkin v2: POST /api/v2/spans, a JSON list of spans; 202 when it was taken, 400 with the reason when it was not.
 * Spans go the same way as OTLP's: a trace may be told half by Zipkin and half by OTLP.
 *
 * Format: zipkin.io/zipkin-api (v2).
 */
import type { BatchBuilder, Intake, IntakeContext, SpanKind, SpanRow } from '../contract.ts';
import { SPAN_ENTRY, SPAN_EXIT, SPAN_INTERNAL } from '../contract.ts';
import { mixIds } from '../fold/columns.ts';
import { type HttpProtocol, type HttpReply, serveHttp } from '../wire/http.ts';
import { isObject, type JsonObject, parseJson, textOf } from '../wire/json.ts';
import { Malformed } from '../wire/protobuf.ts';

const NAME = 'zipkin';
const KINDS: ReadonlyMap<unknown, SpanKind> = new Map<unknown, SpanKind>([
  ['CLIENT', SPAN_EXIT],
  ['PRODUCER', SPAN_EXIT],
  ['SERVER', SPAN_ENTRY],
  ['CONSUMER', SPAN_ENTRY],
]);

export const zipkin: Intake = {
  name: NAME,
  title: 'Zipkin v2 spans (JSON over HTTP)',
  transport: 'http',
  port: 9411,
  start: (context, options) => {
    const plain = (status: number, body: string): HttpReply => ({ status, type: 'text/plain; charset=utf-8', body });
    const protocol: HttpProtocol = {
      name: NAME,
      port: 9411,
      refuse: (status, message) => plain(status, message),
      handle: ({ path, method, type, body }) => {
        const refused = (status: number, reason: 'unsupported' | 'malformed', message: string): HttpReply => {
          context.meter.dropped(NAME, 'requests', reason, 1);
          return plain(status, message);
        };
        if (path === '/health') return { status: 200, type: 'application/json', body: '{"status":"UP"}' };
        if (path !== '/api/v2/spans') return refused(404, 'unsupported', 'only /api/v2/spans is served here');
        if (method !== 'POST') return refused(405, 'unsupported', 'spans are sent by POST');
        if (type !== 'application/json' && type !== '')
          return refused(415, 'unsupported', 'spans must be application/json');
        const batch = context.batch(NAME);
        try {
          decodeZipkin(body.toString('utf8'), context, batch);
        } catch (error) {
          if (error instanceof Malformed) return refused(400, 'malformed', error.message);
          throw error;
        }
        batch.commit();
        return { status: 202 };
      },
    };
    return serveHttp(context, protocol, options);
  },
};

/** Throws Malformed; nothing is committed. */
export function decodeZipkin(text: string, context: IntakeContext, batch: BatchBuilder): void {
  const spans = parseJson(text);
  if (!Array.isArray(spans)) throw new Malformed('expected a list of spans');
  spans.forEach((value: unknown, n) => {
    if (!isObject(value)) throw new Malformed(`span ${n} is not an object`);
    const row = rowOf(value, n, context);
    if (row.entity === 0) batch.drop('spans', 'too-many-entities');
    else batch.spans.add(row);
  });
}

function rowOf(span: JsonObject, n: number, { entities }: IntakeContext): SpanRow {
  const [traceLow, traceHigh] = idOf(span.traceId, `span ${n}: traceId`);
  const [spanLow, spanHigh] = idOf(span.id, `span ${n}: id`);
  const [parentLow, parentHigh] =
    span.parentId === undefined || span.parentId === null ? [0, 0] : idOf(span.parentId, `span ${n}: parentId`);
  const kind = KINDS.get(span.kind) ?? SPAN_INTERNAL;
  const tags = isObject(span.tags) ? span.tags : {};
  const local = isObject(span.localEndpoint) ? textOf(span.localEndpoint.serviceName) : '';
  const id = { low: mixIds(spanLow, traceLow), high: mixIds(spanHigh, traceHigh) };
  // A shared span is the callee's half under the caller's id: then it is its own parent, and not a parent to others.
  const shared = span.shared === true && kind === SPAN_ENTRY;
  const peer = kind === SPAN_EXIT ? peerOf(span, tags) : null;
  return {
    entity: entities.id(local || 'unknown', null),
    peer: peer === null ? 0 : entities.id(peer.name, null),
    peerCertain: peer?.certain ?? false,
    idLow: shared ? 0 : id.low,
    idHigh: shared ? 0 : id.high,
    parentLow: shared ? id.low : mixIds(parentLow, traceLow),
    parentHigh: shared ? id.high : mixIds(parentHigh, traceHigh),
    durationUs: typeof span.duration === 'number' ? span.duration : 0,
    kind,
    error: 'error' in tags && tags.error !== 'false',
  };
}

/** remoteEndpoint.serviceName is what the caller was configured to call it: as good as peer.service. */
function peerOf(span: JsonObject, tags: JsonObject): { name: string; certain: boolean } | null {
  const remote = isObject(span.remoteEndpoint) ? span.remoteEndpoint : {};
  const named = textOf(tags['peer.service']) || textOf(remote.serviceName);
  if (named !== '') return { name: named, certain: true };
  const address = textOf(tags['server.address']) || textOf(remote.ipv4) || textOf(remote.ipv6);
  if (address === '') return null;
  const port = textOf(tags['server.port']) || textOf(remote.port);
  return { name: port === '' || port === '0' ? address : `${address}:${port}`, certain: 'db.system' in tags };
}

/** The low 64 bits of 1 to 32 hex digits, byte by byte as OTLP has them. */
function idOf(value: unknown, where: string): [low: number, high: number] {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]{1,32}$/.test(value))
    throw new Malformed(`${where} is not 1 to 32 hex digits`);
  const bytes = Buffer.from(value.slice(-16).padStart(16, '0'), 'hex');
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}
