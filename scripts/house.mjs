// House rules that a linter does not know: who may import whom, how files begin, and what no file may say.
// Prints every breach as path:line and exits 1 when there is one.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MAX_LINES = 400;

/** Folder → folders of src it may import, besides itself. Everybody may import model. */
const PURE = ['detect', 'diagnose', 'recover', 'prove', 'review', 'spec', 'query'];
const ADAPTERS = ['store', 'runtime', 'traffic', 'intake', 'inject', 'notify', 'workload', 'failover'];
const MAY_IMPORT = {
  model: [],
  ...Object.fromEntries(PURE.map((name) => [name, ['model']])),
  ...Object.fromEntries(ADAPTERS.map((name) => [name, ['model']])),
  core: ['model', ...PURE],
  agent: ['model', 'detect', 'runtime', 'traffic', 'intake', 'inject', 'failover'],
  server: ['model', ...PURE, 'core', 'store', 'notify', 'agent', 'api', 'runtime', 'traffic', 'workload'],
  api: ['model'],
  // What needs no running system: the CLI loads it when asked to.
  offline: ['model', ...PURE, 'store', 'workload', 'intake', 'api', 'server'],
  cli: ['model', 'api', 'offline'],
};
/** Parts of a folder that are programs of their own, and clients of a running system. */
const MAY_ALSO = { 'traffic/toxiproxy': ['api'] };
const NO_IO = new Set(['model', ...PURE, 'core']);
const IMPURE = [
  [/\bMath\.random\b/, 'draws its own randomness'],
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/, 'reads a clock'],
  [/\bset(?:Timeout|Interval|Immediate)\(/, 'uses a timer'],
  [/from 'node:(?!crypto')[a-z_/]+'/, 'does I/O'],
];
const failures = [];
const fail = (path, line, text) => failures.push(`${relative(root, path)}:${line}: ${text}`);

function* files(dir) {
  for (const name of readdirSync(dir).sort()) {
    if (name === 'node_modules' || name === 'dist' || name === '.git' || name === 'testdata') continue;
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

function checkImports(path, folder, lines) {
  lines.forEach((line, index) => {
    const match = /(?:from|import\() ?'(\.[^']+)'/.exec(line);
    if (!match) return;
    const target = relative(join(root, 'src'), join(dirname(path), match[1])).split('/')[0];
    if (target === folder || MAY_IMPORT[folder].includes(target)) return;
    if (MAY_ALSO[relative(join(root, 'src'), dirname(path))]?.includes(target)) return;
    fail(path, index + 1, `${folder} may not import ${target}`);
  });
}

function checkSource(path) {
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const isTest = path.includes('.test.');
  const [top, folder] = relative(root, path).split('/');
  if (!isTest) {
    if (!/^(#!.*\n)?\s*(\/\*\*|\/\/|\/\*)/.test(text)) fail(path, 1, 'begins without saying what it is for');
    if (lines.length > MAX_LINES && top !== 'test')
      fail(path, lines.length, `${lines.length} lines (at most ${MAX_LINES}): split it`);
  }
  if (top === 'src' && folder in MAY_IMPORT && !isTest) {
    checkImports(path, folder, lines);
    if (NO_IO.has(folder)) {
      lines.forEach((line, index) => {
        if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
        for (const [pattern, what] of IMPURE)
          if (pattern.test(line)) fail(path, index + 1, `${folder} is pure, but this ${what}`);
      });
    }
  }
  if (isTest) {
    lines.forEach((line, index) => {
      if (/\b(?:it|test|describe)\.(?:only|skip|todo)\b/.test(line))
        fail(path, index + 1, 'a test is focused, skipped or to do');
    });
  }
}

for (const top of ['src', 'sim', 'bench', 'test', 'dashboard', 'examples', 'sdk']) {
  let exists = true;
  try {
    statSync(join(root, top));
  } catch {
    exists = false;
  }
  if (exists)
    for (const path of files(join(root, top))) if (/\.tsx?$/.test(path) && !path.endsWith('.d.ts')) checkSource(path);
}

if (failures.length > 0) {
  console.error(failures.join('\n'));
  console.error(`${failures.length} breaches of the house rules`);
  process.exit(1);
}
