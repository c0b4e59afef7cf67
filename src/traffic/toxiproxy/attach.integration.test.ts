import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { builtEntry } from '../../model/entry.ts';
import type { RouteTable } from '../../model/routes.ts';
import { TrafficClient } from '../client.ts';
import type { TrafficSignal } from '../plane.ts';
import { dial, echo, type Peer, peer, roundTrip, until } from '../testing/bytes.ts';
import { freePort, member, tableOf } from '../testing/harness.ts';

const ENTRY = builtEntry(import.meta.url, './main.js');

let stateDir: string;
let agent: TrafficClient;
let server: Peer;
let port: number;
let applied = 0;
let signals: TrafficSignal[];
const children: ChildProcess[] = [];

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-attach-'));
  server = await peer(echo);
  port = await freePort();
  signals = [];
  agent = newAgent();
  await agent.ensureRunning();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await agent.stop();
  server.close();
  rmSync(stateDir, { recursive: true, force: true });
});

function newAgent(): TrafficClient {
  return new TrafficClient(stateDir, {
    onSignals: (more) => signals.push(...more),
    onApplied: ({ version }) => {
      applied = version;
    },
    onStatus: () => undefined,
  });
}

async function route(version: number, experiments: boolean): Promise<void> {
  const table = tableOf(port, [member('web-1', server.port)], { version, protocol: 'tcp' });
  const pools = table.pools.map((pool) => (experiments ? { ...pool, experiments: true as const } : pool));
  agent.apply({ ...table, pools } satisfies RouteTable);
  await until(() => applied === version);
}

async function start(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const args = [ENTRY, '--port', '0', '--attach', stateDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data) => resolve(String(data)));
    child.once('exit', (code) => reject(new Error(`exited with ${code}`)));
  });
  return { child, url: /http:\S+:\d+/.exec(line)?.[0] as string };
}

const call = async (url: string, method: string, path: string, body?: object) => {
  const answer = await fetch(url + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? null : JSON.parse(text) };
};

it('endpoints of services that opted in are proxies; what is done to them ends with the one who asked', async () => {
  await route(1, false);
  const { child, url } = await start();
  expect((await call(url, 'GET', '/proxies')).json).toEqual({});
  await route(2, true);
  const web = { name: 'web', listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${server.port}`, enabled: true };
  expect((await call(url, 'GET', '/proxies')).json).toEqual({ web: { ...web, toxics: [] } });

  const own = await dial(port);
  await roundTrip(own);
  await call(url, 'POST', '/proxies/web/toxics', { type: 'latency', attributes: { latency: 150 } });
  expect(await roundTrip(own)).toBeGreaterThan(148);
  expect((await agent.faults())[0]).toMatchObject({ fault: { where: { caller: '(outside)', callee: 'web' } } });

  await call(url, 'PATCH', '/proxies/web', { enabled: false });
  await until(() => own.closed || own.ended);
  const refused = await dial(port);
  await until(() => refused.closed || refused.ended || refused.broken !== null, 4_000);
  await call(url, 'POST', '/reset');
  expect(await agent.faults()).toEqual([]);
  await expect.poll(async () => roundTrip(await dial(port)), { timeout: 3_000 }).toBeLessThan(100);

  expect(await call(url, 'DELETE', '/proxies/web')).toMatchObject({ status: 409 });
  expect(await call(url, 'POST', '/proxies/web', { upstream: '127.0.0.1:1' })).toMatchObject({ status: 409 });

  // Killed: nobody renews, and the fault ends in the traffic process.
  await call(url, 'POST', '/proxies/web/toxics', { type: 'latency', attributes: { latency: 150 } });
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  child.kill('SIGKILL');
  const killed = performance.now();
  await expect.poll(() => agent.faults(), { timeout: 8_000 }).toEqual([]);
  expect(performance.now() - killed).toBeLessThan(6_000);
  expect(await roundTrip(await dial(port))).toBeLessThan(100);
});

it('whoever stops all faults has the last word, and an end that is asked for leaves none', async () => {
  await route(1, true);
  const { child, url } = await start();
  await call(url, 'POST', '/proxies/web/toxics', { type: 'latency', attributes: { latency: 50 } });
  expect(await agent.removeFaults()).toHaveLength(1);
  await expect.poll(async () => (await call(url, 'GET', '/proxies/web/toxics')).json, { timeout: 4_000 }).toEqual([]);
  expect(await agent.faults()).toEqual([]);
  await call(url, 'POST', '/proxies/web/toxics', { type: 'latency', attributes: { latency: 50 } });
  child.kill('SIGTERM');
  await expect.poll(() => agent.faults(), { timeout: 1_500 }).toEqual([]);
});

it('takes no signals away from an agent that comes later', async () => {
  await route(1, true);
  agent.close();
  signals = [];
  await start();
  await roundTrip(await dial(port));
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  agent = newAgent();
  await agent.ensureRunning();
  await until(() => signals.some((signal) => signal.kind === 'edge'), 3_000);
});

it('says that there is no system to attach to', async () => {
  await agent.stop();
  const child = spawn(process.execPath, [ENTRY, '--port', '0', '--attach', stateDir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (data) => {
    text += data;
  });
  const code = await new Promise((resolve) => child.on('exit', resolve));
  expect([code, text]).toEqual([1, expect.stringContaining('HF4002 no traffic process: none runs on')]);
});
