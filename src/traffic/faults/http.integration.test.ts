import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../test/support/ports.ts';
import { parseNetworkFault } from '../../model/network-fault.ts';
import { Plane, type TrafficSignal } from '../plane.ts';
import { below, until } from '../testing/bytes.ts';
import { failedOf, member, steadyLoad, tableOf } from '../testing/harness.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
  readonly error: string | null;
  readonly headers: Readonly<Record<string, unknown>>;
}

describe('faults on HTTP', () => {
  let plane: Plane;
  let port: number;
  let servers: Server[];
  let agent: Agent;
  const signals: TrafficSignal[] = [];
  /** `method path body`, as the instances got them. */
  const seen: string[] = [];

  beforeEach(async () => {
    seen.length = 0;
    signals.length = 0;
    agent = new Agent({ keepAlive: true });
    servers = await Promise.all(['web-1', 'web-2'].map(serve));
    plane = new Plane({ signals: (more) => signals.push(...more), changed: () => undefined });
    port = await freePort();
    await apply(2);
  });

  afterEach(() => {
    agent.destroy();
    plane.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function apply(instances: number): Promise<void> {
    const members = servers
      .slice(0, instances)
      .map((server, index) => member(`web-${index + 1}`, (server.address() as AddressInfo).port));
    await plane.apply(tableOf(port, members, { version: 3 - instances, policy: { connectTimeoutMs: 400 } }));
  }

  async function serve(name: string): Promise<Server> {
    const server = createServer((incoming, response) => {
      let body = '';
      incoming.on('data', (data) => {
        body += data;
      });
      incoming.on('end', () => {
        seen.push(`${incoming.method} ${incoming.url} ${body}`);
        response.setHeader('x-instance', name);
        const text = '0123456789';
        if (incoming.url?.startsWith('/chunked')) {
          response.write(text);
          response.end(text);
        } else response.end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  const put = (kind: string, parameters: object = {}, more: object = {}) =>
    plane.putFault(
      parseNetworkFault({ id: kind, kind, parameters, where: { callee: 'web' }, leaseMs: 30_000, ...more }),
    );

  const ask = (path = '/', method = 'GET', body = ''): Promise<Answer> => {
    const asked = performance.now();
    return new Promise((resolve) => {
      const outgoing = request({ host: '127.0.0.1', port, path, method, agent }, (response) => {
        const { statusCode: status = 0, headers } = response;
        let text = '';
        const done = (error: string | null): void =>
          resolve({ status, body: text, ms: performance.now() - asked, error, headers });
        response.setEncoding('latin1').on('data', (data) => {
          text += data;
        });
        response.on('end', () => done(null));
        response.on('error', (error) => done(error.message));
      });
      outgoing.on('error', (error) => resolve({ status: 0, body: '', ms: 0, error: error.message, headers: {} }));
      outgoing.end(body);
    });
  };

  it('answers a status in place of the instance, as the instance', async () => {
    put('http-status', { status: 418, body: 'teapot', path: '/tea*' });
    expect(await ask('/tea/1?x=2')).toMatchObject({ status: 418, body: 'teapot', error: null });
    expect(await ask('/coffee')).toMatchObject({ status: 200, body: '0123456789' });
    expect(await ask('/tea', 'POST', 'x'.repeat(300_000))).toMatchObject({ status: 418, body: 'teapot' });
    expect(seen).toEqual(['GET /coffee ']);
    expect(plane.faults()[0]).toMatchObject({
      seen: { requests: 2 },
      affected: { requests: 2 },
      bite: { bitten: true },
    });
  });

  it('a 503 is tried again at another instance, as a real one, and ejects', async () => {
    put('http-status', { status: 503 }, { where: { callee: 'web', instance: 'web-1' } });
    for (let i = 0; i < 30; i++) expect(await ask()).toMatchObject({ status: 200, headers: { 'x-instance': 'web-2' } });
    expect(signals).toContainEqual(expect.objectContaining({ kind: 'stall', instance: 'web-1', state: 'erroring' }));
    expect(JSON.stringify(signals)).not.toContain('fault');
  });

  it('only the n-th request, or every n-th, of those that match', async () => {
    put('http-status', { status: 404, nth: 2, methods: ['GET'] });
    const statuses = async (count: number): Promise<number[]> => {
      const all: number[] = [];
      for (let i = 0; i < count; i++) all.push((await ask()).status);
      return all;
    };
    expect((await ask('/', 'POST')).status).toBe(200);
    expect(await statuses(4)).toEqual([200, 404, 200, 200]);
    put('http-status', { status: 404, every: 3 });
    expect(await statuses(7)).toEqual([200, 200, 404, 200, 200, 404, 200]);
  });

  it('delays requests that match', async () => {
    put('http-delay', { ms: 200, path: '/slow' });
    expect((await ask('/slow')).ms).toBeGreaterThan(198);
    await below(150, async () => (await ask('/fast')).ms);
    expect(plane.faults()[0]?.bite).toMatchObject({ asked: 200, bitten: true });
  });

  it('replaces, cuts short, damages and breaks off the body', async () => {
    for (const path of ['/', '/chunked']) {
      const whole = path === '/' ? '0123456789' : '01234567890123456789';
      put('http-body', { change: 'replace', body: 'other' });
      expect(await ask(path)).toMatchObject({ status: 200, body: 'other', error: null });
      put('http-body', { change: 'truncate', bytes: 4 });
      expect(await ask(path)).toMatchObject({ body: '0123', error: null });
      put('http-body', { change: 'truncate', bytes: 400 });
      expect(await ask(path)).toMatchObject({ body: whole, error: null });
      put('http-body', { change: 'corrupt', share: 1 });
      const damaged = await ask(path);
      expect(damaged).toMatchObject({ status: 200, error: null });
      expect(damaged.body).toHaveLength(whole.length);
      expect([...damaged.body].filter((each, index) => each === whole[index])).toEqual([]);
      put('http-body', { change: 'break', bytes: 3 });
      expect((await ask(path)).error).not.toBe(null);
      plane.removeFaults(null);
      expect(await ask(path)).toMatchObject({ body: whole, error: null });
    }
    expect(await ask('/', 'HEAD')).toMatchObject({ status: 200, body: '' });
  });

  it('delays on bytes add to every request, on pooled connections as well', async () => {
    await ask();
    put('latency', { ms: 80 }, { direction: 'back' });
    for (let i = 0; i < 3; i++) expect((await ask()).ms).toBeGreaterThan(78);
    plane.removeFaults(null);
    await below(70, async () => (await ask()).ms);
  });

  it('lies on the way of one caller only', async () => {
    put('latency', { ms: 200 }, { where: { callee: 'web', caller: 'shop' } });
    await below(150, async () => (await ask()).ms);
    put('latency', { ms: 200 }, { where: { callee: 'web', caller: '(outside)' } });
    expect((await ask()).ms).toBeGreaterThan(398);
  });

  it('an instance that went silent is noticed as one that hangs, and its calls go elsewhere', async () => {
    for (let i = 0; i < 60; i++) await ask();
    put('half-open', {}, { where: { callee: 'web', instance: 'web-1' } });
    const outcomes = await steadyLoad({ port, perSecond: 100, durationMs: 2_000, timeoutMs: 10_000 });
    expect(failedOf(outcomes)).toEqual([]);
    // Nobody waits for an answer for as long as an instance may take.
    expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(5_000);
    expect(signals).toContainEqual(expect.objectContaining({ kind: 'stall', instance: 'web-1', state: 'stalled' }));
  });

  it('a reset before an answer is tried again where that is safe, and is a failure where not', async () => {
    await apply(1);
    put('reset');
    expect(await ask('/', 'POST', 'x')).toMatchObject({ status: 502, headers: { 'x-holdfast-error': 'reset' } });
    expect(plane.faults()[0]?.bite.measured).toBeGreaterThan(0);
  });

  it('refused connections wait for an instance, and the fault ends in time for them', async () => {
    put('refuse', {}, { leaseMs: 500 });
    const { status, ms } = await ask();
    expect(status).toBe(200);
    expect(ms).toBeGreaterThan(400);
  });

  it('answers that are on their way when the fault ends arrive', async () => {
    put('http-status', { status: 404 });
    const waiting = request({ host: '127.0.0.1', port, method: 'POST', agent, headers: { 'content-length': '4' } });
    const status = new Promise((resolve) => waiting.on('response', (response) => resolve(response.statusCode)));
    waiting.write('ab');
    await until(() => plane.faults()[0]?.affected.requests === 1);
    plane.removeFaults(null);
    waiting.end('cd');
    expect(await status).toBe(404);
  });
});
