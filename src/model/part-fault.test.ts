import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isBack, PART_FAULT, type PartOutage, parsePartKill } from './part-fault.ts';

const DOCUMENT = readFileSync(new URL('../../docs/prove.md', import.meta.url), 'utf8');

describe('the kill of a part', () => {
  it('is in docs/prove.md', () => {
    const { kind, what, targets, needs, measured, reverted } = PART_FAULT;
    const parameters = Object.entries(PART_FAULT.parameters).map(([name, text]) => `\`${name}\`: ${text}`);
    const cells = [`\`${kind}\``, what, targets.join(', '), parameters.join('<br>'), needs, measured, reverted];
    expect(DOCUMENT).toContain(`| ${cells.join(' | ')} |`);
  });

  it('has a time to be back in', () => {
    expect(parsePartKill({ part: 'traffic' })).toEqual({ part: 'traffic', withinMs: 5_000 });
    expect(parsePartKill({ part: 'traffic', withinMs: 700 })).toEqual({ part: 'traffic', withinMs: 700 });
  });

  it.each([
    [{}, 'HF6004', 'part is traffic, it is missing'],
    [{ part: 'keeper' }, 'HF6004', 'part is traffic, not "keeper"'],
    [{ part: 'server' }, 'HF8207', 'the server runs this experiment'],
    [{ part: 'agent' }, 'HF8207', 'the agent lives in the server'],
    [{ part: 'traffic', withinMs: 10 }, 'HF6004', 'withinMs is a number between'],
    [{ part: 'traffic', withinMs: Number.NaN }, 'HF6004', 'withinMs is a number between'],
    [{ part: 'traffic', within: 10 }, 'HF6004', 'has no parameter within'],
  ])('%j is refused', (given, code, message) => {
    expect(() => parsePartKill(given)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  const well: PartOutage = {
    part: 'traffic',
    killed: 1,
    noticedAfterMs: 2,
    backAfterMs: 400,
    successor: 2,
    endpoints: 3,
    open: 3,
    closedForMs: 420,
    withinMs: 5_000,
  };

  it.each([
    [{}, true],
    [{ noticedAfterMs: null }, false],
    [{ backAfterMs: null }, false],
    [{ backAfterMs: 5_001 }, false],
    [{ open: 2 }, false],
    [{ closedForMs: 5_001 }, false],
  ])('with %j it is back: %s', (change, back) => {
    expect(isBack({ ...well, ...change })).toBe(back);
  });
});
