/** Where the built program lies, and that it is there. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const above = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The same from source and from the build (benchmarks run from there). */
export const ROOT = basename(above) === 'dist' ? dirname(above) : above;
export const DIST = join(ROOT, 'dist');
export const CLI = join(DIST, 'src/cli/main.js');
export const LOAD_CLIENT = join(ROOT, 'test/support/load-client.mjs');

/** Builds what is older than its sources: tests run what users run. HOLDFAST_BUILT=1 says that it is done already. */
export function ensureBuilt(): void {
  if (process.env.HOLDFAST_BUILT === '1' && existsSync(CLI)) return;
  const build = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), '--quick'], { encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the build failed:\n${build.stdout}${build.stderr}`);
}
