import { describe, expect, it } from 'vitest';
import { type Basis, confidenceOf } from './confidence.ts';

const basis: Basis = { lead: 0.5, real: 1, facts: 0, margin: 1, sources: { calls: true, traces: false } };
const of = (change: Partial<Basis>): number => confidenceOf({ ...basis, ...change });

describe('the confidence in the first of the candidates', () => {
  it('grows with the lead, with what happened and with facts, in every mix of sources', () => {
    const mixes = [
      { calls: true, traces: true },
      { calls: true, traces: false },
      { calls: false, traces: false },
    ];
    for (const sources of mixes) {
      for (const what of ['lead', 'real', 'facts'] as const)
        expect(of({ sources, [what]: 1.5 })).toBeGreaterThan(of({ sources, [what]: -0.5 }));
    }
  });

  it('says less over guessed calls, and there a fact about the accused says more', () => {
    const guessed = { calls: false, traces: false };
    expect(of({ sources: guessed, lead: 1 })).toBeLessThan(of({ lead: 1 }));
    const gain = (sources: Basis['sources']): number => of({ sources, facts: 1 }) - of({ sources, facts: 0 });
    expect(gain(guessed)).toBeGreaterThan(gain({ calls: true, traces: false }));
  });

  it('names neither of two that are accused alike, whatever speaks for both', () => {
    expect(of({ lead: 2, real: 2, facts: 2, margin: 0 })).toBeLessThan(0.5);
  });

  it('doubts a symptom that hardly shows less where there are traces', () => {
    expect(of({ real: -1, sources: { calls: true, traces: true } })).toBeGreaterThan(of({ real: -1 }));
  });
});
