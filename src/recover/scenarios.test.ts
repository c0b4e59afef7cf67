import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tell } from '../../test/support/scenario.ts';

const dir = new URL('./testdata/', import.meta.url);
const scripts = readdirSync(dir).filter((name) => name.endsWith('.txt') && !name.endsWith('.golden.txt'));

describe('stories of recovery', () => {
  it.each(scripts)('%s', async (name) => {
    const story = tell(readFileSync(new URL(name, dir), 'utf8'));
    await expect(story).toMatchFileSnapshot(fileURLToPath(new URL(name.replace('.txt', '.golden.txt'), dir)));
  });
});
