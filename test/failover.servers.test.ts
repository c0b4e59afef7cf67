/**
 * The example system over PostgreSQL and Redis, with primaries that are killed, paused and cut off while clients write:
 * the standby leads under a new token, the old primary is fenced and comes back, nothing acknowledged is lost where
 * writes are synchronous, and what is lost elsewhere is found.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { InstanceResource, ServiceResource } from '../src/api/resources.ts';
import { ensureDebian } from './support/debian.ts';
import { DIST } from './support/paths.ts';
import { cutOff, signal, tree } from './support/strike.ts';
import { freePort, hasEnded, pause, TestSystem } from './support/system.ts';
import { PostgresWriter, RedisWriter } from './support/unique-writes.ts';

const PASSWORD = 'secret of the test';
let system: TestSystem;
let [apiPort, dbPort, cachePort] = [0, 0, 0];

type Failover = NonNullable<ServiceResource['failover']>;

async function failoverOf(service: string): Promise<Failover> {
  const found = (await system.read((client) => client.services())).find(({ name }) => name === service)?.failover;
  if (!found) throw new Error(`${service} has no failover`);
  return found;
}

/** The standby has caught up, so that the next fault finds somebody to take over. */
function redundant(service: string): Promise<Failover> {
  return system.waitFor(`${service} has a caught-up standby`, 60_000, async (client) => {
    const resource = (await client.services()).find(({ name }) => name === service);
    const roles = resource?.instances.map(({ role }) => role).sort();
    const whole = roles?.join() === 'primary,standby' && resource?.failover?.caughtUp.length === 1;
    return whole ? (resource?.failover ?? undefined) : undefined;
  });
}

async function primaryOf(service: string): Promise<InstanceResource & { readonly pid: number }> {
  const instance = await system.instance((await failoverOf(service)).holder);
  if (instance.pid === null) throw new Error(`${instance.id} has no process`);
  return { ...instance, pid: instance.pid };
}

beforeAll(async () => {
  ensureDebian(['postgresql', 'redis-server', 'iptables']);
  [apiPort, dbPort, cachePort] = [await freePort(), await freePort(), await freePort()];
  system = await TestSystem.start({
    file: join(DIST, '../examples/data/compose.yaml'),
    variables: {
      API_PORT: String(apiPort),
      DB_PORT: String(dbPort),
      CACHE_PORT: String(cachePort),
      DATABASE_PASSWORD: PASSWORD,
      ...(process.getuid?.() === 0 ? {} : { DATABASE_USER: '' }),
    },
    healthyWithinMs: 80_000,
  });
});

/** What a test that fails half-way would leave to the next one, or to its own next try. */
const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});
const written = <T extends PostgresWriter | RedisWriter>(writer: T): T => {
  undo.push(() => writer.end());
  return writer;
};

afterAll(() => system?.stop());

describe('PostgreSQL with a synchronous standby', () => {
  const faults: readonly [string, number, (pid: number, port: number) => () => void][] = [
    [
      'killed',
      10_000,
      (pid) => {
        signal([pid], 'SIGKILL');
        return () => undefined;
      },
    ],
    [
      'paused, and woken when another one leads',
      12_000,
      (pid) => {
        const pids = tree(pid);
        signal(pids, 'SIGSTOP');
        return () => signal(pids, 'SIGCONT');
      },
    ],
    ['cut off', 15_000, (_, port) => cutOff(port)],
  ];

  it.each(faults)('primary %s: nothing acknowledged is lost', async (_, withinMs, hurt) => {
    const before = await redundant('db');
    const writer = written(new PostgresWriter(dbPort, PASSWORD));
    await writer.prepare();
    writer.start();
    await writer.progress(50, 60_000);
    const { pid, id, ports } = await primaryOf('db');
    writer.mark();
    const heal = hurt(pid, Object.values(ports)[0] as number);
    try {
      const after = await system.waitFor('a new primary', 60_000, async () => {
        const now = await failoverOf('db');
        return now.token > before.token ? now : undefined;
      });
      expect(after).toMatchObject({ token: before.token + 1, previous: id });
      await writer.progress(50, 60_000);
      expect(writer.downtimeMs).toBeLessThan(withinMs);
    } finally {
      heal();
    }
    await redundant('db');
    await writer.progress(20, 60_000);
    const { acknowledged, lost } = await writer.stop();
    expect(acknowledged).toBeGreaterThan(100);
    expect(lost).toEqual([]);
  });

  it('goes on with a failover in the middle of which Holdfast is killed', async () => {
    const before = await redundant('db');
    const writer = written(new PostgresWriter(dbPort, PASSWORD));
    await writer.prepare();
    writer.start();
    await writer.progress(50, 60_000);
    const { pid } = await primaryOf('db');
    signal([pid], 'SIGKILL');
    // In the middle: somebody else holds the token, and hardly leads yet.
    for (const end = performance.now() + 60_000; (await failoverOf('db')).token === before.token; await pause(5))
      if (performance.now() > end) throw new Error('no failover begins');
    undo.push(() => system.startServer());
    system.killServer();
    await pause(300);
    await system.startServer();
    await writer.progress(50, 60_000);
    const after = await redundant('db');
    expect(after.token).toBeGreaterThan(before.token);
    const { lost } = await writer.stop();
    expect(lost).toEqual([]);
  });
});

