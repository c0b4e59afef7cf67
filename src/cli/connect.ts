/**
 * Finds the server to talk to. In this order: --server (or HOLDFAST_SERVER); --state-dir (or HOLDFAST_STATE_DIR);
 * the nearest `.holdfast/` in this directory or above it. A state directory names its server in api.json.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { HoldfastClient } from '../api/client.ts';
import type { ApiFile } from '../api/resources.ts';
import { HoldfastError } from '../model/errors.ts';

export interface ConnectionOptions {
  readonly server?: string;
  readonly token?: string;
  readonly stateDir?: string;
}

export const STATE_DIR_NAME = '.holdfast';

export function findStateDir(options: ConnectionOptions, cwd = process.cwd()): string | undefined {
  const given = options.stateDir ?? process.env.HOLDFAST_STATE_DIR;
  if (given) return resolve(cwd, given);
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const candidate = join(directory, STATE_DIR_NAME);
    if (existsSync(candidate)) return candidate;
    if (directory === dirname(directory)) return undefined;
  }
}

export function readApiFile(stateDir: string): ApiFile | undefined {
  const path = join(stateDir, 'api.json');
  if (!existsSync(path)) return undefined;
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as ApiFile;
    if (typeof file.url === 'string' && typeof file.pid === 'number') return file;
  } catch {
    // Half-written or not ours; either way there is no server to be found through it, which the caller says.
  }
  return undefined;
}

/** True while the process exists, also when it belongs to somebody else. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function connect(options: ConnectionOptions): HoldfastClient {
  const token = options.token ?? process.env.HOLDFAST_TOKEN;
  const server = options.server ?? process.env.HOLDFAST_SERVER;
  if (server) return new HoldfastClient({ url: server, token: token ?? null });
  const stateDir = findStateDir(options);
  if (!stateDir) throw new HoldfastError('HF7001', `no ${STATE_DIR_NAME} directory here or above`);
  const file = readApiFile(stateDir);
  if (!file || !isAlive(file.pid)) throw new HoldfastError('HF7001', `no server runs on ${stateDir}`);
  return new HoldfastClient({ url: file.url, token: token ?? file.token ?? null });
}
