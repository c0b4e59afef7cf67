/**
 * What this machine has for starting processes, found out once: a program that gives a service a session of its own,
 * and one that switches users. What is missing is said as a notice, with what happens instead.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import type { Account } from './users.ts';

export interface Tools {
  readonly setsid: string | null;
  readonly setpriv: string | null;
  readonly perl: string | null;
  readonly notices: readonly string[];
}

const PLACES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

export function findTools(exists: (path: string) => boolean = isExecutable): Tools {
  const find = (name: string): string | null => PLACES.map((dir) => join(dir, name)).find(exists) ?? null;
  const setsid = find('setsid');
  const perl = find('perl');
  const notices =
    setsid === null && perl === null
      ? [
          'neither setsid nor perl is installed: services share the process group of their shim, so a stop reaches the main process and the children that can be found, and no others',
        ]
      : [];
  return { setsid, setpriv: find('setpriv'), perl, notices };
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What stands before the command: a session (or at least a process group) of its own. */
export function sessionPrefix(tools: Tools): readonly string[] {
  if (tools.setsid !== null) return [tools.setsid, '--'];
  if (tools.perl !== null) return [tools.perl, '-e', 'setpgrp(0,0); exec {$ARGV[0]} @ARGV or exit 127'];
  return [];
}

/** What stands before the command when it is to run as somebody else. */
export function accountPrefix(tools: Tools, account: Account): readonly string[] {
  const { uid, gid, name } = account;
  if (tools.setpriv !== null) {
    const groups = name === null ? '--clear-groups' : '--init-groups';
    return [tools.setpriv, `--reuid=${uid}`, `--regid=${gid}`, groups, '--'];
  }
  if (tools.perl !== null) {
    const script =
      '$g=shift; $u=shift; $)="$g $g"; $(=$g; $<=$>=$u; $>==$u && $<==$u or exit 126; exec {$ARGV[0]} @ARGV or exit 127';
    return [tools.perl, '-e', script, String(gid), String(uid)];
  }
  throw new HoldfastError('HF3005', 'switching users needs setpriv (util-linux) or perl, and neither is installed', {
    remedy: 'Install util-linux or perl, or remove `user`.',
  });
}
