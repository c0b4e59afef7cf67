/** Ratios over the verdicts of a catalogue: of what was promised, how much came true. */
import type { ProofResource } from '../../src/api/proof-resources.ts';
import type { BenchRow } from '../contract.ts';

type Aspect = 'detected' | 'blamed' | 'class' | 'repaired';

/** What is left of 1: half of all misses may be of one kind, and one of a hundred is no accident. */
const TARGETS: Readonly<Record<Aspect, number | null>> = { detected: 0.99, blamed: 0.95, class: null, repaired: 0.95 };

export function rowsOf(proofs: readonly ProofResource[]): BenchRow[] {
  const valid = proofs.filter((proof) => result(proof, 'ran') === 'met' && result(proof, 'bitten') === 'met');
  const left = proofs.filter((proof) => result(proof, 'residue') === 'unmet');
  return [
    informs('cells', 'faults tried on services', proofs.length, 'runs'),
    informs('confirmed', 'all that was expected came true', count(proofs, 'confirmed'), 'runs'),
    informs('mismatch', 'something did not', count(proofs, 'mismatch'), 'runs', namesOf(proofs, 'mismatch')),
    informs('inconclusive', 'proves nothing', count(proofs, 'inconclusive'), 'runs', namesOf(proofs, 'inconclusive')),
    ...(Object.keys(TARGETS) as Aspect[]).map((aspect) => ratio(aspect, valid)),
    {
      id: 'residue',
      what: 'runs that left something behind',
      value: left.length,
      unit: 'runs',
      target: 0,
      pass: left.length === 0,
      ...(left.length > 0 ? { note: left.map(({ experiment }) => experiment).join(', ') } : {}),
    },
  ];
}

/** Among the runs that bit and expected it. */
function ratio(aspect: Aspect, valid: readonly ProofResource[]): BenchRow {
  const expected = valid.filter((proof) => ['met', 'unmet'].includes(result(proof, aspect) ?? ''));
  const missed = expected.filter((proof) => result(proof, aspect) === 'unmet');
  const value = expected.length === 0 ? 0 : (expected.length - missed.length) / expected.length;
  const target = TARGETS[aspect];
  const names = missed.map(({ experiment }) => experiment).join(', ');
  return {
    id: aspect,
    what: `of ${expected.length} runs that bit and expected it`,
    value,
    unit: 'ratio',
    target,
    pass: target === null ? null : value >= target,
    ...(missed.length > 0 ? { note: `not: ${names}` } : {}),
  };
}

function result(proof: ProofResource, aspect: string): string | undefined {
  return proof.findings.find((finding) => finding.aspect === aspect)?.result;
}

function count(proofs: readonly ProofResource[], word: ProofResource['verdict']): number {
  return proofs.filter(({ verdict }) => verdict === word).length;
}

function namesOf(proofs: readonly ProofResource[], word: ProofResource['verdict']): string {
  return proofs
    .filter(({ verdict }) => verdict === word)
    .map(({ experiment }) => experiment)
    .join(', ');
}

function informs(id: string, what: string, value: number, unit: string, note = ''): BenchRow {
  return { id, what, value, unit, target: null, pass: null, ...(note === '' ? {} : { note }) };
}
