/**
 * Faults cannot outlive their owner: every kind that this machine can do is in force at once, then the server (with the
 * agent in it) and the traffic process are killed (kill -9). Within the lease nothing of any of them is left.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AllFaults } from './support/all-faults.ts';

let all: AllFaults;

beforeAll(async () => {
  all = await AllFaults.open();
});

afterAll(() => all?.close());

describe('kill -9 of the server, the agent and the traffic process', () => {
  it('leaves nothing of any fault after its lease', async () => {
    const { kinds, failed, proof } = await all.strike();
    expect(failed).toEqual([]);
    expect(kinds.length).toBeGreaterThan(15);
    await all.kill();
    const left = await all.leftAfterLease();
    expect(left.length).toBeGreaterThan(5);
    expect(left.filter(({ lines }) => lines.length > 0)).toEqual([]);

    await all.system.startServer();
    const judged = await all.system.waitFor('the run is told of', 40_000, async (client) => {
      const found = await client.proof(proof);
      return found.state === 'done' ? found : undefined;
    });
    expect(judged.verdict).toBe('inconclusive');
    await all.system.waitFor('no fault is known any more', 40_000, async (client) =>
      (await client.faults()).running.length === 0 ? true : undefined,
    );
  });
});
