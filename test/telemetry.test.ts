/** Telemetry of a running system becomes symptoms: OTLP metrics, and what instances write to their logs. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ApiFile, StatusResource, SymptomResource } from '../src/api/resources.ts';
import { processesOf } from '../src/cli/leftovers.ts';
import { type CliResult, cli } from './support/cli.ts';
import { ensureBuilt } from './support/paths.ts';
import { freePort } from './support/system.ts';

let directory: string;
let otlpPort: number;
const ask = (...args: string[]): Promise<CliResult> => cli(args, { cwd: directory, timeoutMs: 60_000 });
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await ask(...args, '-o', 'json')).stdout) as T;
const symptoms = (): Promise<SymptomResource[]> => json('get', 'symptoms');

/** Half an hour of a usual log, with its own times; when told, it complains. */
const PROGRAM = `
  const { existsSync, writeFileSync } = require('node:fs');
  writeFileSync('environment.json', JSON.stringify(process.env));
  const usual = (ago) =>
    console.log(new Date(Date.now() - ago * 1000).toISOString() + ' request ' + ago * 7 + ' served in ' + (ago % 90) + ' ms');
  for (let ago = 1800; ago > 0; ago -= 2) usual(ago);
  setInterval(() => usual(0), 2000);
  setInterval(() => {
    if (existsSync('trouble')) console.error(new Date().toISOString() + ' cannot reach ledger-' + Date.now() + ': connection refused');
  }, 100);
  require('node:http').createServer((q, r) => r.end('ok')).listen(process.env.PORT);`;

beforeAll(async () => {
  ensureBuilt();
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'hf-telemetry-')));
  otlpPort = await freePort();
  writeFileSync(join(directory, 'server.cjs'), PROGRAM);
  const plugin = '#!/bin/sh\necho "SHELF WARNING - nearly full | used=81%;80;95"\nexit 1\n';
  writeFileSync(join(directory, 'check_shelf'), plugin, { mode: 0o755 });
  const spec = [
    'name: watched',
    'services:',
    '  books:',
    '    command: ["node", "server.cjs"]',
    '    ports: ["80"]',
    '    x-holdfast: { readiness: { nagios: ["./check_shelf"], timeout: 10s } }',
  ];
  writeFileSync(join(directory, 'compose.yaml'), `${spec.join('\n')}\n`);
});

afterAll(async () => {
  const stateDir = join(directory, '.holdfast');
  if (existsSync(join(stateDir, 'api.json'))) await ask('down', '--yes');
  const left = processesOf(stateDir);
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  expect(left).toEqual([]);
});

const POINTS = 1_200;
const STEP_MS = 10_000;

/** A gauge every ten seconds until now, quiet until the last minute and a half. */
function queueDepth(): unknown {
  const now = Date.now();
  const dataPoints = Array.from({ length: POINTS }, (_, n) => {
    const usual = 20 + 5 * Math.sin(n / 7) + ((n * 7919) % 3);
    return {
      timeUnixNano: `${now - (POINTS - 1 - n) * STEP_MS}000000`,
      asDouble: n < POINTS - 9 ? usual : 400 + n,
    };
  });
  const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  return {
    resourceMetrics: [
      {
        resource: { attributes: [attribute('service.name', 'books'), attribute('service.instance.id', 'books-1')] },
        scopeMetrics: [{ metrics: [{ name: 'queue.depth', unit: '{orders}', gauge: { dataPoints } }] }],
      },
    ],
  };
}

it('a port that is taken is an error that names it, and starts nothing', async () => {
  const taken = createServer().listen(otlpPort, '127.0.0.1');
  const { code, stderr } = await ask('up', '--intake', `otlp-http=127.0.0.1:${otlpPort}`);
  await new Promise((resolve) => taken.close(resolve));
  expect(code).toBe(1);
  expect(stderr).toContain(`HF4001 OpenTelemetry (OTLP) over HTTP: cannot listen on 127.0.0.1:${otlpPort}`);
  expect((await ask('up', '--intake', 'otlp-htpp')).stderr).toMatch(/HF7002 .*"otlp-htpp"\n.*Did you mean otlp-http/);
  expect(processesOf(join(directory, '.holdfast'))).toEqual([]);
});

