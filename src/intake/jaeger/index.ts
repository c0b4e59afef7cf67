/**
 * Jaeger's HTTP collector: POST /api/traces, a Thrift Batch in binary form, as the OpenTracing clients of Jaeger send
 * it. 202 when it was taken. Spans go the same way as OTLP's.
 *
 * Fields: github.com/jaegertracing/jaeger-idl/blob/main/thrift/jaeger.thrift.
 */
import type { BatchBuilder, Intake, IntakeContext, SpanKind, SpanRow } from '../contract.ts';
import { SPAN_ENTRY, SPAN_EXIT, SPAN_INTERNAL } from '../contract.ts';
import { mixIds } from '../fold/columns.ts';
import { type HttpProtocol, type HttpReply, serveHttp } from '../wire/http.ts';
import { Malformed } from '../wire/protobuf.ts';
import { T, ThriftReader } from './thrift.ts';

const NAME = 'jaeger-thrift';
const TYPES = new Set(['application/x-thrift', 'application/vnd.apache.thrift.binary']);
const KINDS: ReadonlyMap<string, SpanKind> = new Map<string, SpanKind>([
  ['client', SPAN_EXIT],
  ['producer', SPAN_EXIT],
  ['server', SPAN_ENTRY],
  ['consumer', SPAN_ENTRY],
]);
/** Tags that are looked at; the others are skipped. */
const WANTED = new Set([
  'span.kind',
  'error',
  'peer.service',
  'peer.hostname',
  'peer.address',
  'peer.port',
  'db.type',
  'db.system',
]);

export const jaegerThrift: Intake = {
  name: NAME,
  title: 'Jaeger Thrift over HTTP (OpenTracing clients)',
  transport: 'http',
  port: 14_268,
  start: (context, options) => {
    const plain = (status: number, body: string): HttpReply => ({
      status,
      type: 'text/plain; charset=utf-8',
      body: `${body}\n`,
    });
    const protocol: HttpProtocol = {
      name: NAME,
      port: 14_268,
      refuse: (status, message) => plain(status, message),
      handle: ({ path, method, type, body }) => {
        const refused = (status: number, reason: 'unsupported' | 'malformed', message: string): HttpReply => {
          context.meter.dropped(NAME, 'requests', reason, 1);
          return plain(status, message);
        };
        if (path !== '/api/traces') return refused(404, 'unsupported', 'only /api/traces is served here');
        if (method !== 'POST') return refused(405, 'unsupported', 'spans are sent by POST');
        if (!TYPES.has(type)) return refused(400, 'unsupported', `Unsupported content type: ${type.slice(0, 60)}`);
        const batch = context.batch(NAME);
        try {
          decodeJaeger(body, context, batch);
        } catch (error) {
          if (error instanceof Malformed)
            return refused(400, 'malformed', `Unable to process request body: ${error.message}`);
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
export function decodeJaeger(bytes: Uint8Array, context: IntakeContext, batch: BatchBuilder): void {
  const reader = new ThriftReader(bytes);
  let service = 'unknown';
  let spans = 0;
  reader.struct((field, type) => {
    if (field === 1 && type === T.struct) {
      reader.struct((inner, innerType) => {
        if (inner !== 1 || innerType !== T.text) return false;
        service = reader.text();
        return true;
      });
      return true;
    }
    if (field !== 2 || type !== T.list) return false;
    const entity = context.entities.id(service, null);
    reader.structs(() => {
      spans++;
      const row = span(reader, entity, context);
      if (entity === 0) batch.drop('spans', 'too-many-entities');
      else batch.spans.add(row);
    });
    return true;
  });
  if (reader.at !== bytes.length) throw new Malformed(`bytes left over after ${spans} spans`);
}

function span(reader: ThriftReader, entity: number, { entities }: IntakeContext): SpanRow {
  let trace: [number, number] = [0, 0];
  let own: [number, number] = [0, 0];
  let parent: [number, number] = [0, 0];
  let durationUs = 0;
  const tags = new Map<string, string>();
  reader.struct((field, type) => {
    if (type === T.i64 && field === 1) trace = reader.id();
    else if (type === T.i64 && field === 3) own = reader.id();
    else if (type === T.i64 && field === 4) parent = reader.id();
    else if (type === T.i64 && field === 9) durationUs = reader.i64();
    else if (type === T.list && field === 6) {
      const reference = references(reader);
      if (parent[0] === 0 && parent[1] === 0 && reference) parent = reference;
    } else if (type === T.list && field === 10) reader.structs(() => tag(reader, tags));
    else return false;
    return true;
  });
  const kind = KINDS.get(tags.get('span.kind') ?? '') ?? SPAN_INTERNAL;
  const named = tags.get('peer.service');
  const host = tags.get('peer.hostname') ?? tags.get('peer.address');
  const port = tags.get('peer.port');
  const peer = named ?? (host === undefined ? undefined : port === undefined ? host : `${host}:${port}`);
  return {
    entity,
    peer: kind === SPAN_EXIT && peer ? entities.id(peer, null) : 0,
    peerCertain: named !== undefined || tags.has('db.type') || tags.has('db.system'),
    idLow: mixIds(own[0], trace[0]),
    idHigh: mixIds(own[1], trace[1]),
    parentLow: mixIds(parent[0], trace[0]),
    parentHigh: mixIds(parent[1], trace[1]),
    durationUs,
    kind,
    error: tags.get('error') === 'true',
  };
}

/** The first CHILD_OF (refType 0), else the first reference: newer clients leave parentSpanId empty. */
function references(reader: ThriftReader): [number, number] | undefined {
  let found: [number, number] | undefined;
  let isChild = false;
  reader.structs(() => {
    let refType = -1;
    let id: [number, number] | undefined;
    reader.struct((field, type) => {
      if (field === 1 && type === T.i32) refType = reader.i32();
      else if (field === 4 && type === T.i64) id = reader.id();
      else return false;
      return true;
    });
    if (id && (!found || (refType === 0 && !isChild))) {
      found = id;
      isChild = refType === 0;
    }
  });
  return found;
}

function tag(reader: ThriftReader, tags: Map<string, string>): void {
  let key = '';
  let value: string | undefined;
  reader.struct((field, type) => {
    if (field === 1 && type === T.text) key = reader.text();
    else if (!WANTED.has(key)) return false;
    else if (field === 3 && type === T.text) value = reader.text();
    else if (field === 5 && type === T.bool) value = String(reader.bool());
    else if (field === 6 && type === T.i64) value = String(reader.i64());
    else return false;
    return true;
  });
  if (value !== undefined) tags.set(key, value);
}
