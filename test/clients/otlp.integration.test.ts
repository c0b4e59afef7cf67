/** A real OpenTelemetry SDK against our listeners: all three signals, every transport it has. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunningIntake } from '../../src/intake/contract.ts';
import { KINDS } from '../../src/intake/otlp/decode.ts';
import { otlpGrpc } from '../../src/intake/otlp/grpc.ts';
import { otlpHttp } from '../../src/intake/otlp/http.ts';
import { toProtobuf } from '../../src/intake/otlp/json.ts';
import { type Rig, rig } from '../../src/intake/testing/rig.ts';
import { makeCertificate } from '../support/certificate.ts';

let it_: Rig;
let running: RunningIntake | undefined;
afterEach(async () => {
  await running?.close();
  it_.hub.close();
});

async function start(intake: typeof otlpHttp, limits = {}, token?: string): Promise<string> {
  it_ = rig(limits);
  running = await intake.start(it_.hub, { port: 0, ...(token === undefined ? {} : { token }) });
  return `http://127.0.0.1:${running.address.port}`;
}

const CLIENT = fileURLToPath(new URL('./otel-client.mjs', import.meta.url));

/** Runs the SDK in a process of its own; resolves with its exit code when it has flushed. */
function client(endpoint: string, protocol: string, env: Record<string, string> = {}): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLIENT], {
      env: {
        ...process.env,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        ...env,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.once('error', reject);
    child.once('close', resolve);
  });
}

function seen(): void {
  it_.settle();
  expect(it_.edges()).toEqual(['(outside)>shop/shop-1 1/0', 'shop>bank 1/0', 'shop>pay:8080 1/1']);
  const points = it_.points();
  expect(points.find((point) => point.startsWith('orders{'))).toMatch(/kind=book.*service\.name=shop.* 3$/);
  expect(points.some((point) => point.startsWith('took_bucket{') && point.includes('le=+Inf'))).toBe(true);
  const lines = it_.batches.flatMap(({ logs }) => logs);
  expect(lines).toMatchObject([
    { service: 'shop', severity: 'error', text: 'payment refused', attributes: { order: '17' } },
  ]);
}

describe('OTLP over HTTP', () => {
  it.each(['http/protobuf', 'http/json'])('takes what an OpenTelemetry SDK sends by %s', async (protocol) => {
    const endpoint = await start(otlpHttp);
    expect(await client(endpoint, protocol)).toBe(0);
    seen();
  });

  it('takes it compressed', async () => {
    const endpoint = await start(otlpHttp);
    expect(await client(endpoint, 'http/protobuf', { OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' })).toBe(0);
    seen();
  });

  it('answers errors as a google.rpc.Status in the form of the request', async () => {
    const endpoint = await start(otlpHttp, { maxRequestBytes: 100_000 });
    const send = (path: string, init: RequestInit): Promise<Response> =>
      fetch(endpoint + path, { method: 'POST', ...init });
    const json = { 'content-type': 'application/json' };
    const proto = { 'content-type': 'application/x-protobuf' };
    const bad = await send('/v1/traces', { headers: json, body: '{"resourceSpans":7}' });
    expect([bad.status, await bad.json()]).toEqual([400, { code: 3, message: 'resourceSpans is not a list' }]);
    const cut = await send('/v1/traces', { headers: proto, body: Uint8Array.of(10, 200) });
    expect([cut.status, cut.headers.get('content-type')]).toEqual([400, 'application/x-protobuf']);
    expect(Buffer.from(await cut.arrayBuffer()).toString()).toContain('varint');
    const statuses = [
      await send('/v1/other', { headers: json, body: '{}' }),
      await fetch(`${endpoint}/v1/traces`),
      await send('/v1/traces', { headers: { 'content-type': 'text/plain' }, body: 'x' }),
      await send('/v1/traces', { headers: { ...proto, 'content-encoding': 'gzip' }, body: 'x' }),
      await send('/v1/traces', { headers: { ...proto, 'content-encoding': 'br' }, body: 'x' }),
      await send('/v1/traces', {
        headers: { ...proto, 'content-encoding': 'gzip' },
        body: gzipSync(Buffer.alloc(200_000)),
      }),
      await send('/v1/traces', { headers: proto, body: Buffer.alloc(200_000) }),
      await send('/v1/traces', { headers: json, body: '{}' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 405, 415, 400, 415, 413, 413, 200]);
    expect(it_.hub.meter.total('requests', 'too-large')).toBe(2);
    expect(it_.hub.memory.usedBytes).toBe(0);
  });

  it('asks for a token when one is set', async () => {
    const endpoint = await start(otlpHttp, {}, 'secret');
    const send = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${endpoint}/v1/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{}',
      });
    expect((await send({})).status).toBe(401);
    expect((await send({ authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await send({ authorization: 'Bearer secret' })).status).toBe(200);
  });

  it('sends a flood away, and serves the others again when it is over', async () => {
    const endpoint = await start(otlpHttp, { maxInFlightBytes: 50_000 });
    const headers = { 'content-type': 'application/x-protobuf' };
    const flood = await Promise.all(
      Array.from({ length: 6 }, () =>
        fetch(`${endpoint}/v1/logs`, { method: 'POST', headers, body: Buffer.alloc(60_000) }).catch(() => null),
      ),
    );
    const [first] = flood.filter((reply) => reply !== null);
    expect(first?.status).toBe(503);
    expect(first?.headers.get('retry-after')).toBe('5');
    const kind = KINDS[2] as (typeof KINDS)[number];
    const record = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'still here' } }] }] }] };
    const reply = await fetch(`${endpoint}/v1/logs`, {
      method: 'POST',
      headers,
      body: Buffer.from(toProtobuf(record, kind.json)),
    });
    expect(reply.status).toBe(200);
    expect(it_.batches.flatMap(({ logs }) => logs)[0]?.text).toBe('still here');
    expect(it_.hub.memory.usedBytes).toBe(0);
  });
});

