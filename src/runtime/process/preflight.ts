/**
 * What can be known to be wrong before a process is started. Told now it has a code and a remedy; told by the shell
 * it would be a line in a log and exit code 127.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import type { LaunchSpec } from '../../model/link.ts';
import type { ResourceLimits } from '../../model/spec.ts';
import { StartFailure } from '../contract.ts';
import { isExecutable } from './tools.ts';
import { type Account, findAccount } from './users.ts';

/** Throws HoldfastError with HF3001, HF3002 or HF3003. */
export function checkCommand(command: readonly string[], workingDir: string, path: string): void {
  if (!isDirectory(workingDir)) throw new HoldfastError('HF3003', `working directory ${workingDir} does not exist`);
  const program = command[0] ?? '';
  const found = program.includes('/') ? resolve(workingDir, program) : lookUp(program, workingDir, path);
  if (found === undefined || !isFile(found)) {
    const where = program.includes('/')
      ? `${found} does not exist`
      : `${program} is in none of ${path || '(empty PATH)'}`;
    throw new HoldfastError('HF3001', `command not found: ${where}`);
  }
  if (!isExecutable(found)) throw new HoldfastError('HF3002', `${found} is not executable`);
  const interpreter = interpreterOf(found);
  if (interpreter && !isFile(resolve(workingDir, interpreter))) {
    throw new HoldfastError('HF3001', `${found} needs ${interpreter}, which does not exist`, {
      remedy: `Install ${interpreter}, or correct the first line of ${found}.`,
    });
  }
}

/** Throws HF3005: a program that keeps its data in its own directory must be able to get there. */
export function checkAccess(directory: string, account: Account): void {
  for (let at = dirname(directory); ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false });
    const shift = stat?.uid === account.uid ? 6 : stat?.gid === account.gid ? 3 : 0;
    if (stat && account.uid !== 0 && ((stat.mode >> shift) & 1) === 0) {
      const remedy = 'Let Holdfast keep its state where that user may go: --state-dir /var/lib/holdfast.';
      throw new HoldfastError('HF3005', `user ${account.name ?? account.uid} cannot enter ${at}`, { remedy });
    }
    if (at === dirname(at)) return;
  }
}

/** As execvp does: the first that can be executed; else the first that is there, to say why not. */
function lookUp(program: string, workingDir: string, path: string): string | undefined {
  if (program === '') return undefined;
  const candidates = path.split(delimiter).map((dir) => join(resolve(workingDir, dir), program));
  return candidates.find((each) => isFile(each) && isExecutable(each)) ?? candidates.find(isFile);
}

function interpreterOf(path: string): string | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(256);
      const text = head.toString('latin1', 0, readSync(fd, head, 0, head.length, 0));
      return /^#! *(\S+)/.exec(text)?.[1];
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined; // Executable but not readable: legal for programs, impossible for scripts.
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** null: stays who Holdfast is. Throws HF3004 or HF3005. */
export function accountFor(user: string | null): Account | null {
  if (user === null) return null;
  const account = findAccount(user, readIfThere('/etc/passwd'), readIfThere('/etc/group'));
  const own = process.getuid?.();
  if (account.uid === own && account.gid === process.getgid?.()) return null;
  if (own !== 0) throw new HoldfastError('HF3005', `only root can start a process as ${user}`);
  return account;
}

/** Only root may raise the limit that Holdfast itself was given. Throws HF3008. */
export function checkLimits(limits: ResourceLimits): void {
  const highest = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readIfThere('/proc/self/limits'))?.[1] ?? Number.NaN);
  if (limits.openFiles !== null && limits.openFiles > highest && process.getuid?.() !== 0) {
    throw new HoldfastError('HF3008', `${limits.openFiles} open files are asked for, at most ${highest} can be given`, {
      remedy: 'Start Holdfast with a higher limit (ulimit -Hn), or ask for less.',
    });
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A life that just ended may hold its port for a moment longer: tried this often before the port counts as taken. */
const PORT_TRIES = 4;
const PORT_RETRY_MS = 50;

/** Throws StartFailure with reason port-taken. */
export async function checkPorts(launch: LaunchSpec): Promise<void> {
  for (const [name, port] of Object.entries(launch.ports)) {
    for (let attempt = 1; !(await isFree(port)); attempt++) {
      if (attempt === PORT_TRIES) {
        throw new StartFailure('port-taken', 'HF4001', `port ${port} (${name}) of ${launch.instance} is already taken`);
      }
      await new Promise((done) => setTimeout(done, PORT_RETRY_MS));
    }
  }
}

/** Only "in use" counts: what else may be wrong with a port, the service can tell better. */
function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code !== 'EADDRINUSE'));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => done(true)));
  });
}
