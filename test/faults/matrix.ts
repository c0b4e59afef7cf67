/** One system of the matrix as a test suite: started once, every case on it in turn. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEMS } from '../support/faults/cases.ts';
import { type Outcome, runCase } from '../support/faults/runner.ts';
import type { Loaded } from '../support/sample-systems.ts';
import { report } from './report.ts';

/** HOLDFAST_CASES=kill,stop runs only these. */
const ONLY = process.env.HOLDFAST_CASES?.split(',');

/** `elsewhere`: ids of cases that the other system shows as well. */
export function matrix(name: 'shop' | 'web', start: () => Promise<Loaded>, elsewhere: readonly string[] = []): void {
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
    for (const test of cases.filter(({ id }) => ONLY?.includes(id) ?? !elsewhere.includes(id))) {
      for (const serverKilled of [false, true]) {
        it(`${test.what} (${test.target})${serverKilled ? ', and kill -9 of Holdfast' : ''}`, async () => {
          const outcome = await runCase(name, loaded, test, serverKilled);
          outcomes.push(outcome);
          expect(outcome.wrong, outcome.stories.join('\n\n')).toEqual([]);
        });
      }
    }
  });
}
