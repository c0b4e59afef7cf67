/**
 * Bad changes on purpose, on a real system with calls all the while: one that hurts nobody and is restored when its time
 * is over, one that is found, blamed and rolled back, and one whose author is killed (kill -9) together with the server.
 * And what callers feel when an experiment kills the traffic process of Holdfast itself.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProofDetail } from '../src/api/proof-resources.ts';
import { type CliResult, cli } from './support/cli.ts';
import { freePort, pause, TestSystem } from './support/system.ts';

const PROGRAM = `
  require('http').createServer((q, r) => r.end(process.env.RATE)).listen(process.env.PORT);
  process.on('SIGTERM', () => process.exit(0));`;

const experiment = (fault: string, more: string, expected: string): string => `
title: ${fault} of open
description: a change on purpose
steady-state-hypothesis:
  title: it serves
  probes:
    - { type: probe, name: quiet, tolerance: true, provider: { type: holdfast, is: quiet } }
method:
  - type: action
    name: change
    x-holdfast: { fault: ${fault}, target: { service: open }, ${more} }
runtime: { hypothesis: { strategy: before-method-only } }
x-holdfast: { expect: ${expected} }
`;

const partKill = (part: string): string =>
  experiment('kill-part', `part: ${part}`, '{ undetected: true }').replace('service: open', 'node: localhost');

let directory: string;
let system: TestSystem;
let url: string;
let calling = true;
/** What each call was answered; null: it failed. */
const answers: (string | null)[] = [];

const ask = (...args: string[]): Promise<CliResult> =>
  cli([...args, '--state-dir', system.stateDir], { cwd: directory, timeoutMs: 60_000 });
const failed = (): number => answers.filter((each) => each === null).length;
const newest = async (): Promise<ProofDetail | undefined> =>
  (JSON.parse((await ask('get', 'proofs', '-o', 'json')).stdout) as ProofDetail[])[0];
/** The declared system is what the file says. */
const asDeclared = async (): Promise<boolean> => (await ask('plan', '-f', 'compose.yaml', '--check')).code === 0;

async function call(): Promise<void> {
  while (calling) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => (response.ok ? response.text() : null),
      () => null,
    );
    answers.push(answer);
    await pause(20);
  }
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hf-deploys-'));
  const port = await freePort();
  url = `http://127.0.0.1:${port}/`;
  const files = {
    'server.cjs': PROGRAM,
    'compose.yaml': `name: deploys
services:
  open:
    command: ["node", "server.cjs"]
    environment: { RATE: "5" }
    ports: ["127.0.0.1:${port}:80"]
    deploy: { replicas: 2, update_config: { monitor: 500ms } }
    healthcheck: { http: /, interval: 500ms, timeout: 500ms }
    x-holdfast: { experiments: allow, drain_period: 200ms, recovery: { verify: 1s } }
`,
    'settings.yaml': experiment('misconfigure', 'environment: { RATE: 0 }, for: 3s', '{ undetected: true }'),
    'bad.yaml': experiment(
      'bad-deploy',
      'exit: 1, for: 20s',
      '{ detected_within: 10s, blamed: open, fault_class: human, repaired_within: 40s, lost_at_most: { requests: 0 } }',
    ),
    'orphan.yaml': experiment('misconfigure', 'environment: { RATE: 1 }, for: 60s, lease: 2s', '{}'),
    'wrong.yaml': experiment('bad-deploy', 'exit: 1000', '{}'),
    'traffic.yaml': partKill('traffic, withinMs: 10000'),
    'server.yaml': partKill('server'),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  system = await TestSystem.start({ file: join(directory, 'compose.yaml') });
  void call();
});

