import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import { processesOf } from '../cli/leftovers.ts';
import { builtEntry } from '../model/entry.ts';
import { parseNetworkFault } from '../model/network-fault.ts';
import type { RouteTable } from '../model/routes.ts';
import { TrafficClient } from './client.ts';
import { pidFile, routesFile, socketPath } from './paths.ts';
import type { Applied, TrafficSignal } from './plane.ts';
import { member, tableOf } from './testing/harness.ts';

const ENTRY = builtEntry(import.meta.url, './main.js');

describe('the traffic process', () => {
  let stateDir: string;
  let applied: Applied[];
  let signals: TrafficSignal[];
  const clients: TrafficClient[] = [];
  const cleanups: (() => unknown)[] = [];

  const newClient = (): TrafficClient => {
    const client = new TrafficClient(stateDir, {
      onSignals: (more) => signals.push(...more),
      onApplied: (next) => applied.push(next),
      onStatus: () => undefined,
    });
    clients.push(client);
    return client;
  };

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'holdfast-traffic-'));
    applied = [];
    signals = [];
  });

  afterEach(async () => {
    const last = clients.pop();
    for (const client of clients.splice(0)) client.close();
    await last?.stop();
    expect(processesOf(stateDir)).toEqual([]);
    for (const cleanup of cleanups.splice(0)) await cleanup();
    rmSync(stateDir, { recursive: true, force: true });
  });

  async function upstream(): Promise<number> {
    const server = createServer((_, response) => response.end('works'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  const ask = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      }).on('error', reject);
    });

  const serving = async (client: TrafficClient, version = 1): Promise<RouteTable> => {
    const table = tableOf(await freePort(), [member('web-1', await upstream())], { version });
    await client.ensureRunning();
    client.apply(table);
    await expect.poll(() => applied).toContainEqual({ version, failed: [] });
    return table;
  };

  it('outlives its agent: the next one adopts it, and gets what it missed', async () => {
    const first = newClient();
    const table = await serving(first);
    const port = table.listeners[0]?.port as number;
    const { pid } = first.status;
    first.close();
    expect(await ask(port)).toBe('works');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const second = newClient();
    await second.ensureRunning();
    expect(second.status).toMatchObject({ state: 'up', pid });
    await expect.poll(() => signals.some((signal) => signal.kind === 'edge' && signal.requests === 1)).toBe(true);
  });

  it('cuts no client when the control connection breaks', async () => {
    const client = newClient();
    const port = (await serving(client)).listeners[0]?.port as number;
    const asking = Array.from({ length: 20 }, () => ask(port));
    client.close();
    expect(await Promise.all(asking)).toEqual(Array.from({ length: 20 }, () => 'works'));
  });

  it('keeps the table on disk and serves it after a start without anybody telling', async () => {
    const client = newClient();
    const table = await serving(client, 7);
    expect(JSON.parse(readFileSync(routesFile(stateDir), 'utf8'))).toEqual(table);
    await client.stop();
    await expect(ask(table.listeners[0]?.port as number)).rejects.toThrow('ECONNREFUSED');
    const next = newClient();
    await next.ensureRunning();
    expect(await ask(table.listeners[0]?.port as number)).toBe('works');
  });

  it('says that its routes are damaged, starts without them, and takes new ones', async () => {
    mkdirSync(dirname(routesFile(stateDir)), { recursive: true });
    writeFileSync(routesFile(stateDir), '{"version": 3, "sys');
    const client = newClient();
    const table = await serving(client, 2);
    expect(await ask(table.listeners[0]?.port as number)).toBe('works');
    expect(readFileSync(join(stateDir, 'traffic', 'traffic.log'), 'utf8')).toContain('HF2002');
  });

  it('is one per state directory, whoever asks', async () => {
    const [first, second] = [newClient(), newClient()];
    await Promise.all([first.ensureRunning(), second.ensureRunning()]);
    expect(first.status.pid).toBe(second.status.pid);
    const third = spawnSync(process.execPath, [ENTRY, '--state-dir', stateDir, '--socket', `${socketPath(stateDir)}x`]);
    expect(third.status).toBe(3);
    expect(third.stderr.toString()).toContain('HF2001');
  });

  it('takes over from a holder whose pid now belongs to somebody else', async () => {
    mkdirSync(dirname(pidFile(stateDir)), { recursive: true });
    writeFileSync(pidFile(stateDir), JSON.stringify({ pid: process.pid, startTicks: '1' }));
    const client = newClient();
    await client.ensureRunning();
    expect(client.status.pid).not.toBe(process.pid);
  });

  it('refuses a running one of another version with HF4003', async () => {
    const path = socketPath(stateDir);
    mkdirSync(dirname(path), { recursive: true });
    const other = createNetServer((socket) => socket.write('{"kind":"hello","protocol":999,"pid":1}\n'));
    await new Promise<void>((resolve) => other.listen(path, resolve));
    cleanups.push(() => other.close());
    const client = newClient();
    await expect(client.ensureRunning()).rejects.toMatchObject({ code: 'HF4003' });
    expect(client.status).toMatchObject({ state: 'failed' });
  });

  it('goes on when it has no descriptors left, and serves again when it has', async () => {
    const path = socketPath(stateDir);
    const limited = spawn(
      'sh',
      ['-c', `ulimit -n 60; exec "${process.execPath}" "${ENTRY}" --state-dir "${stateDir}" --socket "${path}"`],
      {
        stdio: 'ignore',
      },
    );
    cleanups.push(() => limited.kill('SIGKILL'));
    await expect.poll(() => existsSync(path)).toBe(true);
    const client = newClient();
    const port = (await serving(client)).listeners[0]?.port as number;
    expect(client.status.pid).toBe(limited.pid);
    const hogs = Array.from({ length: 100 }, () => {
      const hog = get({ port, host: '127.0.0.1', agent: false, headers: { Connection: 'keep-alive' } });
      hog.on('error', () => undefined);
      hog.on('response', (response) => response.resume());
      return hog;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const hog of hogs) hog.destroy();
    await expect.poll(() => ask(port).catch((error: Error) => error.message)).toBe('works');
    expect(limited.exitCode).toBeNull();
  });

  it('a network fault is a lease: it ends by itself when everybody who knows of it has gone', async () => {
    const first = newClient();
    const table = await serving(first);
    const port = table.listeners[0]?.port as number;
    const fault = parseNetworkFault({
      id: 'slow',
      kind: 'latency',
      where: { callee: 'web' },
      parameters: { ms: 300 },
      leaseMs: 1_500,
    });
    await expect(first.putFault({ ...fault, where: { ...fault.where, callee: 'nobody' } })).rejects.toThrow('nobody');
    expect(await first.putFault(fault)).toMatchObject({ fault, seen: { connections: 0 } });
    expect(await first.renewFault('slow')).toMatchObject({ fault: { id: 'slow' } });
    const asked = performance.now();
    expect(await ask(port)).toBe('works');
    expect(performance.now() - asked).toBeGreaterThan(590);
    expect((await first.faults())[0]).toMatchObject({ affected: { connections: 1 }, bite: { bitten: true } });
    first.close();
    const second = newClient();
    await second.ensureRunning();
    await expect.poll(() => second.faults()).toEqual([]);
    expect(await second.removeFaults()).toEqual([]);
    await expect(second.renewFault('slow')).rejects.toThrow('unknown or over');
  });

  it('is not brought back by whoever ends it', async () => {
    const client = newClient();
    await serving(client);
    for (const waitMs of [0, 1, 30, 60]) {
      await client.ensureRunning();
      process.kill(client.status.pid as number, 'SIGKILL');
      await expect.poll(() => client.status.state, { interval: 1 }).toBe('starting');
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await client.stop();
      expect(client.status.state).toBe('stopped');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(processesOf(stateDir)).toEqual([]);
    }
  });

  it('a traffic process that was killed comes back without faults', async () => {
    const client = newClient();
    await serving(client);
    const { fault } = await client.putFault(
      parseNetworkFault({ id: 'gone', kind: 'refuse', where: { callee: 'web' }, leaseMs: 60_000 }),
    );
    process.kill(client.status.pid as number, 'SIGKILL');
    await expect.poll(() => client.faults().catch(() => null)).toEqual([]);
    expect(fault.id).toBe('gone');
  });
});
