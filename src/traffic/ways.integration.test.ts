import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import { parseNetworkFault } from '../model/network-fault.ts';
import { OUTSIDE, type WaySignal } from '../model/signal.ts';
import { Plane, type TrafficSignal } from './plane.ts';
import { member, steadyLoad, tableOf } from './testing/harness.ts';
import { responseOf } from './way-probe.ts';

describe('instances asked on the way of their callers', () => {
  let plane: Plane;
  let port: number;
  let servers: Server[];
  const signals: TrafficSignal[] = [];

  const of = (instance: string): WaySignal[] =>
    signals.flatMap((signal) => (signal.kind === 'way' && signal.instance === instance ? [signal] : []));

  beforeEach(async () => {
    signals.length = 0;
    servers = await Promise.all([1, 2].map(serve));
    plane = new Plane({ signals: (more) => signals.push(...more), changed: () => undefined });
    port = await freePort();
    const members = servers.map((server, n) => member(`web-${n + 1}`, (server.address() as AddressInfo).port));
    const table = tableOf(port, members);
    const ask = { path: '/healthz', expectStatus: [200, 299] } as const;
    await plane.apply({ ...table, pools: table.pools.map((pool) => ({ ...pool, ask })) });
  });

  afterEach(() => {
    plane.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function serve(): Promise<Server> {
    const server = createServer((_incoming, response) => response.end('ok'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  const put = (kind: string, parameters: object = {}) =>
    plane.putFault(
      parseNetworkFault({ id: 'f', kind, parameters, where: { callee: 'web', instance: 'web-2' }, leaseMs: 30_000 }),
    );
  const load = (durationMs: number) => steadyLoad({ port, perSecond: 50, durationMs });

  it('are left alone while all is well', async () => {
    // Again where the machine itself paused: a call that waits long is a reason to ask.
    for (let tries = 0; tries < 5; tries++) {
      signals.length = 0;
      await load(1_500);
      if (of('web-1').length + of('web-2').length === 0) break;
    }
    expect([...of('web-1'), ...of('web-2')]).toEqual([]);
  });

  it.each([
    ['http-status', { status: 503 }, { error: 'status 503', connectMs: expect.any(Number) }],
    ['reset', {}, { error: 'reset', answerMs: null }],
    ['blackhole', {}, { error: 'timeout', connectMs: null }],
  ] as const)('say what %s makes of their answers, and that the others are well', async (kind, parameters, answer) => {
    put(kind, parameters);
    // Both are asked only once something is wrong; how soon that is answered is the machine's business.
    for (let tries = 0; tries < 20 && (of('web-2').length < 2 || of('web-1').length === 0); tries++) await load(1_000);
    const seen = of('web-2');
    expect(seen.length).toBeGreaterThan(0);
    for (const way of seen) expect(way).toMatchObject({ caller: OUTSIDE, callee: 'web', incarnation: 1, ...answer });
    for (const way of of('web-1')) expect(way).toMatchObject({ error: null, answerMs: expect.any(Number) });
  });
});

describe('an answer', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', false, 200, true],
    ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', true, 200, false],
    ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n', true, 503, true],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', false, 200, true],
    ['HTTP/1.1 200 OK\r\n\r\nsome', false, 200, false],
    ['+PONG\r\n', true, null, false],
  ])('%j is complete or not', (text, ended, status, complete) => {
    expect(responseOf(text, ended)).toEqual({ status, complete });
  });
});
