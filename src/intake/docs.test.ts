import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DROP_REASONS } from './contract.ts';
import { INTAKES } from './registry.ts';

const text = readFileSync(new URL('../../docs/intake.md', import.meta.url), 'utf8');

describe('docs/intake.md', () => {
  it.each(INTAKES.map(({ name, port }) => [name, port] as const))('names %s and its port', (name, port) => {
    const row = text.split('\n').find((line) => line.startsWith('| ') && line.includes(`\`${name}\``));
    expect(row).toContain(String(port));
  });

  it.each(Object.keys(DROP_REASONS))('explains the reason %s', (reason) => {
    expect(text).toContain(`\`${reason}\``);
  });
});
