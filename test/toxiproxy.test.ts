/**
 * Toxiproxy's API over the endpoints of a running system: its toxics are faults like any other. They need the opt-in
 * and the budget, are in the journal, end with who asked for them and with the emergency stop, and last otherwise.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { below } from '../src/traffic/testing/bytes.ts';
import { DIST } from './support/paths.ts';
import { freePort, pause, TestSystem } from './support/system.ts';

const PROGRAM = `
  require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT);
  process.on('SIGTERM', () => process.exit(0));`;
const LATE_MS = 300;
const LATENCY = { type: 'latency', attributes: { latency: LATE_MS } };

let directory: string;
let system: TestSystem;
let port: number;
let child: ChildProcess | null = null;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hf-toxics-'));
  writeFileSync(join(directory, 'server.cjs'), PROGRAM);
  port = await freePort();
  const service = (name: string, allow: string, replicas: number, at: number): string => `
  ${name}:
    command: ["node", "server.cjs"]
    ports: ["127.0.0.1:${at}:80"]
    deploy: { replicas: ${replicas} }
    healthcheck: { http: /, interval: 500ms, timeout: 5s }
    x-holdfast: { experiments: ${allow} }`;
  const services = [
    service('web', 'allow', 1, port),
    service('many', 'allow', 3, await freePort()),
    service('closed', 'refuse', 1, await freePort()),
  ];
  writeFileSync(join(directory, 'compose.yaml'), `name: toxics\nservices:${services.join('')}\n`);
  system = await TestSystem.start({ file: join(directory, 'compose.yaml') });
});

afterEach(() => {
  child?.kill('SIGKILL');
  child = null;
});

afterAll(async () => {
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function attach(): Promise<string> {
  // The process that the command starts, because it is the one that is killed.
  const entry = join(DIST, 'src/traffic/toxiproxy/main.js');
  const args = [entry, '--port', '0', '--attach', system.stateDir, '--reason', 'a trial'];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child = started;
  const line = await new Promise<string>((resolve, reject) => {
    started.stdout?.once('data', (data) => resolve(String(data)));
    started.once('exit', (code) => reject(new Error(`exited with ${code}`)));
  });
  return /http:\S+:\d+/.exec(line)?.[0] as string;
}

async function call(url: string, method: string, path: string, body?: object) {
  const answer = await fetch(url + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? null : JSON.parse(text) };
}

/** One call of a user, ms. */
async function tookMs(): Promise<number> {
  const begun = performance.now();
  await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();
  return performance.now() - begun;
}

const running = async () => (await system.read((client) => client.faults())).running;

it('asks for its faults like everybody: journaled, of who opted in, within the budget, for as long as it lives', async () => {
  const url = await attach();
  expect(Object.keys((await call(url, 'GET', '/proxies')).json).sort()).toEqual(['many', 'web']);
  await below(LATE_MS, tookMs);
  expect((await call(url, 'POST', '/proxies/web/toxics', LATENCY)).status).toBe(200);
  expect(await tookMs()).toBeGreaterThan(LATE_MS);
  const [fault] = await running();
  expect(fault).toMatchObject({ kind: 'latency', proof: 'toxiproxy', targets: [{ instance: null, service: 'web' }] });
  const journal = await system.client.journal({ limit: 200 });
  expect(JSON.stringify(journal)).toMatch(/"why":"a trial"/);

  // web has spent what there is, and many is more than that.
  const refused = await call(url, 'POST', '/proxies/many/toxics', LATENCY);
  expect(refused).toMatchObject({ status: 409, json: { error: expect.stringContaining('HF5002 budget') } });
  expect((await call(url, 'GET', '/proxies/many/toxics')).json).toEqual([]);

  const more = { attributes: { latency: LATE_MS * 2 } };
  expect((await call(url, 'PATCH', '/proxies/web/toxics/latency_downstream', more)).status).toBe(200);
  expect(await tookMs()).toBeGreaterThan(LATE_MS * 2);
  expect(await running()).toHaveLength(1);
  // Longer than a lease: it is renewed.
  await pause(6_500);
  expect(await tookMs()).toBeGreaterThan(LATE_MS * 2);

  const killed = performance.now();
  child?.kill('SIGKILL');
  await expect.poll(running, { interval: 200 }).toEqual([]);
  // The lease is five seconds.
  expect(performance.now() - killed).toBeLessThan(15_000);
  await below(LATE_MS, tookMs);
});

it('goes on after a restart of Holdfast, and is ended by the emergency stop', async () => {
  const url = await attach();
  expect((await call(url, 'POST', '/proxies/web/toxics', LATENCY)).status).toBe(200);
  system.killServer();
  await pause(300);
  await system.startServer();
  await expect.poll(tookMs, { interval: 200 }).toBeGreaterThan(LATE_MS);
  await expect.poll(running).toHaveLength(1);

  await system.client.operate({ kind: 'stop-all' }, 'enough');
  await below(LATE_MS, tookMs);
  expect((await call(url, 'POST', '/proxies/web/toxics', { ...LATENCY, name: 'another' })).json.error).toContain(
    'HF5006',
  );
  await expect.poll(async () => (await call(url, 'GET', '/proxies/web/toxics')).json, { interval: 200 }).toEqual([]);
  expect(await running()).toEqual([]);
  await system.client.operate({ kind: 'resume' }, 'again');

  // Taken down, and an end that is asked for leaves nothing.
  expect((await call(url, 'POST', '/proxies/web', { enabled: false })).json.enabled).toBe(false);
  expect((await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).status).toBe(503);
  child?.kill('SIGTERM');
  await expect.poll(running, { interval: 100 }).toEqual([]);
  await below(LATE_MS, tookMs);
});
