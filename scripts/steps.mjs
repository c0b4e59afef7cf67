// The steps of testing, run one after the other, with one line of totals at the end: `N passed, N failed`.
// A step counts its tests; one that has none of its own counts as one. A step that fails, crashes or hangs is counted
// and the next one runs: who reads the end of a run should know all that is wrong.
import { appendFileSync } from 'node:fs';
import { bin, ensureInstalled, ranWell, requireNode, TEST_CLIENTS } from './lib.mjs';
import { vitest } from './vitest.mjs';

const node = process.execPath;
const SIM_SEEDS = '2000';

/** Whoever runs several of these adds up: a file for `PASSED FAILED`, and no line is printed. Not the tests' affair. */
const TOTALS = process.env.HOLDFAST_TOTALS;
delete process.env.HOLDFAST_TOTALS;

const COMMANDS = {
  lint: [
    [bin('biome'), ['check', '--error-on-warnings', '.']],
    [node, ['scripts/house.mjs']],
  ],
  types: [
    [bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']],
    [bin('tsc'), ['-p', 'dashboard/tsconfig.json', '--noEmit']],
  ],
  build: [[node, ['scripts/build.mjs']]],
  sim: [
    [node, ['dist/sim/main.js', '--seeds', SIM_SEEDS]],
    [node, ['dist/sim/mutants.js']],
  ],
};
/** Steps that look at, or run, the tests with clients of other projects. */
const WITH_CLIENTS = ['types', 'integration'];
const VITEST = new Set(['unit', 'integration', 'e2e', 'servers']);
/** Steps that run what is built. */
const BUILT = new Set(['sim', 'integration', 'e2e', 'servers']);

export async function runSteps(names) {
  requireNode();
  const total = { passed: 0, failed: 0 };
  const failures = [];
  const count = (name, { passed, failed }) => {
    total.passed += passed;
    total.failed += failed;
    if (failed > 0) failures.push(name);
  };
  if (install(names)) {
    for (const name of names) count(name, step(name, failures.includes('build')));
  } else count('install', { passed: 0, failed: 1 });
  if (failures.length > 0) process.stderr.write(`failed: ${failures.join(', ')}\n`);
  tell(total);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

function install(names) {
  try {
    ensureInstalled();
    if (names.some((name) => WITH_CLIENTS.includes(name))) ensureInstalled(TEST_CLIENTS);
    return true;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return false;
  }
}

function tell({ passed, failed }) {
  if (TOTALS) appendFileSync(TOTALS, `${passed} ${failed}\n`);
  else process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
}

function step(name, unbuilt) {
  const started = performance.now();
  process.stderr.write(`\n── ${name}\n`);
  const result = unbuilt && BUILT.has(name) ? notBuilt() : outcome(name);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`── ${name}: ${result.passed} passed, ${result.failed} failed (${seconds} s)\n`);
  return result;
}

function notBuilt() {
  process.stderr.write('not run: the build failed\n');
  return { passed: 0, failed: 1 };
}

function outcome(name) {
  try {
    return VITEST.has(name) ? vitest(name) : plain(COMMANDS[name]);
  } catch (error) {
    process.stderr.write(`${name} crashed: ${error.stack ?? error}\n`);
    return { passed: 0, failed: 1 };
  }
}

function plain(commands) {
  const passed = commands.filter(([command, args]) => ranWell(command, args)).length;
  return { passed, failed: commands.length - passed };
}
