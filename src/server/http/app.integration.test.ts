/** What only real sockets show: live views, slow readers, huge bodies, callers by name. */
import { connect, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HoldfastClient, type LiveEvent } from '../../api/client.ts';
import type { EventResource } from '../../api/resources.ts';
import type { ControlPlane, Topic } from '../control-plane.ts';
import { BODY_LIMIT, createApp } from './app.ts';
import { originPolicy } from './origin.ts';

let app: FastifyInstance;
let url: string;
let port: number;
let listeners: Set<(topic: Topic) => void>;
let events: EventResource[];
let actors: string[];
/** Bytes of each status: large ones fill a slow reader's socket. */
let padding: string;

function event(seq: number): EventResource {
  const at = '2026-01-01T00:00:00.000Z';
  return { seq, at, level: 'info', topic: 'instance', text: 'x', service: null, instance: null, incident: null };
}

const touch = (topic: Topic): void => {
  for (const listener of listeners) listener(topic);
};

beforeEach(async () => {
  listeners = new Set();
  events = [event(1)];
  actors = [];
  padding = '';
  const plane = {
    status: () => ({ sentence: padding }),
    services: () => [],
    incidents: () => [],
    edges: () => [],
    events: (after: number) => events.filter(({ seq }) => seq > after),
    subscribe: (listener: (topic: Topic) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    operate: async (_command: unknown, actor: { readonly who: string }) => {
      actors.push(actor.who);
      return { detail: 'done', id: null };
    },
    logs: async function* (_instance: string, { signal }: { readonly signal: AbortSignal }) {
      for (let n = 1; n <= 3; n++) yield `line ${n}`;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      events.push(event(99)); // the hang-up reached the source
    },
  } as unknown as ControlPlane;
  app = createApp({
    plane,
    tokens: [],
    origin: originPolicy('127.0.0.1', 'box'),
    facts: { version: '0', pid: 1, ended: () => undefined },
    dashboard: tmpdir(),
    live: { maxViews: 3 },
    log: () => undefined,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  url = `http://127.0.0.1:${port}`;
});

afterEach(() => app.close());

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not come true');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('live views', () => {
  it('reach the client, which goes on after the server broke the connection', async () => {
    const stop = new AbortController();
    const seen: LiveEvent[] = [];
    const client = new HoldfastClient({ url });
    const reading = (async () => {
      for await (const each of client.events({ after: 0, signal: stop.signal, backoffMs: () => 10 })) seen.push(each);
    })();
    await until(() => seen.length === 5);
    expect(seen.map(({ event: name, seq }) => [name, seq])).toEqual([
      ['core', 1],
      ['status', null],
      ['services', null],
      ['incidents', null],
      ['edges', null],
    ]);
    app.server.closeAllConnections();
    events.push(event(2));
    await until(() => seen.some(({ seq }) => seq === 2));
    expect(seen.filter(({ seq }) => seq === 1).length).toBe(1);
    stop.abort();
    await reading;
    await until(() => listeners.size === 0);
  });

  it('are refused beyond the limit, with an error and not a stream', async () => {
    const stop = new AbortController();
    for (let n = 0; n < 3; n++) await fetch(`${url}/v1/events`, { signal: stop.signal });
    const refused = await fetch(`${url}/v1/events`);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'HF6009' });
    stop.abort();
    await until(() => listeners.size === 0);
    const again = new AbortController();
    expect((await fetch(`${url}/v1/events`, { signal: again.signal })).status).toBe(200);
    again.abort();
  });

  it('cost bounded memory when a reader never reads', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    await until(() => listeners.size === 1);
    padding = 'x'.repeat(256 * 1024);
    for (let n = 0; n < 2_000; n++) {
      touch('status');
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // Half a gigabyte was to be said; the socket holds a few frames of it.
    const buffered = await bufferedBytes();
    expect(buffered).toBeLessThan(4 * 1024 * 1024);
    socket.destroy();
    await until(() => listeners.size === 0);
  });

  async function bufferedBytes(): Promise<number> {
    const sockets: Socket[] = [];
    // The server's only way to its sockets that is public: the handles of this process.
    for (const handle of (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()) {
      const socket = handle as Socket;
      if (socket.localPort === port) sockets.push(socket);
    }
    expect(sockets.length).toBeGreaterThan(0);
    return Math.max(...sockets.map(({ writableLength }) => writableLength));
  }
});

describe('bodies', () => {
  it('of 100 MB are refused at once and not read', async () => {
    const before = process.memoryUsage.rss();
    const begun = performance.now();
    const { status, sent } = await postHuge(100 * 1024 * 1024);
    expect(status).toBe(413);
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(sent).toBeLessThan(20 * 1024 * 1024);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('of 100 MB in chunks of unknown total are refused too', async () => {
    const { status, sent } = await postHuge(null);
    expect(status).toBe(413);
    expect(sent).toBeLessThan(20 * 1024 * 1024);
  });

  it('of 100 MB give fetch an error it can name', async () => {
    const body = new Uint8Array(100 * 1024 * 1024).fill(32);
    const answer = await fetch(`${url}/v1/operations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'HF6006', message: expect.stringContaining(String(BODY_LIMIT)) });
  });

  /** Sends until the server answers; `total` null: chunked. */
  function postHuge(total: number | null): Promise<{ readonly status: number; readonly sent: number }> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      const chunk = Buffer.alloc(64 * 1024, 32);
      let sent = 0;
      let answer = '';
      let done = false;
      const length = total === null ? 'transfer-encoding: chunked' : `content-length: ${total}`;
      const head = [
        'POST /v1/operations HTTP/1.1',
        `host: 127.0.0.1:${port}`,
        'content-type: application/json',
        length,
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      const push = (): void => {
        while (!done && sent < 100 * 1024 * 1024) {
          const framed = total === null ? Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]) : chunk;
          sent += chunk.length;
          if (!socket.write(framed)) {
            socket.once('drain', push);
            return;
          }
        }
      };
      socket.on('data', (data) => {
        answer += data.toString('latin1');
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer);
        if (!status || done) return;
        done = true;
        resolve({ status: Number(status[1]), sent });
        socket.destroy();
      });
      socket.on('error', (error) => {
        if (!done) reject(error);
      });
      push();
    });
  }
});

describe('callers', () => {
  it('are told apart by the user at the other end', async () => {
    await new HoldfastClient({ url }).operate({ kind: 'resume' }, 'drill');
    expect(actors).toEqual([process.platform === 'linux' ? userInfo().username : 'local']);
  });
});

describe('logs', () => {
  it('stream line by line and stop at the source when the caller hangs up', async () => {
    const lines: string[] = [];
    for await (const line of new HoldfastClient({ url }).logs('api-1', { follow: true })) {
      lines.push(line);
      if (lines.length === 3) break;
    }
    expect(lines).toEqual(['line 1', 'line 2', 'line 3']);
    await until(() => events.some(({ seq }) => seq === 99));
  });
});
