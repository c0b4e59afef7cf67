/** The matrix as a table, and as JSON for whoever compares runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { table } from '../../src/cli/output.ts';
import { after } from '../../src/cli/text.ts';
import type { Outcome } from '../support/faults/runner.ts';
import { ROOT } from '../support/paths.ts';

export function report(name: string, outcomes: readonly Outcome[]): void {
  const header = ['CASE', 'HOLDFAST', 'BLAMED', 'CLASS', 'DID', 'DETECTED', 'EXPLAINED', 'REPAIRED', 'LOST', 'P99', ''];
  const rows = outcomes.map((outcome) => [
    outcome.what,
    outcome.serverKilled ? `away ${after(outcome.awayMs)}` : 'up',
    outcome.blamed,
    outcome.faultClass,
    outcome.actions.join(', ') || '-',
    after(outcome.detectedMs),
    after(outcome.explainedMs),
    after(outcome.repairedMs),
    `${outcome.load.failed}/${outcome.load.sent}`,
    outcome.load.latencyMs.p99 === null ? '-' : after(outcome.load.latencyMs.p99),
    outcome.wrong.length === 0 ? 'ok' : 'WRONG',
  ]);
  process.stdout.write(`\n${name}\n${table(header, rows)}\n`);
  for (const outcome of outcomes) {
    for (const wrong of outcome.wrong)
      process.stdout.write(`  ${outcome.id}${outcome.serverKilled ? ' (killed too)' : ''}: ${wrong}\n`);
    // Also when a second try went well: what went wrong once is to be understood.
    if (outcome.wrong.length > 0) process.stdout.write(`${outcome.stories.join('\n\n')}\n`);
  }
  const path = join(ROOT, 'coverage', `faults-${name}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(outcomes, null, 2)}\n`);
}