describe('Redis, which acknowledges before it copies', () => {
  it('primary killed: the standby leads, and what was lost is counted', async () => {
    const before = await redundant('cache');
    const writer = written(new RedisWriter(cachePort));
    await writer.prepare();
    writer.start();
    await writer.progress(200, 60_000);
    const { pid } = await primaryOf('cache');
    writer.mark();
    signal([pid], 'SIGKILL');
    await writer.progress(200, 60_000);
    const after = await redundant('cache');
    expect(after.token).toBe(before.token + 1);
    const { acknowledged, lost, downtimeMs } = await writer.stop();
    process.stderr.write(`redis: ${lost.length} of ${acknowledged} lost, down for ${Math.round(downtimeMs)} ms\n`);
    expect(lost.length).toBeLessThan(acknowledged / 2);
  });

  it('finds what a standby that was asleep has not got', async () => {
    const before = await redundant('cache');
    const writer = written(new RedisWriter(cachePort));
    await writer.prepare();
    const [primary, all] = [await primaryOf('cache'), await system.read((client) => client.instances())];
    const standby = all.find(({ service, role }) => service === 'cache' && role === 'standby')?.pid as number;
    // Asleep and without a connection the standby hears nothing of these writes, and leads before anybody notices.
    undo.push(() => signal([standby], 'SIGCONT'));
    signal([standby], 'SIGSTOP');
    await RedisWriter.dropStandbys(Object.values(primary.ports)[0] as number);
    writer.start();
    await writer.progress(100, 60_000);
    signal([primary.pid], 'SIGKILL');
    // On a busy machine it goes on for a moment: long enough to tell a standby that wakes what it missed.
    await expect.poll(() => hasEnded(primary.pid), { interval: 1 }).toBe(true);
    signal([standby], 'SIGCONT');
    await system.waitFor('a new primary', 60_000, async () => {
      const { token } = await failoverOf('cache');
      return token > before.token ? token : undefined;
    });
    await writer.progress(20, 60_000);
    const { lost } = await writer.stop();
    process.stderr.write(`redis: ${lost.length} lost with a standby that had been asleep\n`);
    expect(lost.length).toBeGreaterThan(50);
  });
});

describe('the API over both', () => {
  it('keeps every note that it has confirmed while both primaries are killed', async () => {
    await Promise.all([redundant('db'), redundant('cache')]);
    const url = (id: number): string => `http://127.0.0.1:${apiPort}/notes/${id}`;
    const kept: number[] = [];
    const [db, cache] = [await primaryOf('db'), await primaryOf('cache')];
    for (let id = 0; id < 60; id++) {
      if (id === 20) signal([db.pid, cache.pid], 'SIGKILL');
      const response = await fetch(url(id), { method: 'PUT', body: `note ${id}`, signal: AbortSignal.timeout(60_000) });
      if (response.status === 201) kept.push(id);
      await response.arrayBuffer();
    }
    expect(kept.length).toBeGreaterThan(40);
    for (const id of kept) {
      const response = await fetch(url(id), { signal: AbortSignal.timeout(60_000) });
      expect(await response.json()).toMatchObject({ text: `note ${id}` });
    }
    await Promise.all([redundant('db'), redundant('cache')]);
  });
});
