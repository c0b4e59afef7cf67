/**
 * The keeper: `keeper.js STATE_DIR`. One process for each state directory, while any fault is there; it ends by itself
 * when none is. It makes the effects and reverts them at the end of their leases, and answers to nobody: whoever asks
 * for a fault writes a record, and may die.
 *
 * One for all faults and not one each, because an experiment on twenty instances should not itself be twenty Node
 * processes of 40 MB: that would be a stress of its own. What dies with it is bounded by its watcher: a few lines of
 * sh that hold the other end of a pipe and start the next keeper when it breaks; a dead watcher is started again here.
 * So it takes kill -9 of both in one instant to leave a fault to the next sweep.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '../model/instance.ts';
import type { Ms } from '../model/time.ts';
import { Keeping } from './keeping.ts';
import { identify, isAlive, monotonic } from './processes.ts';
import { Records } from './records.ts';
import { executorOf } from './registry.ts';

/** Between two looks at the records. A lease ends late by up to this; a hundred small reads a second cost little. */
export const POLL_MS: Ms = 50;
/** How long it stays when nothing is left, so that a row of faults needs one start. */
const LINGER_MS: Ms = 600;

/** Reads until the pipe breaks. The last word of a keeper that ends as it should is `done`. */
const WATCHER = 'read -r word; [ "$word" = done ] || exec "$@"';

export function keeperFile(stateDir: string): string {
  return join(new Records(stateDir).dir, 'keeper');
}

export function livingKeeper(stateDir: string): ProcessIdentity | undefined {
  try {
    const identity = JSON.parse(readFileSync(keeperFile(stateDir), 'utf8')) as ProcessIdentity;
    return isAlive(identity) ? identity : undefined;
  } catch {
    return undefined;
  }
}

/** False when another keeper lives. */
function claim(stateDir: string): boolean {
  const path = keeperFile(stateDir);
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        // A link appears whole or not at all, and fails when the name is taken.
        linkSync(own, path);
        return true;
      } catch {
        if (livingKeeper(stateDir)) return false;
        rmSync(path, { force: true });
      }
    }
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} keeper ${process.pid}: ${line}\n`);
}

function startWatcher(stateDir: string): ChildProcess {
  const command = [process.execPath, ...process.execArgv, process.argv[1] ?? '', stateDir];
  const watcher = spawn('/bin/sh', ['-c', WATCHER, 'sh', ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  watcher.stdin?.on('error', () => undefined);
  watcher.on('error', (error) => log(`no watcher: ${error.message}`));
  return watcher;
}

function main(): void {
  const stateDir = process.argv[2];
  if (stateDir === undefined) throw new Error('usage: keeper STATE_DIR');
  if (!claim(stateDir)) return;
  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(name, () => log(`${name} is ignored`));
  preferToLive();
  const keeping = new Keeping(new Records(stateDir), executorOf, log);
  let watcher = startWatcher(stateDir);
  let idleSince = monotonic();
  const turn = (): void => {
    if (watcher.exitCode !== null || watcher.signalCode !== null) watcher = startWatcher(stateDir);
    const now = monotonic();
    if (keeping.turn() > 0) idleSince = now;
    if (now - idleSince < LINGER_MS) {
      setTimeout(turn, POLL_MS);
      return;
    }
    // The name goes first: a request that comes now finds no keeper and starts one.
    rmSync(keeperFile(stateDir), { force: true });
    watcher.stdin?.end('done\n', () => process.exit(0));
  };
  turn();
}

/** Under memory pressure of its own making it should be the last to go; not everybody may ask for that. */
function preferToLive(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-900');
  } catch {
    // Then it is as likely to go as any other, and has its watcher.
  }
}

if (/\/keeper\.[jt]s$/.test(process.argv[1] ?? '')) main();
