/**
 * Each fault at a real process: it bites, which is measured here once more and otherwise than by the executor; it is
 * reverted on request, and by the end of its lease when who began it was killed; nothing is left. Needs a build (dist).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FaultRequest, Target } from '../contract.ts';
import { livingKeeper } from '../keeper.ts';
import { isAlive, markedWith, read, signal } from '../processes.ts';
import { LONG_MS, Rig, stateOf, until, type Victim } from '../testing/rig.ts';

let rig: Rig;
let mounted: string | undefined;

beforeEach(() => {
  rig = new Rig();
});

afterEach(async () => {
  if (mounted) execFileSync('umount', ['--lazy', mounted]);
  mounted = undefined;
  await rig.close();
});

/** A fault, the world that it is done to, and what shows there that it lasts. */
interface Case {
  readonly kind: string;
  readonly parameters: Record<string, unknown>;
  /** Starts what is needed; undefined: it cannot be tried on this machine. */
  prepare(): Promise<{ readonly target: Target; lasts(): boolean } | undefined>;
}

function processTarget({ identity }: Victim): Target {
  return { kind: 'process', process: identity };
}

/** A file system of its own, so that nobody else's is filled; undefined where that is not allowed. */
function smallFileSystem(): string | undefined {
  const point = join(rig.dir, 'small');
  mkdirSync(point);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', point], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  mounted = point;
  return point;
}

/** Writes the number of its rounds into a file; a round opens a file. */
const OPENER = `
const fs = require('node:fs');
let [rounds, failed] = [0, 0];
const round = () => {
  try { fs.closeSync(fs.openSync('/dev/null', 'r')); rounds++; } catch { failed++; }
};
globalThis.timer = setInterval(round, 20);
process.title = 'opener';
`;

const CASES: readonly Case[] = [
  {
    kind: 'pause',
    parameters: {},
    prepare: async () => {
      const victim = await rig.start(['sleep', '60']);
      return { target: processTarget(victim), lasts: () => stateOf(victim.identity) === 'T' };
    },
  },
  {
    kind: 'cpu',
    parameters: { workers: 1, percent: 10, nice: 19 },
    prepare: async () => ({ target: { kind: 'node' }, lasts: () => stressors('cpu').length === 1 }),
  },
  {
    kind: 'memory',
    parameters: { bytes: 64 * 1024 * 1024 },
    prepare: async () => {
      const lasts = (): boolean => stressors('memory').some((pid) => rssBytes(pid) > 64 * 1024 * 1024);
      return { target: { kind: 'node' }, lasts };
    },
  },
  {
    kind: 'io',
    parameters: { bytesPerSec: 65_536, bytes: 65_536 },
    prepare: async () => {
      const lasts = (): boolean => stressors('io').some((pid) => writtenBytes(pid) >= 65_536);
      return { target: { kind: 'directory', path: rig.dir }, lasts };
    },
  },
  {
    kind: 'processes',
    parameters: { count: 5 },
    prepare: async () => ({ target: { kind: 'node' }, lasts: () => marked().length === 6 }),
  },
  {
    kind: 'descriptors',
    parameters: { headroom: 0 },
    prepare: async () => {
      const victim = await rig.startNode(OPENER);
      const limit = /^Max open files\s+(\d+)/m;
      const now = (): string | undefined => limit.exec(read(`/proc/${victim.identity.pid}/limits`) ?? '')?.[1];
      const before = now();
      return { target: processTarget(victim), lasts: () => now() !== before };
    },
  },
  {
    kind: 'disk-full',
    parameters: { keepFreeBytes: 0 },
    prepare: async () => {
      const path = smallFileSystem();
      if (path === undefined) return undefined;
      return { target: { kind: 'directory', path }, lasts: () => statfsSync(path).bavail === 0 };
    },
  },
  {
    kind: 'files',
    parameters: { mode: 'failing', error: 'EIO' },
    prepare: async () => {
      const victim = await rig.startNode(OPENER);
      const lasts = (): boolean => !/^TracerPid:\s+0$/m.test(read(`/proc/${victim.identity.pid}/status`) ?? '');
      return { target: processTarget(victim), lasts };
    },
  },
];

