import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cgroups } from './cgroup.ts';

let mount: string;
beforeEach(() => {
  mount = mkdtempSync(join(tmpdir(), 'holdfast-cgroup-'));
});
afterEach(() => rmSync(mount, { recursive: true, force: true }));

/** A directory as the kernel would show it. */
function group(path: string, controllers = 'cpuset cpu io memory pids', enabled = ''): string {
  const dir = join(mount, path);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'cgroup.controllers'), `${controllers}\n`);
  writeFileSync(join(dir, 'cgroup.subtree_control'), `${enabled}\n`);
  return dir;
}
const text = (...path: string[]): string => readFileSync(join(mount, ...path), 'utf8');
const NONE = { memoryBytes: null, cpus: null, pids: null, openFiles: null };

describe('detection', () => {
  it('takes the mount when its controllers can be handed on', () => {
    group('.', 'cpu memory pids', 'memory');
    group('holdfast', 'cpu memory pids');
    expect(Cgroups.detect(mount, '0::/\n')?.base).toBe(join(mount, 'holdfast'));
    expect(text('cgroup.subtree_control')).toBe('+cpu +pids');
    expect(text('holdfast/cgroup.subtree_control')).toBe('+cpu +memory +pids');
  });

  it('takes a place beside its own group when that is what was delegated', () => {
    group('.', 'io');
    group('user/app', 'cpu memory pids', 'cpu memory pids');
    group('user/app/holdfast', 'cpu memory pids');
    expect(Cgroups.detect(mount, '12:cpu:/x\n0::/user/app/shell.scope\n')?.base).toBe(join(mount, 'user/app/holdfast'));
  });

  it('finds none on version 1, on a hybrid without controllers, or where nothing is handed on', () => {
    expect(Cgroups.detect(join(mount, 'nothing'), '')).toBeUndefined();
    group('.', '');
    expect(Cgroups.detect(mount, '0::/\n')).toBeUndefined();
    group('.', 'cpu memory pids');
    group('holdfast', '');
    expect(Cgroups.detect(mount, '0::/\n')).toBeUndefined();
  });
});

describe('a life', () => {
  const detect = (): Cgroups => {
    group('.');
    group('holdfast');
    return Cgroups.detect(mount, '0::/\n') as Cgroups;
  };

  it('gets the limits that it asks for, and no others', () => {
    const dir = detect().create('web-1.1.ab', { memoryBytes: 64 * 1024 * 1024, cpus: 1.5, pids: 100, openFiles: 9 });
    expect(dir).toBe(join(mount, 'holdfast/web-1.1.ab'));
    expect(readFileSync(join(dir, 'memory.max'), 'utf8')).toBe('67108864');
    expect(readFileSync(join(dir, 'memory.oom.group'), 'utf8')).toBe('1');
    expect(readFileSync(join(dir, 'cpu.max'), 'utf8')).toBe('150000 100000');
    expect(readFileSync(join(dir, 'pids.max'), 'utf8')).toBe('100');
    const free = detect().create('web-2.1.ab', NONE);
    for (const name of ['memory.max', 'cpu.max', 'pids.max']) expect(existsSync(join(free, name))).toBe(false);
  });

  it('is killed in one write where the kernel has it', () => {
    const cgroups = detect();
    const dir = cgroups.create('web-1.1.ab', NONE);
    expect(cgroups.kill('web-1.1.ab')).toBe(false);
    writeFileSync(join(dir, 'cgroup.kill'), '');
    expect(cgroups.kill('web-1.1.ab')).toBe(true);
    expect(readFileSync(join(dir, 'cgroup.kill'), 'utf8')).toBe('1');
    expect(cgroups.kill('unknown')).toBe(false);
  });

  it('tells when the OOM killer came', () => {
    const cgroups = detect();
    const dir = cgroups.create('web-1.1.ab', NONE);
    expect(cgroups.oomKills('web-1.1.ab')).toBe(0);
    writeFileSync(join(dir, 'memory.events'), 'low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 1\n');
    expect(cgroups.oomKills('web-1.1.ab')).toBe(2);
  });

  it('leaves nothing behind', () => {
    const cgroups = detect();
    const dir = cgroups.create('web-1.1.ab', NONE);
    cgroups.remove('web-1.1.ab');
    expect(existsSync(dir)).toBe(false);
    cgroups.remove('web-1.1.ab');
  });
});
