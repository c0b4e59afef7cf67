import { describe, expect, it } from 'vitest';
import type { ProofResource } from '../../../src/api/proof-resources.ts';
import { courses, tried } from './verdicts.ts';

const proof = (id: string, experiment: string, verdict: ProofResource['verdict']): ProofResource =>
  ({ id, experiment, verdict, detectedAfterMs: 1, repairedAfterMs: null }) as ProofResource;

describe('courses', () => {
  it('are of what was judged more than once, oldest run first', () => {
    const found = courses([
      proof('p5', 'kill', 'confirmed'),
      proof('p4', 'pause', 'confirmed'),
      proof('p3', 'kill', null),
      proof('p2', 'once', 'mismatch'),
      proof('p1', 'pause', 'mismatch'),
      proof('p0', 'kill', 'inconclusive'),
    ]);
    expect(found.map(({ experiment, runs }) => [experiment, ...runs.map(({ id }) => id)])).toEqual([
      ['kill', 'p0', 'p5'],
      ['pause', 'p1', 'p4'],
    ]);
  });
});

describe('diagnoses that were put to the test', () => {
  const repaired = (id: string, verdict: string) => ({ id, proof: { verdict } }) as Parameters<typeof tried>[0][number];
  const injected = (incident: string, verdict: string) =>
    ({ cause: { incident, verdict } }) as Parameters<typeof tried>[1][number];

  it('are counted once each, by the newest word that decides', () => {
    const incidents = [repaired('a', 'confirmed'), repaired('b', 'inconclusive'), repaired('c', 'refuted')];
    expect(tried(incidents, [])).toEqual({ right: 1, tested: 2 });
    expect(tried(incidents, [injected('a', 'refuted'), injected('b', 'confirmed'), { cause: null }])).toEqual({
      right: 1,
      tested: 3,
    });
  });
});
