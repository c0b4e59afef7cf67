// Builds everything into dist/: the TypeScript of the product (types stripped file by file; `npm run types` is what
// checks them), what belongs to the examples, and the dashboard.
// --quick does only what is older than its sources; --out DIR builds elsewhere.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { transformWithOxc, build as viteBuild } from 'vite';
import { root } from './lib.mjs';

const argv = process.argv.slice(2);
const quick = argv.includes('--quick');
const out = argv.includes('--out') ? argv[argv.indexOf('--out') + 1] : join(root, 'dist');

const OXC = {
  target: 'es2023',
  sourcemap: false,
  typescript: { rewriteImportExtensions: 'rewrite', onlyRemoveTypeImports: true },
};
/** Benchmarks drive whole systems with the same rig as tests. */
const FOLDERS = ['src', 'sim', 'bench', 'examples', 'test/support'];

function* files(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) {
      if (name !== 'node_modules' && name !== 'testdata') yield* files(path);
    } else yield path;
  }
}

const newest = (dir) =>
  Math.max(0, ...[...files(dir)].filter((path) => !path.includes('.test.')).map((path) => statSync(path).mtimeMs));
const builtAt = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

async function buildCode() {
  const stamp = join(out, '.built');
  if (quick && builtAt(stamp) > Math.max(...FOLDERS.map((name) => newest(join(root, name))))) return;
  process.stderr.write('building holdfast …\n');
  for (const folder of FOLDERS) rmSync(join(out, folder), { recursive: true, force: true });
  for (const folder of FOLDERS) {
    for (const path of files(join(root, folder)))
      await emit(path, join(out, relative(root, path)), folder === 'examples');
  }
  chmodSync(join(out, 'src/cli/main.js'), 0o755);
  writeFileSync(stamp, '');
}

async function emit(from, to, copyOthers) {
  if (from.endsWith('.ts')) {
    if (from.endsWith('.test.ts') || from.endsWith('.d.ts')) return;
    const { code } = await transformWithOxc(readFileSync(from, 'utf8'), from, OXC);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to.replace(/\.ts$/, '.js'), code);
  } else if (copyOthers) {
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
}

async function buildDashboard() {
  const target = join(out, 'dashboard');
  const sources = [join(root, 'dashboard'), join(root, 'src/api'), join(root, 'src/model')];
  if (quick && builtAt(join(target, 'index.html')) > Math.max(...sources.map(newest))) return;
  process.stderr.write('building the dashboard …\n');
  const configFile = join(root, 'dashboard/vite.config.ts');
  await viteBuild({
    root: join(root, 'dashboard'),
    configFile,
    logLevel: 'warn',
    build: { outDir: target, emptyOutDir: true },
  });
}

await buildCode();
await buildDashboard();
