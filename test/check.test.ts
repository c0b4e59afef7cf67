/** `holdfast check` as a user runs it: files good, bad and unreadable; a store that keeps its word, and one that does not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsistencyVerdict } from '../src/model/consistency.ts';
import { cleanEnv, cli } from './support/cli.ts';
import { DIST, ensureBuilt } from './support/paths.ts';
import { freePort } from './support/system.ts';

let dir: string;
const children: ChildProcess[] = [];

async function register(environment: Readonly<Record<string, string>>): Promise<string> {
  const port = await freePort();
  const program = join(DIST, 'examples/register/register.js');
  children.push(spawn(process.execPath, [program], { env: cleanEnv({ PORT: String(port), ...environment }) }));
  const url = `http://127.0.0.1:${port}/`;
  const listens = (): Promise<boolean> =>
    fetch(url)
      .then((answer) => answer.text().then(() => true))
      .catch(() => false);
  await expect.poll(listens).toBe(true);
  return url;
}

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

beforeAll(() => {
  ensureBuilt();
  dir = mkdtempSync(join(tmpdir(), 'hf-check-'));
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

const STALE = `{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 0, :type :invoke, :f :write, :value 2}
{:process 0, :type :ok, :f :write, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 1}
`;

describe('history files', () => {
  it('draws what contradicts, and exits with 2', async () => {
    const { code, stdout } = await cli(['check', file('stale.edn', STALE)]);
    expect(code).toBe(2);
    expect(stdout).toContain('✗ Not linearizable: 3 operations contradict one another (3 operations on 1 key).');
    expect(stdout).toMatch(/process 0 {2}├write 1┤ ├write 2┤\n {2}process 1 +├read → 1┤ ✗/);
  });

  it('exits with 0 when nothing contradicts, and tells the model by itself', async () => {
    const good = STALE.replace(':f :read, :value 1', ':f :read, :value 2');
    const { code, stdout } = await cli(['check', file('good.edn', good), '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout) as ConsistencyVerdict).toMatchObject({ verdict: 'holds', kind: 'register' });
    writeFileSync(join(dir, 'good.edn.gz'), gzipSync(good));
    expect((await cli(['check', join(dir, 'good.edn.gz')])).code).toBe(0);
  });

  it.each([
    ['no such file', join('/nowhere', 'h.edn'), [], 'HF8041'],
    ['not a history', 'notes.txt', [], 'HF8041'],
    ['torn', 'torn.json', [], 'HF8041'],
    ['of another model', 'stale.edn', ['--model', 'queue'], 'HF8042'],
    ['judged for what it is not about', 'stale.edn', ['--expect', 'serializable'], 'HF8042'],
  ] as const)('%s: an error with a code', async (_, name, args, code) => {
    file('notes.txt', 'dear diary\n');
    file('torn.json', '{"process":0,"type":"invoke","f":"read","value":null}\n{"process":0,"ty');
    const result = await cli(['check', name.startsWith('/') ? name : join(dir, name), ...args]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(code);
    expect(result.stdout).toBe('');
  });
});

describe('stores', () => {
  it('one that keeps its word, and the same behind a cache that does not', async () => {
    const [honest, cached] = [await register({}), await register({ CACHE_MS: '200' })];
    const args = ['--workload', 'register', '--for', '2s', '--seed', '5'];
    const good = await cli(['check', '--on', honest, ...args]);
    expect(good.code, good.stdout + good.stderr).toBe(0);
    expect(good.stdout).toContain('Nothing contradicts linearizable');

    const history = join(dir, 'cached.jsonl');
    // How much of it two seconds show is the machine's business: it runs again when that was nothing.
    let bad = await cli(['check', '--on', cached, ...args, '--save', history, '-o', 'json']);
    for (let tries = 1; tries < 5 && bad.code === 0; tries++) {
      rmSync(history, { force: true });
      bad = await cli(['check', '--on', cached, ...args, '--save', history, '-o', 'json']);
    }
    expect(bad.code, bad.stderr).toBe(2);
    const verdict = JSON.parse(bad.stdout) as ConsistencyVerdict;
    expect(verdict).toMatchObject({ verdict: 'violated', checked: 'linearizable' });
    // Few enough to be understood at a glance.
    expect(verdict.contradictions[0]?.operations).toBeLessThanOrEqual(6);
    // The file gives the same verdict.
    expect(readFileSync(history, 'utf8').split('\n').length).toBeGreaterThan(20);
    const again = await cli(['check', history, '-o', 'json']);
    expect((JSON.parse(again.stdout) as ConsistencyVerdict).contradictions).toEqual(verdict.contradictions);
  });

  it('one that is not there: unknown, never confirmed', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}/`;
    const { code, stdout, stderr } = await cli(['check', '--on', nobody, '--for', '300ms']);
    expect(code).toBe(2);
    expect(stdout).toContain('Unknown');
    expect(stderr).toContain('No operation was done');
  });

  it('wrong usage', async () => {
    expect((await cli(['check'])).code).toBe(64);
    expect((await cli(['check', '--on', 'ftp://x'])).stderr).toContain('HF8051');
    expect((await cli(['check', '--on', 'http://x', '--workload', 'stack'])).code).toBe(64);
  });
});
