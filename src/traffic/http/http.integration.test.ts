import { createHash } from 'node:crypto';
import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../test/support/ports.ts';
import { bucketMidUs } from '../../model/histogram.ts';
import type { PoolMember, PoolPolicy } from '../../model/routes.ts';
import type { EdgeSignal } from '../../model/signal.ts';
import { Plane, type TrafficSignal } from '../plane.ts';
import { member, tableOf } from '../testing/harness.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const http = (listener: RequestListener): Promise<number> => listen(createServer({ requestTimeout: 0 }, listener));

/** A server that answers by hand: gets all bytes of a connection as they come. */
function raw(onData: (socket: Socket, text: string, connection: number) => void): Promise<number> {
  let connections = 0;
  return listen(
    createTcpServer((socket) => {
      const connection = connections++;
      socket.on('error', () => undefined);
      socket.on('data', (data) => onData(socket, data.toString('latin1'), connection));
    }),
  );
}

interface Proxy {
  readonly port: number;
  readonly signals: TrafficSignal[];
  apply(members: readonly PoolMember[], policy?: Partial<PoolPolicy>): Promise<void>;
}

async function proxy(ports: readonly number[], policy: Partial<PoolPolicy> = {}): Promise<Proxy> {
  const port = await freePort();
  const signals: TrafficSignal[] = [];
  const plane = new Plane({ signals: (more) => signals.push(...more), changed: () => undefined });
  cleanups.push(() => plane.close());
  let version = 0;
  const apply: Proxy['apply'] = async (members, other = policy) => {
    const { failed } = await plane.apply(tableOf(port, members, { version: ++version, policy: other }));
    expect(failed).toEqual([]);
  };
  await apply(ports.map((own, index) => member(`web-${index + 1}`, own)));
  return { port, signals, apply };
}

