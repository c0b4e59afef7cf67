/**
 * Which local user calls, for the audit, when no tokens are configured: the kernel knows the owner of the other end
 * of a loopback connection, and nobody can claim to be somebody else. Linux; elsewhere the caller is `local`.
 */
import { readFileSync } from 'node:fs';

export interface PeerAddress {
  readonly remotePort: number;
  readonly localPort: number;
}

export function localUser(peer: PeerAddress): string {
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const uid = ownerOf(readText(table), peer);
    if (uid !== null) return nameOf(uid, readText('/etc/passwd'));
  }
  return 'local';
}

/** The uid of the socket whose local port is the peer's and whose remote port is ours; loopback makes that unique. */
export function ownerOf(table: string, peer: PeerAddress): number | null {
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const local = portOf(fields[1]);
    const remote = portOf(fields[2]);
    const established = fields[3] === '01'; // others (TIME_WAIT) have no owner any more
    if (established && local === peer.remotePort && remote === peer.localPort) return Number(fields[7]);
  }
  return null;
}

export function nameOf(uid: number, passwd: string): string {
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    if (fields[2] === String(uid) && fields[0]) return fields[0];
  }
  return `uid ${uid}`;
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(':')[1] ?? '', 16);
}

/** Absent tables are normal (no IPv6, not Linux). */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
