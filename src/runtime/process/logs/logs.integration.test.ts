import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchOf, node, until } from '../../../../test/support/runtime.ts';
import type { EndedLife } from '../../contract.ts';
import { ProcessRuntime } from '../runtime.ts';

let stateDir: string;
let runtime: ProcessRuntime;
let exits: EndedLife[];
let reports: string[];
const MIB = 1024 * 1024;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'holdfast-logs-'));
  reports = [];
  await open();
});

afterEach(async () => {
  await runtime.kill({ instance: 'web-1', incarnation: 1 });
  await runtime.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function open(): Promise<void> {
  exits = [];
  runtime = new ProcessRuntime({ stateDir, now: () => performance.now(), report: (notice) => reports.push(notice) });
  runtime.onExit((ended) => exits.push(ended));
  await runtime.adopt();
}

const logs = (): string[] => readdirSync(join(stateDir, 'logs')).sort();
/** A file may be rotated away between the look into the directory and the look at it. */
const sizeOf = (name: string): number => statSync(join(stateDir, 'logs', name), { throwIfNoEntry: false })?.size ?? 0;
const total = (): number => logs().reduce((sum, name) => sum + sizeOf(name), 0);

async function read(tail: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of runtime.logs('web-1', { tail, follow: false, signal: new AbortController().signal })) {
    lines.push(line);
  }
  return lines;
}

describe('rotation', () => {
  it('bounds a service that writes 1 GB', async () => {
    const policy = { maxBytes: 8 * MIB, maxFiles: 3 };
    // 256 MiB a second: as much as many disks take, and far more than any service that is well.
    const write = node(`
      const fs = require('fs'); const block = Buffer.from(('x'.repeat(127) + '\\n').repeat(8192));
      let i = 0; const timer = setInterval(() => {
        for (let k = 0; k < 4 && i < 1024; k++, i++) fs.writeSync(1, block);
        if (i === 1024) { console.log('the end'); clearInterval(timer); }
      }, 15)`);
    await runtime.start(launchOf(write, { logs: policy }));
    let peak = 0;
    await until(() => {
      peak = Math.max(peak, total());
      return exits[0];
    }, 50_000);
    // Each rotated file may be over by a half.
    await until(() => total() <= policy.maxBytes * 4);
    console.log(`1 GiB written, at most ${(peak / MIB).toFixed(0)} MiB on disk`);
    // What can be written between two looks comes on top: 64 MiB, and as much again for a crowded machine.
    expect(peak).toBeLessThan(policy.maxBytes * policy.maxFiles + 128 * MIB);
    expect((await read(1))[0]).toBe('the end');
    expect(exits[0]?.exit).toMatchObject({ reason: 'code', code: 0 });
    expect(exits[0]?.exit.lastOutput.at(-1)).toBe('the end');
  });

  it('resumes when Holdfast comes back', async () => {
    const policy = { maxBytes: MIB, maxFiles: 2 };
    await runtime.start(launchOf(['sleep', '60'], { logs: policy }));
    await runtime.close();
    writeFileSync(join(stateDir, 'logs/web-1.log'), `${'y'.repeat(63)}\n`.repeat(100_000));
    await open();
    await until(() => total() <= 2 * MIB);
    expect(logs()).toEqual(['web-1.log', 'web-1.log.1']);
    expect(readFileSync(join(stateDir, 'logs/web-1.log.1'), 'utf8')).toMatch(
      /^--- holdfast: \d+ bytes or more dropped here/,
    );
  });

  it('on a full disk gives up old lines, not the service', async () => {
    await runtime.start(
      launchOf(['sh', '-c', 'while :; do echo line; sleep 0.01; done'], { logs: { maxBytes: MIB, maxFiles: 3 } }),
    );
    // The copy meets a device that is always full.
    symlinkSync('/dev/full', join(stateDir, 'logs/web-1.log.1'));
    execFileSync('sh', ['-c', `yes 0123456789 | head -c 3000000 >> ${stateDir}/logs/web-1.log`]);
    await until(() => total() < MIB);
    expect(logs()).toEqual(['web-1.log']);
    const size = statSync(join(stateDir, 'logs/web-1.log')).size;
    await until(() => statSync(join(stateDir, 'logs/web-1.log')).size > size);
    expect(runtime.lifeOf('web-1')?.exit).toBeNull();
  });
});

describe('reading', () => {
  it('follows a process over rotations, in order and without a repetition', async () => {
    const count = 3_000;
    const write = node(`
      let i = 0; const timer = setInterval(() => {
        for (let k = 0; k < 20; k++) console.log('line ' + i++ + ' ' + '.'.repeat(80));
        if (i >= ${count}) clearInterval(timer);
      }, 10)`);
    const abort = new AbortController();
    await runtime.start(launchOf(write, { logs: { maxBytes: 60_000, maxFiles: 8 } }));
    const seen: number[] = [];
    for await (const line of runtime.logs('web-1', { tail: 1_000_000, follow: true, signal: abort.signal })) {
      const found = /^line (\d+) /.exec(line);
      if (found) seen.push(Number(found[1]));
      if (seen.at(-1) === count - 1) abort.abort();
    }
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    // Between the last read and the truncation a line may fall, when the processor is taken away just there.
    expect(seen.length).toBeGreaterThan(count - 10);
    expect(logs().length).toBeGreaterThan(3);
  });

  it('begins with the last lines, over rotated files too', async () => {
    await runtime.start(launchOf(['sh', '-c', 'seq 1 30000'], { logs: { maxBytes: 100_000, maxFiles: 3 } }));
    await until(() => exits[0]);
    expect(await read(3)).toEqual(['29998', '29999', '30000']);
    await until(() => logs().includes('web-1.log.1'));
    expect((await read(2_000))[0]).toBe('28001');
    expect(await read(0)).toEqual([]);
  });

  it('refuses an instance that nobody knows, at once', () => {
    expect(() => runtime.logs('ghost-1', { tail: 1, follow: false, signal: new AbortController().signal })).toThrow(
      /ghost-1/,
    );
  });
});
