// `npm start`: from a fresh clone to a running, breakable sample system. Installs when needed, builds what is not
// yet built, and hands over to `holdfast dev`. Further words go to it: `npm start -- --help`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, ensureInstalled, requireNode, root } from './lib.mjs';

requireNode();
try {
  ensureInstalled();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
build(['--quick']);
const child = spawn(process.execPath, [join(root, 'dist/src/cli/main.js'), 'dev', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to the whole group: the child tidies up, and this waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 0 : 1)));