/** Sends text and collects what comes back, until `until` is satisfied or the connection ends. */
function exchange(port: number, text: string, until: (received: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end to: ${JSON.stringify(received)}`));
    }, 30_000);
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (data) => {
      received += data.toString('latin1');
      if (until(received)) done();
    });
    socket.on('error', done);
    socket.on('close', done);
  });
}

const CLOSE = 'Connection: close\r\n';
const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: h\r\n${headers}\r\n`;

describe('messages', () => {
  it('passes requests on with who asked, and responses as they are', async () => {
    const upstream = await http((request, response) => {
      response.setHeader('X-Seen', JSON.stringify(request.headers));
      response.end(`${request.method} ${request.url}`);
    });
    const { port } = await proxy([upstream]);
    const headers = `X-Forwarded-For: 9.9.9.9\r\nX-Other: 1\r\nKeep-Alive: 5\r\n${CLOSE}`;
    const answer = await exchange(port, get('/a?b=%20c', headers));
    expect(answer).toContain('GET /a?b=%20c');
    const seen = JSON.parse(/x-seen: (.*)\r\n/i.exec(answer)?.[1] ?? '{}');
    expect(seen).toMatchObject({
      host: 'h',
      'x-forwarded-for': '9.9.9.9, 127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-other': '1',
    });
    expect(seen['keep-alive']).toBeUndefined();
    expect(answer).toMatch(/\r\nConnection: close\r\n/i);
    expect(answer).not.toMatch(/\r\nKeep-Alive:/i);
  });

  it('answers pipelined requests in order, over one connection', async () => {
    const upstream = await http((request, response) => {
      const delay = request.url === '/0' ? 100 : 0;
      setTimeout(() => response.end(`[${request.url}]`), delay);
    });
    const { port } = await proxy([upstream]);
    const text = Array.from({ length: 50 }, (_, i) => get(`/${i}`, i === 49 ? CLOSE : '')).join('');
    const answer = await exchange(port, text);
    const order = [...answer.matchAll(/\[\/(\d+)\]/g)].map(([, index]) => Number(index));
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('keeps bodiless answers bodiless: HEAD, 204, 304', async () => {
    const upstream = await http((request, response) => {
      const status = Number(request.url?.slice(1));
      response.writeHead(status, status === 200 ? { 'Content-Length': '1000' } : {});
      response.end();
    });
    const { port } = await proxy([upstream]);
    const head = (path: string) => `HEAD ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const answer = await exchange(port, head('/200') + get('/204') + get('/304') + get('/204', CLOSE));
    expect([...answer.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)).toEqual([
      '200',
      '204',
      '304',
      '204',
    ]);
  });

  it('passes trailers, chunks and interim responses', async () => {
    const upstream = await http((request, response) => {
      request.resume();
      request.on('end', () => {
        response.writeProcessing();
        response.writeHead(200, { Trailer: 'X-Sum' });
        response.write('part one,');
        response.addTrailers({ 'X-Sum': String(request.trailers['x-in']) });
        response.end('part two');
      });
    });
    const { port } = await proxy([upstream]);
    const text = `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n${CLOSE}\r\n5\r\nhello\r\n0\r\nX-In: 42\r\n\r\n`;
    const answer = await exchange(port, text);
    expect(answer).toMatch(/^HTTP\/1\.1 102 /);
    expect(answer).toContain('HTTP/1.1 200 OK');
    expect(answer).toContain('part one,');
    expect(answer).toMatch(/0\r\nX-Sum: 42\r\n\r\n$/);
  });

  it('waits with the body for 100 Continue', async () => {
    const upstream = await http((request, response) => request.pipe(response));
    const { port } = await proxy([upstream]);
    const answer = await new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest({ port, method: 'POST', headers: { Expect: '100-continue' } }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      outgoing.on('continue', () => outgoing.end('the body'));
      outgoing.on('error', reject);
      outgoing.flushHeaders();
    });
    expect(answer).toBe('the body');
  });

  it('speaks HTTP/1.0 to those who do: no chunks, and the end says that it ends', async () => {
    const upstream = await http((request, response) => {
      response.write(`host ${request.headers.host !== undefined}, `);
      response.end('in chunks');
    });
    const { port } = await proxy([upstream]);
    const answer = await exchange(port, 'GET / HTTP/1.0\r\n\r\n');
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer).toMatch(/\r\n\r\nhost true, in chunks$/);
    const kept = await exchange(port, 'HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', (text) =>
      text.endsWith('\r\n\r\n'),
    );
    expect(kept).toMatch(/Connection: keep-alive/i);
  });

  it('passes on a response that only its end delimits', async () => {
    const upstream = await raw((socket) => socket.end('HTTP/1.0 200 OK\r\nX: 1\r\n\r\nall of it'));
    const { port } = await proxy([upstream]);
    const answer = await exchange(port, get('/'));
    expect(answer).toBe('HTTP/1.1 200 OK\r\nX: 1\r\nConnection: close\r\n\r\nall of it');
  });

  it('never lets a broken-off response look complete', async () => {
    const upstream = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      setTimeout(() => socket.destroy(), 50);
    });
    const { port } = await proxy([upstream]);
    const outcome = await new Promise<string>((resolve) => {
      const outgoing = httpRequest({ port }, (response) => {
        response.resume();
        response.on('end', () => resolve('complete'));
        response.on('error', () => resolve('broken off'));
      });
      outgoing.on('error', () => resolve('broken off'));
      outgoing.end();
    });
    expect(outcome).toBe('broken off');
  });

  it('tunnels an upgraded connection both ways, half-closed too', async () => {
    const server = createServer();
    server.on('upgrade', (request, socket) => {
      const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash('sha1').update(key).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.on('data', (data: Buffer) => socket.write(data));
      socket.on('end', () => socket.end('bye'));
      socket.on('error', () => undefined);
    });
    const { port } = await proxy([await listen(server)]);
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let received = '';
    const ended = new Promise<void>((resolve) => socket.on('end', resolve));
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    socket.write(
      get(
        '/',
        'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      ),
    );
    await expect.poll(() => received).toContain('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
    expect(received).toMatch(/\r\nConnection: Upgrade\r\n/i);
    const frame = `\x81\x85${'mask'}hello`;
    socket.write(frame, 'latin1');
    await expect.poll(() => received.endsWith(frame)).toBe(true);
    socket.end();
    await ended;
    expect(received.endsWith(`${frame}bye`)).toBe(true);
    socket.destroy();
  });
});

describe('what is refused', () => {
  it('CONNECT, requests that could be read in two ways, and heads beyond 64 KiB', async () => {
    const upstream = await http((_, response) => response.end('never'));
    const { port } = await proxy([upstream]);
    const status = async (text: string) => (await exchange(port, text)).slice(9, 12);
    expect(await status('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')).toBe('405');
    expect(await status('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n')).toBe(
      '400',
    );
    expect(await status(get('/', `X: ${'x'.repeat(70_000)}\r\n`))).toBe('431');
    expect(await status('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')).toBe('400');
  });

  it('garbage: 400 or an end, never a crash', async () => {
    const upstream = await http((_, response) => response.end('fine'));
    const { port } = await proxy([upstream]);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
        const answer = await exchange(port, `${Buffer.from(bytes).toString('latin1')}\r\n\r\n\r\n\r\n`);
        expect(answer === '' || /^HTTP\/1\.1 (400|431|501|505) /.test(answer)).toBe(true);
      }),
      { numRuns: 100 },
    );
    expect(await exchange(port, get('/', CLOSE))).toMatch(/fine$/);
  });
});

describe('clients that read slowly', () => {
  it('leave pooled connections fit for the next request', async () => {
    const upstream = await http((_, response) => response.end(Buffer.alloc(3_000_000, 'z')));
    const { port } = await proxy([upstream]);
    for (let i = 0; i < 5; i++) {
      const length = await new Promise<number>((resolve, reject) => {
        const outgoing = httpRequest({ port }, (response) => {
          let count = 0;
          response.pause();
          setTimeout(() => response.resume(), 100);
          response.on('data', (data: Buffer) => {
            count += data.length;
          });
          response.on('end', () => resolve(count));
          response.on('error', reject);
        });
        outgoing.on('error', reject);
        outgoing.end();
      });
      expect(length).toBe(3_000_000);
    }
  });

  it('cannot make it hold the answers to more requests than they read', async () => {
    let answered = 0;
    const upstream = await http((_, response) => {
      answered++;
      response.end(Buffer.alloc(30_000, 'z'));
    });
    const { port } = await proxy([upstream]);
    const socket = connect(port, '127.0.0.1', () => socket.write(get('/').repeat(1_500)));
    socket.pause();
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(answered).toBeGreaterThan(0);
    // What fits into the kernel's buffers and ours, about 6 MB at most.
    expect(answered).toBeLessThan(400);
    let received = 0;
    socket.on('data', (data) => {
      received += data.toString('latin1').split('HTTP/1.1 200').length - 1;
    });
    socket.resume();
    await expect.poll(() => answered).toBe(1_500);
    await expect.poll(() => received).toBeGreaterThan(1_480);
  });
});

describe('failures', () => {
  it('uses a connection again, and loses nothing when the server closes it meanwhile', async () => {
    let served = 0;
    const upstream = await raw((socket, text, connection) => {
      // Every connection answers once, stays open, and then closes at the next request without a word.
      served++;
      if (text.includes(`c=${connection}`)) return;
      if (socket.bytesRead > text.length) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    const { port } = await proxy([upstream]);
    const answers = await exchange(port, get('/').repeat(9) + get('/', CLOSE));
    expect(answers.match(/200 OK/g)?.length).toBe(10);
    expect(served).toBeGreaterThan(10);
  });

  it('tells what failed where it cannot be repeated', async () => {
    let calls = 0;
    const upstream = await raw((socket) => {
      calls++;
      socket.destroy();
    });
    const { port } = await proxy([upstream, upstream]);
    const answer = await exchange(port, `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n${CLOSE}\r\nhi`);
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).toMatch(/\r\nX-Holdfast-Error: reset\r\n/);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ error: 'reset', service: 'web' });
    expect(calls).toBe(1);
  });

  it('repeats an idempotent request with its body elsewhere, never a large one', async () => {
    const seen: number[] = [];
    const broken = await raw((socket) => socket.destroy());
    const works = await http((request, response) => {
      let length = 0;
      request.on('data', (data: Buffer) => {
        length += data.length;
      });
      request.on('end', () => {
        seen.push(length);
        response.end('stored');
      });
    });
    const { port } = await proxy([broken, works], { ejectAfter: 1_000 });
    const put = (size: number) =>
      `PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n${CLOSE}\r\n${'x'.repeat(size)}`;
    for (let i = 0; i < 20; i++) expect(await exchange(port, put(60_000))).toMatch(/200 OK/);
    expect(seen).toEqual(Array.from({ length: 20 }, () => 60_000));
    const large = await Promise.all(Array.from({ length: 20 }, () => exchange(port, put(300_000))));
    expect(large.some((answer) => /502 Bad Gateway/.test(answer) || answer === '')).toBe(true);
  });

  it('tries another instance on 503, and passes the 503 on when there is none', async () => {
    const busy = await http((_, response) => response.writeHead(503).end('busy'));
    const works = await http((_, response) => response.end('works'));
    const both = await proxy([busy, works], { ejectAfter: 1_000 });
    for (let i = 0; i < 20; i++) expect(await exchange(both.port, get('/', CLOSE))).toMatch(/works$/);
    const alone = await proxy([busy]);
    expect(await exchange(alone.port, get('/', CLOSE))).toMatch(/503 [\s\S]*busy/);
  });

  it('ends with 503 when no instance takes the request in time, and measures that', async () => {
    const { port, signals } = await proxy([await freePort()], { queueTimeoutMs: 300 });
    const before = performance.now();
    const answer = await exchange(port, get('/', CLOSE));
    expect(performance.now() - before).toBeGreaterThan(250);
    expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*X-Holdfast-Error: connect/);
    await expect.poll(() => edges(signals).some(({ failures }) => failures.connect === 1)).toBe(true);
  });

  it('ends with 504 when there is no answer in time', async () => {
    const upstream = await raw(() => undefined);
    const { port } = await proxy([upstream], { responseTimeoutMs: 200, maxAttempts: 1 });
    expect(await exchange(port, get('/', CLOSE))).toMatch(/^HTTP\/1\.1 504 [\s\S]*X-Holdfast-Error: timeout/);
  });

  it('ejects the instance that keeps failing, and says so', async () => {
    const wrong = await http((_, response) => response.writeHead(500).end('wrong'));
    const right = await http((_, response) => response.end('right'));
    const { port, signals } = await proxy([wrong, right, right]);
    let failures = 0;
    for (let i = 0; i < 100; i++) if (/ 500 /.test(await exchange(port, get('/', CLOSE)))) failures++;
    expect(failures).toBe(5);
    expect(signals).toContainEqual(expect.objectContaining({ kind: 'stall', state: 'erroring', instance: 'web-1' }));
  });
});

describe('latency', () => {
  it('of an attempt in vain is of the instance that was waited for, not of the one that answers', async () => {
    const mute = await raw((socket) => setTimeout(() => socket.destroy(), 1_000));
    const right = await http((_, response) => response.end('ok'));
    const { port, signals } = await proxy([mute, right], { stallMs: 15_000 });
    const get = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const answers = await Promise.all(Array.from({ length: 6 }, () => exchange(port, get)));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    const slowestMs = (instance: string): number =>
      Math.max(
        0,
        ...edges(signals)
          .filter((edge) => edge.instance === instance)
          .flatMap(({ latency }) => latency.map(([bucket]) => bucketMidUs(bucket) / 1_000)),
      );
    await expect.poll(() => edges(signals).reduce((sum, { requests }) => sum + requests, 0)).toBe(6);
    expect(slowestMs('web-1')).toBeGreaterThan(900);
    expect(slowestMs('web-2')).toBeLessThan(900);
  });
});

const edges = (signals: readonly TrafficSignal[]): EdgeSignal[] =>
  signals.flatMap((signal) => (signal.kind === 'edge' ? [signal] : []));

describe('draining', () => {
  it('lets what is under way finish and sends nothing new', async () => {
    const slow = await http((_, response) => setTimeout(() => response.end('slow'), 400));
    const other = await http((_, response) => response.end('other'));
    const { port, apply } = await proxy([slow]);
    const underWay = exchange(port, get('/', CLOSE));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await apply([member('web-1', slow, { state: 'drain' }), member('web-2', other)]);
    for (let i = 0; i < 10; i++) expect(await exchange(port, get('/', CLOSE))).toMatch(/other$/);
    expect(await underWay).toMatch(/slow$/);
  });

  it('cuts what is still open when the drain is over, and repeats it where that is safe', async () => {
    const never = await raw(() => undefined);
    const other = await http((_, response) => response.end('other'));
    const { port, apply } = await proxy([never]);
    const underWay = exchange(port, get('/', CLOSE));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await apply([member('web-2', other)], { drainMs: 200 });
    expect(await underWay).toMatch(/other$/);
  });
});

describe('large bodies', () => {
  const SIZE = 100 * 1024 * 1024;
  const piece = Buffer.alloc(64 * 1024, 'x');

  it('100 MB up and down through bounded memory, at the pace of the slower side', async () => {
    const upstream = await http((request, response) => request.pipe(response));
    const { port } = await proxy([upstream]);
    let highest = 0;
    const timer = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss);
    }, 20);
    const before = process.memoryUsage().rss;
    const received = await new Promise<number>((resolve, reject) => {
      let count = 0;
      const outgoing = httpRequest({ port, method: 'POST' }, (response) => {
        response.on('data', (data: Buffer) => {
          count += data.length;
        });
        response.on('end', () => resolve(count));
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      let sent = 0;
      const send = (): void => {
        while (sent < SIZE) {
          sent += piece.length;
          if (!outgoing.write(piece)) {
            outgoing.once('drain', send);
            return;
          }
        }
        outgoing.end();
      };
      send();
    });
    clearInterval(timer);
    expect(received).toBe(SIZE);
    expect(highest - before).toBeLessThan(80 * 1024 * 1024);
  });
});
