/** The server as users run it: a process, with real instances, killed and started again. Needs the build. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import { HoldfastClient } from '../api/client.ts';
import type { ApiFile, SpecSource } from '../api/resources.ts';
import { builtEntry } from '../model/entry.ts';
import type { HoldfastError } from '../model/errors.ts';

const ENTRY = builtEntry(import.meta.url, './main.ts');

let dir: string;
let stateDir: string;
let port: number;
let servers: ChildProcess[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-server-'));
  stateDir = join(dir, 'state');
  port = await freePort();
  servers = [];
  writeFileSync(join(dir, 'app.mjs'), APP);
});

afterEach(async () => {
  const api = readApi();
  if (api !== null && isAlive(api.pid)) {
    const client = new HoldfastClient({ url: api.url, token: api.token });
    await client.shutdown({ down: true, why: 'end of test', timeoutMs: 30_000 }).catch(() => undefined);
  }
  await until(() => servers.every(hasEnded), 15).catch(() => {
    for (const server of servers) server.kill('SIGKILL');
  });
  await until(() => servers.every(hasEnded));
  const left = processesOf(dir);
  rmSync(dir, { recursive: true, force: true });
  expect(left).toEqual([]);
});

/** Answers with its own pid, and with what its dependency says. */
const APP = `
import { createServer } from 'node:http';
createServer(async (request, response) => {
  const below = process.env.DB_URL && request.url !== '/health' ? await (await fetch(process.env.DB_URL)).text() : '';
  response.end(process.env.HOLDFAST_INSTANCE + ' ' + process.pid + (below && ' via ' + below));
}).listen(Number(process.env.PORT), process.env.HOST);
console.log('listening');
`;

function spec(rate = '1'): SpecSource {
  const command = `["${process.execPath}", "app.mjs"]`;
  const text = `services:
  web:
    command: ${command}
    ports: ["127.0.0.1:${port}:8080"]
    deploy: {replicas: 2}
    environment: {RATE: "${rate}", API_TOKEN: hunter-2-hunter-2}
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:8080/health"]}
  db:
    command: ${command}
    expose: ["8000"]
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:8000/health"]}
`;
  return { file: join(dir, 'compose.yaml'), baseDir: dir, text, variables: {}, profiles: [], projectName: 'shop' };
}

interface Started {
  readonly client: HoldfastClient;
  readonly process: ChildProcess;
  readonly pid: number;
}

