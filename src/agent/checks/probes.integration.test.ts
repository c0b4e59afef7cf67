/** Every kind of probe against servers that behave and that do not. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, launchOf } from '../../../test/support/runtime.ts';
import type { CheckProbe } from '../../model/spec.ts';
import type { ExecResult } from '../../runtime/contract.ts';
import { pluginName } from './nagios.ts';
import { probeFor } from './registry.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serve(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as { port: number }).port;
}

type Run = Exclude<CheckProbe, { kind: 'ttl' }>;

const look = async (): Promise<string | null> => null;

function run(probe: Run, port: number, abortAfterMs = 5_000, exec?: ExecResult): Promise<string | null> {
  const target = { launch: launchOf([], { ports: { main: port } }), exec: async () => exec as ExecResult, look };
  return probeFor(probe, target)(AbortSignal.timeout(abortAfterMs));
}

const http = (path: string): Run => ({
  kind: 'http',
  port: 'main',
  path,
  headers: { 'X-Check': 'yes' },
  expectStatus: [200, 399],
});
const TCP: Run = { kind: 'tcp', port: 'main' };
const grpc = (service: string): Run => ({ kind: 'grpc', port: 'main', service });

/** A listener to which no more connections can be opened: it is stopped, and its kernel's queue is full. */
async function fullPort(): Promise<number> {
  const code =
    "require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},function(){console.log(this.address().port)})";
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said);
  child.kill('SIGSTOP');
  const queue = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  closing.push(() => {
    for (const socket of queue) socket.destroy();
  });
  await once(queue[0] as Socket, 'connect');
  return port;
}

describe('a port that opens no connection', () => {
  it('is told apart from one that does not answer', async () => {
    const port = await fullPort();
    for (const probe of [TCP, http('/'), grpc('')]) expect(await run(probe, port, 200)).toBe('no connection in time');
  });
});

describe('tcp', () => {
  it('passes when accepted, says refused when not', async () => {
    expect(await run(TCP, await serve(createServer()))).toBeNull();
    expect(await run(TCP, await freePort())).toBe('refused');
  });

  it('cannot be made for a port that is not there', () => {
    expect(() =>
      probeFor({ kind: 'tcp', port: 'else' }, { launch: launchOf([]), exec: async () => expect.unreachable(), look }),
    ).toThrow(/no port named else/);
  });
});

describe('http', () => {
  it('goes by the status', async () => {
    let ended = 0;
    const server = createHttp((request, response) => {
      if (request.headers['x-check'] !== 'yes') response.statusCode = 400;
      if (request.url === '/moved') response.statusCode = 302;
      if (request.url === '/bad') response.statusCode = 500;
      response.on('finish', () => (ended += 1));
      response.end('x'.repeat(100_000));
    });
    const port = await serve(server);
    expect(await run(http('/ok'), port)).toBeNull();
    expect(await run(http('/moved'), port)).toBeNull();
    expect(await run(http('/bad'), port)).toBe('status 500');
    await expect.poll(() => ended).toBe(3);
  });

  it('tells a refused, a silent, a broken and a foreign server apart', async () => {
    expect(await run(http('/'), await freePort())).toBe('refused');
    expect(await run(http('/'), await serve(createServer()), 100)).toBe('aborted');
    expect(await run(http('/'), await serve(createServer((socket) => socket.end())))).toBe('closed without an answer');
    expect(await run(http('/'), await serve(createServer((socket) => socket.resetAndDestroy())))).toBe('reset');
    expect(await run(http('/'), await serve(createServer((socket) => socket.write('220 smtp ready\r\n'))))).toBe(
      'no HTTP answer',
    );
    const endless = createServer((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 200 OK\r\nA: '.padEnd(8_192, 'a')), 1);
      socket.on('close', () => clearInterval(timer));
      socket.on('error', () => {});
    });
    expect(await run(http('/'), await serve(endless))).toBe('no HTTP answer');
  });
});

describe('grpc', () => {
  const health = (answer: (stream: ServerHttp2Stream, service: string) => void): Promise<number> => {
    const server = createHttp2();
    server.on('stream', (stream, headers) => {
      expect(headers).toMatchObject({ ':path': '/grpc.health.v1.Health/Check', te: 'trailers' });
      stream.on('error', () => {});
      const chunks: Buffer[] = [];
      stream.on('data', (data: Buffer) => chunks.push(data));
      stream.on('end', () => answer(stream, Buffer.concat(chunks).subarray(7).toString()));
    });
    return serve(server as unknown as Server);
  };
  const reply = (stream: ServerHttp2Stream, status: number): void => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
  };

  it('goes by the serving status of the service', async () => {
    const port = await health((stream, service) => reply(stream, service === 'shop.Cart' ? 1 : 2));
    expect(await run(grpc('shop.Cart'), port)).toBeNull();
    expect(await run(grpc('other'), port)).toBe('NOT_SERVING');
  });

  it('tells errors of the protocol and of the connection', async () => {
    const unimplemented = await health((stream) =>
      stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true }),
    );
    expect(await run(grpc(''), unimplemented)).toBe('grpc-status 12');
    const notFound = await health((stream) => stream.respond({ ':status': 404 }, { endStream: true }));
    expect(await run(grpc(''), notFound)).toBe('status 404');
    expect(await run(grpc(''), await health(() => {}), 100)).toBe('aborted');
    expect(await run(grpc(''), await freePort())).toBe('refused');
    expect(
      await run(grpc(''), await serve(createServer((socket) => socket.end('HTTP/1.1 400 No\r\n\r\n')))),
    ).toBeTypeOf('string');
  });
});

describe('exec', () => {
  const probe: Run = { kind: 'exec', command: ['check'] };
  it('goes by the exit code and repeats the last words', async () => {
    expect(await run(probe, 1, 100, { code: 0, signal: null, lastLine: 'fine' })).toBeNull();
    expect(await run(probe, 1, 100, { code: 2, signal: null, lastLine: 'disk full' })).toBe('exit 2: disk full');
    expect(await run(probe, 1, 100, { code: 2, signal: null, lastLine: '' })).toBe('exit 2');
    expect(await run(probe, 1, 100, { code: null, signal: 'SIGSEGV', lastLine: '' })).toBe('killed by SIGSEGV');
  });
});

describe('a plugin of Nagios', () => {
  const probe: Run = { kind: 'nagios', command: ['/bin/sh', '-c', '/usr/lib/nagios/plugins/check_disk -w 10%'] };
  const ended = (code: number | null, output = 'DISK - / 5% | /=3GB') => ({
    code,
    signal: code === null ? 'SIGKILL' : null,
    lastLine: output,
    output,
  });
  it.each([
    [0, null],
    [1, null],
    [2, 'critical: DISK - / 5%'],
    [3, null],
    [127, 'exit 127: DISK - / 5%'],
    [null, 'killed by SIGKILL: DISK - / 5%'],
  ])('that ends with %s', async (code, verdict) => {
    expect(await run(probe, 1, 100, ended(code))).toBe(verdict);
  });

  it('is named by its program', () => {
    expect(pluginName(probe.kind === 'nagios' ? probe.command : [])).toBe('check_disk');
    expect(pluginName(['/usr/lib/nagios/plugins/check_load', '-w', '5'])).toBe('check_load');
  });
});
