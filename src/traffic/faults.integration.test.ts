import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import { TrafficClient } from './client.ts';
import type { TrafficSignal } from './plane.ts';
import { failedOf, type InstanceProcess, member, startInstance, steadyLoad, tableOf } from './testing/harness.ts';

/** The real traffic process, three real instances, and faults as they happen. */
describe('faults of instances under load', () => {
  let stateDir: string;
  let client: TrafficClient;
  let port: number;
  let instances: InstanceProcess[];
  let signals: TrafficSignal[];

  const claims = () => signals.flatMap((signal) => (signal.kind === 'stall' ? [signal] : []));
  const later = (ms: number, act: () => void) => setTimeout(act, ms);

  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'holdfast-traffic-'));
    signals = [];
    instances = await Promise.all(['web-1', 'web-2', 'web-3'].map((name) => startInstance(name)));
    port = await freePort();
    let applied = (): void => undefined;
    const ready = new Promise<void>((resolve) => {
      applied = resolve;
    });
    client = new TrafficClient(stateDir, {
      onSignals: (more) => signals.push(...more),
      onApplied: () => applied(),
      onStatus: () => undefined,
    });
    await client.ensureRunning();
    client.apply(
      tableOf(
        port,
        instances.map((instance) => member(instance.name, instance.port)),
      ),
    );
    await ready;
  });

  afterEach(async () => {
    for (const { child } of instances) child.kill('SIGKILL');
    await client.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });

  it('kill -9 of one of three at 500 requests/s fails no request', async () => {
    later(1_000, () => instances[0]?.child.kill('SIGKILL'));
    const outcomes = await steadyLoad({
      port,
      path: '/?delay=10',
      perSecond: 500,
      durationMs: 3_000,
      timeoutMs: 10_000,
    });
    expect(outcomes.length).toBeGreaterThan(1_400);
    expect(failedOf(outcomes)).toEqual([]);
    expect(outcomes.some(({ at, instance }) => at < 900 && instance === 'web-1')).toBe(true);
    expect(claims()).toContainEqual(expect.objectContaining({ state: 'refusing', instance: 'web-1' }));
    const claim = claims().find(({ state }) => state === 'refusing');
    expect(claim?.detail).toMatch(/ECONNREFUSED|ECONNRESET/);
  });

  it('SIGSTOP of one of three: traffic goes elsewhere within 1.5 s and at most 0.1 % fail', async () => {
    later(1_500, () => instances[0]?.child.kill('SIGSTOP'));
    const outcomes = await steadyLoad({ port, path: '/?delay=2', perSecond: 500, durationMs: 5_000 });
    const failed = failedOf(outcomes);
    expect(failed.length).toBeLessThanOrEqual(outcomes.length * 0.001);
    const stalled = claims().find(({ state }) => state === 'stalled');
    expect(stalled).toMatchObject({ instance: 'web-1', incarnation: 1 });
    expect(stalled?.silentMs).toBeLessThan(1_500);
    const late = outcomes.filter(({ at, ms }) => at > 1_500 + 1_500 && ms > 1_000);
    expect(late).toEqual([]);
  });

  it('after SIGCONT it takes traffic again', async () => {
    later(1_500, () => instances[0]?.child.kill('SIGSTOP'));
    later(3_000, () => instances[0]?.child.kill('SIGCONT'));
    const outcomes = await steadyLoad({ port, path: '/?delay=2', perSecond: 300, durationMs: 5_000 });
    // On a machine without CPU to spare others may pause as well; then they, too, must have resumed.
    const states = (name: string) => claims().flatMap(({ instance, state }) => (instance === name ? [state] : []));
    expect(states('web-1').slice(0, 2)).toEqual(['stalled', 'resumed']);
    for (const { name } of instances) expect([undefined, 'resumed']).toContain(states(name).at(-1));
    expect(outcomes.some(({ at, instance }) => at > 4_000 && instance === 'web-1')).toBe(true);
    expect(failedOf(outcomes)).toEqual([]);
  });

  it('a claim that still stands is told to an agent that comes after it was made', async () => {
    later(300, () => instances[0]?.child.kill('SIGSTOP'));
    await steadyLoad({ port, path: '/?delay=10', perSecond: 200, durationMs: 2_000 });
    expect(claims().map(({ instance, state }) => [instance, state])).toContainEqual(['web-1', 'stalled']);
    client.close();
    const heard: TrafficSignal[] = [];
    const next = new TrafficClient(stateDir, {
      onSignals: (more) => heard.push(...more),
      onApplied: () => undefined,
      onStatus: () => undefined,
    });
    client = next;
    await next.ensureRunning();
    await expect
      .poll(() =>
        heard.some((signal) => signal.kind === 'stall' && signal.instance === 'web-1' && signal.state === 'stalled'),
      )
      .toBe(true);
  });

  it('all instances stopped and started again within the queue time fail no request', async () => {
    const restart = async (index: number): Promise<void> => {
      const { name, port: own } = instances[index] as InstanceProcess;
      instances[index] = await startInstance(name, own);
    };
    later(500, () => {
      for (const { child } of instances) child.kill('SIGKILL');
    });
    later(1_000, () => void Promise.all([0, 1, 2].map(restart)));
    const outcomes = await steadyLoad({ port, perSecond: 200, durationMs: 2_500, timeoutMs: 30_000 });
    expect(failedOf(outcomes)).toEqual([]);
  });

  it('a kill -9 of the traffic process brings it back with its last routes', async () => {
    const { pid } = client.status;
    process.kill(pid as number, 'SIGKILL');
    const killed = performance.now();
    const once = async () => failedOf(await steadyLoad({ port, perSecond: 10, durationMs: 20 })).length;
    await expect.poll(once, { interval: 50 }).toBe(0);
    // Half a second where the machine has nothing else to do.
    expect(performance.now() - killed).toBeLessThan(10_000);
    expect(failedOf(await steadyLoad({ port, perSecond: 100, durationMs: 1_000, timeoutMs: 10_000 }))).toEqual([]);
    expect(client.status).toMatchObject({ state: 'up' });
    expect(client.status.pid).not.toBe(pid);
  });
});
