import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchOf, node, until } from '../../../test/support/runtime.ts';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { InventoryItem, LaunchSpec } from '../../model/link.ts';
import { readBootId, startTicksOf } from './proc.ts';
import { type LifeRecord, pathsUnder } from './record.ts';
import { ProcessRuntime } from './runtime.ts';

let stateDir: string;
let runtime: ProcessRuntime | undefined;
let host: ChildProcess | undefined;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-adopt-'));
});

afterEach(async () => {
  host?.kill('SIGKILL');
  if (!runtime) await adopt();
  for (const name of readdirSync(join(stateDir, 'instances'))) {
    const life = runtime?.lifeOf(name);
    if (life) await runtime?.kill(life.launch);
  }
  await runtime?.close();
  runtime = undefined;
  rmSync(stateDir, { recursive: true, force: true });
});

async function adopt(): Promise<Map<string, InventoryItem>> {
  runtime = new ProcessRuntime({ stateDir, now: () => performance.now(), report: () => {} });
  const items = await runtime.adopt();
  return new Map(items.map((item) => [item.launch.instance, item]));
}

/** Another process that starts instances, so that it can be killed. */
class Host {
  readonly #lines: string[] = [];

  constructor() {
    const program = join(dirname(fileURLToPath(import.meta.url)), 'testdata/host.mjs');
    host = spawn(process.execPath, [program, stateDir], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: host.stdout as NodeJS.ReadableStream }).on('line', (line) => this.#lines.push(line));
  }

  send(launch: LaunchSpec): void {
    host?.stdin?.write(`${JSON.stringify(launch)}\n`);
  }

  next(): Promise<unknown> {
    return until(() => this.#lines.length > 0 && JSON.parse(this.#lines.shift() as string));
  }

  async start(launch: LaunchSpec): Promise<ProcessIdentity> {
    this.send(launch);
    return (await this.next()) as ProcessIdentity;
  }

  async kill(): Promise<void> {
    const gone = new Promise((done) => host?.once('exit', done));
    host?.kill('SIGKILL');
    await gone;
  }
}

async function newHost(): Promise<Host> {
  const program = new Host();
  await program.next();
  return program;
}

function writeRecordOf(instance: string, differences: Partial<LifeRecord>): LifeRecord {
  const paths = pathsUnder(stateDir);
  const record: LifeRecord = {
    format: 1,
    launchId: `${instance}.1.abcd1234`,
    launch: launchOf(['sleep', '60'], { instance }),
    startedAt: 1,
    bootId: readBootId(),
    logOffset: 0,
    verdict: null,
    exit: null,
    ...differences,
  };
  mkdirSync(paths.instance(instance), { recursive: true });
  mkdirSync(paths.lives, { recursive: true });
  writeFileSync(paths.record(instance), JSON.stringify(record));
  return record;
}

describe('after kill -9 of the host', () => {
  it('what runs is adopted, what ended is known with its status', async () => {
    const old = await newHost();
    const runs = await old.start(launchOf(['sleep', '60'], { instance: 'runs-1' }));
    const ends = await old.start(
      launchOf(node('setTimeout(() => { console.log("bye"); process.exit(7) }, 300)'), { instance: 'ends-1' }),
    );
    const shot = await old.start(launchOf(['sleep', '60'], { instance: 'shot-1' }));
    await old.kill();
    process.kill(shot.pid, 'SIGKILL');
    await until(() => [ends, shot].every(({ pid }) => startTicksOf(pid) === undefined));
    await new Promise((done) => setTimeout(done, 400));

    const items = await adopt();
    expect(items.get('runs-1')).toMatchObject({ process: runs, exit: null });
    expect(items.get('ends-1')?.exit).toMatchObject({ reason: 'code', code: 7, lastOutput: ['bye'] });
    expect(items.get('shot-1')?.exit).toMatchObject({ reason: 'signal', signal: 'SIGKILL' });
    // It ended a while ago, not just now.
    expect(performance.now() - (items.get('ends-1')?.exit?.at ?? 0)).toBeGreaterThan(150);
  });

  it('an adopted life ends as promptly as one of our own, and can be stopped', async () => {
    const old = await newHost();
    const pids: number[] = [];
    for (let n = 3; n < 8; n++) pids.push((await old.start(launchOf(['sleep', '60'], { instance: `web-${n}` }))).pid);
    await old.start(launchOf(['sleep', '60'], { instance: 'web-2' }));
    await old.kill();
    await adopt();
    const took: number[] = [];
    for (const pid of pids) {
      const ended = new Promise<number>((done) => runtime?.onExit(() => done(performance.now())));
      const killedAt = performance.now();
      process.kill(pid, 'SIGKILL');
      took.push((await ended) - killedAt);
    }
    // A busy machine is late for one or the other; who only looks now and then is late for all.
    expect(Math.min(...took)).toBeLessThan(50);
    await runtime?.stop({ instance: 'web-2', incarnation: 1 }, 'SIGTERM', 5_000);
    expect(runtime?.lifeOf('web-2')?.exit).toMatchObject({ reason: 'signal', signal: 'SIGTERM' });
  });

  it('killed at any moment of a start, it leaves no process that is not known', async () => {
    for (let round = 0; round < 12; round++) {
      const old = await newHost();
      for (let slot = 1; slot <= 4; slot++) {
        old.send(launchOf(['sleep', '60'], { instance: `moment-${slot}`, incarnation: round + 1 }));
      }
      await new Promise((done) => setTimeout(done, round * 2));
      await old.kill();
      const items = await adopt();
      // Whatever a late shim might still do, it has had the time for it now.
      await new Promise((done) => setTimeout(done, 100));
      const known = [...items.values()].filter((item) => item.exit === null).map((item) => item.process?.pid);
      await expect.poll(() => sleepersOf(stateDir).sort()).toEqual(known.sort());
      for (const item of items.values()) await runtime?.kill(item.launch);
      await runtime?.close();
    }
    runtime = undefined;
  });

  it('a shim that was killed too leaves an unknown end, and no orphan', async () => {
    const old = await newHost();
    const { pid } = await old.start(launchOf(['sleep', '60']));
    await old.kill();
    const shim = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
    process.kill(shim, 'SIGKILL');
    const items = await adopt();
    expect(items.get('web-1')).toMatchObject({ exit: null });
    const ended = new Promise<string>((done) => runtime?.onExit(({ exit }) => done(exit.reason)));
    process.kill(pid, 'SIGKILL');
    expect(await ended).toBe('unknown');
  });
});

/** Pids of services (not shims) that were started under the state directory. */
function sleepersOf(dir: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return command.startsWith('sleep\0') && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dir);
      } catch {
        return false;
      }
    });
}