function begun(): string | undefined {
  return rig.injector.list()[0]?.fault.id;
}

function marked(): readonly number[] {
  const id = begun();
  return id === undefined ? [] : markedWith(id).map(({ pid }) => pid);
}

function stressors(kind: string): readonly number[] {
  return marked().filter((pid) => (read(`/proc/${pid}/cmdline`) ?? '').split('\0')[2] === kind);
}

function rssBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;
}

function writtenBytes(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(read(`/proc/${pid}/io`) ?? '')?.[1] ?? 0);
}

/** Of a machine that can do it; that `possible` is not simply always false is in the catalogue's test. */
async function ready(given: Case) {
  const prepared = rig.injector.possible(given.kind).possible ? await given.prepare() : undefined;
  if (!prepared) return undefined;
  const { kind, parameters } = given;
  const request: FaultRequest = { kind, parameters, target: prepared.target, leaseMs: LONG_MS, holder: 'test' };
  return { request, lasts: prepared.lasts };
}

describe.each(CASES)('$kind', (given) => {
  it('bites, and is reverted on request', async ({ skip }) => {
    const world = (await ready(given)) ?? skip();
    expect(world.lasts()).toBe(false);
    const { fault } = await rig.injector.begin(world.request);
    await until(world.lasts, 'it does not show');
    await rig.bitten(fault.id);
    const { end } = await rig.injector.revert(fault.id);
    expect(end).toMatchObject({ reason: 'asked', residue: [] });
    expect(world.lasts()).toBe(false);
    expect(rig.injector.residue(fault.id)).toEqual([]);
    if (world.request.target.kind === 'process') expect(isAlive(world.request.target.process)).toBe(true);
  });

  it('is reverted by its lease when who began it is killed', async ({ skip }) => {
    const world = (await ready(given)) ?? skip();
    const { fault } = await rig.beginAndDie(world.request);
    rig.injector.renew(fault.id, 1_000);
    expect((await rig.ended(fault.id)).end).toMatchObject({ reason: 'lease', residue: [] });
    expect(world.lasts()).toBe(false);
  });
});

describe.each(CASES.filter(({ kind }) => ['cpu', 'memory', 'io', 'processes', 'disk-full', 'files'].includes(kind)))(
  '$kind',
  (given) => {
    it('goes with its keeper, without anybody who sweeps', async ({ skip }) => {
      const world = (await ready(given)) ?? skip();
      const { fault } = await rig.injector.begin(world.request);
      await until(world.lasts, 'it does not show');
      for (const part of [rig.watcher(), livingKeeper(rig.stateDir)]) if (part) signal(part, 'SIGKILL');
      await until(() => !world.lasts() && markedWith(fault.id).length === 0, 'it outlives its keeper');
    });
  },
);

describe('kill', () => {
  it.each([
    ['kill', {}, 'SIGKILL'],
    ['signal', {}, 'SIGTERM'],
    ['signal', { signal: 'SIGINT' }, 'SIGINT'],
  ])('%s %j ends the target with %s and has nothing to revert', async (kind, parameters, name) => {
    const victim = await rig.start(['sleep', '60']);
    const exit = new Promise((resolve) => victim.child.once('exit', (_code, by) => resolve(by)));
    const request = { kind, parameters, target: processTarget(victim), leaseMs: LONG_MS, holder: 'test' };
    const { fault } = await rig.injector.begin(request);
    expect(await exit).toBe(name);
    await rig.bitten(fault.id);
    expect((await rig.injector.revert(fault.id)).end).toMatchObject({ reason: 'asked', residue: [] });
  });

  it('says that asking was in vain', async () => {
    const victim = await rig.startNode("process.on('SIGTERM', () => 0); setInterval(() => 0, 1000);");
    const target = processTarget(victim);
    const request = { kind: 'signal', parameters: {}, target, leaseMs: LONG_MS, holder: 'test' };
    const { fault } = await rig.injector.begin(request);
    rig.injector.renew(fault.id, 700);
    expect((await rig.ended(fault.id)).bite).toMatchObject({ asked: 1, measured: 0, bitten: false });
  });
});

