/**
 * Requests as exporters send them: one service each, 512 spans (the SDKs' batch), eleven attributes on the average
 * server span, a tree of calls over twelve services. Trace ids are changed in place before a request is sent again, so
 * that no trace is ever seen twice.
 */
import { METRICS, TRACES, toProtobuf } from '../../src/intake/otlp/json.ts';
import { Random } from '../../src/model/random.ts';

export const SPANS_PER_REQUEST = 512;
export const POINTS_PER_REQUEST = 1_000;
const SERVICES = Array.from({ length: 12 }, (_, n) => `service-${String.fromCharCode(97 + n)}`);
const NOW = 1_750_000_000_000_000_000n;

export interface Payload {
  readonly bytes: Buffer;
  /** Offsets of the trace ids' last four bytes, which `renew` overwrites. */
  readonly traceAt: readonly number[];
}

interface JsonSpan {
  readonly traceId: string;
  readonly [key: string]: unknown;
}

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const int = (key: string, intValue: number): object => ({ key, value: { intValue: String(intValue) } });
const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

/** One request of each service for the same traces: every call has both halves, in different requests. */
export function tracePayloads(seed: number): Payload[] {
  const random = Random.seeded(seed);
  const spans = new Map<string, JsonSpan[]>(SERVICES.map((name) => [name, []]));
  let trace = 0;
  const full = (): boolean => [...spans.values()].every((list) => list.length >= SPANS_PER_REQUEST);
  while (!full()) addTrace(random, ++trace, spans);
  return [...spans].map(([name, list]) => payloadOf(name, list.slice(0, SPANS_PER_REQUEST)));
}

/** An entry, an internal span, and for most a call to the next service, down to depth six. */
function addTrace(random: Random, trace: number, spans: Map<string, JsonSpan[]>): void {
  const traceId = `${hex(0x5eed0000 + trace, 16)}${hex(trace, 8)}00000000`;
  const spanId = (): string => hex(random.int(2 ** 32), 8) + hex(random.int(2 ** 32), 8);
  let at = Math.floor(random.float() * SERVICES.length);
  let parent = '';
  for (let depth = 0; depth < 6; depth++) {
    const service = SERVICES[at] as string;
    const list = spans.get(service) as JsonSpan[];
    const entry = spanId();
    list.push(span(random, traceId, entry, parent, 2, serverAttributes(random, service)));
    const inner = spanId();
    list.push(span(random, traceId, inner, entry, 1, [text('code.function', 'handle'), text('component', 'router')]));
    const database = spanId();
    list.push(span(random, traceId, database, inner, 3, databaseAttributes(random)));
    at = (at + 1 + Math.floor(random.float() * 3)) % SERVICES.length;
    parent = spanId();
    list.push(span(random, traceId, parent, inner, 3, clientAttributes(random, SERVICES[at] as string)));
  }
}

function span(
  random: Random,
  traceId: string,
  spanId: string,
  parentSpanId: string,
  kind: number,
  attributes: object[],
): JsonSpan {
  const start = NOW + BigInt(Math.floor(random.float() * 1e9));
  return {
    traceId,
    spanId,
    ...(parentSpanId === '' ? {} : { parentSpanId }),
    name: 'GET /api/v1/orders/{id}',
    kind,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(Math.floor(random.float() * 5e7) + 100_000)),
    attributes,
    ...(random.float() < 0.02 ? { status: { code: 2, message: 'internal' } } : {}),
  };
}

function serverAttributes(random: Random, service: string): object[] {
  return [
    text('http.request.method', 'GET'),
    text('url.scheme', 'http'),
    text('url.path', `/api/v1/orders/${Math.floor(random.float() * 1e6)}`),
    text('http.route', '/api/v1/orders/{id}'),
    int('http.response.status_code', 200),
    text('network.protocol.version', '1.1'),
    text('server.address', `${service}.internal`),
    int('server.port', 8080),
    text('client.address', '10.1.2.3'),
    text('user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'),
    int('thread.id', 31),
  ];
}

function clientAttributes(random: Random, callee: string): object[] {
  return [
    text('http.request.method', 'GET'),
    text('url.full', `http://${callee}.internal:8080/api/v1/orders/${Math.floor(random.float() * 1e6)}`),
    int('http.response.status_code', 200),
    text('network.protocol.version', '1.1'),
    text('server.address', `${callee}.internal`),
    int('server.port', 8080),
  ];
}

function databaseAttributes(random: Random): object[] {
  return [
    text('db.system', 'postgresql'),
    text('db.statement', `SELECT id, state, total FROM orders WHERE id = ${Math.floor(random.float() * 1e6)}`),
    text('server.address', 'orders-db'),
    int('server.port', 5432),
  ];
}

function payloadOf(name: string, spans: readonly JsonSpan[]): Payload {
  const request = {
    resourceSpans: [
      { resource: resourceOf(name), scopeSpans: [{ scope: { name: '@opentelemetry/http', version: '1.0' }, spans }] },
    ],
  };
  const bytes = Buffer.from(toProtobuf(request, TRACES));
  const traceAt: number[] = [];
  let from = 0;
  for (const { traceId } of spans) {
    const at = bytes.indexOf(Buffer.from(traceId, 'hex'), from);
    if (at < 0) throw new Error('a span is not where it was written');
    traceAt.push(at + 12);
    from = at + 16;
  }
  return { bytes, traceAt };
}

function resourceOf(name: string): object {
  return {
    attributes: [
      text('service.name', name),
      text('service.instance.id', `${name}-1`),
      text('telemetry.sdk.language', 'nodejs'),
      text('telemetry.sdk.version', '1.30.0'),
      text('process.command', '/srv/app/main.js'),
      int('process.pid', 4711),
    ],
  };
}

/** Makes traces of it that never were. */
export function renew({ bytes, traceAt }: Payload, round: number): void {
  for (const at of traceAt) bytes.writeUInt32LE(round >>> 0, at);
}

/** Ten metrics of a hundred series each, four attributes: gauges and counters as an SDK or a collector sends them. */
export function metricPayloads(): Buffer[] {
  return SERVICES.map((name) => {
    const metrics = Array.from({ length: 10 }, (_, m) => {
      const dataPoints = Array.from({ length: POINTS_PER_REQUEST / 10 }, (_, n) => ({
        startTimeUnixNano: String(NOW - 1_000_000_000_000n),
        timeUnixNano: String(NOW),
        asDouble: n * 1.5,
        attributes: [
          text('http.route', `/api/v1/route-${n % 10}`),
          text('http.request.method', n % 2 ? 'GET' : 'POST'),
          int('http.response.status_code', 200 + Math.floor(n / 20)),
          text('zone', `zone-${n % 3}-${n}`),
        ],
      }));
      return m % 2
        ? { name: `app.level.${m}`, unit: 'By', gauge: { dataPoints } }
        : { name: `app.requests.${m}`, unit: '1', sum: { dataPoints, isMonotonic: true, aggregationTemporality: 2 } };
    });
    const request = { resourceMetrics: [{ resource: resourceOf(name), scopeMetrics: [{ metrics }] }] };
    return Buffer.from(toProtobuf(request, METRICS));
  });
}
