/**
 * An image without a registry: Node, a shell (health checks are shell commands), the libraries both need, and the app,
 * as a root file system in a tar.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { APP } from './paths.ts';

/** As a check of a container is written: exit code 1 when the app does not answer within two seconds. */
const CHECK = `fetch('http://127.0.0.1:' + process.env.PORT + '/healthz', { signal: AbortSignal.timeout(2000) })
  .then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1));
`;

export function buildImage(dir: string): string {
  const root = join(dir, 'image');
  for (const folder of ['bin', 'tmp', 'etc', 'proc', 'sys', 'dev']) mkdirSync(join(root, folder), { recursive: true });
  const shell = realpathSync('/bin/sh');
  copyFileSync(process.execPath, join(root, 'bin/node'));
  copyFileSync(shell, join(root, 'bin/sh'));
  for (const library of new Set([...librariesOf(process.execPath), ...librariesOf(shell)])) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  copyFileSync(APP, join(root, 'app.mjs'));
  writeFileSync(join(root, 'check.mjs'), CHECK);
  const tar = join(dir, 'image.tar');
  execFileSync('tar', ['-C', root, '-cf', tar, '.']);
  return tar;
}

function librariesOf(program: string): string[] {
  const output = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...output.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] as string);
}
