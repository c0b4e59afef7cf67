import { describe, expect, it } from 'vitest';
import type { IncidentResource } from '../../api/resources.ts';
import { FAULTS, type Fault, type Injection } from './faults.ts';
import { judge, withResidue } from './verdict.ts';

const AT = Date.parse('2026-01-01T00:00:00.000Z');
const iso = (afterMs: number) => new Date(AT + afterMs).toISOString();
const fault = FAULTS.find(({ id }) => id === 'kill') as Fault;
const injection: Injection = {
  fault,
  instance: 'payments-2',
  proof: 'proof-1',
  service: 'payments',
  replicas: 3,
  atMs: AT,
};

function incident(change: Partial<IncidentResource>): IncidentResource {
  return {
    id: 'inc-1',
    title: 'payments-2 crashed',
    status: 'resolved',
    openedAt: iso(60),
    onsetAt: iso(20),
    closedAt: iso(6_000),
    detectedAfterMs: 40,
    explainedAfterMs: 80,
    actedAfterMs: 90,
    repairedAfterMs: 5_000,
    services: ['payments'],
    symptoms: [],
    summary: null,
    causes: [
      {
        entity: { kind: 'instance', name: 'payments-2', service: 'payments' },
        faultClass: 'software',
        mechanism: 'process killed',
        share: 1,
        confidence: 0.94,
        evidenceFor: [],
        evidenceAgainst: [],
        changeId: null,
      },
    ],
    victims: [],
    damage: null,
    abstained: false,
    explanation: null,
    proof: null,
    plans: [],
    timeline: [],
    ...change,
  };
}

const cause = (change: object) => [{ ...(incident({}).causes[0] as IncidentResource['causes'][number]), ...change }];
const judged = (incidents: readonly IncidentResource[], afterMs = 10_000) =>
  judge(injection, incidents, AT + afterMs, 60_000);

describe('verdict', () => {
  it('matches the right instance and class, and counts times from the injection', () => {
    expect(judged([incident({})])).toMatchObject({
      detectedMs: 60,
      explainedMs: 100,
      repairedMs: 5_020,
      verdict: { result: 'match', text: 'payments-2, software (process killed), confidence 94 %' },
    });
  });

  it('is a mismatch when somebody else or something else is blamed', () => {
    const other = cause({ entity: { kind: 'instance', name: 'orders-1', service: 'orders' } });
    expect(judged([incident({ causes: other })]).verdict?.result).toBe('mismatch');
    expect(judged([incident({ causes: cause({ faultClass: 'network' }) })]).verdict?.text).toContain('it was software');
    expect(judged([incident({ causes: [] })]).verdict?.result).toBe('mismatch');
  });

  it('takes blaming the whole service as right only when it has one replica', () => {
    const causes = cause({ entity: { kind: 'service', name: 'payments' } });
    expect(judged([incident({ causes })]).verdict?.result).toBe('mismatch');
    expect(judge({ ...injection, replicas: 1 }, [incident({ causes })], AT, 1).verdict?.result).toBe('match');
  });

  it('waits while the incident is open, and gives up in time', () => {
    const open = incident({ status: 'recovering', closedAt: null, repairedAfterMs: null });
    expect(judged([open]).verdict).toBeNull();
    expect(judged([open], 61_000).verdict?.result).toBe('unrepaired');
    expect(judged([incident({ status: 'escalated', closedAt: null })]).verdict?.result).toBe('unrepaired');
    expect(judged([]).verdict).toBeNull();
    expect(judged([], 61_000).verdict?.result).toBe('missed');
  });

  it('is residue, whatever else is right, when the fault has left something behind', () => {
    const trial = judged([incident({})]);
    const finding = {
      aspect: 'residue' as const,
      expected: 'nothing is left',
      evidence: ['process 4711 is still stopped'],
    };
    expect(withResidue(trial, [{ ...finding, result: 'met', found: 'nothing is left' }]).verdict?.result).toBe('match');
    const left = withResidue(trial, [{ ...finding, result: 'unmet', found: '1 left' }]);
    expect(left.verdict).toEqual({ result: 'residue', text: 'left behind: 1 left; process 4711 is still stopped' });
  });

  it('ignores incidents from before, and prefers the one that touches the target', () => {
    const before = incident({ id: 'old', openedAt: iso(-5_000) });
    const elsewhere = incident({ id: 'else', openedAt: iso(10), services: ['catalog'] });
    expect(judged([before, elsewhere, incident({})]).incident?.id).toBe('inc-1');
    expect(judged([before, elsewhere]).incident?.id).toBe('else');
    expect(judged([before]).incident).toBeNull();
  });
});
