/** Scraping over real sockets, with targets that behave and targets that do not. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, vi } from 'vitest';
import type { RunningIntake } from '../contract.ts';
import { type Rig, rig } from '../testing/rig.ts';
import { remoteWrite } from './remote-write.ts';
import { type RunningScraper, startScraping } from './scrape.ts';

let under: Rig;
let scraper: RunningScraper | undefined;
let running: RunningIntake | undefined;
const servers: Server[] = [];
afterEach(async () => {
  await scraper?.close();
  await running?.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  under.hub.close();
});

async function target(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

it('scrapes what targets show, and a bad target costs itself only', async () => {
  under = rig({ maxRequestBytes: 10_000 });
  const openMetrics = { 'content-type': 'application/openmetrics-text; version=1.0.0', 'content-encoding': 'gzip' };
  const good = await target((_, reply) => reply.writeHead(200, openMetrics).end(gzipSync('jobs_total 7\n# EOF\n')));
  const plain = await target((_, reply) => reply.writeHead(200, { 'content-type': 'text/plain' }).end('load 1.5\n'));
  const silent = await target(() => {});
  const wrong = await target((_, reply) => reply.end('<html>'));
  const huge = await target((_, reply) => reply.end('x'.repeat(20_000)));
  const angry = await target((_, reply) => reply.writeHead(500).end());
  scraper = startScraping(under.hub, [
    ...[good, plain, silent, wrong, huge, angry].map((url, n) => ({
      url,
      job: `j${n}`,
      intervalMs: n === 2 ? 200 : 500,
    })),
    { url: 'http://127.0.0.1:9/metrics', job: 'gone', intervalMs: 500 },
  ]);
  await vi.waitFor(() => expect(scraper?.state().every(({ error }) => error !== 'not asked yet')).toBe(true), 30_000);
  expect(scraper.state().map(({ up, error }) => error ?? up)).toEqual([
    true,
    true,
    'no answer within 200 ms',
    'line 1: no value',
    'the target sends too much',
    'status 500',
    expect.stringContaining('ECONNREFUSED'),
  ]);
  const points = under.points();
  const instance = (url: string): string => new URL(url).host;
  expect(points).toContain(`jobs_total{instance=${instance(good)},job=j0} 7`);
  expect(points).toContain(`load{instance=${instance(plain)},job=j1} 1.5`);
  expect(points).toContain(`up{instance=${instance(good)},job=j0} 1`);
  expect(points).toContain(`up{instance=${instance(silent)},job=j2} 0`);
});

it('answers remote_write errors so that a sender repeats only what it should', async () => {
  under = rig({ maxRequestBytes: 10_000, maxInFlightBytes: 9_000 });
  running = await remoteWrite.start(under.hub, { port: 0 });
  const url = `http://127.0.0.1:${running.address.port}/api/v1/write`;
  const send = async (body: Uint8Array, headers: Record<string, string> = {}): Promise<number> =>
    (
      await fetch(url, {
        method: 'POST',
        headers: { 'content-encoding': 'snappy', ...headers },
        body: Buffer.from(body),
      })
    ).status;
  expect(await send(Uint8Array.of(0))).toBe(204);
  expect(await send(Uint8Array.of(9, 9))).toBe(400);
  expect(await send(Uint8Array.of(2, 4, 255, 255))).toBe(400);
  expect(await send(Uint8Array.of(0xf0, 0x93, 0x09, 0))).toBe(413);
  expect(await send(Uint8Array.of(0xac, 0x4d, 0))).toBe(503);
  expect(await send(Uint8Array.of(0), { 'content-encoding': 'gzip' })).toBe(400);
  expect(
    await send(Uint8Array.of(0), { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' }),
  ).toBe(415);
  expect((await fetch(url)).status).toBe(405);
  expect(under.hub.memory.usedBytes).toBe(0);
});
