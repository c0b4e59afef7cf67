import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Scenario, tell } from '../../test/support/scenario.ts';

const dir = new URL('./testdata/', import.meta.url);
const scripts = readdirSync(dir).filter((name) => name.endsWith('.txt') && !name.endsWith('.golden.txt'));

describe('stories of detection', () => {
  it.each(scripts)('%s', async (name) => {
    const story = tell(readFileSync(new URL(name, dir), 'utf8'));
    await expect(story).toMatchFileSnapshot(fileURLToPath(new URL(name.replace('.txt', '.golden.txt'), dir)));
  });

  it.each(scripts)('%s goes the same way when detection is restored from its snapshot after every line', (name) => {
    const lines = readFileSync(new URL(name, dir), 'utf8').trim().split('\n');
    const scenario = new Scenario();
    const told = lines.map((line) => {
      const out = scenario.obey(line.trim());
      scenario.reload();
      return out;
    });
    expect(`${told.join('\n')}\n`).toBe(tell(lines.join('\n')));
  });
});
