/** Debian packages that whole-system tests need. They are installed when missing; a test never passes by not running. */
import { spawnSync } from 'node:child_process';

export function ensureDebian(packages: readonly string[]): void {
  const missing = packages.filter((name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status !== 0);
  if (missing.length === 0) return;
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) throw new Error(`these tests need Debian packages: run  sudo ${install}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (command: string) => spawnSync('sh', ['-c', command], { env, encoding: 'utf8' });
  // Somebody else may be installing, and a mirror may have a bad minute.
  const patiently = install.replace('apt-get', 'apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3');
  const result = run(`(apt-get update || true) && (${patiently} || { sleep 15; ${patiently}; })`);
  if (result.status !== 0) throw new Error(`${install} failed:\n${result.stderr}`);
}