it('a command that a killed host ran beside an instance is ended', async () => {
  const hung = spawn('sleep', ['60'], {
    env: { ...process.env, HOLDFAST_INSTANCE_DIR: join(stateDir, 'instances/web-1/data'), HOLDFAST_EXEC: '1' },
  });
  const gone = new Promise((done) => hung.once('exit', (_code, signal) => done(signal)));
  await adopt();
  expect(await gone).toBe('SIGKILL');
});

describe('a record', () => {
  it('whose pid was given to somebody else is an end, and that somebody is left alone', async () => {
    const stranger = spawn('sleep', ['60']);
    const record = writeRecordOf('web-1', {});
    const stat = readFileSync(`/proc/${stranger.pid}/stat`, 'utf8').split(' ');
    stat[21] = '1'; // Another start time.
    writeFileSync(pathsUnder(stateDir).pid(record.launchId), stat.join(' '));
    const items = await adopt();
    expect(items.get('web-1')?.exit).toMatchObject({ reason: 'unknown', code: null });
    await runtime?.kill({ instance: 'web-1', incarnation: 1 });
    await runtime?.start(launchOf(['sleep', '60'], { incarnation: 2 }));
    expect(startTicksOf(stranger.pid ?? 0)).toBeDefined();
    stranger.kill('SIGKILL');
  });

  it('of another boot is an end', async () => {
    const record = writeRecordOf('web-1', { bootId: 'another' });
    writeFileSync(pathsUnder(stateDir).pid(record.launchId), readFileSync('/proc/self/stat'));
    expect((await adopt()).get('web-1')?.exit).toMatchObject({
      reason: 'unknown',
      detail: 'the machine was started again',
    });
  });

  it('without a process never gets one', async () => {
    writeRecordOf('web-1', {});
    expect((await adopt()).get('web-1')).toMatchObject({ process: null, exit: { reason: 'spawn-failed' } });
  });

  it('that is corrupt is set aside and said, and the others are none the worse', async () => {
    writeRecordOf('web-2', {});
    for (const [index, text] of [
      '',
      '{"format":1',
      '[]',
      '{"format":2}',
      '{"format":1,"launch":{"instance":"bad-4"}}',
    ].entries()) {
      mkdirSync(join(stateDir, `instances/bad-${index}`), { recursive: true });
      writeFileSync(join(stateDir, `instances/bad-${index}/record.json`), text);
    }
    const items = await adopt();
    expect([...items.keys()]).toEqual(['web-2']);
    const notices = runtime?.facts.notices.filter((notice) => notice.includes('is corrupt')) ?? [];
    expect(notices).toHaveLength(5);
    expect(readdirSync(join(stateDir, 'instances/bad-0')).join()).toMatch(/^record\.json\.corrupt-/);
  });

  it('that was corrupted under a running process does not make it two', async () => {
    const old = await newHost();
    const { pid } = await old.start(launchOf(['sleep', '60']));
    await old.kill();
    writeFileSync(join(stateDir, 'instances/web-1/record.json'), 'garbage');
    await adopt();
    await runtime?.start(launchOf(['sleep', '60'], { incarnation: 2 }));
    expect(startTicksOf(pid)).toBeUndefined();
  });

  it('of an end is kept until it is forgotten', async () => {
    writeRecordOf('web-1', {});
    await adopt();
    await runtime?.close();
    expect((await adopt()).get('web-1')?.exit?.reason).toBe('spawn-failed');
    await runtime?.forget({ instance: 'web-1', incarnation: 1 });
    await runtime?.close();
    expect((await adopt()).size).toBe(0);
    expect(readdirSync(join(stateDir, 'instances/.lives'))).toEqual([]);
  });
});
