/** Real processes: killed at random moments, on a full disk, two on one directory. Needs a build (dist). */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../model/random.ts';
import { EmbeddedStore } from './embedded/store.ts';
import { Acknowledged, type Child, crashRounds, losses, startChild } from './testing/harness.ts';

let dir: string;
let cleanups: (() => void)[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'crash-'));
  cleanups = [];
});

afterEach(() => {
  for (const cleanup of cleanups.reverse()) cleanup();
  rmSync(dir, { recursive: true, force: true });
});

describe('kill -9', () => {
  it('loses nothing that was acknowledged, tears no transaction, breaks no chain', async () => {
    const result = await crashRounds(dir, 20, Random.seeded(20));
    expect(result.losses).toEqual([]);
    expect(result.acknowledged).toBeGreaterThan(200);
  });

  it('leaves no lock behind, while a living owner is respected', async () => {
    const child = startChild('hold', dir);
    await child.until('ready');
    await expect(EmbeddedStore.open({ dir })).rejects.toMatchObject({ code: 'HF2001' });
    child.process.kill('SIGKILL');
    await child.ended;
    const store = await EmbeddedStore.open({ dir });
    await store.close();
  });
});

/** How to leave a child without room for files, and give it room again. */
interface Shortage {
  readonly name: string;
  start(): { readonly child: Child; readonly state: string; relieve(): void };
}

const fileSizeLimit: Shortage = {
  name: 'a limit on the size of files',
  start: () => {
    const child = startChild('full', dir, ['prlimit', '--fsize=262144:unlimited']);
    const relieve = (): void => {
      execFileSync('prlimit', ['--pid', String(child.process.pid), '--fsize=unlimited']);
    };
    return { child, state: dir, relieve };
  },
};

const fullFileSystem: Shortage = {
  name: 'a full file system',
  start: () => {
    const state = mountSmall();
    // What is deleted later to make room.
    writeFileSync(join(state, 'ballast'), Buffer.alloc(524_288));
    const child = startChild('full', state);
    return { child, state, relieve: () => rmSync(join(state, 'ballast')) };
  },
};

function mountSmall(): string {
  const point = join(dir, 'small');
  mkdirSync(point);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1536k', 'tmpfs', point], { stdio: 'pipe' });
  // Lazily: this process has had the store open, and SQLite's last handle goes with the garbage collector.
  cleanups.push(() => execFileSync('umount', ['--lazy', point]));
  return point;
}

function mayMount(): boolean {
  const point = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', point], { stdio: 'pipe' });
    execFileSync('umount', [point]);
    return true;
  } catch {
    console.warn('mounting is not permitted here: disk full is tested by a file size limit alone');
    return false;
  } finally {
    rmSync(point, { recursive: true });
  }
}

describe('no room', () => {
  it.each(mayMount() ? [fileSizeLimit, fullFileSystem] : [fileSizeLimit])(
    'by $name: HF2004, everything readable, nothing acknowledged lost, and it goes on when there is room',
    async (shortage) => {
      const { child, state, relieve } = shortage.start();
      cleanups.push(() => child.process.kill('SIGKILL'));
      await child.until('full', 2);
      const reports = child.reports.filter((report) => 'full' in report);
      expect(reports).toEqual([
        { full: 'store', code: 'HF2004', readable: true },
        { full: 'journal', code: 'HF2004', readable: true },
      ]);
      relieve();
      child.process.stdin?.write('go on\n');
      await child.ended;
      expect(child.reports.filter((report) => 'again' in report)).toEqual([
        { again: 'store', ok: true },
        { again: 'journal', ok: true },
      ]);
      const acknowledged = new Acknowledged();
      acknowledged.add(child.reports);
      expect(acknowledged.count).toBeGreaterThan(20);
      expect(await losses(state, acknowledged)).toEqual([]);
    },
  );
});
