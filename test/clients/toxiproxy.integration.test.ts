/**
 * Toxiproxy's own Node client, and plain HTTP where it has no word for a thing, against `holdfast toxiproxy`: every
 * route and every toxic, each with its effect measured from outside. Prints a table of what was asked and measured.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import toxiproxy from 'toxiproxy-node-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { builtEntry } from '../../src/model/entry.ts';
import {
  below,
  dial,
  echo,
  type Peer,
  type PeerConnection,
  peer,
  roundTrip,
  until,
} from '../../src/traffic/testing/bytes.ts';
import { ROUTE_LIST } from '../../src/traffic/toxiproxy/api.ts';
import { TOXIC_TYPES } from '../../src/traffic/toxiproxy/toxics.ts';
import { freePort } from '../support/ports.ts';

const { Toxiproxy } = toxiproxy;
type Proxy = Awaited<ReturnType<InstanceType<typeof Toxiproxy>['createProxy']>>;

const ENTRY = builtEntry(new URL('../../src/traffic/toxiproxy/api.ts', import.meta.url).href, './main.js');
const table: string[] = [];
const covered = new Set<string>();

function row(what: string, asked: string, measured: string): void {
  covered.add(what);
  table.push(`${what.padEnd(32)}  ${asked.padEnd(34)}  ${measured.padEnd(34)}  pass`);
}

let child: ChildProcess;
let url: string;
let client: InstanceType<typeof Toxiproxy>;

beforeAll(async () => {
  child = spawn(process.execPath, [ENTRY, '--port', '0', '--seed', '7'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data) => resolve(String(data)));
    child.once('exit', (code) => reject(new Error(`exited with ${code}`)));
  });
  url = /http:\S+:\d+/.exec(line)?.[0] as string;
  client = new Toxiproxy(url);
});

afterAll(() => {
  child.kill('SIGKILL');
  const head = `${'route or toxic'.padEnd(32)}  ${'asked'.padEnd(34)}  ${'measured'.padEnd(34)}`;
  process.stdout.write(`\n${[head, ...table].join('\n')}\n`);
});

interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared as they are
  readonly json: any;
}

async function http(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body: text }) });
  const got = await answer.text();
  return { status: answer.status, json: got === '' ? null : JSON.parse(got) };
}

let server: Peer;
let proxy: Proxy;
let port: number;

async function connection(): Promise<PeerConnection> {
  const own = await dial(port);
  await roundTrip(own, 'hello');
  own.received = Buffer.alloc(0);
  own.pieces.length = 0;
  const last = server.connections.at(-1) as PeerConnection;
  last.received = Buffer.alloc(0);
  last.pieces.length = 0;
  return own;
}

const serverSide = (): PeerConnection => server.connections.at(-1) as PeerConnection;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function setUp(serve = echo): Promise<void> {
  server = await peer(serve);
  proxy = await client.createProxy({ name: 'db', listen: 'localhost:0', upstream: `127.0.0.1:${server.port}` });
  port = Number(proxy.listen.split(':')[1]);
}

afterEach(async () => {
  for (const each of Object.values(await client.getAll())) await each.remove();
  server?.close();
});

const toxic = (type: string, attributes: object, stream = 'downstream', toxicity = 1) =>
  proxy.addToxic({ type, attributes, stream, toxicity, name: `${type}_${stream}` } as never);

describe('routes', () => {
  beforeEach(() => setUp());

  it('creates, shows, lists, changes and removes proxies', async () => {
    expect(proxy.toJson()).toMatchObject({ name: 'db', enabled: true, upstream: `127.0.0.1:${server.port}` });
    expect(proxy.listen).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
    row('POST /proxies', '201, port 0 → the actual address', proxy.listen);
    expect((await client.get('db')).toJson()).toEqual(proxy.toJson());
    row('GET /proxies/*', '200, the proxy', 'the same');
    expect(Object.keys(await client.getAll())).toEqual(['db']);
    expect((await http('GET', '/proxies')).json.db).toMatchObject({ name: 'db', toxics: [] });
    row('GET /proxies', '200, map by name', 'db');
    const other = await peer((socket) => socket.end('other'));
    const changed = await proxy.update({ enabled: true, listen: proxy.listen, upstream: `127.0.0.1:${other.port}` });
    expect(changed.upstream).toBe(`127.0.0.1:${other.port}`);
    const own = await dial(port);
    await until(() => own.received.toString() === 'other');
    other.close();
    row('POST /proxies/*', 'another upstream, same port', 'its bytes arrive');
    expect(await http('PATCH', '/proxies/db', { enabled: false })).toMatchObject({ json: { enabled: false } });
    await expect(dial(port)).rejects.toThrow('ECONNREFUSED');
    row('PATCH /proxies/*', '{enabled: false}', 'connections refused');
    await proxy.remove();
    expect(await client.getAll()).toEqual({});
    expect(await http('DELETE', '/proxies/db')).toEqual({
      status: 404,
      json: { error: 'proxy not found', status: 404 },
    });
    row('DELETE /proxies/*', '204, then 404', '204, 404');
  });

  it('populates: keeps what is the same with its toxics, replaces the rest', async () => {
    await toxic('latency', { latency: 5, jitter: 0 });
    const list = [
      { name: 'db', listen: proxy.listen, upstream: proxy.upstream },
      { name: 'more', listen: '127.0.0.1:0', upstream: proxy.upstream, enabled: false },
    ];
    expect(Object.keys(await client.populate(list))).toEqual(['db', 'more']);
    expect((await http('GET', '/proxies/db/toxics')).json).toHaveLength(1);
    expect((await http('GET', '/proxies/more')).json).toMatchObject({ enabled: false });
    const moved = [{ ...list[0], upstream: '127.0.0.1:1' }];
    expect(await http('POST', '/populate', moved)).toMatchObject({ status: 201 });
    expect((await http('GET', '/proxies/db')).json).toMatchObject({ upstream: '127.0.0.1:1', toxics: [] });
    expect(await http('POST', '/populate', [{ name: 'x' }])).toEqual({
      status: 400,
      json: { error: 'missing required field: upstream at proxy 1', status: 400, proxies: null },
    });
    row('POST /populate', '201, same kept, others replaced', 'toxics kept, then dropped');
  });

  it('adds, shows, lists, changes and removes toxics', async () => {
    const made = await toxic('latency', { latency: 100, jitter: 10 });
    const expected = {
      attributes: { latency: 100, jitter: 10 },
      name: 'latency_downstream',
      type: 'latency',
      stream: 'downstream',
      toxicity: 1,
    };
    expect(made.toJson()).toEqual(expected);
    row('POST /proxies/*/toxics', '200, the toxic', 'the same');
    expect((await proxy.getToxic('latency_downstream')).toJson()).toEqual(expected);
    row('GET /proxies/*/toxics/*', '200, the toxic', 'the same');
    expect((await http('GET', '/proxies/db/toxics')).json).toEqual([expected]);
    expect((await http('GET', '/proxies/db')).json.toxics).toEqual([expected]);
    row('GET /proxies/*/toxics', '200, a list', 'one');
    const updated = await made.update({ attributes: { latency: 7 }, toxicity: 0.5 } as never);
    expect(updated.toJson()).toEqual({ ...expected, attributes: { latency: 7, jitter: 10 }, toxicity: 0.5 });
    row('POST /proxies/*/toxics/*', 'partial attributes, toxicity', 'merged');
    const patched = await http('PATCH', '/proxies/db/toxics/latency_downstream', { attributes: { jitter: 3 } });
    expect(patched.json).toMatchObject({ attributes: { latency: 7, jitter: 3 }, toxicity: 0.5 });
    row('PATCH /proxies/*/toxics/*', 'partial attributes', 'merged');
    await made.remove();
    await expect(made.remove()).rejects.toThrow('404');
    row('DELETE /proxies/*/toxics/*', '204, then 404', '204, 404');
  });

  it('resets: everything enabled, no toxics', async () => {
    await toxic('latency', { latency: 100, jitter: 0 });
    await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
    await client.reset();
    await below(90, async () => roundTrip(await dial(port)));
    expect((await http('GET', '/proxies/db')).json).toMatchObject({ enabled: true, toxics: [] });
    row('POST /reset', '204, all enabled, no toxics', 'so it is');
    expect(JSON.parse(await client.getVersion())).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    row('GET /version', '{"version"}', await client.getVersion().then((text) => text.trim()));
  });

  it('says what is wrong in the words that clients compare', async () => {
    const cases: [string, string, unknown, number, string | RegExp][] = [
      ['POST', '/proxies', '', 400, 'bad request body: EOF'],
      ['POST', '/proxies', '{', 400, /^bad request body: /],
      ['POST', '/proxies', { name: 7 }, 400, /^bad request body: json: cannot unmarshal number/],
      ['POST', '/proxies', {}, 400, 'missing required field: name'],
      ['POST', '/proxies', { name: 'x' }, 400, 'missing required field: upstream'],
      ['POST', '/proxies', { name: 'db', upstream: 'x:1' }, 409, 'proxy already exists'],
      [
        'POST',
        '/proxies',
        { name: 'x', upstream: 'x:1', listen: proxy.listen },
        500,
        `listen tcp ${proxy.listen}: bind: address already in use`,
      ],
      ['GET', '/proxies/none', undefined, 404, 'proxy not found'],
      ['PATCH', '/proxies/none', {}, 404, 'proxy not found'],
      ['GET', '/proxies/none/toxics', undefined, 404, 'proxy not found'],
      ['GET', '/proxies/db/toxics/none', undefined, 404, 'toxic not found'],
      ['PATCH', '/proxies/db/toxics/none', {}, 404, 'toxic not found'],
      ['DELETE', '/proxies/db/toxics/none', undefined, 404, 'toxic not found'],
      ['POST', '/proxies/db/toxics', { type: 'nonsense' }, 400, 'invalid toxic type'],
      [
        'POST',
        '/proxies/db/toxics',
        { type: 'latency', stream: 'side' },
        400,
        'stream was invalid, can be either upstream or downstream',
      ],
      [
        'POST',
        '/proxies/db/toxics',
        { type: 'latency', attributes: { latency: 'x' } },
        400,
        /^bad request body: json: cannot unmarshal string/,
      ],
      ['PUT', '/proxies', undefined, 405, /./],
      ['GET', '/nowhere', undefined, 404, /./],
    ];
    for (const [method, path, body, status, error] of cases) {
      const reply = await http(method, path, body);
      expect({ path, ...reply }).toMatchObject({ path, status, json: { status } });
      if (typeof error === 'string') expect(reply.json.error).toBe(error);
      else expect(reply.json.error).toMatch(error);
    }
    expect(await http('POST', '/proxies/db/toxics', { type: 'latency' })).toMatchObject({
      status: 200,
      json: { name: 'latency_downstream', stream: 'downstream', toxicity: 1, attributes: { latency: 0, jitter: 0 } },
    });
    expect(await http('POST', '/proxies/db/toxics', { type: 'latency' })).toMatchObject({
      status: 409,
      json: { error: 'toxic already exists', status: 409 },
    });
    expect(await http('GET', '/proxies', undefined, { 'user-agent': 'Mozilla/5.0' })).toMatchObject({ status: 403 });
    row('errors', `${cases.length + 2} by status and exact text`, 'the same');
  });
});

