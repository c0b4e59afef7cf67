/**
 * Faults cannot outlive their owner: every kind that this machine can do is in force at once, then the server (with the
 * agent in it) and the traffic process are killed (kill -9). Within the lease nothing of any of them is left.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Injector } from '../src/inject/injector.ts';
import type { FaultKindFacts } from '../src/model/fault.ts';
import { freePort, pause, TestSystem } from './support/system.ts';

const LEASE_MS = 3_000;
/** Keepers look twenty times a second; a busy machine is given more. */
const SLACK_MS = 4_000;
const PROGRAM = `
  require('http').createServer((q, r) => r.end('ok')).listen(process.env.PORT);
  setInterval(() => require('fs').readFileSync(__filename), 50);
  process.on('SIGTERM', () => process.exit(0));`;
const PARAMETERS: Readonly<Record<string, object>> = {
  cpu: { workers: 1, percent: 20 },
  memory: { bytes: 33_554_432 },
  io: { bytesPerSec: 1_000_000, bytes: 4_194_304 },
  processes: { count: 10 },
  clock: { offsetSec: 3_600 },
  latency: { ms: 50 },
  bandwidth: { bytesPerSec: 1_000_000 },
  loss: { share: 0.1 },
  slicer: { averageBytes: 100 },
  limit: { bytes: 1_000_000 },
  'slow-close': { delayMs: 10 },
  'http-delay': { ms: 50 },
  'http-body': { change: 'truncate', bytes: 1 },
};

let directory: string;
let system: TestSystem;

function experiment(kinds: readonly FaultKindFacts[]): string {
  const method = kinds.map(({ kind, targets }, n) => {
    const machine = targets.includes('node') && !targets.includes('process');
    const path =
      targets[0] === 'directory' ? { path: directory, ...(kind === 'disk-full' ? { maxBytes: 1_048_576 } : {}) } : {};
    return {
      type: 'action',
      name: kind,
      background: true,
      'x-holdfast': {
        fault: kind,
        target: machine ? { node: 'localhost' } : { instances: [`open-${n + 1}`] },
        for: 60,
        lease: LEASE_MS / 1_000,
        ...path,
        ...PARAMETERS[kind],
      },
    };
  });
  return JSON.stringify({ title: 'all at once', description: 'every kind', method });
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hf-killed-'));
  writeFileSync(join(directory, 'server.cjs'), PROGRAM);
  writeFileSync(
    join(directory, 'compose.yaml'),
    `name: many
services:
  open:
    command: ["node", "server.cjs"]
    ports: ["127.0.0.1:${await freePort()}:80"]
    deploy: { replicas: 26 }
    x-holdfast: { experiments: allow, recovery: { mode: observe } }
policy: { max_disruption: 100 }
`,
  );
  system = await TestSystem.start({ file: join(directory, 'compose.yaml') });
});

afterAll(async () => {
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('kill -9 of the server, the agent and the traffic process', () => {
  it('leaves nothing of any fault after its lease', async () => {
    const { kinds } = await system.client.faults();
    const lasting = kinds.filter(({ instant, possible }) => possible && !instant);
    expect(lasting.length).toBeGreaterThan(15);
    const { proofs } = await system.client.prove({
      run: { kind: 'experiments', files: [{ file: 'all.json', baseDir: directory, text: experiment(lasting) }] },
      environment: {},
      dryRun: false,
      why: 'test',
    });
    const active = await system.waitFor('all faults in force', 20_000, async (client) => {
      const { running } = await client.faults();
      const begun = running.filter(({ targets }) => targets.every(({ phase }) => phase === 'active'));
      const { progress } = await client.proof(proofs[0] ?? '');
      const failed = progress.filter(({ text }) => text.includes(' failed: '));
      return begun.length + failed.length >= lasting.length ? { begun, failed } : undefined;
    });
    expect(active.failed.map(({ text }) => text)).toEqual([]);
    const injector = new Injector(system.stateDir);
    expect(injector.list().filter(({ phase }) => phase === 'active').length).toBeGreaterThan(5);

    const traffic = (await system.client.status()).parts.find(({ name }) => name === 'traffic')?.pid ?? 0;
    system.killServer();
    process.kill(traffic, 'SIGKILL');
    await pause(LEASE_MS);
    const give = performance.now() + SLACK_MS;
    while (injector.list().some(({ phase }) => phase !== 'ended') && performance.now() < give) await pause(50);
    const open = injector.list().filter(({ phase }) => phase !== 'ended');
    expect(open.map(({ fault, phase }) => `${fault.kind} ${phase}`)).toEqual([]);
    for (const { fault, end } of injector.list()) {
      expect({ kind: fault.kind, left: [...(end?.residue ?? []), ...injector.residue(fault.id)] }).toEqual({
        kind: fault.kind,
        left: [],
      });
    }

    await system.startServer();
    const proof = await system.waitFor('the run is told of', 10_000, async (client) => {
      const found = await client.proof(proofs[0] ?? '');
      return found.state === 'done' ? found : undefined;
    });
    expect(proof.verdict).toBe('inconclusive');
    await system.waitFor('no fault is known any more', 10_000, async (client) =>
      (await client.faults()).running.length === 0 ? true : undefined,
    );
  });
});
