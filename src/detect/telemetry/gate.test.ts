import { describe, expect, it } from 'vitest';
import type { SymptomClaim } from '../../model/symptom.ts';
import { AlertGate, CLEAR_MS, REPEAT_MS } from './gate.ts';

function claim(name: string, logP: number | null, change: Partial<SymptomClaim> = {}): SymptomClaim {
  return {
    kind: 'anomalous',
    entity: { kind: 'instance', name, service: 'web' },
    resource: 'metrics',
    onsetAt: 0,
    logP,
    summary: `${name} is odd`,
    evidence: [],
    standing: 'advisory',
    ...change,
  };
}

const look = (name: string, logP: number | null, looksPerDay = 500) => ({ claim: claim(name, logP), looksPerDay });
const names = (signals: readonly { claim: SymptomClaim; over: boolean }[]) =>
  signals.map(({ claim: { entity }, over }) => `${over ? '-' : '+'}${entity.name}`);

describe('what is said aloud', () => {
  it('must be rarer than chance would bring up twice a day', () => {
    const gate = new AlertGate();
    expect(names(gate.review([look('web-1', 2.3)], 0))).toEqual([]);
    expect(names(gate.review([look('web-1', 2.5)], 0))).toEqual(['+web-1']);
    expect(names(gate.review([look('web-2', null)], 0))).toEqual([]);
  });

  it('makes the next thing ten times harder to say, for that service, until something was done about it', () => {
    const gate = new AlertGate();
    expect(names(gate.review([look('web-1', 2.5)], 0))).toEqual(['+web-1']);
    expect(names(gate.review([look('web-1', 2.5), look('web-2', 3.2)], 1_000))).toEqual([]);
    expect(names(gate.review([look('web-1', 2.5), look('web-3', 3.5)], 1_000))).toEqual(['+web-3']);
    gate.vindicate('web');
    expect(names(gate.review([look('web-2', 2.5)], 2_000))).toEqual(['+web-2']);
  });

  it('says the strongest first when not all may be said', () => {
    const gate = new AlertGate();
    expect(names(gate.review([look('web-1', 2.5), look('web-2', 3)], 0))).toEqual(['+web-2']);
  });

  it('is repeated while it lasts, told anew when it changes, and over when it was absent for a while', () => {
    const gate = new AlertGate();
    gate.review([look('web-1', 4)], 0);
    expect(gate.review([look('web-1', 4)], REPEAT_MS - 1)).toEqual([]);
    expect(names(gate.review([look('web-1', 4)], REPEAT_MS))).toEqual(['+web-1']);
    const news = { claim: claim('web-1', 4, { summary: 'worse', onsetAt: 50 }), looksPerDay: 500 };
    const [told] = gate.review([news], REPEAT_MS + 10_000);
    expect(told?.claim).toMatchObject({ summary: 'worse', onsetAt: 0 });
    const last = REPEAT_MS + 10_000;
    expect(gate.review([], last + CLEAR_MS - 1)).toEqual([]);
    expect(names(gate.review([], last + CLEAR_MS))).toEqual(['-web-1']);
    expect(gate.open).toEqual([]);
  });

  it('costs nothing when it is no matter of chance, but there is an end to how much is open', () => {
    const gate = new AlertGate();
    const many = Array.from({ length: 20 }, (_, n) => look(`web-${n}`, null, 0));
    expect(gate.review(many, 0)).toHaveLength(8);
    expect(names(gate.review([look('web-99', 2.5)], 1_000))).toEqual([]);
    gate.review([], CLEAR_MS);
    expect(names(gate.review([look('web-99', 2.5)], CLEAR_MS))).toEqual(['+web-99']);
  });
});
