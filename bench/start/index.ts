/**
 * The newcomer's wait: a fresh clone, dependencies in npm's cache, `npm start`, until the first screen of
 * `holdfast dev` is there, and until the sample system is healthy. Each round is a clone of its own.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';

const FIRST_SCREEN = /https?:\/\/(127\.0\.0\.1|localhost):\d+/;
const HEALTHY = /services are healthy/;
const GIVE_UP_MS = 120_000;

interface Times {
  readonly firstScreenMs: number;
  readonly healthyMs: number;
}

export const bench: Bench = {
  name: 'start',
  what: 'from `npm start` in a fresh clone to the first screen, dependencies cached',
  async run(options: BenchOptions): Promise<BenchRow[]> {
    const rounds: Times[] = [];
    // The first round only fills the cache.
    for (let round = 0; round <= (options.quick ? 1 : 5); round++) {
      const times = await once();
      options.log(
        `round ${round}: first screen ${(times.firstScreenMs / 1_000).toFixed(1)} s, healthy ${(times.healthyMs / 1_000).toFixed(1)} s`,
      );
      if (round > 0) rounds.push(times);
    }
    const first = median(rounds.map(({ firstScreenMs }) => firstScreenMs)) / 1_000;
    const healthy = median(rounds.map(({ healthyMs }) => healthyMs)) / 1_000;
    return [
      {
        id: 'first-screen',
        what: 'first screen after npm start',
        value: first,
        unit: 's',
        target: 10,
        pass: first <= 10,
      },
      {
        id: 'healthy',
        what: 'all services of the sample system healthy',
        value: healthy,
        unit: 's',
        target: 60,
        pass: healthy <= 60,
      },
    ];
  },
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function once(): Promise<Times> {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
  const clone = join(dir, 'holdfast');
  try {
    execFileSync('git', ['clone', '-q', process.cwd(), clone]);
    const started = process.hrtime.bigint();
    const child = spawn('npm', ['start'], { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    try {
      return await watch(child, started);
    } finally {
      await end(child);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function watch(child: ChildProcess, started: bigint): Promise<Times> {
  const elapsedMs = (): number => Number(process.hrtime.bigint() - started) / 1e6;
  return new Promise((resolve, reject) => {
    let text = '';
    let firstScreenMs: number | null = null;
    const timer = setTimeout(
      () => reject(new Error(`nothing healthy after ${GIVE_UP_MS / 1_000} s:\n${text}`)),
      GIVE_UP_MS,
    );
    const take = (chunk: Buffer): void => {
      text += chunk.toString();
      if (firstScreenMs === null && FIRST_SCREEN.test(text)) firstScreenMs = elapsedMs();
      if (firstScreenMs !== null && HEALTHY.test(text)) {
        clearTimeout(timer);
        resolve({ firstScreenMs, healthyMs: elapsedMs() });
      }
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`npm start ended with ${code}:\n${text}`));
    });
  });
}

/** Ctrl-C for the whole group, and wait until it has tidied up. */
function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return resolve();
    child.removeAllListeners('exit');
    child.once('exit', () => resolve());
    process.kill(-child.pid, 'SIGINT');
  });
}