describe('toxics', () => {
  it('down: refuses, cuts what is open, and comes back at the same address', async () => {
    await setUp();
    const own = await connection();
    const down = await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
    await until(() => own.ended && serverSide().ended);
    await expect(dial(port)).rejects.toThrow('ECONNREFUSED');
    const up = await down.update({ enabled: true, listen: proxy.listen, upstream: proxy.upstream });
    expect(up.listen).toBe(proxy.listen);
    await roundTrip(await dial(port));
    row('down', 'refused, then the same address', 'ECONNREFUSED, then served');
  });

  it('an upstream that is down ends the connection, and one that comes up is reached', async () => {
    await setUp();
    const free = await freePort();
    await proxy.update({ enabled: true, listen: proxy.listen, upstream: `127.0.0.1:${free}` });
    const own = await dial(port);
    await until(() => own.ended);
    expect(own.broken).toBe(null);
  });

  it('latency: added to a connection that is open, changed, and gone', async () => {
    await setUp();
    const own = await connection();
    const made = await toxic('latency', { latency: 200, jitter: 0 });
    const slow = await below(400, async () => {
      const took = await roundTrip(own);
      expect(took).toBeGreaterThan(198);
      return took;
    });
    await made.update({ attributes: { latency: 100, jitter: 50 } } as never);
    const jittered: number[] = [];
    for (let i = 0; i < 12; i++) jittered.push(await roundTrip(own));
    expect(Math.min(...jittered)).toBeGreaterThan(48);
    expect(Math.max(...jittered) - Math.min(...jittered)).toBeGreaterThan(20);
    await made.remove();
    const fast = await below(48, () => roundTrip(own));
    row(
      'latency',
      '200 ms; 100 ± 50 ms; none',
      `${slow.toFixed(0)} ms; ${Math.min(...jittered).toFixed(0)}–${Math.max(...jittered).toFixed(0)} ms; ${fast.toFixed(0)} ms`,
    );
  });

  it('latency upstream: the server gets it late, and its answer comes at once', async () => {
    await setUp();
    const own = await connection();
    await toxic('latency', { latency: 150, jitter: 0 }, 'upstream');
    await below(100, async () => {
      const count = own.received.length + 1;
      const asked = performance.now();
      own.socket.write('x');
      await until(() => serverSide().received.length === count);
      const arrived = performance.now() - asked;
      expect(arrived).toBeGreaterThan(148);
      await until(() => own.received.length === count);
      return performance.now() - asked - arrived;
    });
  });

  it('bandwidth: KB a second, either way', async () => {
    await setUp();
    const own = await connection();
    await toxic('bandwidth', { rate: 100 }, 'upstream');
    let sent = 0;
    const took = await below(60_000 / 70, async () => {
      const began = performance.now();
      own.socket.write(Buffer.alloc(60_000, 1));
      sent += 60_000;
      await until(() => serverSide().received.length === sent);
      const ms = performance.now() - began;
      expect(ms).toBeGreaterThan(60_000 / 106);
      return ms;
    });
    const rate = 60_000 / took;
    await toxic('bandwidth', { rate: 0 }, 'downstream');
    own.received = Buffer.alloc(0);
    own.socket.write('stuck');
    await pause(200);
    expect(own.received.length).toBeLessThan(5);
    row('bandwidth', '100 KB/s; 0', `${rate.toFixed(0)} KB/s; nothing`);
  });

  it('slow_close: data at once, the end late', async () => {
    await setUp((socket) => socket.once('data', () => socket.end('bye')));
    await toxic('slow_close', { delay: 300 });
    let end = 0;
    const data = await below(200, async () => {
      const own = await dial(port);
      own.socket.write('x');
      const asked = performance.now();
      await until(() => own.received.toString() === 'bye');
      const came = performance.now() - asked;
      await until(() => own.ended);
      end = performance.now() - asked;
      expect(end).toBeGreaterThan(298);
      return came;
    });
    row('slow_close', '300 ms', `data ${data.toFixed(0)} ms, end ${end.toFixed(0)} ms`);
  });

  it('timeout: nothing passes, and the connection is closed after it, or when the toxic goes', async () => {
    await setUp();
    const own = await connection();
    const timed = await toxic('timeout', { timeout: 250 });
    const asked = performance.now();
    own.socket.write('x');
    await until(() => own.ended);
    const closed = performance.now() - asked;
    expect(own.received).toHaveLength(0);
    expect(closed).toBeGreaterThan(240);
    await timed.remove();
    const kept = await connection();
    const forever = await toxic('timeout', { timeout: 0 }, 'upstream');
    kept.socket.write('lost');
    await pause(200);
    expect([kept.ended, serverSide().received.length]).toEqual([false, 0]);
    await forever.remove();
    await until(() => kept.ended && serverSide().ended);
    expect(serverSide().received).toHaveLength(0);
    row('timeout', '250 ms; 0 = until removed', `closed after ${closed.toFixed(0)} ms; when removed`);
  });

  it('reset_peer: both sides are reset, at once or later', async () => {
    await setUp();
    const own = await connection();
    const made = await toxic('reset_peer', { timeout: 0 });
    own.socket.write('x');
    await until(() => own.broken === 'ECONNRESET' && serverSide().broken === 'ECONNRESET');
    await made.remove();
    const later = await connection();
    await toxic('reset_peer', { timeout: 200 }, 'upstream');
    const asked = performance.now();
    later.socket.write('x');
    await until(() => later.broken === 'ECONNRESET');
    const after = performance.now() - asked;
    expect(after).toBeGreaterThan(198);
    row('reset_peer', '0; 200 ms', `ECONNRESET; ECONNRESET after ${after.toFixed(0)} ms`);
  });

  it('slicer: small pieces with pauses, all of the data', async () => {
    await setUp();
    const own = await connection();
    await toxic('slicer', { average_size: 100, size_variation: 20, delay: 10_000 });
    const sent = Buffer.from(Array.from({ length: 2_000 }, (_, i) => i % 251));
    let took = 0;
    // Pieces that lie ready when somebody comes to read them come together, which a busy machine does.
    await below(500, async () => {
      own.received = Buffer.alloc(0);
      own.pieces.length = 0;
      const asked = performance.now();
      own.socket.write(sent);
      await until(() => own.received.length === sent.length);
      took = performance.now() - asked;
      expect(own.received.equals(sent)).toBe(true);
      expect(took).toBeGreaterThan(150);
      return own.pieces.length > 10 ? Math.max(...own.pieces) : Number.POSITIVE_INFINITY;
    });
    const mean = own.received.length / own.pieces.length;
    row('slicer', '100 ± 20 bytes, 10 ms', `${mean.toFixed(0)} bytes, ${(took / own.pieces.length).toFixed(1)} ms`);
  });

  it('limit_data: exactly so many bytes, then the end', async () => {
    await setUp();
    const own = await connection();
    const made = await toxic('limit_data', { bytes: 1_234 });
    own.socket.write(Buffer.alloc(10_000, 1));
    await until(() => own.ended);
    expect(own.received).toHaveLength(1_234);
    await made.remove();
    const other = await connection();
    await toxic('limit_data', { bytes: 3 }, 'upstream');
    other.socket.write('abcdef');
    await until(() => serverSide().ended);
    expect(serverSide().received.toString()).toBe('abc');
    row('limit_data', '1234 bytes; 3 bytes upstream', `${own.received.length}; ${serverSide().received.length}`);
  });

  it('noop: nothing', async () => {
    await setUp();
    await toxic('noop', {});
    await below(90, async () => roundTrip(await dial(port)));
    row('noop', 'nothing', 'nothing');
  });

  it('toxicity: so many of the connections; two toxics add up', async () => {
    await setUp();
    await toxic('reset_peer', { timeout: 0 }, 'downstream', 0.5);
    let hit = 0;
    for (let i = 0; i < 200; i++) {
      const own = await dial(port);
      own.socket.write('x');
      await until(() => own.broken !== null || own.received.length === 1);
      if (own.broken !== null) hit++;
    }
    // Drawn anew in every run: seven standard deviations either way.
    expect(hit).toBeGreaterThan(50);
    expect(hit).toBeLessThan(150);
    await client.reset();
    await toxic('latency', { latency: 60, jitter: 0 }, 'downstream');
    await toxic('latency', { latency: 70, jitter: 0 }, 'upstream');
    expect(await roundTrip(await dial(port))).toBeGreaterThan(128);
    row('toxicity', '0.5 of 200 connections', `${hit} of 200`);
  });
});

it('all of it is in the table', () => {
  const missing = [...ROUTE_LIST, ...TOXIC_TYPES, 'down'].filter((each) => !covered.has(each));
  expect(missing).toEqual([]);
});