afterAll(async () => {
  calling = false;
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('a bad change on purpose', () => {
  it('is told in words beforehand, lasts as long as it was to, and is restored', async () => {
    const wrong = await ask('prove', 'wrong.yaml');
    expect(wrong.stderr).toContain('exit is no code');
    const dry = await ask('prove', 'settings.yaml', '--dry-run');
    expect(dry.stdout).toContain('open: environment.RATE: "5" → "0"');
    expect(await asDeclared()).toBe(true);
    const run = await ask('prove', 'settings.yaml');
    expect(run.stdout).toMatch(/^Confirmed/m);
    expect(await newest()).toMatchObject({ verdict: 'confirmed', blamed: null });
    expect(answers).toContain('0');
    expect(await asDeclared()).toBe(true);
    const [back, deploy] = await system.read((client) => client.changes({ limit: 2 }));
    expect([deploy?.kind, deploy?.who, back?.kind, back?.who]).toEqual(['deploy', 'proof-2', 'rollback', 'proof-2']);
    expect(failed()).toBe(0);
  });

  it('is detected, blamed on the change, and rolled back by recovery; no call is lost', async () => {
    const run = await ask('prove', 'bad.yaml');
    expect(run.stdout).toMatch(/^Confirmed/m);
    expect(await newest()).toMatchObject({ verdict: 'confirmed', blamed: 'open', faultClass: 'human' });
    const [back] = await system.read((client) => client.changes({ limit: 1 }));
    expect([back?.kind, back?.who]).toEqual(['rollback', 'holdfast']);
    expect(await asDeclared()).toBe(true);
    expect(failed()).toBe(0);
  });

  it('is of Holdfast itself when its traffic process is killed: soon another one answers every call, and it is told', async () => {
    const refused = await ask('prove', 'server.yaml');
    expect(refused.stderr).toContain('HF8207');
    expect((await ask('prove', 'traffic.yaml', '--dry-run')).stdout).toContain('traffic of Holdfast');
    const before = (await system.client.status()).parts.find(({ name }) => name === 'traffic')?.pid;
    const run = await ask('prove', 'traffic.yaml');
    expect(run.stdout).toMatch(/^Confirmed/m);
    const after = (await system.client.status()).parts.find(({ name }) => name === 'traffic')?.pid;
    expect(after).not.toBe(before);
    const { findings } = (await newest()) as ProofDetail;
    const part = findings.find(({ aspect }) => aspect === 'part');
    expect(part?.found).toMatch(/^traffic back after .*, 1 of 1 endpoints open$/);
    expect(part?.evidence[0]).toMatch(
      new RegExp(`^process ${before} was killed; noticed after .*; process ${after} is in`),
    );
    expect(findings.find(({ aspect }) => aspect === 'residue')).toMatchObject({ result: 'met' });
    expect(findings.find(({ aspect }) => aspect === 'lost')?.found).toContain('no endpoint took a connection');
    await expect
      .poll(async () => (await ask('get', 'events')).stdout, { timeout: 20_000 })
      .toMatch(/traffic process \(pid \d+\) has ended[\s\S]*traffic process \(pid \d+\) is in its place, after/);
    expect(failed()).toBeGreaterThan(0);
    expect(answers.at(-1)).toBe('5');
  });

  it('ends also when Holdfast is killed: with the lease, as soon as it is back', async () => {
    const running = ask('prove', 'orphan.yaml');
    await system.waitFor('the change in force', 40_000, async () => (answers.at(-1) === '1' ? true : undefined));
    const { parts } = await system.client.status();
    const traffic = parts.find(({ name }) => name === 'traffic')?.pid;
    system.killServer();
    if (traffic) process.kill(traffic, 'SIGKILL');
    await running;
    // Longer than its lease.
    await pause(2_500);
    await system.startServer();
    await system.waitFor('the change restored', 40_000, async (client) => {
      const [change] = await client.changes({ limit: 1 });
      return change?.kind === 'rollback' && change.why.includes('lease') ? true : undefined;
    });
    expect(await asDeclared()).toBe(true);
    await system.waitQuiet(60_000);
    await expect.poll(() => answers.at(-1)).toBe('5');
  });
});
