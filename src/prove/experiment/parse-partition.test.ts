import { describe, expect, it } from 'vitest';
import { parseExperiment } from './parse.ts';
import { KINDS } from './testing/kinds.ts';

function parsed(fault: object) {
  const method = [{ type: 'action', name: 'cut', 'x-holdfast': { fault: 'partition', for: 10, ...fault } }];
  return parseExperiment({ title: 't', description: 'd', method }, { kinds: KINDS }).experiment.method[0]?.does;
}
const store = { target: { service: 'store' } };

describe('a partition in an experiment', () => {
  it('is of a service, in a shape', () => {
    expect(parsed({ target: { service: 'store', seed: 7 }, shape: 'ring', direction: 'back' })).toMatchObject({
      kind: 'fault',
      fault: { target: { service: 'store', seed: 7 }, forMs: 10_000, parameters: { shape: 'ring', direction: 'back' } },
    });
  });

  it('of groups names them, and nothing else', () => {
    const groups = [['shop', 'orders'], ['payments']];
    expect(parsed({ shape: 'groups', groups })).toMatchObject({
      fault: { target: { service: null, instances: [] }, parameters: { groups } },
    });
    expect(() => parsed({ ...store, shape: 'groups', groups })).toThrow(/groups say themselves whom they cut off/);
  });

  it('may be filled in when the run begins', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is written
    expect(() => parsed({ ...store, shape: '${shape}' })).not.toThrow();
  });

  it.each([
    [{ shape: 'one' }, 'has no target'],
    [{ ...store }, 'shape is missing'],
    [{ ...store, shape: 'half' }, 'shape is one of'],
    [{ ...store, shape: 'one', percent: 3 }, 'partition has no parameter percent'],
    [{ target: { instance: 'store-1' }, shape: 'one' }, 'draws instances and callers by its shape'],
    [{ target: { service: 'store', from: 'shop' }, shape: 'one' }, 'draws instances and callers by its shape'],
    [{ target: { service: 'store', select: 2 }, shape: 'one' }, 'draws instances and callers by its shape'],
    [{ target: { node: 'localhost' }, shape: 'one' }, 'draws instances and callers by its shape'],
  ])('%j is refused', (fault, message) => {
    expect(() => parsed(fault)).toThrow(message);
  });
});
