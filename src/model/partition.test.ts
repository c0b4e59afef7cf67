import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PARTITION_FAULT, parsePartition } from './partition.ts';

const DOCUMENT = readFileSync(new URL('../../docs/prove.md', import.meta.url), 'utf8');

describe('a partition', () => {
  it('is in docs/prove.md', () => {
    const { kind, what, targets, needs, measured, reverted } = PARTITION_FAULT;
    const parameters = Object.entries(PARTITION_FAULT.parameters).map(([name, text]) => `\`${name}\`: ${text}`);
    const cells = [`\`${kind}\``, what, targets.join(', '), parameters.join('<br>'), needs, measured, reverted];
    expect(DOCUMENT).toContain(`| ${cells.join(' | ')} |`);
  });

  it('cuts both ways unless it says one', () => {
    const plain = { direction: 'both', groups: [], beyondBudget: false };
    expect(parsePartition({ shape: 'ring' })).toEqual({ shape: 'ring', ...plain });
    expect(parsePartition({ shape: 'one', direction: 'back' })).toEqual({ shape: 'one', ...plain, direction: 'back' });
    const groups = [['shop', 'orders'], ['payments']];
    expect(parsePartition({ shape: 'groups', groups })).toEqual({ shape: 'groups', ...plain, groups });
  });

  it.each([
    [{}, 'shape is missing'],
    [{ shape: 'rng' }, 'shape is one of'],
    [{ shape: 'one', direction: 'in' }, 'direction is one of'],
    [{ shape: 'one', instances: 3 }, 'has no parameter instances'],
    [{ shape: 'one', groups: [['a'], ['b']] }, 'groups stand beside shape one'],
    [{ shape: 'one', beyondBudget: 'yes' }, 'beyondBudget is neither'],
    [{ shape: 'groups' }, 'groups are lists'],
    [{ shape: 'groups', groups: ['a', 'b'] }, 'groups are lists'],
    [{ shape: 'groups', groups: [['a'], []] }, 'groups are lists'],
    [{ shape: 'groups', groups: [['a', 'b']] }, 'groups are two or more'],
    [{ shape: 'groups', groups: [['a'], ['b', 'a']] }, 'a is in the groups twice'],
  ])('%j is refused', (given, message) => {
    expect(() => parsePartition(given)).toThrow(
      expect.objectContaining({ code: 'HF6004', message: expect.stringContaining(message) }),
    );
  });
});
