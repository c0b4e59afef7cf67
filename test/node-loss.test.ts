/** A whole node lost on purpose: told from faults of its services, repaired when it is over, over when nobody is left. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProofDetail } from '../src/api/proof-resources.ts';
import { Injector } from '../src/inject/injector.ts';
import { cli } from './support/cli.ts';
import { freePort, pause, TestSystem } from './support/system.ts';

const PROGRAM = `
  require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT);
  process.on('SIGTERM', () => process.exit(0));`;
const ALL = ['gate-1', 'gate-2', 'shop-1', 'shop-2', 'store-1', 'store-2'];
const LEASE_MS = 3_000;

const experiment = (more: string): string => `
title: the node is lost
description: a test
method:
  - type: action
    name: lose
    x-holdfast: { fault: node-loss, target: { node: localhost }, lease: ${LEASE_MS / 1_000}${more} }
x-holdfast: { expect: { detected_within: 5s, blamed: localhost, fault_class: hardware, repaired_within: 60s } }
`;

let directory: string;
let system: TestSystem;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hf-node-'));
  writeFileSync(join(directory, 'server.cjs'), PROGRAM);
  const service = (name: string, needs: string): string => `
  ${name}:
    command: ["node", "server.cjs"]
    expose: ["80"]
    deploy: { replicas: 2, restart_policy: { max_attempts: 50, delay: 200ms } }
    depends_on: [${needs}]
    x-holdfast: { experiments: allow, recovery: { verify: 1s } }`;
  const compose = `name: small\nservices:${service('store', '')}${service('shop', 'store')}${service('gate', 'shop')}
    ports: ["127.0.0.1:${await freePort()}:80"]\n`;
  writeFileSync(join(directory, 'compose.yaml'), compose);
  writeFileSync(join(directory, 'loss.yaml'), experiment(', for: 5s, beyondBudget: true'));
  writeFileSync(join(directory, 'budget.yaml'), experiment(', for: 5s'));
  system = await TestSystem.start({ file: join(directory, 'compose.yaml') });
});

afterAll(async () => {
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const prove = (file: string, ...args: string[]) =>
  cli(['prove', file, ...args, '--state-dir', system.stateDir], { cwd: directory, timeoutMs: 80_000 });

describe('the loss of a node', () => {
  it('is refused beyond the budget until it is asked for, and blamed on the node and repaired then', async () => {
    expect((await prove('loss.yaml', '--dry-run')).stdout).toContain(`would strike: ${ALL.join(', ')}`);
    const refused = await prove('budget.yaml');
    expect(refused.stdout).toContain('Say beyondBudget: true');
    expect(refused.code).toBe(3);
    const run = await prove('loss.yaml');
    expect(run.stdout).toMatch(/^Confirmed: /m);
    expect(run.stdout).toMatch(/asked 6, measured [3-6](\.\d+)? instances gone at the same time/);
    expect(run.stdout).toMatch(/for \d+(\.\d+)?s nothing of the node was there/);
    const found = await cli(['get', 'proofs', '-o', 'json', '--state-dir', system.stateDir]);
    const [proof] = JSON.parse(found.stdout) as ProofDetail[];
    expect(proof).toMatchObject({ verdict: 'confirmed', faultClass: 'hardware' });
    await system.waitQuiet(30_000);
  });

  it('is over within its lease when Holdfast is killed in the middle, and all comes back with it', async () => {
    const file = { file: 'long.yaml', baseDir: directory, text: experiment(', for: 60s, beyondBudget: true') };
    const run = { kind: 'experiments', files: [file] } as const;
    await system.client.prove({ run, environment: {}, dryRun: false, why: 'test' });
    await system.waitFor('the node to be lost', 20_000, async (client) => {
      const [fault] = (await client.faults()).running;
      return fault?.targets.every(({ phase }) => phase === 'active') ? true : undefined;
    });
    system.killServer();
    const injector = new Injector(system.stateDir);
    const open = () => injector.list().filter(({ phase }) => phase !== 'ended');
    expect(open()).toHaveLength(6);
    for (const give = performance.now() + LEASE_MS + 3_000; open().length > 0 && performance.now() < give; )
      await pause(50);
    expect(open()).toEqual([]);
    await system.startServer();
    await system.waitFor('all to be back', 40_000, async (client) =>
      (await client.instances()).every(({ ready }) => ready) ? true : undefined,
    );
    expect((await system.client.faults()).running).toEqual([]);
  });
});
