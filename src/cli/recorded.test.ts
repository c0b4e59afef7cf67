import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { diagnoseRecorded } from '../offline/diagnose.ts';
import { tellReport } from './recorded.ts';
import { styleFor } from './terminal.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('prints of the example what docs/diagnosis.md says', async () => {
  const report = await diagnoseRecorded({
    from: [`${root}examples/recorded`],
    normal: [],
    wanted: { atMs: null, untilMs: null, service: null, kind: null, baseline: null },
    range: { fromMs: 0, toMs: 1, stepMs: 1 },
  });
  const shown = readFileSync(`${root}docs/diagnosis.md`, 'utf8')
    .split('```')
    .find((block) => block.includes('$ holdfast diagnose --from examples/recorded'));
  expect(`\n$ holdfast diagnose --from examples/recorded\n${tellReport(report, styleFor(false))}\n`).toBe(shown);
  expect(tellReport(report, styleFor(false), true)).toContain('graph.csv: a graph of 4 calls');
});
