// One project of the tests, run and counted.
//
// Whole systems share the machine with whatever else runs on it. In CI a test that fails is tried again where it
// stands (`retry` in vitest.config.ts), and a file in which one still fails is run once more from its beginning, in a
// fresh process with servers of its own: what the first try left broken cannot fail the second. A real fault fails
// both, and what passed only then is told by name.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { bin, ranWell, root } from './lib.mjs';

/** Pure: whatever fails there once is a fault. */
const NEVER_AGAIN = new Set(['unit']);

/** `{ passed, failed }`, in tests. */
export function vitest(project) {
  const first = run(project, []);
  if (first.failed === 0 || !process.env.CI || NEVER_AGAIN.has(project)) return first;
  process.stderr.write(`\n── ${project}, once more: ${first.again.join(', ') || 'all of it'}\n`);
  const second = run(project, first.again);
  if (second.failed === 0)
    process.stderr.write(`passed in a second run: ${first.again.join(', ') || `all of ${project}`}\n`);
  return { passed: first.passedElsewhere + second.passed, failed: second.failed };
}

/** `again`: the files to be run again; none when it cannot be told which, and then nothing passed elsewhere. */
function run(project, files) {
  const dir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  const report = join(dir, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const well = ranWell(bin('vitest'), ['run', '--project', project, ...reporters, ...files]);
    return counted(JSON.parse(readFileSync(report, 'utf8')), well);
  } catch (error) {
    process.stderr.write(`no test report: ${error.message}\n`);
    return { passed: 0, failed: 1, again: files, passedElsewhere: 0 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function counted({ numPassedTests: passed, numFailedTests, success, testResults }, well) {
  secondTries(testResults);
  // A file that cannot be loaded fails the run without a failed test; no test at all is a failure too.
  const broken = (!well || !success || passed === 0) && numFailedTests === 0 ? 1 : 0;
  const bad = testResults.filter((file) => file.status === 'failed');
  const inBad = bad.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed');
  return {
    passed,
    failed: numFailedTests + broken,
    again: bad.map(({ name }) => relative(root, name)),
    passedElsewhere: bad.length > 0 ? passed - inBad.length : 0,
  };
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
