import { describe, expect, it } from 'vitest';
import { byKey, historyOf } from '../history/history.ts';
import { checkLinearizable } from './check.ts';
import { setCompiler } from './collections.ts';
import { layOut } from './problem.ts';
import { type SetCodes, SetWalk } from './set-walk.ts';
import { bruteForce } from './testing/brute-force.ts';
import { SPECS, simulate } from './testing/simulate.ts';
import { SEARCH_BUDGET } from './walk.ts';

describe('sets whose elements come and go', () => {
  it('agree with trying every order, outcomes lost', { timeout: 30_000 }, () => {
    const seen = { explained: 0, broken: 0 };
    for (let seed = 1; seed <= 2_000; seed++) {
      const shape = { operations: 3 + (seed % 5), processes: 2 + (seed % 4), values: 1 + (seed % 3) };
      const functions = ['read', 'read', 'add', 'remove'];
      const wrong = seed % 7 < 2 ? 0 : 0.8;
      const events = simulate(seed, { object: 'set', unique: false, functions, wrong, lost: (seed % 4) / 6, ...shape });
      const expected = bruteForce(events, SPECS.set) ? 'explained' : 'broken';
      seen[expected]++;
      const history = historyOf(events);
      const { rows } = byKey(history);
      const compiler = setCompiler(history, rows, []);
      const problem = layOut(history, rows, compiler);
      const walk = new SetWalk(problem, compiler.machine.initial, compiler.set as SetCodes, SEARCH_BUDGET);
      expect(walk.run()?.kind, `seed ${seed}`).toBe(expected);
    }
    expect(Math.min(seen.explained, seen.broken)).toBeGreaterThan(50);
  });

  it('hundreds of operations of ten clients, as they were and with one lie', { timeout: 60_000 }, () => {
    for (let seed = 1; seed <= 2; seed++) {
      const shape = { operations: 400, processes: 10, values: 5, unique: seed % 2 === 0, lost: 0.01 };
      const functions = ['read', 'add', 'add', 'remove', 'remove'];
      const judged = (between?: Parameters<typeof simulate>[1]['between']): string => {
        const pause = between ? { pauseAt: 200, between } : {};
        const events = simulate(seed, { object: 'set', functions, wrong: 0, ...shape, ...pause });
        return checkLinearizable(historyOf(events), { object: 'set', initial: [] }).verdict;
      };
      expect(judged(), `seed ${seed}`).toBe('linearizable');
      const lie = judged((state) => [
        { f: 'add', input: 9_999, output: 9_999 },
        { f: 'read', input: null, output: state, lie: true },
      ]);
      expect(lie, `seed ${seed}`).toBe('not linearizable');
    }
  });
});
