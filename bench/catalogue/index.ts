/**
 * The catalogue of faults over the sample shop under load, judged by Holdfast itself: what was detected, rightly blamed,
 * repaired, and whether anything was left behind; and what is left of each kind after kill -9 of all of Holdfast.
 */

import type { ProofResource } from '../../src/api/proof-resources.ts';
import { AllFaults } from '../../test/support/all-faults.ts';
import { openShop, shopLoad } from '../../test/support/sample-systems.ts';
import { pause, type TestSystem } from '../../test/support/system.ts';
import type { Bench, BenchOptions, BenchRow } from '../contract.ts';
import { rowsOf } from './score.ts';

/** Of customers, beside the shop's own few: every instance is called several times a second. */
const RATE_PER_SEC = 60;
const WARM_UP_MS = 15_000;
const QUICK_SERVICES = ['payments'];
const POLL_MS = 1_000;

export const bench: Bench = {
  name: 'catalogue',
  what: 'every fault on every service of the sample shop: detected, blamed, repaired, left behind',
  async run(options: BenchOptions): Promise<BenchRow[]> {
    return [...(await overShop(options)), ...(await afterKill(options))];
  },
};

async function overShop({ quick, log }: BenchOptions): Promise<BenchRow[]> {
  const { system, url } = await openShop();
  try {
    await system.waitQuiet(60_000);
    const load = shopLoad(url, RATE_PER_SEC);
    try {
      await pause(WARM_UP_MS);
      const proofs = await prove(system, quick ? QUICK_SERVICES : [], log);
      const { grid } = await system.read((client) => client.coverage());
      for (const line of grid.split('\n')) log(line);
      return rowsOf(proofs);
    } finally {
      await load.stop();
    }
  } finally {
    await system.stop();
  }
}

async function prove(
  system: TestSystem,
  services: readonly string[],
  log: BenchOptions['log'],
): Promise<readonly ProofResource[]> {
  const run = { kind: 'catalogue', faults: [], services } as const;
  const { proofs, notices } = await system.client.prove({ run, environment: {}, dryRun: false, why: 'benchmark' });
  for (const notice of notices) log(notice);
  const done: ProofResource[] = [];
  for (const id of proofs) {
    let proof = await system.read((client) => client.proof(id));
    while (proof.state !== 'done') {
      await pause(POLL_MS);
      proof = await system.read((client) => client.proof(id));
    }
    done.push(proof);
    log(`${done.length}/${proofs.length} ${proof.experiment}: ${proof.summary}`);
  }
  return done;
}

/** One row for each kind that leaves traces on the machine; those of the traffic layer end with its process. */
async function afterKill({ log }: BenchOptions): Promise<BenchRow[]> {
  const all = await AllFaults.open();
  try {
    const { kinds, failed } = await all.strike();
    log(`in force at once: ${kinds.join(', ')}${failed.length > 0 ? `; not begun: ${failed.join('; ')}` : ''}`);
    await all.kill();
    const left = await all.leftAfterLease();
    await all.system.startServer();
    return left.map(({ kind, lines }) => ({
      id: `killed.${kind}`,
      what: `left of ${kind} after its lease, all of Holdfast killed`,
      value: lines.length,
      unit: 'traces',
      target: 0,
      pass: lines.length === 0,
      ...(lines.length > 0 ? { note: lines.join('; ') } : {}),
    }));
  } finally {
    await all.close();
  }
}
