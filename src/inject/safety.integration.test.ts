/** Faults that cannot outlive their owner, whoever is killed. Real processes; needs a build (dist). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRequest, FaultStatus } from './contract.ts';
import { livingKeeper } from './keeper.ts';
import { isAlive, signal } from './processes.ts';
import { Records } from './records.ts';
import { LONG_MS, Rig, stateOf, until, type Victim } from './testing/rig.ts';

let rig: Rig;
let victim: Victim;

beforeEach(async () => {
  rig = new Rig();
  victim = await rig.start(['/bin/sh', '-c', 'sleep 60 & wait']);
});

afterEach(async () => {
  await rig.close();
});

function pause(leaseMs: number): FaultRequest {
  const target = { kind: 'process', process: victim.identity } as const;
  return { kind: 'pause', parameters: {}, target, leaseMs, holder: 'test' };
}

function killKeeper(): void {
  const keeper = livingKeeper(rig.stateDir);
  if (!keeper) throw new Error('no keeper');
  signal(keeper, 'SIGKILL');
}

function killWatcher(): void {
  const watcher = rig.watcher();
  if (!watcher) throw new Error('no watcher');
  signal(watcher, 'SIGKILL');
}

describe('a lease', () => {
  it('is ended by kill -9 of whoever began the fault, not before its time and not long after', async () => {
    const { fault, deadline } = await rig.beginAndDie(pause(3_000));
    expect(stateOf(victim.identity)).toBe('T');
    const { end, bite } = await rig.ended(fault.id);
    expect(end).toMatchObject({ reason: 'lease', residue: [] });
    expect((end?.at ?? 0) - deadline).toBeGreaterThanOrEqual(0);
    // The keeper looks twenty times a second, when the machine lets it.
    expect((end?.at ?? 0) - deadline).toBeLessThan(3_000);
    expect(bite).toMatchObject({ asked: 2, measured: 2, bitten: true });
    expect(stateOf(victim.identity)).toBe('S');
  });

  it('lasts longer when it is renewed, by whoever knows its id', async () => {
    const { fault, deadline } = await rig.beginAndDie(pause(3_000));
    rig.injector.renew(fault.id, 3_500);
    const { end } = await rig.ended(fault.id);
    expect((end?.at ?? 0) - deadline).toBeGreaterThan(250);
    expect(() => rig.injector.renew(fault.id, 1_000)).toThrow(/over/);
  });

  it('is not granted for ever, nor for an instant', async () => {
    await expect(rig.injector.begin(pause(601_000))).rejects.toMatchObject({ code: 'HF6004' });
    await expect(rig.injector.begin(pause(1))).rejects.toMatchObject({ code: 'HF6004' });
  });
});

describe('a keeper', () => {
  it('that is killed is followed by another, which reverts at once', async () => {
    const { fault, deadline } = await rig.beginAndDie(pause(LONG_MS));
    killKeeper();
    const { end } = await rig.ended(fault.id);
    expect(end).toMatchObject({ reason: 'keeper-lost', residue: [] });
    expect(end?.at).toBeLessThan(deadline - 1_000);
    expect(stateOf(victim.identity)).toBe('S');
  });

  it('that loses its watcher gets another', async () => {
    const { fault } = await rig.beginAndDie(pause(LONG_MS));
    const first = rig.watcher()?.pid;
    killWatcher();
    await until(() => ![undefined, first].includes(rig.watcher()?.pid), 'no other watcher');
    killKeeper();
    expect((await rig.ended(fault.id)).end?.reason).toBe('keeper-lost');
  });

  it('that is killed with its watcher leaves the fault to the next sweep', async () => {
    const { fault } = await rig.beginAndDie(pause(LONG_MS));
    killWatcher();
    killKeeper();
    await until(() => livingKeeper(rig.stateDir) === undefined, 'the keeper lives');
    expect(stateOf(victim.identity)).toBe('T');
    expect(rig.injector.residue(fault.id)).toHaveLength(2);
    expect(rig.injector.sweep()).toBe(1);
    expect((await rig.ended(fault.id)).end).toMatchObject({ reason: 'keeper-lost', residue: [] });
    expect(stateOf(victim.identity)).toBe('S');
  });

  it('does not begin what is too old, and says so', async () => {
    const { fault } = await rig.injector.begin(pause(LONG_MS));
    await rig.injector.revert(fault.id);
    const stale = { ...fault, id: `${fault.id}-stale`, requestedAt: fault.requestedAt - 60_000 };
    rig.injector.forget(fault.id);
    new Records(rig.stateDir).create(stale, stale.requestedAt + 600_000);
    rig.injector.sweep();
    expect((await rig.ended(stale.id)).end).toMatchObject({ reason: 'failed', detail: 'no keeper saw it in time' });
    expect(stateOf(victim.identity)).toBe('S');
  });

  it('is not kept from its faults by a record that nobody understands', async () => {
    const { fault } = await rig.injector.begin(pause(LONG_MS));
    const odd = new Records(rig.stateDir);
    odd.create({ ...fault, id: 'zzz' }, 0);
    writeFileSync(join(odd.directoryOf('zzz'), 'fault.json'), '{"kind":');
    await until(() => odd.has('zzz', 'end.json'), 'it is not given up');
    expect(odd.get('zzz', 'end.json')).toMatchObject({ reason: 'failed' });
    rig.injector.renew(fault.id, 300);
    expect((await rig.ended(fault.id)).end?.reason).toBe('lease');
  });
});

describe('an injector', () => {
  it('refuses a process that is not the one that was named', async () => {
    const other = { ...victim.identity, startTicks: '1' };
    const request = { ...pause(1_000), target: { kind: 'process', process: other } as const };
    await expect(rig.injector.begin(request)).rejects.toMatchObject({ code: 'HF8203' });
    await expect(rig.injector.begin({ ...pause(1_000), kind: 'gremlins' })).rejects.toMatchObject({ code: 'HF8202' });
    await expect(rig.injector.begin({ ...pause(1_000), parameters: { hard: 1 } })).rejects.toMatchObject({
      code: 'HF6004',
    });
    const node = { ...pause(1_000), target: { kind: 'node' } as const };
    await expect(rig.injector.begin(node)).rejects.toMatchObject({ code: 'HF8203' });
  });

  it('reverts everything in less than a second, and again without harm', async () => {
    const two = await rig.start(['sleep', '60']);
    let ended: readonly FaultStatus[] = [];
    const tookMs = async (): Promise<number> => {
      await rig.injector.begin(pause(LONG_MS));
      await rig.injector.begin({ ...pause(LONG_MS), target: { kind: 'process', process: two.identity } });
      const before = performance.now();
      ended = await rig.injector.revertAll();
      return performance.now() - before;
    };
    // Once of three times: what slows it down for good does so every time, a busy machine does not.
    const times: number[] = [];
    while (times.length < 3 && !times.some((ms) => ms < 1_000)) times.push(await tookMs());
    expect(Math.min(...times)).toBeLessThan(1_000);
    expect(ended.map(({ end }) => end?.reason)).toEqual(['asked', 'asked']);
    expect([stateOf(victim.identity), stateOf(two.identity)]).toEqual(['S', 'S']);
    for (const { fault } of ended) expect((await rig.injector.revert(fault.id)).end?.reason).toBe('asked');
  });

  it('says that a fault is over when its target is gone', async () => {
    const { fault } = await rig.injector.begin(pause(LONG_MS));
    signal(victim.identity, 'SIGKILL');
    const { end } = await rig.ended(fault.id);
    expect(end).toMatchObject({ reason: 'target-gone' });
    expect(isAlive(victim.identity)).toBe(false);
  });
});
