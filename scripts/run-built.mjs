// Runs a built program, building first when sources are newer: `node scripts/run-built.mjs sim/main --seeds 10`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [entry, ...args] = process.argv.slice(2);
const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--quick'], { stdio: ['ignore', 2, 2] });
if (build.status !== 0) process.exit(build.status ?? 1);
const child = spawnSync(process.execPath, [join(root, 'dist', `${entry}.js`), ...args], {
  stdio: 'inherit',
  cwd: root,
});
process.exit(child.status ?? 1);
