import { describe, expect, it } from 'vitest';
import { parseExperiment, problemsOf } from '../../prove/experiment/index.ts';
import { resolve, withClients } from './consistency.ts';

const experiment = (workload: object) => ({
  title: 't',
  description: 'd',
  method: [],
  'x-holdfast': { workload },
});

describe('clients of an experiment', () => {
  it('reach a service by its name, whatever else the address says', () => {
    const addressOf = (service: string) => (service === 'cache' ? '127.0.0.1:4001' : null);
    expect(resolve('redis://cache', addressOf)).toBe('redis://127.0.0.1:4001');
    expect(resolve('redis://cache:6379/2', addressOf)).toBe('redis://127.0.0.1:4001/2');
    expect(resolve('postgres://me:p@cache/db?isolation=serializable', addressOf)).toBe(
      'postgres://me:p@127.0.0.1:4001/db?isolation=serializable',
    );
    expect(resolve('redis://elsewhere:6379', addressOf)).toBe('redis://elsewhere:6379');
    expect(resolve('nonsense', addressOf)).toBe('nonsense');
  });

  it('are read from the file, with defaults left to the workload', () => {
    const { workload } = parseExperiment(experiment({ kind: 'set', on: 'redis://cache', timeout: '500ms' }), {
      kinds: {},
    }).experiment;
    expect(workload).toEqual({
      kind: 'set',
      on: 'redis://cache',
      clients: null,
      opsPerSec: null,
      timeoutMs: 500,
      seed: null,
    });
  });

  it.each([
    [{}, 'has no on'],
    [{ on: 'cache' }, 'the address of a store'],
    [{ on: 'store:/tmp' }, 'the address of a store'],
    [{ on: 'redis://cache', kind: 'stack' }, 'one of register'],
    [{ on: 'redis://cache', clients: 0 }, 'a number'],
    [{ on: 'redis://cache', client: 3 }, 'client'],
  ])('are refused when they make no sense: %j', (workload, text) => {
    expect(
      problemsOf(experiment(workload), { kinds: {} })
        .map((problem) => problem.message)
        .join(),
    ).toContain(text);
  });

  it('that are asked for beside a file are those of a file that names none', () => {
    const asked = { kind: 'set', on: 'redis://cache' } as const;
    const named = parseExperiment(experiment({ on: 'redis://other' }), { kinds: {} }).experiment;
    expect(withClients(named, asked).workload?.on).toBe('redis://other');
    expect(withClients({ ...named, workload: null }, asked).workload).toMatchObject(asked);
    expect(withClients({ ...named, workload: null }, undefined).workload).toBeNull();
  });

  it.each([
    ['cache', 'no address'],
    ['redis://:hunter2@cache', 'would be kept'],
  ])('that are asked for at %s are refused', (on, text) => {
    const { experiment: named } = parseExperiment(experiment({ on: 'redis://other' }), { kinds: {} });
    const refused = (): unknown => withClients({ ...named, workload: null }, { kind: 'set', on });
    expect(refused).toThrow(text);
    expect(refused).not.toThrow('hunter2');
  });
});