describe('crash-loop', () => {
  it('kills every life that it is told of, until the lease ends', async () => {
    let victim = await rig.start(['sleep', '60']);
    const target = processTarget(victim);
    const request = { kind: 'crash-loop', parameters: { kills: 3 }, target, leaseMs: 20_000, holder: 'test' };
    const { fault } = await rig.injector.begin(request);
    for (let life = 0; life < 2; life++) {
      await until(() => !isAlive(victim.identity), 'it lives');
      victim = await rig.start(['sleep', '60']);
      rig.injector.retarget(fault.id, processTarget(victim));
    }
    await rig.bitten(fault.id);
    const { end, bite } = await rig.injector.revert(fault.id);
    expect(bite).toMatchObject({ asked: 3, measured: 3 });
    expect(end?.residue).toEqual([]);
    victim = await rig.start(['sleep', '60']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isAlive(victim.identity)).toBe(true);
  });
});

describe('delayed-start', () => {
  it('kills, holds the next life for as long as it is told, and lets it go', async () => {
    let victim = await rig.start(['sleep', '60']);
    const target = processTarget(victim);
    const request = {
      ...{ kind: 'delayed-start', parameters: { delayMs: 700 } },
      ...{ target, leaseMs: 20_000, holder: 'test' },
    };
    const { fault } = await rig.injector.begin(request);
    await until(() => !isAlive(victim.identity), 'it lives');
    victim = await rig.start(['sleep', '60']);
    const state = (): string | undefined => stateOf(victim.identity);
    const begun = performance.now();
    rig.injector.retarget(fault.id, processTarget(victim));
    await until(() => state() === 'T', 'it starts at once');
    await rig.bitten(fault.id);
    await until(() => state() === 'S', 'it never starts');
    expect(performance.now() - begun).toBeGreaterThan(650);
    expect((await rig.injector.revert(fault.id)).end).toMatchObject({ reason: 'asked', residue: [] });
  });

  it('lets go at the end of its lease, and when its keeper is killed', async () => {
    for (const how of ['lease', 'keeper-lost'] as const) {
      const first = await rig.start(['sleep', '60']);
      const request = { kind: 'delayed-start', parameters: { delayMs: 60_000 }, target: processTarget(first) };
      const { fault } = await rig.injector.begin({
        ...request,
        leaseMs: how === 'lease' ? 1_500 : 20_000,
        holder: 'test',
      });
      const next = await rig.start(['sleep', '60']);
      rig.injector.retarget(fault.id, processTarget(next));
      await until(() => stateOf(next.identity) === 'T', 'it starts at once');
      const keeper = livingKeeper(rig.stateDir);
      if (how === 'keeper-lost' && keeper) signal(keeper, 'SIGKILL');
      expect((await rig.ended(fault.id)).end).toMatchObject({ reason: how, residue: [] });
      expect(stateOf(next.identity)).toBe('S');
    }
  });
});

