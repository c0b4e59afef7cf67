/**
 * Children of the keeper that are the effect of a fault. Each holds the read end of a pipe from the keeper and ends
 * when it breaks, so the kernel itself reverts what they do when the keeper is killed; each carries the fault's id in
 * its environment, so they are found without having been recorded.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { builtEntry } from '../model/entry.ts';
import type { Ms } from '../model/time.ts';
import type { Surroundings } from './contract.ts';
import { identify, MARK, membersOf, monotonic, read, type Stat, statOf } from './processes.ts';

const STRESSOR_ENTRY = builtEntry(import.meta.url, './stressor.js');
/** Within BEGIN_WITHIN_MS. */
const READY_MS: Ms = 4_500;
/** A stressor that hears nothing for STRESSOR_SILENCE_MS ends: its keeper is stopped. */
const BEAT_MS: Ms = 500;

export class Bound {
  readonly child: ChildProcess;
  /** What it said about itself last. */
  #figure = 0;
  #said = '';
  #beatenAt = 0;

  /** `counting`: its figure is how many lines of its standard error match. */
  constructor(id: string, command: readonly string[], counting?: RegExp) {
    const [file = '', ...args] = command;
    this.child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, [MARK]: id },
    });
    this.child.on('error', (error) => {
      this.#said = error.message;
    });
    this.child.stdin?.on('error', () => undefined);
    lines(this.child.stderr, (line) => {
      if (counting?.test(line)) this.#figure++;
      else this.#said = `${this.#said}\n${line}`.slice(-500);
    });
    lines(this.child.stdout, (line) => {
      const figure = Number(line);
      if (Number.isFinite(figure)) this.#figure = figure;
    });
  }

  get figure(): number {
    return this.#figure;
  }

  get ended(): boolean {
    return this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get stat(): Stat | undefined {
    return this.ended ? undefined : statOf(this.child.pid ?? 0);
  }

  /** It and its children. */
  get members(): readonly Stat[] {
    const identity = this.ended ? undefined : identify(this.child.pid ?? 0);
    return identity ? membersOf(identity) : [];
  }

  /** Tells it that its keeper is there. */
  beat(): void {
    if (monotonic() - this.#beatenAt < BEAT_MS) return;
    this.#beatenAt = monotonic();
    this.child.stdin?.write('.\n');
  }

  /** Throws what it said when it ends before, or is not ready in time. */
  async until(good: () => boolean): Promise<void> {
    const give = monotonic() + READY_MS;
    while (!good()) {
      if (this.ended) throw new Error(this.#said.trim() || 'it ended at once');
      if (monotonic() > give) throw new Error(`it is not ready after ${READY_MS} ms`);
      this.beat();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function lines(input: Readable | null, each: (line: string) => void): void {
  if (input) createInterface({ input }).on('line', each);
}

/** See stressor.ts. */
export function startStressor(id: string, what: string, options: unknown): Bound {
  return new Bound(id, [process.execPath, STRESSOR_ENTRY, what, JSON.stringify(options)]);
}

/** The cgroup (version 2) of a process target, where it has one of its own that others may be put into. */
export function groupOf(at: Surroundings): string | undefined {
  const target = at.target();
  if (target.kind !== 'process') return undefined;
  const path = /^0::(\/.+)$/m.exec(read(`/proc/${target.process.pid}/cgroup`) ?? '')?.[1];
  const own = /^0::(\/.+)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1];
  if (path === undefined || path === own) return undefined;
  const dir = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].map((mount) => join(mount, path));
  return dir.find((each) => existsSync(join(each, 'cgroup.procs')));
}

/** Puts a child where the limits of the target hold for it too. False: it presses on the machine as a whole. */
export function enter(group: string | undefined, child: Bound): boolean {
  if (group === undefined) return false;
  try {
    writeFileSync(join(group, 'cgroup.procs'), String(child.child.pid));
    return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').includes(String(child.child.pid));
  } catch {
    return false;
  }
}
