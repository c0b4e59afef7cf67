import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { serviceSpec } from '../../test/support/fake-view.ts';
import type { GuardRail } from '../model/incident.ts';
import { RESET_MS } from './backoff.ts';
import { HOLD_MS } from './brake.ts';
import { IRREVERSIBLE, REVERSIBLE } from './confidence.ts';

const text = readFileSync(new URL('../../docs/guard-rails.md', import.meta.url), 'utf8');

/** Complete by its type: a new rail does not compile until it stands here, and does not pass until it is documented. */
const RAILS: Record<GuardRail, true> = {
  budget: true,
  brake: true,
  backoff: true,
  intensity: true,
  quorum: true,
  'caught-up': true,
  cooldown: true,
  approval: true,
  silence: true,
  observe: true,
  stopped: true,
  'not-allowed': true,
  confidence: true,
};

describe('docs/guard-rails.md', () => {
  it.each(Object.keys(RAILS))('describes %s in the table and in a section', (rail) => {
    expect(text).toMatch(new RegExp(`^\\| ${rail} \\|`, 'm'));
    expect(text).toMatch(new RegExp(`^## ${rail}$`, 'm'));
  });

  it('states the constants that the code has', () => {
    expect(text).toContain(`below ${IRREVERSIBLE * 100} % belief`);
    expect(text).toContain(`below ${REVERSIBLE * 100} %`);
    expect(text).toContain(`half, at least two; ${HOLD_MS / 1_000} s`);
    expect(RESET_MS).toBe(10 * 60_000);
    const { cooldownMs, verifyMs } = serviceSpec('web').recovery;
    expect(text).toContain(`| ${cooldownMs / 1_000} s | \`recovery.cooldown\``);
    expect(text).toContain(`\`recovery.verify\` (${verifyMs / 1_000} s)`);
  });
});
