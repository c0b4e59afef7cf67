/** One system of the matrix as a test suite: started once, every case on it in turn. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEMS } from '../support/faults/cases.ts';
import { type Outcome, runCase } from '../support/faults/runner.ts';
import type { Loaded } from '../support/sample-systems.ts';
import { report } from './report.ts';

/** HOLDFAST_CASES=kill,stop runs only these, both ways; HOLDFAST_CASES=all all of them. */
const ONLY = process.env.HOLDFAST_CASES?.split(',');

/** With Holdfast up, and with Holdfast killed right after the fault. */
const UP = [false];
const KILLED = [true];
const BOTH = [false, true];

/**
 * What a process does to itself is the same in either system. Each such fault is shown in both of them, in one with
 * Holdfast up and in the other with Holdfast killed; those that take the longest in the shop alone, both ways. What is
 * particular to a system is there both ways.
 */
const WAYS: Readonly<Record<'shop' | 'web', Readonly<Record<string, readonly boolean[]>>>> = {
  shop: { kill: BOTH, stop: UP, hang: KILLED, errors: UP, slow: KILLED },
  web: { kill: KILLED, stop: KILLED, 'crash-loop': [], hang: UP, errors: KILLED, slow: UP, leak: [], 'bad-change': UP },
};

function waysOf(name: 'shop' | 'web', id: string): readonly boolean[] {
  if (ONLY !== undefined) return ONLY.includes(id) || ONLY.includes('all') ? BOTH : [];
  return WAYS[name][id] ?? BOTH;
}

export function matrix(name: 'shop' | 'web', start: () => Promise<Loaded>): void {
  describe(`faults in ${name}`, () => {
    const outcomes: Outcome[] = [];
    let loaded: Loaded;
    beforeAll(async () => {
      loaded = await start();
    });
    afterAll(async () => {
      report(name, outcomes);
      await loaded?.load.stop();
      await loaded?.system.stop();
    });
    const cases = SYSTEMS.find((system) => system.name === name)?.cases ?? [];
    for (const test of cases) {
      for (const serverKilled of waysOf(name, test.id)) {
        it(`${test.what} (${test.target})${serverKilled ? ', and kill -9 of Holdfast' : ''}`, async () => {
          const outcome = await runCase(name, loaded, test, serverKilled);
          outcomes.push(outcome);
          expect(outcome.wrong, outcome.stories.join('\n\n')).toEqual([]);
        });
      }
    }
  });
}