describe('files', () => {
  it('delays what it is told to, by as much', async ({ skip }) => {
    if (!rig.injector.possible('files').possible) skip();
    const log = join(rig.dir, 'took');
    const victim = await rig.startNode(`
      const fs = require('node:fs');
      const round = () => {
        const before = performance.now();
        fs.closeSync(fs.openSync('/dev/null', 'r'));
        const took = performance.now() - before;
        if (took > 50) fs.writeFileSync(${JSON.stringify(log)}, String(took));
        setTimeout(round, 20);
      };
      round();`);
    const target = processTarget(victim);
    const parameters = { mode: 'slow', delayMs: 60 };
    const { fault } = await rig.injector.begin({ kind: 'files', parameters, target, leaseMs: 20_000, holder: 'test' });
    await rig.bitten(fault.id);
    await until(() => existsSync(log) && readFileSync(log, 'utf8') !== '', 'nothing was slow');
    expect(Number(readFileSync(log, 'utf8'))).toBeGreaterThanOrEqual(60);
    expect((await rig.injector.revert(fault.id)).end?.residue).toEqual([]);
  });
});

describe('clock', () => {
  it('shifts the next life, and sets it right at the end without another start', async ({ skip }) => {
    if (!rig.injector.possible('clock').possible) skip();
    const told = join(rig.dir, 'time');
    const target = { kind: 'launch', instance: 'web-1' } as const;
    const request = { kind: 'clock', parameters: { offsetSec: -86_400 }, target, leaseMs: 20_000, holder: 'test' };
    const { fault, bite } = await rig.injector.begin(request);
    expect(bite?.bitten ?? false).toBe(false);
    expect(rig.injector.environmentOf('web-2')).toEqual({});
    await rig.startNode(
      `setInterval(() => require('node:fs').writeFileSync(${JSON.stringify(told)}, String(Date.now())), 50);`,
      rig.injector.environmentOf('web-1'),
    );
    const hoursAhead = (): number => (Number(readFileSync(told, 'utf8') || Date.now()) - Date.now()) / 3_600_000;
    await until(() => existsSync(told) && Math.round(hoursAhead()) === -24, 'the clock is right');
    await rig.bitten(fault.id);
    expect((await rig.injector.revert(fault.id)).end).toMatchObject({ residue: [] });
    expect(rig.injector.environmentOf('web-1')).toEqual({});
    await until(() => Math.round(hoursAhead()) === 0, 'the clock stays wrong');
  });
});

describe('clock rate', () => {
  it('has the next life live faster', async ({ skip }) => {
    if (!rig.injector.possible('clock').possible) skip();
    const told = join(rig.dir, 'rate');
    const target = { kind: 'launch', instance: 'web-1' } as const;
    const request = { kind: 'clock', parameters: { rate: 3 }, target, leaseMs: 20_000, holder: 'test' };
    const { fault } = await rig.injector.begin(request);
    await rig.startNode(
      `const [w, m] = [Date.now(), performance.now()];
       const rate = () => String((Date.now() - w) / (performance.now() - m));
       setInterval(() => require('node:fs').writeFileSync(${JSON.stringify(told)}, rate()), 50);`,
      rig.injector.environmentOf('web-1'),
    );
    await until(() => existsSync(told) && Math.round(Number(readFileSync(told, 'utf8'))) === 3, 'its clock is right');
    await rig.bitten(fault.id);
    const { bite, end } = await rig.injector.revert(fault.id);
    expect(bite).toMatchObject({ asked: 3, bitten: true });
    expect(end).toMatchObject({ residue: [] });
  });
});

describe('disk-full', () => {
  it('leaves what it is told to leave', async ({ skip }) => {
    const path = smallFileSystem() ?? skip();
    const target = { kind: 'directory', path } as const;
    const parameters = { keepFreeBytes: 3 * 1024 * 1024 };
    const { fault } = await rig.injector.begin({
      kind: 'disk-full',
      parameters,
      target,
      leaseMs: LONG_MS,
      holder: 'test',
    });
    await rig.bitten(fault.id);
    const { bavail, bsize } = statfsSync(path);
    expect(Math.abs(bavail * bsize - parameters.keepFreeBytes)).toBeLessThan(512 * 1024);
    expect(readdirSync(path)).toEqual([]);
    await rig.injector.revert(fault.id);
    expect(statfsSync(path).bavail * bsize).toBeGreaterThan(7 * 1024 * 1024);
  });
});
