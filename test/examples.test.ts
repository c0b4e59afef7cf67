/** The samples' own promises: what they share, the store's durability, the Redis client. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeCommand, RespParser, type RespValue } from '../examples/web/redis-client.ts';
import { cleanEnv } from './support/cli.ts';
import { addEnvironment } from './support/faults/runner.ts';
import { DIST, ensureBuilt } from './support/paths.ts';
import { freePort, pause } from './support/system.ts';

describe('the Redis client', () => {
  const value: fc.Arbitrary<RespValue> = fc.letrec<{ value: RespValue; list: RespValue[] }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null), tie('list')),
    list: fc.array(tie('value'), { maxLength: 4 }),
  })).value;

  const encode = (item: RespValue): string => {
    if (item === null) return '$-1\r\n';
    if (typeof item === 'number') return `:${item}\r\n`;
    if (Array.isArray(item)) return `*${item.length}\r\n${item.map(encode).join('')}`;
    return `$${Buffer.byteLength(String(item))}\r\n${String(item)}\r\n`;
  };

  it('reads any sequence of values from chunks that end anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (items, cuts) => {
          const bytes = Buffer.from(items.map(encode).join(''));
          const read: RespValue[] = [];
          const parser = new RespParser((item) => read.push(item));
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const length = cuts[turn % cuts.length] as number;
            parser.feed(bytes.subarray(at, at + length));
            at += length;
          }
          expect(read).toEqual(items);
        },
      ),
    );
  });

  it('gives errors as errors, and writes lengths in bytes', () => {
    const read: RespValue[] = [];
    new RespParser((item) => read.push(item)).feed(Buffer.from('-ERR no\r\n+OK\r\n'));
    expect(read[0]).toBeInstanceOf(Error);
    expect(read[1]).toBe('OK');
    expect(encodeCommand(['SET', 'k', 'ä'])).toBe('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nä\r\n');
  });
});

describe('the services', () => {
  let directory: string;
  let port: number;
  let child: ChildProcess | undefined;
  beforeAll(ensureBuilt);
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hf-example-'));
    port = await freePort();
  });
  afterEach(() => {
    child?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  const start = async (name: string, env: Record<string, string> = {}): Promise<ChildProcess> => {
    const own = { PORT: String(port), HOLDFAST_INSTANCE_DIR: directory, ...env };
    const started = spawn(process.execPath, [join(DIST, 'examples/shop', `${name}.js`)], {
      env: cleanEnv(own),
      stdio: 'ignore',
    });
    child = started;
    for (let tries = 0; tries < 1_200; tries++) {
      const up = await fetch(`http://127.0.0.1:${port}/healthz`).then(
        () => true,
        () => false,
      );
      if (up || started.exitCode !== null) break;
      await pause(25);
    }
    return started;
  };
  const call = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const ended = (process: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => (process.exitCode === null ? process.on('exit', resolve) : resolve(process.exitCode)));

  it('store keeps every write that it acknowledged through kill -9', async () => {
    const acknowledged: number[] = [];
    for (let life = 0; life < 3; life++) {
      const store = await start('store');
      for (const number of acknowledged) {
        expect(await (await call('GET', `/kv/k${number}`)).json()).toEqual({ value: { number } });
      }
      const writing = (async () => {
        for (let number = life * 10_000; ; number++) {
          const written = await call('PUT', `/kv/k${number}`, { value: { number } }).then(
            (response) => response.ok,
            () => false,
          );
          if (!written) return;
          acknowledged.push(number);
        }
      })();
      // Enough of them that some are on their way when it is killed.
      const before = acknowledged.length;
      await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 12);
      store.kill('SIGKILL');
      await Promise.all([writing, ended(store)]);
    }
    expect(acknowledged.length).toBeGreaterThan(30);
  });

  it('store hands a queued item to one consumer at a time until it is deleted', async () => {
    await start('store');
    await call('PUT', '/queues/mail/a', { item: { to: 'x' } });
    const take = async () => (await call('POST', '/queues/mail/take', { max: 5 })).json();
    expect(await take()).toEqual({ mails: [{ id: 'a', item: { to: 'x' } }] });
    expect(await take()).toEqual({ mails: [] });
    expect((await call('DELETE', '/queues/mail/a')).status).toBe(200);
  });

  it('end with code 0 at SIGTERM', async () => {
    const catalog = await start('catalog');
    catalog.kill('SIGTERM');
    expect(await ended(catalog)).toBe(0);
  });

  it('harm themselves only where drills are allowed', async () => {
    await start('catalog');
    expect((await call('POST', '/_drill', { kind: 'errors' })).status).toBe(404);
    expect((await call('GET', '/products')).status).toBe(200);
  });

  it('answer 500 but stay healthy in the drill of errors, and are well again after `none`', async () => {
    await start('catalog', { HOLDFAST_DRILLS: '1' });
    await call('POST', '/_drill', { kind: 'errors' });
    expect([(await call('GET', '/products')).status, (await call('GET', '/healthz')).status]).toEqual([500, 200]);
    await call('POST', '/_drill', { kind: 'none' });
    expect((await call('GET', '/products')).status).toBe(200);
  });

  it('exit at start as often as a drill asked for', async () => {
    const first = await start('catalog', { HOLDFAST_DRILLS: '1' });
    await call('POST', '/_drill', { kind: 'exit', times: 1 });
    expect(await ended(first)).toBe(1);
    expect(await ended(await start('catalog', { HOLDFAST_DRILLS: '1' }))).toBe(1);
    await start('catalog', { HOLDFAST_DRILLS: '1' });
    expect((await call('GET', '/products')).status).toBe(200);
  });

  it('fail every request, or every start, with the bad changes of the drills', async () => {
    expect(await ended(await start('catalog', { FAIL_START: '1' }))).toBe(1);
    await start('catalog', { BAD_CONFIG: '1' });
    expect([(await call('GET', '/products')).status, (await call('GET', '/healthz')).status]).toEqual([500, 200]);
  });
});

describe('the deploy of the fault matrix', () => {
  it('adds to an environment, its own or the one it shares', () => {
    const text = 'x: 1\nservices:\n  a:\n    <<: *service\n    command: [x]\n\n  b:\n    environment:\n      RATE: 1\n';
    expect(addEnvironment(text, 'a', ['      BAD: "1"'])).toContain(
      '  a:\n    environment:\n      <<: *environment\n      BAD: "1"\n    <<: *service\n',
    );
    expect(addEnvironment(text, 'b', ['      BAD: "1"'])).toContain(
      '    environment:\n      BAD: "1"\n      RATE: 1\n',
    );
    expect(() => addEnvironment(text, 'c', [])).toThrow('no service c');
  });
});
