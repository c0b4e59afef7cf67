/**
 * Another kernel on this machine, for what the one that runs cannot do: Debian's user-mode Linux, an ordinary program. It
 * sees the machine's files and may not change them; its processes, its network and /run are its own, and end with it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDebian } from './debian.ts';

const MEMORY = '512M';

/** The files of modules of that kernel: they are to be loaded by hand, because it looks for them elsewhere. */
export function modulesOf(names: readonly string[]): readonly string[] {
  ensureDebian(['user-mode-linux', 'kmod', 'iproute2']);
  const all = execFileSync('find', ['/usr/lib/uml/modules', '-name', '*.ko'], { encoding: 'utf8' }).split('\n');
  return names.map((name) => {
    const file = all.find((path) => path.endsWith(`/${name}.ko`));
    if (file === undefined) throw new Error(`user-mode-linux has no module ${name}`);
    return file;
  });
}

/** Runs a command as root of that kernel, with room to write in $TMPDIR; what it said, line by line. */
export async function inOtherKernel(command: readonly string[], timeoutMs: number): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'other-kernel-'));
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const init = join(dir, 'init');
  const script = ['mount -t proc proc /proc', 'mount -t sysfs sys /sys', 'mount -t tmpfs tmpfs /run', 'cd /run'];
  const lines = [
    '#!/bin/sh',
    'export PATH=/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/run',
    ...script,
    quoted,
    'poweroff -f',
  ];
  writeFileSync(init, `${lines.join('\n')}\n`, { mode: 0o755 });
  const root = ['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', 'quiet', `init=${init}`];
  const child = spawn('linux.uml', [`mem=${MEMORY}`, ...root, 'con=null', 'con0=null,fd:1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // It keeps its own state under HOME, and its memory in a file of TMPDIR.
    env: { ...process.env, TMPDIR: dir, HOME: dir },
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += String(data)));
  const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => child.once('error', reject).once('close', () => resolve()));
    return said.split(/\r?\n/);
  } finally {
    clearTimeout(timer);
    rmSync(dir, { recursive: true, force: true });
  }
}
