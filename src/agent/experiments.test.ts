/** The experiments beside the sample systems can be read, and ask for faults that there are. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseExperiment } from '../prove/experiment/index.ts';
import { faultKinds } from './faults.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((path) =>
  /^[^/]+\/experiments\/[^/]+\.yaml$/.test(path),
);
const kinds = Object.fromEntries(
  faultKinds().map(({ kind, what, instant, parameters }) => [
    kind,
    { what, instant, parameters: Object.keys(parameters) },
  ]),
);

describe('sample experiments', () => {
  it.each(files)('%s', (path) => {
    const { experiment, notices } = parseExperiment(parse(readFileSync(new URL(path, EXAMPLES), 'utf8')), { kinds });
    expect(notices).toEqual([]);
    expect(experiment.method.length).toBeGreaterThan(0);
  });

  it('there is one for each system that has anything to prove', () => {
    expect(new Set(files.map((path) => path.split('/')[0]))).toEqual(new Set(['register', 'shop', 'web']));
  });
});
