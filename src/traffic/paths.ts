/** Where the traffic process keeps its things within the state directory. */
import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** The kernel's limit for socket paths is 107 bytes. */
const MAX_SOCKET_PATH = 107;

export function trafficDir(stateDir: string): string {
  return join(stateDir, 'traffic');
}

export function routesFile(stateDir: string): string {
  return join(trafficDir(stateDir), 'routes.json');
}

export function pidFile(stateDir: string): string {
  return join(trafficDir(stateDir), 'traffic.pid');
}

export function trafficLog(stateDir: string): string {
  return join(trafficDir(stateDir), 'traffic.log');
}

/** In the state directory where its path is short enough; else in a directory of this user below the system's temporary one. */
export function socketPath(stateDir: string): string {
  const own = join(resolve(stateDir), 'run', 'traffic.sock');
  if (Buffer.byteLength(own) <= MAX_SOCKET_PATH) return own;
  const digest = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16);
  return join(tmpdir(), `holdfast-${userInfo().uid}`, `${digest}.sock`);
}
