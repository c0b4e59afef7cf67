/**
 * `stressor.js KIND OPTIONS`: uses up something, as its options (JSON) say, and tells on each line how much of it. It
 * ends when its standard input does, or when nothing has come from there for SILENCE_MS.
 *
 * Bounded by itself: what it takes is given at its start, and it checks the floors again before every step.
 */
import { spawn } from 'node:child_process';
import {
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import type { Ms } from '../model/time.ts';
import { availableBytes, monotonic } from './processes.ts';

/** Long enough for a keeper that competes with its own stress. */
export const SILENCE_MS: Ms = 5_000;
/** One period of work and rest. Short against what anybody measures, long against a scheduler's slice. */
const PERIOD_MS: Ms = 20;
const CHUNK_BYTES = 4 * 1024 * 1024;

export interface CpuOptions {
  readonly workers: number;
  readonly percent: number;
  /** Added to the priority that it was started with. */
  readonly nice: number;
}

export interface MemoryOptions {
  readonly bytes: number;
  /** Of the machine; it stops short of leaving less. */
  readonly floorBytes: number;
}

export interface IoOptions {
  readonly path: string;
  readonly bytes: number;
  readonly bytesPerSec: number;
}

export interface FillOptions {
  readonly path: string;
  readonly keepFreeBytes: number;
  readonly maxBytes: number;
}

export interface ProcessesOptions {
  readonly count: number;
  /** Of the machine's process ids; it stops short of leaving fewer. */
  readonly floor: number;
}

const say = (figure: number): void => void process.stdout.write(`${figure}\n`);
const sleep = (ms: Ms): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Works for its share of each period and rests for the others. */
async function burn(percent: number): Promise<void> {
  for (;;) {
    const busyUntil = monotonic() + (PERIOD_MS * percent) / 100;
    while (monotonic() < busyUntil);
    await sleep((PERIOD_MS * (100 - percent)) / 100);
  }
}

function cpu({ workers, percent, nice }: CpuOptions): void {
  // From that of the keeper on, and of this thread only: those that it starts have it too.
  if (nice !== 0) setPriority(Math.min(19, Math.max(-20, getPriority() + nice)));
  // In threads, so that this one always hears the end of its keeper.
  for (let count = 0; count < workers; count++) new Worker(new URL(import.meta.url), { workerData: { percent } });
  say(workers);
}

async function memory({ bytes, floorBytes }: MemoryOptions): Promise<void> {
  // Should it come to that, the kernel is to take this process and not the target.
  writeFileSync('/proc/self/oom_score_adj', '1000');
  const held: Buffer[] = [];
  let taken = 0;
  for (;;) {
    const chunk = Math.min(CHUNK_BYTES, bytes - taken);
    if (chunk > 0 && availableBytes() - chunk >= floorBytes) {
      // Filled with what is no page of zeros, so that it is memory and not a promise.
      held.push(Buffer.alloc(chunk, 0xa5));
      taken += chunk;
      say(taken);
      await sleep(0);
    } else {
      say(taken);
      // Touched again, so that it is not swapped out while nobody looks.
      for (const buffer of held) for (let at = 0; at < buffer.length; at += 4096) buffer[at] = 0xa5;
      await sleep(200);
    }
  }
}

/** Its file has no name from the beginning: whatever happens to this process, the kernel frees it. */
function nameless(path: string): number {
  const fd = openSync(path, 'wx', 0o600);
  unlinkSync(path);
  return fd;
}

async function io({ path, bytes, bytesPerSec }: IoOptions): Promise<void> {
  const fd = nameless(path);
  const block = Buffer.alloc(Math.min(256 * 1024, bytes), 0xa5);
  const started = monotonic();
  let written = 0;
  for (let at = 0; ; at = (at + block.length) % bytes) {
    written += writeSync(fd, block, 0, Math.min(block.length, bytes - at), at);
    fsyncSync(fd);
    say(written);
    await sleep(Math.max(0, started + (written / bytesPerSec) * 1_000 - monotonic()));
  }
}

async function fill({ path, keepFreeBytes, maxBytes }: FillOptions): Promise<void> {
  const dir = path.slice(0, path.lastIndexOf('/')) || '/';
  const fd = nameless(path);
  const block = Buffer.alloc(4 * 1024 * 1024, 0xa5);
  let written = 0;
  for (;;) {
    const { bavail, bsize } = statfsSync(dir);
    const room = Math.min(block.length, bavail * bsize - keepFreeBytes, maxBytes - written);
    let done = 0;
    try {
      if (room > 0) done = writeSync(fd, block, 0, room, written);
    } catch (error) {
      // Full for this user: what the root keeps for itself is not ours to take.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
    written += done;
    // Free space is told with a delay until what was written is on the disk.
    if (written % (16 * block.length) === 0 || done < block.length) fsyncSync(fd);
    say(written);
    // It must hear the end of its keeper between two blocks; a timer would make a large disk take minutes.
    if (done === 0) await sleep(100);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Sleeps that end when this process does: each waits for a pipe from here. */
async function processes({ count, floor }: ProcessesOptions): Promise<void> {
  let living = 0;
  const room = (): number => Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) - readdirSync('/proc').length;
  const startOne = (): Promise<void> =>
    new Promise((resolve) => {
      const child = spawn('cat', [], { stdio: ['pipe', 'ignore', 'ignore'] });
      child.stdin.on('error', () => undefined);
      child.on('spawn', () => {
        living++;
        resolve();
      });
      // Refused: the limit is reached, which is what this is for.
      child.on('error', () => setTimeout(resolve, 200));
      child.on('exit', () => {
        living--;
      });
    });
  for (;;) {
    if (living < count && room() > floor) await startOne();
    else await sleep(200);
    say(living);
  }
}

function main(): void {
  if (!isMainThread) {
    void burn((workerData as { percent: number }).percent);
    return;
  }
  let heardAt = monotonic();
  process.stdin.on('data', () => {
    heardAt = monotonic();
  });
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('error', () => process.exit(0));
  setInterval(() => {
    if (monotonic() - heardAt > SILENCE_MS) process.exit(0);
  }, 250);
  const [, , kind, text = '{}'] = process.argv;
  const options: unknown = JSON.parse(text);
  if (kind === 'cpu') cpu(options as CpuOptions);
  else if (kind === 'memory') void memory(options as MemoryOptions);
  else if (kind === 'io') void io(options as IoOptions);
  else if (kind === 'fill') void fill(options as FillOptions);
  else if (kind === 'processes') void processes(options as ProcessesOptions);
  else throw new Error(`no stressor ${kind}`);
}

if (!isMainThread || /\/stressor\.[jt]s$/.test(process.argv[1] ?? '')) main();
