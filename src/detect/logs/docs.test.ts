import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALLOWANCE } from './budget.ts';
import { LOOKED_AT } from './mask.ts';
import { DEFAULTS, TemplateMiner } from './miner.ts';
import { BUCKET_MS, BURST_RATIO, CLEAR_MS, MIN_BURST, MIN_FLOOD, WARM_UP } from './watch.ts';

const text = readFileSync(new URL('../../../docs/logs-detection.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');

describe('docs/logs-detection.md', () => {
  it.each([
    `when ${DEFAULTS.distinctWords} different words have been seen`,
    `A frame of only two words needs ${2 * DEFAULTS.distinctWords}`,
    `${DEFAULTS.maxTemplates.toLocaleString('en-US')} templates`,
    `first ${LOOKED_AT.toLocaleString('en-US')} characters`,
    `at least ${MIN_BURST} lines in ${BUCKET_MS / 1_000} s, ${BURST_RATIO} times the usual`,
    `all lines together, at least ${MIN_FLOOD} in ${BUCKET_MS / 1_000} s and ${BURST_RATIO} times the usual`,
    `watched for ${(WARM_UP * BUCKET_MS) / 60_000} minutes`,
    `cleared ${CLEAR_MS / 1_000} s after`,
    `allowance of ${ALLOWANCE.perDay} false alert a day`,
  ])('says "%s", and so does the code', (sentence) => {
    expect(text).toContain(sentence);
  });

  it('shows what becomes of its example', () => {
    const miner = new TemplateMiner();
    const users = ['ann', 'bob', 'cyd', 'dan'];
    const ids = users.map((user, n) => miner.take(`Failed password for ${user} from 10.0.0.${n} port ${4_000 + n}`));
    expect(text).toContain(miner.text(ids[0] as number) as string);
  });
});
