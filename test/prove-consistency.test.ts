/** Experiments with clients: a store that forgets when it is killed is found out, one that writes things down holds. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProofDetail } from '../src/api/proof-resources.ts';
import { type CliResult, cli } from './support/cli.ts';
import { DIST, ensureBuilt } from './support/paths.ts';
import { freePort, TestSystem } from './support/system.ts';

let directory: string;
let system: TestSystem;

const experiment = (service: string): string => `
title: ${service} is killed under a counter
description: what was acknowledged stays
method:
  - type: action
    name: strike
    pauses: { before: 1, after: 2 }
    x-holdfast: { fault: kill, target: { service: ${service} } }
x-holdfast:
  workload: { kind: counter, on: http://${service}/, rate: 200, timeout: 1s }
  expect: { consistency: linearizable }
`;

beforeAll(async () => {
  ensureBuilt();
  directory = mkdtempSync(join(tmpdir(), 'hf-consistency-'));
  mkdirSync(join(directory, 'register'));
  for (const file of ['service.js', 'register/register.js'])
    copyFileSync(join(DIST, 'examples', file), join(directory, file));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  const service = (name: string, port: number, environment: string): string => `
  ${name}:
    command: ["node", "register/register.js"]
    environment: { ${environment} }
    ports: ["127.0.0.1:${port}:80"]
    healthcheck: { http: /healthz, interval: 500ms, timeout: 500ms }
    x-holdfast: { experiments: allow, recovery: { verify: 1s } }`;
  const services = [
    service('durable', await freePort(), 'DURABLE: "1"'),
    service('forgetful', await freePort(), 'DURABLE: "0"'),
  ];
  writeFileSync(join(directory, 'compose.yaml'), `name: small\nservices:${services.join('')}\n`);
  for (const name of ['durable', 'forgetful']) writeFileSync(join(directory, `${name}.yaml`), experiment(name));
  system = await TestSystem.start({ file: join(directory, 'compose.yaml') });
});

afterAll(async () => {
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const ask = (...args: string[]): Promise<CliResult> =>
  cli([...args, '--state-dir', system.stateDir], { cwd: directory, timeoutMs: 100_000 });

async function newest(): Promise<ProofDetail> {
  const [proof] = JSON.parse((await ask('get', 'proofs', '-o', 'json')).stdout) as ProofDetail[];
  return proof as ProofDetail;
}

describe('consistency in the verdict', () => {
  it('holds when the store writes everything down before it answers', async () => {
    const { stdout, stderr } = await ask('prove', 'durable.yaml');
    const finding = (await newest()).findings.find(({ aspect }) => aspect === 'consistency');
    expect(finding, stdout + stderr).toMatchObject({ result: 'met', found: 'linearizable: holds' });
  });

  it('is violated when it forgets: a mismatch, with the operations that show it', async () => {
    const { code, stdout } = await ask('prove', 'forgetful.yaml');
    expect(code).toBe(2);
    expect(stdout).toContain('linearizable: violated');
    const proof = await newest();
    expect(proof.verdict).toBe('mismatch');
    const finding = proof.findings.find(({ aspect }) => aspect === 'consistency');
    expect(finding?.evidence.join('\n')).toContain('✗');
  });
});
