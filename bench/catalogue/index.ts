/**
 * The catalogue of faults over the sample shop under load, judged by Holdfast itself: what was detected, rightly blamed,
 * repaired, and whether anything was left behind; and what is left of each kind after kill -9 of all of Holdfast.
 */

import type { ProofResource } from '../../src/api/proof-resources.ts';
import { AllFaults, PARTS, type Part } from '../../test/support/all-faults.ts';
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
    const rows = await overShop(options);
    for (const part of PARTS) rows.push(...(await afterKill(part, options)));
    return rows;
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

const KILLED: Readonly<Record<Part, string>> = {
  server: 'the server with the agent in it',
  traffic: 'the traffic process',
  all: 'all of Holdfast',
};

/**
 * One row for each kind that leaves traces on the machine, and one for all that the traffic layer does. When only the
 * traffic process is killed the run goes on: its faults are given back by ending it.
 */
async function afterKill(part: Part, { log }: BenchOptions): Promise<BenchRow[]> {
  const all = await AllFaults.open();
  try {
    const { kinds, failed } = await all.strike();
    log(
      `in force at once, before ${KILLED[part]} is killed: ${kinds.join(', ')}${failed.length > 0 ? `; not begun: ${failed.join('; ')}` : ''}`,
    );
    await all.kill(part);
    if (part === 'traffic') await all.system.client.stopProofs('killed').catch((error: unknown) => log(String(error)));
    const left = await all.leftAfterLease();
    if (part !== 'traffic') await all.system.startServer();
    return left.map(({ kind, lines }) => ({
      id: `killed.${part}.${kind}`,
      what: `left of ${kind} after its lease, ${KILLED[part]} killed`,
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