async function start(...args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [ENTRY, '--state-dir', stateDir, '--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  servers.push(child);
  let said = '';
  child.stderr?.on('data', (data) => {
    said += String(data);
  });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the server exited with ${child.exitCode}: ${said}`);
    return readApi()?.pid === child.pid;
  });
  const api = readApi() as ApiFile;
  return { client: new HoldfastClient({ url: api.url, token: api.token }), process: child, pid: api.pid };
}

/** Starts a server that is to refuse; what it said and how it ended. */
function refused(...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stderr } = spawnSync(process.execPath, [ENTRY, '--state-dir', stateDir, ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { code: status, said: stderr };
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

function readApi(): ApiFile | null {
  const file = join(stateDir, 'api.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ApiFile) : null;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>, seconds = 40): Promise<void> {
  const deadline = performance.now() + seconds * 1_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Command lines of processes that name this directory. */
function processesOf(path: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
        return line.includes(path) ? [`${pid} ${line}`] : [];
      } catch {
        return []; // it ended meanwhile
      }
    });
}

async function kill(server: Started): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  await until(() => !isAlive(server.pid));
}

async function healthy(client: HoldfastClient): Promise<void> {
  await until(async () => (await client.status()).health === 'healthy');
}

async function pids(client: HoldfastClient): Promise<Record<string, number | null>> {
  return Object.fromEntries((await client.instances()).map(({ id, pid }) => [id, pid]));
}

async function failure(promise: Promise<unknown>): Promise<HoldfastError> {
  return promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: HoldfastError) => error,
  );
}

const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();

describe('the server', () => {
  it('runs a system, survives kill -9 with the same instances, and proves its journal', async () => {
    const first = await start();
    expect(statSync(join(stateDir, 'api.json')).mode & 0o777).toBe(0o600);
    expect((await first.client.status()).sentence).toBe('Nothing is declared yet: apply a spec.');

    const plan = await first.client.plan(spec());
    expect(plan.changes.map(({ service, change, effect }) => [service, change, effect])).toEqual([
      ['db', 'add', 'start 1 instance'],
      ['web', 'add', 'start 2 instances'],
    ]);
    const applied = await first.client.apply({ spec: spec(), index: plan.index, why: 'first' });
    expect(applied.index).toBeGreaterThan(plan.index);
    expect(await failure(first.client.apply({ spec: spec('2'), index: plan.index, why: 'stale' }))).toMatchObject({
      code: 'HF5001',
    });
    await healthy(first.client);
    expect(await ask()).toMatch(/^web-[12] \d+ via db-1 \d+$/);
    const before = await pids(first.client);
    expect(Object.keys(before).sort()).toEqual(['db-1', 'web-1', 'web-2']);

    await kill(first);
    for (const pid of Object.values(before)) expect(isAlive(pid as number)).toBe(true);
    expect(await ask()).toMatch(/^web-[12] /);

    const second = await start();
    expect(await pids(second.client)).toEqual(before);
    await healthy(second.client);
    expect(await ask()).toMatch(/^web-[12] /);
    expect((await second.client.instances()).map(({ restarts }) => restarts)).toEqual([0, 0, 0]);

    const verified = await second.client.verifyJournal({ replay: true });
    expect(verified).toMatchObject({ intact: true, firstDifference: null });
    expect(verified.replayed).toBeGreaterThan(10);
    const entries = await second.client.journal({ limit: 1_000 });
    const apply = entries.find(({ summary }) => summary.startsWith('apply shop'));
    expect(apply).toMatchObject({ why: 'first' });
    expect(apply?.who).toMatch(/\S/);
  });

  it('keeps secrets out of the journal and the log, and still knows them after kill -9', async () => {
    const first = await start();
    await first.client.apply({ spec: spec(), index: null, why: 'secrets' });
    await healthy(first.client);
    await kill(first);
    const second = await start();
    expect((await second.client.plan(spec())).empty).toBe(true);
    await second.client.verifyJournal({});
    for (const file of readdirSync(join(stateDir, 'journal'))) {
      expect(readFileSync(join(stateDir, 'journal', file), 'latin1')).not.toContain('hunter-2');
    }
    expect(readFileSync(join(stateDir, 'server.log'), 'latin1')).not.toContain('hunter-2');
  });

  it('restarts what is killed, and tells how long that took', async () => {
    const { client } = await start();
    await client.apply({ spec: spec(), index: null, why: 'x' });
    await healthy(client);
    const victim = (await pids(client))['web-1'] as number;
    process.kill(victim, 'SIGKILL');
    await until(async () => ((await pids(client))['web-1'] ?? victim) !== victim);
    await healthy(client);
    await until(async () => (await client.incidents({ state: 'closed' })).length > 0, 40);
    const [incident] = await client.incidents({ state: 'closed' });
    expect(incident).toMatchObject({ status: 'resolved', services: ['web'] });
    expect(incident?.detectedAfterMs).toBeLessThan(5_000);
    const metrics = await client.metrics();
    expect(metrics).toMatch(/^holdfast_exits_total\{service="web",reason="signal"\} 1$/m);
    expect(metrics).toMatch(/^holdfast_restarts_total\{service="web"\} 1$/m);
    expect(promtool(metrics)).toBe('');
  });

  it('refuses a port that somebody else holds, with its place in the file, and starts nothing', async () => {
    const { client } = await start();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve));
    try {
      const error = await failure(client.apply({ spec: spec(), index: null, why: 'x' }));
      expect(error).toMatchObject({ code: 'HF4001', at: { line: 4, column: expect.any(Number) } });
      expect(await client.instances()).toEqual([]);
      const { notices } = await client.plan(spec());
      expect(notices.find(({ code }) => code === 'HF4001')).toMatchObject({
        line: 4,
        what: expect.stringContaining('another program'),
      });
    } finally {
      holder.close();
    }
  });

  it('says before anything is started that a command is missing', async () => {
    const { client } = await start();
    const text = 'services:\n  a:\n    command: ["no-such-program-here"]\n';
    const { notices } = await client.plan({ ...spec(), text });
    expect(notices.map(({ code, line, service }) => [code, line, service])).toEqual([['HF3001', 3, 'a']]);
  });

  it('ends on SIGTERM and leaves all running; ends all when told so', async () => {
    const first = await start();
    await first.client.apply({ spec: spec(), index: null, why: 'x' });
    await healthy(first.client);
    const running = await pids(first.client);
    first.process.kill('SIGTERM');
    await until(() => first.process.exitCode !== null);
    expect(first.process.exitCode).toBe(0);
    expect(readApi()).toBeNull();
    expect(await ask()).toMatch(/^web-[12] /);

    const second = await start();
    expect(await pids(second.client)).toEqual(running);
    await second.client.shutdown({ down: true, why: 'done', timeoutMs: 30_000 });
    await until(() => second.process.exitCode !== null);
    for (const pid of Object.values(running)) expect(isAlive(pid as number)).toBe(false);
    await expect(ask()).rejects.toThrow();
  });
});

it('leaves nothing behind when it is told to end while it still begins', async () => {
  const { client } = await start();
  await client.shutdown({ down: true, why: 'at once', timeoutMs: 30_000 });
  await until(() => servers.every(hasEnded));
  expect(processesOf(stateDir)).toEqual([]);
});

describe('the server refuses', () => {
  it('a state directory that another one uses', async () => {
    const first = await start();
    const { code, said } = refused('--listen', '127.0.0.1:0');
    expect(code).toBe(1);
    expect(said).toMatch(/HF2001 .*in use/);
    expect((await first.client.healthz()).pid).toBe(first.pid);
  });

  it('a journal that was altered, and changes nothing in it', async () => {
    const first = await start();
    await first.client.apply({ spec: spec(), index: null, why: 'x' });
    const running = await pids(first.client);
    await first.client.shutdown({ down: true, why: 'x', timeoutMs: 30_000 });
    await until(() => first.process.exitCode !== null);
    expect(Object.keys(running).length).toBeGreaterThan(0);
    const file = join(
      stateDir,
      'journal',
      readdirSync(join(stateDir, 'journal')).filter((name) => name.endsWith('.jsonl'))[0] as string,
    );
    const altered = readFileSync(file, 'utf8').replace('"kind":"start"', '"kind":"stort"');
    writeFileSync(file, altered);
    const { code, said } = refused('--listen', '127.0.0.1:0');
    expect(code).toBe(1);
    expect(said).toMatch(/HF2008 .*entry \d+/);
    expect(said).toContain('→');
    expect(readFileSync(file, 'utf8')).toBe(altered);
  });

  it('to listen beyond loopback without tokens', () => {
    const { code, said } = refused('--listen', '0.0.0.0:0');
    expect(code).toBe(1);
    expect(said).toMatch(/HF6007/);
    expect(existsSync(join(stateDir, 'journal'))).toBe(false);
  });

  it('a wrong command line', () => {
    expect(refused('--listen', 'nowhere').said).toMatch(/HF7002/);
    expect(refused('--unknown').said).toMatch(/HF7002/);
  });
});

it('with a token file nobody gets in without one, and this user by api.json', async () => {
  const tokens = join(dir, 'tokens');
  writeFileSync(tokens, 'viewer view-view-view-view wall\n', { mode: 0o600 });
  const { client } = await start('--token-file', tokens);
  const { url } = client;
  expect((await client.status()).health).toBe('unknown');
  expect(await failure(new HoldfastClient({ url }).status())).toMatchObject({ code: 'HF6001' });
  const viewer = new HoldfastClient({ url, token: 'view-view-view-view' });
  expect((await viewer.status()).health).toBe('unknown');
  expect(await failure(viewer.operate({ kind: 'stop-all' }, 'x'))).toMatchObject({ code: 'HF6002' });
  const { detail } = await client.operate({ kind: 'stop-all' }, 'drill');
  expect(detail).toMatch(/stopped/);
  expect((await client.status()).automationStopped).toBe(true);
  const entries = await client.journal({ limit: 10 });
  expect(entries.find(({ summary }) => summary.startsWith('operator: stop-all'))).toMatchObject({
    who: 'local',
    why: 'drill',
  });
});

/** What Prometheus's own checker complains of; nothing where it is not installed (our own reader is a unit test). */
function promtool(text: string): string {
  const { error, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return error ? '' : `${stdout}${stderr}`;
}
