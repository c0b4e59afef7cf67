/** What a service finds when it starts (environment, directory, user), and what it may use (limits). */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchOf, node, until } from '../../../test/support/runtime.ts';
import type { LaunchSpec } from '../../model/link.ts';
import type { ResourceSignal } from '../../model/signal.ts';
import type { EndedLife } from '../contract.ts';
import { readOpenFilesLimit } from './proc.ts';
import { ProcessRuntime } from './runtime.ts';

let stateDir: string;
let runtime: ProcessRuntime;
let exits: EndedLife[];
let samples: ResourceSignal[];
const MIB = 1024 * 1024;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-runtime-'));
  process.env.SECRET_OF_HOLDFAST = 'leaked';
  process.env.LC_TIME = 'C';
  // No cgroups, whatever this machine has: sampling is what is tested here.
  runtime = new ProcessRuntime({ stateDir, now: () => performance.now(), cgroupMount: join(stateDir, 'none') });
  exits = [];
  samples = [];
  runtime.onExit((ended) => exits.push(ended));
  runtime.onSample((batch) => samples.push(...batch));
  await runtime.adopt();
});

afterEach(async () => {
  delete process.env.SECRET_OF_HOLDFAST;
  await runtime.kill({ instance: 'web-1', incarnation: 1 });
  await runtime.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function output(launch: LaunchSpec): Promise<string> {
  await runtime.start(launch);
  await until(() => exits[0]);
  return readFileSync(join(stateDir, 'logs/web-1.log'), 'utf8');
}

describe('environment', () => {
  const PRINT = node('for (const [k, v] of Object.entries(process.env).sort()) console.log(k + "=" + v)');

  it('is what the launch says, and of Holdfast’s own only a few', async () => {
    const environment = { PORT: '8080', TZ: 'Europe/Berlin', QUOTED: `a "b" 'c' $HOME\n\`d\``, EMPTY: '' };
    const printed = await output(launchOf(PRINT, { environment }));
    const names = new Set(printed.match(/^[A-Za-z_.]+(?==)/gm));
    const inherited = [
      'PATH',
      'HOME',
      'LANG',
      'USER',
      'TMPDIR',
      ...Object.keys(process.env).filter((name) => name.startsWith('LC_')),
    ];
    const expected = [
      'PORT',
      'TZ',
      'QUOTED',
      'EMPTY',
      'HOLDFAST_INSTANCE_DIR',
      ...inherited.filter((name) => process.env[name] !== undefined),
    ];
    expect([...names].sort()).toEqual([...new Set(expected)].sort());
    expect(printed).toContain('TZ=Europe/Berlin\n');
    expect(printed).toContain(`QUOTED=a "b" 'c' $HOME\n\`d\`\n`);
    expect(printed).not.toContain('leaked');
  });

  it('carries names that no shell would pass on, and those that a shell would change', async () => {
    const environment = {
      'discovery.type': 'single-node',
      'a-b': 'x y',
      IFS: 'z',
      PWD: '/else',
      UID: '12',
      hf: '1',
      s: '2',
    };
    const printed = await output(launchOf(PRINT, { environment }));
    for (const [name, value] of Object.entries(environment)) expect(printed).toContain(`${name}=${value}\n`);
  });

  it('does not show secrets to others on a command line', async () => {
    await runtime.start(launchOf(['sleep', '60'], { environment: { 'odd.password': 'hunter2', PASSWORD: 'hunter2' } }));
    const pid = runtime.lifeOf('web-1')?.process?.pid ?? 0;
    const shim = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1];
    expect(readFileSync(`/proc/${shim}/cmdline`, 'utf8')).not.toContain('hunter2');
    expect(statSync(join(stateDir, 'instances/web-1/record.json')).mode & 0o077).toBe(0);
  });

  it('names a private directory that exists', async () => {
    const dir = (await output(launchOf(['sh', '-c', 'cd "$HOLDFAST_INSTANCE_DIR" && pwd && echo kept > file']))).trim();
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('kept\n');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });
});

describe('a wrapper', () => {
  const wrapper = ['/bin/sh', '-c', 'export WRAPPED=yes; umask 027; exec "$@"', 'sh'];

  it('holds for the life, which is the same process, has all its variables, and is recorded without it', async () => {
    const printed = node(
      `console.log(process.env.WRAPPED, process.env['odd.name'], process.umask().toString(8), process.pid); setInterval(() => {}, 999)`,
    );
    const launch = launchOf(printed, { environment: { 'odd.name': 'kept' } });
    const { pid } = await runtime.start(launch, wrapper);
    const log = join(stateDir, 'logs/web-1.log');
    await until(() => readFileSync(log, 'utf8').includes('\n'));
    expect(readFileSync(log, 'utf8')).toBe(`yes kept 27 ${pid}\n`);
    expect(runtime.lifeOf('web-1')?.launch).toEqual(launch);
    await runtime.stop({ instance: 'web-1', incarnation: 1 }, 'SIGTERM', 5_000);
    expect((await until(() => exits[0])).exit).toMatchObject({ reason: 'signal', signal: 'SIGTERM' });
  });

  it('that ends in nothing is a start that failed', async () => {
    await expect(runtime.start(launchOf(['sleep', '60']), ['/bin/sh', '-c', 'exit 3'])).rejects.toMatchObject({
      reason: 'spawn-failed',
    });
    await expect(runtime.start(launchOf(['sleep', '60']), ['/no/such/wrapper'])).rejects.toMatchObject({
      reason: 'spawn-failed',
    });
  });
});

// Only root may switch users; anybody else gets HF3005, which is the other half of the same rule.
describe('user', () => {
  it('is switched to, with its groups and home, or refused', async () => {
    const launch = launchOf(
      ['sh', '-c', 'id -u; id -g; echo $USER; cat $HOLDFAST_INSTANCE_DIR/../record.json || echo denied'],
      { user: 'nobody' },
    );
    if (process.getuid?.() !== 0) {
      await expect(runtime.start(launch)).rejects.toMatchObject({ code: 'HF3005' });
      return;
    }
    const [uid, gid, user, ...rest] = (await output(launch)).trim().split('\n');
    expect([uid, user, rest.at(-1)]).toEqual(['65534', 'nobody', 'denied']);
    expect(gid).toMatch(/^6553[34]$/);
  });
});

describe('limits', () => {
  it('a memory grower is killed, and it is said why', async () => {
    const grow = node('const a = []; setInterval(() => a.push(Buffer.alloc(8 << 20, 1)), 50)');
    await runtime.start(
      launchOf(grow, { resources: { memoryBytes: 120 * MIB, cpus: null, pids: null, openFiles: null } }),
    );
    const { exit } = await until(() => exits[0], 20_000);
    expect(exit).toMatchObject({ reason: 'oom', signal: 'SIGKILL' });
    expect(exit.detail).toMatch(/^memory limit 120 MiB exceeded \(\d+ MiB, enforced by sampling every 250 ms\)$/);
    expect(runtime.facts.limits).toBe('sampling');
    expect(runtime.facts.notices.join()).toContain('enforced by sampling');
  });

  it('children count', async () => {
    const child = `setInterval(() => {}, 999); globalThis.a = Buffer.alloc(${160 * MIB}, 1)`;
    const grow = node(
      `require('child_process').spawn(process.execPath, ['-e', process.argv[1]]); setInterval(() => {}, 999)`,
      child,
    );
    await runtime.start(
      launchOf(grow, { resources: { memoryBytes: 120 * MIB, cpus: null, pids: null, openFiles: null } }),
    );
    expect((await until(() => exits[0], 20_000)).exit.reason).toBe('oom');
  });

  it('open files are limited by the kernel', async () => {
    const { pid } = await runtime.start(
      launchOf(['sleep', '60'], { resources: { memoryBytes: null, cpus: null, pids: null, openFiles: 123 } }),
    );
    await until(() => readOpenFilesLimit(pid) === 123);
  });

  it('too many processes end the instance', async () => {
    const fork = ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; wait'];
    await runtime.start(launchOf(fork, { resources: { memoryBytes: null, cpus: null, pids: 4, openFiles: null } }));
    const { exit } = await until(() => exits[0]);
    expect(exit).toMatchObject({ reason: 'signal', signal: 'SIGKILL' });
    expect(exit.detail).toMatch(/^process limit 4 exceeded \(9, /);
  });
});

describe('samples', () => {
  it('measure the whole group, once a second', async () => {
    const spin = node(`
      require('child_process').spawn(process.execPath, ['-e', 'for (;;);']);
      globalThis.a = Buffer.alloc(${100 * MIB}, 1); require('fs').openSync('/dev/null'); setInterval(() => {}, 999)`);
    const { pid } = await runtime.start(launchOf(spin));
    await until(() => samples.length >= 3);
    const sample = samples.at(-1) as ResourceSignal;
    expect(sample).toMatchObject({ instance: 'web-1', incarnation: 1, processes: 2, memoryLimitBytes: null });
    expect(sample.memoryBytes).toBeGreaterThan(130 * MIB);
    expect(sample.cpuCores).toBeGreaterThan(0.05);
    expect(sample.openFiles).toBeGreaterThan(15);
    expect(sample.openFilesLimit).toBe(readOpenFilesLimit(pid));
    expect(sample.at - (samples.at(-2)?.at ?? 0)).toBeGreaterThan(900);
    process.kill(pid, 'SIGSTOP');
    await until(() => samples.at(-1)?.state === 'T');
  });
});
