/**
 * Finds processes that belong to a state directory, so that whoever promised to leave nothing behind can look. What
 * counts: instances (their environment names their directory) and Holdfast's own parts (their program and arguments).
 * A user's `less server.log` does not. Linux only; elsewhere it finds nothing and callers rely on pids that they know.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface OwnedProcess {
  readonly pid: number;
  readonly command: string;
}

const OWN_PROGRAM = /\/src\/(?:server|traffic|runtime|agent)\/[^/]+\.js$/;

/** `path` may be the beginning of several state directories. */
export function processesOf(path: string): OwnedProcess[] {
  let entries: string[];
  try {
    entries = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return entries.flatMap((name) => {
    const pid = Number(name);
    if (pid === process.pid) return [];
    // A zombie has neither arguments nor environment: it is gone, but for its parent to notice.
    const argv = readProc(pid, 'cmdline').split('\0');
    const isPart = OWN_PROGRAM.test(argv[1] ?? '') && argv.some((argument) => argument.includes(path));
    if (!isPart && !readProc(pid, 'environ').includes(`HOLDFAST_INSTANCE_DIR=${path}`)) return [];
    return [{ pid, command: argv.join(' ').trim() }];
  });
}

/** Another user's process cannot be read, and one may end while we look: neither is ours to find. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
