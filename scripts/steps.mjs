// The steps of testing, run one after the other, with one line of totals at the end: `N passed, N failed`.
// A step counts its tests; one that has none of its own counts as one. A step that fails, crashes or hangs is counted
// and the next one runs: who reads the end of a run should know all that is wrong.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensureInstalled, requireNode, root, TEST_CLIENTS } from './lib.mjs';

const node = process.execPath;
const bin = (name) => join(root, 'node_modules', '.bin', name);
const SIM_SEEDS = '2000';
/** Of one command. Several times what the longest takes: beyond it something hangs, and the other steps are to run. */
const PATIENCE_MS = 25 * 60_000;

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

/** True when it ended well; otherwise what became of it is told, where its own output does not. */
function ranWell(command, args) {
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], timeout: PATIENCE_MS, killSignal: 'SIGKILL' };
  const { status, signal, error } = spawnSync(command, args, options);
  if (error?.code === 'ETIMEDOUT')
    process.stderr.write(`${command} was killed after ${PATIENCE_MS / 60_000} minutes\n`);
  else if (error) process.stderr.write(`${command}: ${error.message}\n`);
  else if (signal) process.stderr.write(`${command} was ended by ${signal}\n`);
  return status === 0;
}

function plain(commands) {
  const passed = commands.filter(([command, args]) => ranWell(command, args)).length;
  return { passed, failed: commands.length - passed };
}

function vitest(project) {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  const report = join(dir, 'report.json');
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const well = ranWell(bin('vitest'), args);
    const { numPassedTests, numFailedTests, success, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    secondTries(testResults);
    // A file that cannot be loaded fails the run without a failed test; no test at all is a failure too.
    const broken = (!well || !success || numPassedTests === 0) && numFailedTests === 0 ? 1 : 0;
    return { passed: numPassedTests, failed: numFailedTests + broken };
  } catch (error) {
    process.stderr.write(`no test report: ${error.message}\n`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What failed once and passed then is told by name: it is to be understood, not to be forgotten. */
function secondTries(files) {
  for (const { name, assertionResults } of files) {
    for (const { status, fullName, failureMessages } of assertionResults) {
      if (status !== 'passed' || failureMessages.length === 0) continue;
      process.stderr.write(`passed at the second try: ${relative(root, name)} > ${fullName}\n${failureMessages[0]}\n`);
    }
  }
}