it('instances are told where to send, and the status says what listens', async () => {
  const up = await ask('up', '--intake', `otlp-http=127.0.0.1:${otlpPort}`);
  expect(up.code, up.stderr).toBe(0);
  const environment = JSON.parse(readFileSync(join(directory, 'environment.json'), 'utf8')) as Record<string, string>;
  expect(environment.OTEL_EXPORTER_OTLP_ENDPOINT).toBe(`http://127.0.0.1:${otlpPort}`);
  expect(environment.OTEL_RESOURCE_ATTRIBUTES).toContain('service.instance.id=books-1');
  const { parts } = await json<StatusResource>('status');
  expect(parts.find(({ name }) => name === 'intake otlp-http')).toMatchObject({ state: 'running' });
});

it('an odd metric is a symptom with its series, its baseline and a reason, and nothing is done about it', async () => {
  const sent = await fetch(`http://127.0.0.1:${otlpPort}/v1/metrics`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(queueDepth()),
  });
  expect(sent.status).toBe(200);
  const odd = await vi.waitFor(
    async () => {
      const found = (await symptoms()).find(({ resource }) => resource === 'metrics');
      expect(found).toBeDefined();
      return found as SymptomResource;
    },
    { timeout: 40_000, interval: 250 },
  );
  expect(odd).toMatchObject({
    kind: 'anomalous',
    entity: { kind: 'instance', name: 'books-1', service: 'books' },
    standing: 'advisory',
    incident: null,
  });
  expect(odd.logP).toBeGreaterThan(2);
  expect(odd.figure?.recent.some((value) => value > 400)).toBe(true);
  expect(Math.max(...(odd.figure?.baseline ?? []))).toBeLessThan(30);
  const told = await ask('describe', 'symptom', 'anomalous.metrics');
  expect(told.stdout).toMatch(/queue\.depth is unlike its past/);
  expect(told.stdout).toMatch(/times as far as usual from any other/);
  expect(told.stdout).toMatch(/recent +[▁-█]+/);
  expect(told.stdout).toMatch(/baseline +[▁-█]+/);
  expect(await json('get', 'incidents')).toEqual([]);
});

it('a monitoring plugin that warns is a symptom, its numbers are a series, and the instance stays ready', async () => {
  const warning = await vi.waitFor(
    async () => {
      const found = (await symptoms()).find(({ resource }) => resource === 'check.check_shelf');
      expect(found).toBeDefined();
      return found as SymptomResource;
    },
    { timeout: 40_000, interval: 250 },
  );
  expect(warning).toMatchObject({
    entity: { name: 'books-1' },
    standing: 'advisory',
    evidence: ['SHELF WARNING - nearly full'],
  });
  const { url } = JSON.parse(readFileSync(join(directory, '.holdfast', 'api.json'), 'utf8')) as ApiFile;
  const answer = await fetch(`${url}/prometheus/api/v1/query?query=check_shelf_used`);
  expect(await answer.json()).toMatchObject({
    status: 'success',
    data: { result: [{ value: [expect.any(Number), '81'] }] },
  });
});

it('what an instance never logged before is a symptom when it comes in number', async () => {
  // What a program says in its first minute is not held against it.
  writeFileSync(join(directory, 'trouble'), '');
  const found = await vi.waitFor(
    async () => {
      const [log] = (await symptoms()).filter(({ resource }) => resource?.startsWith('log.'));
      expect(log).toBeDefined();
      return log as SymptomResource;
    },
    { timeout: 110_000, interval: 500 },
  );
  expect(found).toMatchObject({ kind: 'anomalous', entity: { name: 'books-1' }, standing: 'advisory' });
  expect(found.summary).toContain('cannot reach ledger-<*>: connection refused');
  const metrics = (await ask('get', 'symptoms')).stdout;
  expect(metrics).toContain('anomalous.log');
}, 150_000);
