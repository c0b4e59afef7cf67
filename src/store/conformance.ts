/**
 * contract.ts as a test, the same for every engine. An engine's own test file calls `conformance(name, make)`; what
 * only that engine has (files, locks, full disks) is tested beside it.
 */
import { afterEach, beforeEach, describe } from 'vitest';
import { dataSuite } from './conformance/data.ts';
import type { StoreUnderTest, Subject } from './conformance/helpers.ts';
import { leaseSuite } from './conformance/leases.ts';
import { modelSuite } from './conformance/model.ts';
import { watchSuite } from './conformance/watch.ts';

export type { StoreUnderTest } from './conformance/helpers.ts';

export function conformance(name: string, make: () => Promise<StoreUnderTest>): void {
  // Generous: engines wait for disks and for leases.
  describe(`store contract: ${name}`, { timeout: 60_000 }, () => {
    let current: StoreUnderTest;

    beforeEach(async () => {
      current = await make();
    });

    afterEach(async () => {
      await current.dispose();
    });

    const subject: Subject = {
      get store() {
        return current.store;
      },
      get leaseMs() {
        return current.leaseMs;
      },
      pass: (ms) => current.pass(ms),
      compact: (revision) => current.compact(revision),
      restart: async () => {
        current = await current.restart();
      },
    };
    for (const suite of [dataSuite, watchSuite, leaseSuite, modelSuite]) suite(subject);
  });
}
