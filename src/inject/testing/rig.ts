/** Real processes to do faults to, all of them started here and ended here. Needs a build (dist). */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtEntry } from '../../model/entry.ts';
import type { ProcessIdentity } from '../../model/instance.ts';
import type { FaultRequest, FaultStatus } from '../contract.ts';
import { Injector } from '../injector.ts';
import { livingKeeper } from '../keeper.ts';
import { allStats, identify, isAlive, membersOf, read, signal, statOf } from '../processes.ts';

export interface Victim {
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity;
}

export class Rig {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'inject-'));
  readonly stateDir: string = join(this.dir, 'state');
  readonly injector: Injector = new Injector(this.stateDir);
  readonly #children: ChildProcess[] = [];

  /** In a session of its own, with no terminal. */
  async start(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Victim> {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { detached: true, stdio: 'ignore', env: { ...process.env, ...env } });
    this.#children.push(child);
    await until(() => child.pid !== undefined && identify(child.pid) !== undefined, `${file} did not start`);
    return { child, identity: identify(child.pid ?? 0) as ProcessIdentity };
  }

  /** A Node program that is ready when it has written its own file `ready`. */
  async startNode(script: string, env: Readonly<Record<string, string>> = {}): Promise<Victim> {
    const ready = join(this.dir, `ready-${this.#children.length}`);
    const whole = `${script}\nrequire('node:fs').writeFileSync(${JSON.stringify(ready)}, '');`;
    const victim = await this.start([process.execPath, '-e', whole], env);
    await until(() => existsSync(ready), 'the victim is not ready');
    return victim;
  }

  /** Begins a fault from another process, and kills that with SIGKILL. */
  async beginAndDie(request: FaultRequest): Promise<FaultStatus> {
    const entry = builtEntry(import.meta.url, './beginner.js');
    if (!existsSync(entry)) throw new Error(`${entry} is missing: build first`);
    const child = spawn(process.execPath, [entry, this.stateDir, JSON.stringify(request)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', resolve);
      child.once('exit', () => reject(new Error('the beginner ended')));
    });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    return JSON.parse(line) as FaultStatus;
  }

  async ended(id: string): Promise<FaultStatus> {
    await until(
      () => this.injector.status(id)?.phase === 'ended',
      () => `${id} does not end\n${this.log()}`,
    );
    return this.injector.status(id) as FaultStatus;
  }

  /** The fault's effect has been measured and is what was asked. */
  async bitten(id: string): Promise<FaultStatus> {
    const told = (): string => `${JSON.stringify(this.injector.status(id))}\n${this.log()}`;
    await until(() => this.injector.status(id)?.bite?.bitten === true, told);
    return this.injector.status(id) as FaultStatus;
  }

  /** The shell that waits for the end of the keeper. */
  watcher(): ProcessIdentity | undefined {
    const found = allStats().find(({ pid }) => {
      const words = (read(`/proc/${pid}/cmdline`) ?? '').split('\0');
      return words[0] === '/bin/sh' && words[2]?.startsWith('read -r word') && words.includes(this.stateDir);
    });
    return found && identify(found.pid);
  }

  log(): string {
    return existsSync(join(this.stateDir, 'keeper.log')) ? readFileSync(join(this.stateDir, 'keeper.log'), 'utf8') : '';
  }

  async close(): Promise<void> {
    await this.injector.revertAll();
    for (const child of this.#children) {
      const identity = child.pid === undefined || child.exitCode !== null ? undefined : identify(child.pid);
      if (identity) for (const member of membersOf(identity)) signal(member, 'SIGKILL');
    }
    // It would stay for a moment, for faults that do not come.
    for (const part of [this.watcher(), livingKeeper(this.stateDir)]) if (part) signal(part, 'SIGKILL');
    await until(() => livingKeeper(this.stateDir) === undefined, 'the keeper stays');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A fault that is not begun within its lease is not begun at all: the lease for tests that are not about its length. */
export const LONG_MS = 20_000;

export async function until(good: () => boolean, what: string | (() => string)): Promise<void> {
  const give = performance.now() + 30_000;
  while (!good()) {
    if (performance.now() > give) throw new Error(typeof what === 'string' ? what : what());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function stateOf(identity: ProcessIdentity): string | undefined {
  return isAlive(identity) ? statOf(identity.pid)?.state : undefined;
}
