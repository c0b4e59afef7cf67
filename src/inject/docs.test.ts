/** The table of faults in docs/prove.md says what the registry says. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EXECUTORS } from './registry.ts';

const DOCUMENT = readFileSync(new URL('../../docs/prove.md', import.meta.url), 'utf8');

it.each(EXECUTORS.map((executor) => [executor.kind, executor] as const))('%s is in docs/prove.md', (kind, executor) => {
  const { what, targets, needs, measured, reverted } = executor;
  const parameters = Object.entries(executor.parameters).map(([name, text]) => `\`${name}\`: ${text}`);
  const cells = [`\`${kind}\``, what, targets.join(', '), parameters.join('<br>') || '-', needs, measured, reverted];
  expect(DOCUMENT).toContain(`| ${cells.join(' | ')} |`);
});
