// What the scripts share: where things are, and the steps before anything can run.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const bin = (name) => join(root, 'node_modules', '.bin', name);

/** Keep in step with "engines" in package.json. */
const NODE_FLOOR = [20, 19];

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1])) return;
  process.stderr.write(`Holdfast needs Node ${NODE_FLOOR.join('.')} or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

/** Below the root: the clients of other projects that tests talk through. */
export const TEST_CLIENTS = 'test/clients';

/** How often the registry is asked, and for how long it is left alone after the first failure (then twice as long). */
const INSTALL_TRIES = 4;
const INSTALL_PAUSE_MS = 5_000;

/** Of the root, or of a folder that is a package of its own. Throws when it cannot be done. */
export function ensureInstalled(folder = '.') {
  const at = join(root, folder);
  const installed = join(at, 'node_modules/.package-lock.json');
  const lock = join(at, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  process.stderr.write('installing dependencies …\n');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const quietly = ['--no-save', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  for (let tried = 1; ; tried++) {
    const { status, error } = spawnSync(npm, ['install', ...quietly], {
      cwd: at,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status === 0) return;
    if (tried === INSTALL_TRIES || error?.code === 'ENOENT')
      throw new Error(`npm install in ${at} failed${error ? `: ${error.message}` : `, ${tried} times`}`);
    const pauseMs = INSTALL_PAUSE_MS * 2 ** (tried - 1);
    process.stderr.write(`npm install failed; again in ${pauseMs / 1_000} s\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
}

export function build(args = []) {
  run(process.execPath, [join(root, 'scripts/build.mjs'), ...args]);
}

/** Runs to the end with the terminal attached (its stdout goes to ours); exits with its code when it fails. */
export function run(command, args, cwd = root) {
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Of one command. Several times what the longest takes: beyond it something hangs, and the other steps are to run. */
const PATIENCE_MS = 25 * 60_000;

/** True when it ended well; otherwise what became of it is told, where its own output does not. */
export function ranWell(command, args) {
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], timeout: PATIENCE_MS, killSignal: 'SIGKILL' };
  const { status, signal, error } = spawnSync(command, args, options);
  if (error?.code === 'ETIMEDOUT')
    process.stderr.write(`${command} was killed after ${PATIENCE_MS / 60_000} minutes\n`);
  else if (error) process.stderr.write(`${command}: ${error.message}\n`);
  else if (signal) process.stderr.write(`${command} was ended by ${signal}\n`);
  return status === 0;
}
