import { describe, expect, it } from 'vitest';
import { parseExperiment } from './parse.ts';
import { withinWindows } from './parse-safety.ts';
import { KINDS } from './testing/kinds.ts';
import type { Safety } from './types.ts';

function safety(own: object): Safety {
  const value = { title: 't', description: 'd', method: [], 'x-holdfast': own };
  return parseExperiment(value, { kinds: {} }).experiment.safety;
}

describe('when a run may begin, and what halts it', () => {
  it('has defaults: at any time, and half of all calls failing for 15 s', () => {
    expect(safety({})).toEqual({ windows: [], halt: { failureShare: 0.5, forMs: 15_000, budget: null } });
    expect(withinWindows([], 3, 0)).toBe(true);
  });

  it('reads days and hours', () => {
    const { windows } = safety({ windows: ['Mon-Fri 09:00-17:00', 'sat 22:00-02:00'] });
    const at = (day: number, hour: number): boolean => withinWindows(windows, day, hour * 60);
    expect([at(1, 9), at(5, 16), at(5, 17), at(0, 12)]).toEqual([true, true, false, false]);
    // Over midnight it belongs to the day on which it began.
    expect([at(6, 23), at(0, 1), at(0, 23), at(6, 1)]).toEqual([true, true, false, false]);
  });

  it('reads guards', () => {
    const { halt } = safety({ halt: { failing: '20%', for: '5s', budget: 0.1 } });
    expect(halt).toEqual({ failureShare: 0.2, forMs: 5_000, budget: 0.1 });
  });

  it('does not halt an outage that is asked for, unless told when', () => {
    const lose = (own: object): number => {
      const loss = { fault: 'node-loss', target: { node: 'localhost' }, for: 5, beyondBudget: true };
      const method = [{ type: 'action', name: 'lose', 'x-holdfast': loss }];
      const value = { title: 't', description: 'd', method, 'x-holdfast': own };
      return parseExperiment(value, { kinds: KINDS }).experiment.safety.halt.failureShare;
    };
    expect([lose({}), lose({ halt: { failing: '50%' } })]).toEqual([1, 0.5]);
  });

  it('names what it cannot read', () => {
    expect(() => safety({ windows: ['office hours'] })).toThrow(/windows/);
    expect(() => safety({ halt: { failing: 'often' } })).toThrow(/failing/);
    expect(() => safety({ halt: { falling: '20%' } })).toThrow(/falling/);
  });
});
