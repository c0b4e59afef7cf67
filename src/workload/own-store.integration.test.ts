/** Holdfast's own store keeps its word while its process is killed again and again. Needs a build (dist). */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/ports.ts';
import { builtEntry } from '../model/entry.ts';
import { judgeHistory, kindNamed } from '../prove/consistency/index.ts';
import { RemoteStore } from '../store/testing/remote.ts';
import { runWorkload, storeAdapter } from './index.ts';

const SERVE = builtEntry(import.meta.url, '../store/testing/serve.js');
let dir: string;
let child: ChildProcess | undefined;
let port: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'workload-'));
  port = await freePort();
});

afterEach(async () => {
  await kill();
  rmSync(dir, { recursive: true, force: true });
});

function start(): void {
  child = spawn(process.execPath, [SERVE, dir, String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function kill(): Promise<void> {
  const running = child;
  child = undefined;
  if (!running || running.exitCode !== null) return;
  const ended = new Promise((resolve) => running.once('exit', resolve));
  running.kill('SIGKILL');
  await ended;
}

/** A way to the store, once it answers. */
async function open(): Promise<RemoteStore> {
  const store = new RemoteStore(port);
  await store.get('/workload');
  return store;
}

describe('the embedded store under kill -9', { timeout: 300_000 }, () => {
  it.each(['cas-register', 'counter', 'queue', 'list-append'] as const)('%s', async (kind) => {
    start();
    const adapter = storeAdapter('embedded', open);
    const stop = new AbortController();
    const run = runWorkload({ kind, adapter, seed: 8, until: stop.signal, opsPerSec: 1_000, timeoutMs: 3_000 });
    for (let kills = 0; kills < 3; kills++) {
      const before = run.stats().ok;
      await expect.poll(() => run.stats().ok, { timeout: 60_000 }).toBeGreaterThan(before + 40);
      await kill();
      start();
    }
    const before = run.stats().ok;
    await expect.poll(() => run.stats().ok, { timeout: 60_000 }).toBeGreaterThan(before + 20);
    stop.abort();
    const { events, stats, leftovers } = await run.done;
    expect(leftovers).toEqual([]);
    expect(stats.unknown).toBeGreaterThan(0);
    const verdict = judgeHistory(events, { kind: kindNamed(kind) });
    expect(verdict.verdict, `${verdict.summary}\n${verdict.contradictions[0]?.drawing}`).toBe('holds');
  });
});
