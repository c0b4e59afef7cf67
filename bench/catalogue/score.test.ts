import { describe, expect, it } from 'vitest';
import type { ProofResource } from '../../src/api/proof-resources.ts';
import { rowsOf } from './score.ts';

function proof(experiment: string, results: Readonly<Record<string, string>>, verdict = 'confirmed'): ProofResource {
  const findings = Object.entries({ ran: 'met', bitten: 'met', residue: 'met', ...results }).map(
    ([aspect, result]) => ({
      aspect,
      result,
      found: '',
      expected: null,
      evidence: [],
    }),
  );
  return { experiment, findings, verdict } as unknown as ProofResource;
}

const row = (proofs: readonly ProofResource[], id: string) => rowsOf(proofs).find((each) => each.id === id);

describe('the score of a catalogue', () => {
  it('counts what bit and was expected, and names what was missed', () => {
    const proofs = [
      proof('a', { detected: 'met', blamed: 'met' }),
      proof('b', { detected: 'unmet', blamed: 'told' }, 'mismatch'),
      proof('c', { detected: 'told' }),
      proof('d', { detected: 'unmet', bitten: 'unmet' }, 'inconclusive'),
    ];
    expect(row(proofs, 'detected')).toMatchObject({ value: 0.5, pass: false, note: 'not: b' });
    expect(row(proofs, 'blamed')).toMatchObject({ value: 1, pass: true });
    expect(row(proofs, 'inconclusive')).toMatchObject({ value: 1, note: 'd' });
  });

  it('counts residue of every run, also of those that prove nothing', () => {
    expect(row([proof('a', { bitten: 'unmet', residue: 'unmet' })], 'residue')).toMatchObject({
      value: 1,
      pass: false,
    });
  });
});
