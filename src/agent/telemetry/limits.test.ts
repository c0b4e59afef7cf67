import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LIMITS, parseLimits } from './limits.ts';

const docs = readFileSync(new URL('../../../docs/intake.md', import.meta.url), 'utf8');

describe('--intake-limit', () => {
  it('takes counts, sizes and durations, each for its own part', () => {
    const texts = ['max-series=200', 'max-request-bytes=2MiB', 'idle=5m', 'judged-series=10', 'kept-for=10m'];
    expect(parseLimits(texts)).toEqual({
      intake: { maxSeries: 200, maxRequestBytes: 2_097_152, idleMs: 300_000 },
      series: { maxSeries: 10 },
      kept: { keepMs: 600_000 },
    });
    expect(parseLimits([])).toEqual({ intake: {}, series: {}, kept: {} });
  });

  it.each([
    'max-serie=1',
    'max-series',
    'max-series=0',
    'max-series=2k',
    'max-series=-1',
    'idle=5',
    'max-entities=70000',
  ])('%s is refused with what to write', (text) => {
    expect(() => parseLimits([text])).toThrow(expect.objectContaining({ code: 'HF7002' }));
  });

  it.each(LIMITS.map(({ name }) => name))('docs/intake.md has %s', (name) => {
    expect(docs).toContain(`\`${name}\``);
  });
});
