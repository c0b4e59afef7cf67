/**
 * OTLP over HTTP: POST /v1/traces, /v1/metrics, /v1/logs; protobuf or JSON, gzip; the reply in the form of the request.
 * Errors are a google.rpc.Status. Senders repeat 429, 502, 503 and 504 only.
 *
 * Specification: opentelemetry.io/docs/specs/otlp.
 */
import type { Intake } from '../contract.ts';
import { type HttpProtocol, type HttpReply, type HttpRequest, serveHttp } from '../wire/http.ts';
import { ProtoWriter } from '../wire/proto-writer.ts';
import { Malformed } from '../wire/protobuf.ts';
import { accept, KINDS, responseBytes } from './decode.ts';
import { jsonToProtobuf } from './json.ts';

const NAME = 'otlp-http';
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

/** Canonical gRPC codes, as google.rpc.Status carries them. */
const CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  404: 12,
  405: 12,
  408: 4,
  413: 8,
  415: 3,
  500: 13,
  503: 14,
};

export const otlpHttp: Intake = {
  name: NAME,
  title: 'OpenTelemetry (OTLP) over HTTP',
  transport: 'http',
  port: 4318,
  start: (context, options) => {
    const protocol: HttpProtocol = {
      name: NAME,
      port: 4318,
      refuse: (status, message, { type }) => errorReply(status, message, type),
      handle: (request) => {
        const refused = (status: number, message: string): HttpReply => {
          context.meter.dropped(NAME, 'requests', status === 415 || status === 404 ? 'unsupported' : 'malformed', 1);
          return errorReply(status, message, request.type);
        };
        const kind = KINDS.find(({ path }) => path === request.path);
        if (!kind) return refused(404, `${request.path} is not a path of OTLP`);
        if (request.method !== 'POST') return refused(405, 'OTLP is sent by POST');
        if (request.type !== PROTOBUF && request.type !== JSON_TYPE)
          return refused(415, `content-type must be ${PROTOBUF} or ${JSON_TYPE}`);
        try {
          return export_(request, (bytes) => accept(kind, bytes, context, NAME), kind.json, kind.rejected);
        } catch (error) {
          if (error instanceof Malformed) return refused(400, error.message);
          throw error;
        }
      },
    };
    return serveHttp(context, protocol, options);
  },
};

function export_(
  { type, body }: HttpRequest,
  take: (bytes: Uint8Array) => ReturnType<typeof accept>,
  json: (typeof KINDS)[number]['json'],
  rejected: string,
): HttpReply {
  if (type === PROTOBUF) return { status: 200, type, body: responseBytes(take(body)) };
  const partial = take(jsonToProtobuf(body.toString('utf8'), json));
  const reply =
    partial === null ? {} : { partialSuccess: { [rejected]: String(partial.rejected), errorMessage: partial.message } };
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(reply) };
}

function errorReply(status: number, message: string, type: string): HttpReply {
  const code = CODES[status] ?? 2;
  const headers = status === 405 ? { allow: 'POST' } : {};
  if (type === PROTOBUF)
    return { status, type, headers, body: new ProtoWriter().varint(1, code).text(2, message).bytes() };
  return { status, type: JSON_TYPE, headers, body: JSON.stringify({ code, message }) };
}
