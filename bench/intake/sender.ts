/**
 * A process that sends: as fast as it is answered, or at a pace. Few requests at once, as a handful of exporters would.
 */
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { KINDS } from '../../src/intake/otlp/decode.ts';
import { metricPayloads, type Payload, renew, tracePayloads } from './payload.ts';

export interface SendOrder {
  readonly transport: 'http' | 'grpc';
  readonly what: 'spans' | 'points';
  readonly port: number;
  readonly seconds: number;
  /** Requests per second; 0: as fast as possible. */
  readonly pace: number;
}

const AT_ONCE = 4;
let round = 1;
const traces = tracePayloads(7);
const metrics: Payload[] = metricPayloads().map((bytes) => ({ bytes, traceAt: [] }));

process.on('message', (order: SendOrder) => {
  void send(order).then((requests) => process.send?.(requests));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

async function send({ transport, what, port, seconds, pace }: SendOrder): Promise<number> {
  const payloads = what === 'spans' ? traces : metrics;
  const kind = KINDS.find((one) => one.what === what) as (typeof KINDS)[number];
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const session = transport === 'grpc' ? connect(`http://127.0.0.1:${port}`) : undefined;
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  let next = 0;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const n = next++;
      if (pace > 0) await sleepUntil(begin + (n / pace) * 1_000);
      const payload = payloads[n % payloads.length] as Payload;
      if (n % payloads.length === 0) round++;
      // A copy: the one before may still be on its way out.
      const body = Buffer.from(payload.bytes);
      renew({ bytes: body, traceAt: payload.traceAt }, round);
      if (session) await call(session, kind.method, body);
      else await post(agent, port, kind.path, body);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  agent.destroy();
  session?.destroy();
  return next;
}

function sleepUntil(at: number): Promise<void> {
  const wait = at - performance.now();
  return wait > 1 ? new Promise((resolve) => setTimeout(resolve, wait)) : Promise.resolve();
}

function post(agent: Agent, port: number, path: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (reply) => {
      reply.resume();
      reply.once('end', () =>
        reply.statusCode === 200 ? resolve() : reject(new Error(`answered ${reply.statusCode}`)),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function call(session: ClientHttp2Session, method: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': method,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status = '';
    stream.on('response', (headers) => {
      status = String(headers['grpc-status'] ?? '');
    });
    stream.on('trailers', (trailers) => {
      status = String(trailers['grpc-status']);
    });
    stream.once('error', reject);
    stream.once('close', () => (status === '0' ? resolve() : reject(new Error(`gRPC status ${status}`))));
    stream.resume();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.length, 1);
    stream.write(prefix);
    stream.end(body);
  });
}
