// The steps of testing, run one after the other, with one line of totals at the end: `N passed, N failed`.
// A step counts its tests; one that has none of its own counts as one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, requireNode, root, TEST_CLIENTS } from './lib.mjs';

const node = process.execPath;
const bin = (name) => join(root, 'node_modules', '.bin', name);
const SIM_SEEDS = '2000';

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

export async function runSteps(names) {
  requireNode();
  ensureInstalled();
  if (names.some((name) => WITH_CLIENTS.includes(name))) ensureInstalled(TEST_CLIENTS);
  const total = { passed: 0, failed: 0 };
  const failures = [];
  for (const name of names) {
    const started = performance.now();
    process.stderr.write(`\n── ${name}\n`);
    const { passed, failed } = VITEST.has(name) ? vitest(name) : plain(COMMANDS[name]);
    total.passed += passed;
    total.failed += failed;
    if (failed > 0) failures.push(name);
    process.stderr.write(
      `── ${name}: ${passed} passed, ${failed} failed (${((performance.now() - started) / 1000).toFixed(1)} s)\n`,
    );
    if (failed > 0 && (name === 'build' || name === 'types')) break;
  }
  if (failures.length > 0) process.stderr.write(`failed: ${failures.join(', ')}\n`);
  process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

function plain(commands) {
  let passed = 0;
  for (const [command, args] of commands) {
    const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    if (result.status !== 0) return { passed, failed: 1 };
    passed += 1;
  }
  return { passed, failed: 0 };
}

function vitest(project) {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  const report = join(dir, 'report.json');
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const result = spawnSync(bin('vitest'), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  try {
    const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(report, 'utf8'));
    // A file that cannot be loaded fails the run without a failed test; no test at all is a failure too.
    const broken = (result.status !== 0 || !success || numPassedTests === 0) && numFailedTests === 0 ? 1 : 0;
    return { passed: numPassedTests, failed: numFailedTests + broken };
  } catch (error) {
    process.stderr.write(`no test report: ${error.message}\n`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
