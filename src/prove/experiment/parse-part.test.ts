import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../model/errors.ts';
import { parseExperiment } from './parse.ts';
import { KINDS } from './testing/kinds.ts';

function parsed(target: object, more: object) {
  const fault = { fault: 'kill-part', target, ...more };
  const method = [{ type: 'action', name: 'kill', 'x-holdfast': fault }];
  return parseExperiment({ title: 't', description: 'd', method }, { kinds: KINDS }).experiment.method[0]?.does;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
  }
  return '';
}

const HERE = { node: 'localhost' };

describe('the kill of a part of Holdfast', () => {
  it('is asked for by the part, on a node, and is over at once', () => {
    expect(parsed(HERE, { part: 'traffic', withinMs: 900 })).toMatchObject({
      fault: { kind: 'kill-part', parameters: { part: 'traffic', withinMs: 900 }, instant: true, forMs: null },
    });
    expect(() => parsed(HERE, { part: 'traffic', for: 5 })).toThrow(/over at once/);
  });

  it.each([
    [{ service: 'shop' }],
    [{ node: 'localhost', service: 'shop' }],
    [{ instances: ['shop-1'] }],
    [{ node: 'localhost', select: 'all' }],
    [{ node: 'localhost', from: 'shop' }],
  ])('is not done to a service: %j', (target) => {
    expect(() => parsed(target, { part: 'traffic' })).toThrow(/is done to Holdfast on a node/);
  });

  it('says of what cannot be killed why, and what to do instead', () => {
    expect(codeOf(() => parsed(HERE, { part: 'server' }))).toBe('HF8207');
    expect(codeOf(() => parsed(HERE, { part: 'agent' }))).toBe('HF8207');
    expect(codeOf(() => parsed(HERE, { part: 'nginx' }))).toBe('HF8108');
    expect(codeOf(() => parsed(HERE, {}))).toBe('HF8108');
    expect(codeOf(() => parsed(HERE, { part: 'traffic', pid: 1 }))).toBe('HF8108');
  });

  it('takes a part that is filled in when the run begins', () => {
    const part = `\${which}`;
    expect(parsed(HERE, { part })).toMatchObject({ fault: { parameters: { part } } });
  });
});
