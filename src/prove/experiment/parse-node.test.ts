import { describe, expect, it } from 'vitest';
import { parseExperiment } from './parse.ts';
import { KINDS } from './testing/kinds.ts';

function parsed(target: object, more: object = {}) {
  const fault = { fault: 'node-loss', target, for: 10, ...more };
  const method = [{ type: 'action', name: 'lose', 'x-holdfast': fault }];
  return parseExperiment({ title: 't', description: 'd', method }, { kinds: KINDS }).experiment.method[0]?.does;
}

describe('the loss of a node', () => {
  it('is asked for by the node', () => {
    expect(parsed({ node: 'localhost' }, { beyondBudget: true })).toMatchObject({
      kind: 'fault',
      fault: { kind: 'node-loss', target: { node: 'localhost' }, forMs: 10_000, parameters: { beyondBudget: true } },
    });
  });

  it.each([
    [{ service: 'shop' }],
    [{ instances: ['shop-1'] }],
    [{ node: 'localhost', service: 'shop' }],
    [{ node: 'localhost', select: 'all' }],
    [{ node: 'localhost', from: 'shop' }],
  ])('is not that of a part: %j', (target) => {
    expect(() => parsed(target)).toThrow(/node-loss takes all instances of a node/);
  });

  it('has one parameter', () => {
    expect(() => parsed({ node: 'localhost' }, { kills: 2 })).toThrow(/node-loss has no parameter kills/);
  });
});