describe('OTLP over gRPC', () => {
  it.each(['none', 'gzip'])('takes what an OpenTelemetry SDK sends, compression %s', async (compression) => {
    const endpoint = await start(otlpGrpc);
    expect(await client(endpoint, 'grpc', { OTEL_EXPORTER_OTLP_COMPRESSION: compression })).toBe(0);
    seen();
  });

  it('takes it encrypted, from who knows the token', async () => {
    const { cert, certFile, key, directory } = makeCertificate();
    it_ = rig();
    running = await otlpGrpc.start(it_.hub, { port: 0, token: 'secret', tls: { cert, key } });
    const env = { OTEL_EXPORTER_OTLP_CERTIFICATE: certFile, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer secret' };
    expect(await client(`https://127.0.0.1:${running.address.port}`, 'grpc', env)).toBe(0);
    seen();
    rmSync(directory, { recursive: true });
  });

  it('answers errors as gRPC statuses, and serves the next call on the same connection', async () => {
    const endpoint = await start(otlpGrpc, { maxMessageBytes: 50_000 }, 'secret');
    const session = connect(endpoint);
    const call = (body: Buffer, more: Record<string, string> = {}): Promise<string> =>
      new Promise((resolve) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': KINDS[0]?.method,
          'content-type': 'application/grpc',
          authorization: 'Bearer secret',
          ...more,
        });
        let status = '';
        stream.on('response', (headers) => {
          status = `${headers[':status']} ${headers['grpc-status'] ?? ''}`;
        });
        stream.on('trailers', (trailers) => {
          status += trailers['grpc-status'];
        });
        stream.on('error', () => {});
        stream.on('close', () => resolve(status));
        stream.resume();
        stream.end(body);
      });
    const frame = (message: Uint8Array, compressed = 0): Buffer => {
      const out = Buffer.alloc(5 + message.length);
      out[0] = compressed;
      out.writeUInt32BE(message.length, 1);
      out.set(message, 5);
      return out;
    };
    const gzip = { 'grpc-encoding': 'gzip' };
    const sound = frame(new Uint8Array(0));
    expect(await call(sound, { ':path': '/other.Service/Export' })).toBe('200 12');
    expect(await call(sound, { authorization: 'Bearer wrong' })).toBe('200 16');
    expect(await call(sound, { 'content-type': 'text/plain' })).toBe('415 ');
    expect(await call(Buffer.from('xx'))).toBe('200 3');
    expect(await call(frame(Uint8Array.of(10, 200)))).toBe('200 3');
    expect(await call(frame(Buffer.from('not gzip at all, really'), 1), gzip)).toBe('200 3');
    expect(await call(frame(gzipSync(Buffer.alloc(60_000)), 1), gzip)).toBe('200 8');
    expect(await call(frame(Buffer.alloc(60_000)))).toBe('200 8');
    expect(await call(frame(new Uint8Array(0)), { 'grpc-encoding': 'zstd' })).toBe('200 0');
    expect(await call(sound)).toBe('200 0');
    expect(it_.hub.memory.usedBytes).toBe(0);
    session.close();
  });
});
