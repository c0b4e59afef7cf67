import { describe, expect, it } from 'vitest';
import { byKey, historyOf } from '../history/history.ts';
import { checkLinearizable } from './check.ts';
import { queueCompiler } from './collections.ts';
import { Fifo } from './fifo.ts';
import type { QueueCodes } from './fifo-layout.ts';
import { layOut } from './problem.ts';
import { bruteForce } from './testing/brute-force.ts';
import { plainSearch } from './testing/plain-search.ts';
import { SPECS, simulate } from './testing/simulate.ts';
import { SEARCH_BUDGET } from './walk.ts';

describe('queues in which values repeat', () => {
  it('agree with trying every order, outcomes lost', { timeout: 30_000 }, () => {
    const seen = { explained: 0, broken: 0 };
    for (let seed = 1; seed <= 2_000; seed++) {
      const shape = { operations: 3 + (seed % 5), processes: 2 + (seed % 4), values: 1 + (seed % 3) };
      const wrong = seed % 7 < 3 ? 0 : 0.4;
      const events = simulate(seed, { object: 'queue', unique: false, wrong, lost: (seed % 4) / 6, ...shape });
      const expected = bruteForce(events, SPECS.queue) ? 'explained' : 'broken';
      seen[expected]++;
      const history = historyOf(events);
      const { rows } = byKey(history);
      const compiler = queueCompiler(history, rows);
      const problem = layOut(history, rows, compiler);
      const found = new Fifo(problem, compiler.machine, compiler.queue as QueueCodes, SEARCH_BUDGET).run(1_000_000);
      expect(found.kind, `seed ${seed}`).toBe(expected);
      const plain = plainSearch(problem, compiler.machine, 1_000_000);
      expect(plain, `seed ${seed}`).toBe(expected === 'explained' ? 'linearizable' : 'not linearizable');
    }
    expect(Math.min(seen.explained, seen.broken)).toBeGreaterThan(200);
  });

  it('a thousand operations of twenty clients, as they were and with two answers exchanged', {
    timeout: 20_000,
  }, () => {
    for (let seed = 1; seed <= 3; seed++) {
      const shape = { operations: 600, processes: 20, values: 3, lost: seed % 2 === 0 ? 0.01 : 0 };
      const events = simulate(seed, { object: 'queue', unique: false, wrong: 0, ...shape });
      expect(checkLinearizable(historyOf(events), { object: 'queue' }).verdict, `seed ${seed}`).toBe('linearizable');
    }
  });
});
