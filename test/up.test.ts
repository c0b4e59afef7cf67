/** A small system through its whole life, with the command alone: up, look, change, survive, down. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiFile, InstanceResource, ServiceResource } from '../src/api/resources.ts';
import { isAlive } from '../src/cli/connect.ts';
import { processesOf } from '../src/cli/leftovers.ts';
import { type CliResult, cli } from './support/cli.ts';
import { ensureBuilt } from './support/paths.ts';
import { freePort, pause } from './support/system.ts';

let directory: string;
let port: number;
const ask = (...args: string[]): Promise<CliResult> => cli(args, { cwd: directory, timeoutMs: 90_000 });
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await ask(...args, '-o', 'json')).stdout) as T;
const stateDir = (): string => join(directory, '.holdfast');
const api = (): ApiFile => JSON.parse(readFileSync(join(stateDir(), 'api.json'), 'utf8')) as ApiFile;
const pids = async (): Promise<(number | null)[]> =>
  (await json<InstanceResource[]>('get', 'instances')).map((instance) => instance.pid);

const PROGRAM = `
  const answer = process.env.ANSWER;
  console.log('answering ' + answer);
  require('http').createServer((q, r) => r.end(answer)).listen(process.env.PORT);
  process.on('SIGTERM', () => process.exit(0));`;

function write(change: { readonly answer?: string; readonly extra?: string } = {}): void {
  writeFileSync(join(directory, 'server.cjs'), PROGRAM);
  writeFileSync(
    join(directory, 'compose.yaml'),
    `name: small
services:
  hello:
    command: ["node", "server.cjs"]
    environment: { ANSWER: "${change.answer ?? '$GREETING'}" }
    ports: ["127.0.0.1:${port}:80"]
    deploy: { replicas: 2, update_config: { monitor: 500ms } }
${change.extra ?? ''}`,
  );
  writeFileSync(join(directory, '.env'), 'GREETING=hello\n');
}

/** Healthy, and nothing is being rolled out. */
async function settle(): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const services = await json<ServiceResource[]>('get', 'services');
    if (services.every(({ health, rollout }) => health === 'healthy' && rollout === null)) return;
    await pause(100);
  }
  throw new Error('the system does not settle');
}

async function answer(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

beforeAll(async () => {
  ensureBuilt();
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'hf-up-')));
  port = await freePort();
});

afterAll(async () => {
  if (existsSync(join(stateDir(), 'api.json'))) await ask('down', '--yes');
  const left = processesOf(stateDir());
  for (const { pid } of left) process.kill(pid, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  expect(left).toEqual([]);
});

describe('a system', () => {
  it('is refused with a place and a suggestion when its file is wrong, and nothing is started', async () => {
    write({ extra: '    replcias: 3\n' });
    const { code, stderr } = await ask('up');
    expect(code).toBe(1);
    expect(stderr).toMatch(/compose\.yaml:8:5: HF1003 .*replcias/);
    expect((await ask('plan')).stderr).toBe(stderr);
    expect(processesOf(stateDir())).toEqual([]);
    expect(existsSync(stateDir())).toBe(false);
  });

  it('is planned where no server runs', async () => {
    write();
    const { code, stdout, stderr } = await ask('plan');
    expect(code, stderr).toBe(0);
    expect(stdout).toBe('small: 1 to add (1 service)\n+ hello: start 2 instances\n');
    expect(stderr).toContain('holdfast up -f');
    expect(existsSync(stateDir())).toBe(false);
  });

  it('comes up with variables from .env, and says where it is', async () => {
    write();
    const { code, stderr } = await ask('up');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain(`http://127.0.0.1:${port}`);
    expect(stderr).toContain('dashboard  http://127.0.0.1:');
    expect(await answer()).toBe('hello');
    expect((await ask('status', '--check')).stdout).toMatch(/^● /);
    expect((await ask('logs', 'hello')).stdout).toMatch(/hello-1 │ answering hello\nhello-2 │ answering hello\n/);
  });

  it('has nothing to plan when nothing changed, and says what a change would do', async () => {
    expect((await ask('plan', '--check')).code).toBe(0);
    write({ answer: 'bye' });
    const planned = await ask('plan', '--check');
    expect(planned.code).toBe(2);
    expect(planned.stdout).toMatch(/~ hello: .*\n +environment\.ANSWER: "hello" → "bye"/);
    expect(await answer()).toBe('hello');
  });

  it('refuses a plan of an older state, applies a fresh one, and undoes it', async () => {
    const index = /--index (\d+)/.exec((await ask('plan')).stderr)?.[1] as string;
    expect((await ask('scale', 'hello=3')).code).toBe(0);
    const moved = await ask('apply', '--index', index);
    expect([moved.code, moved.stderr.includes('HF5001')]).toEqual([1, true]);
    const applied = await ask('apply', '--wait', '--reason', 'a new word');
    expect(applied.code, applied.stderr).toBe(0);
    expect(await answer()).toBe('bye');
    const changes = await json<{ why: string }[]>('get', 'changes');
    expect(changes.some(({ why }) => why === 'a new word')).toBe(true);
    expect((await ask('undo', 'hello', '--reason', 'back')).code).toBe(0);
    await settle();
    expect(await answer()).toBe('hello');
  });

  it('is not run twice on one state directory', async () => {
    const second = await ask('serve', '--state-dir', stateDir());
    expect(second.code).not.toBe(0);
    expect(second.stderr).toContain('HF2001');
  });

  it('survives kill -9 of the server, and is adopted by the next', async () => {
    await settle();
    const before = await pids();
    const { pid } = api();
    process.kill(pid, 'SIGKILL');
    for (let tries = 0; tries < 100 && isAlive(pid); tries++) await pause(20);
    expect(await answer()).toBe('hello');
    expect((await ask('status')).stderr).toContain('HF7001');
    write();
    expect((await ask('up')).code).toBe(0);
    expect(await pids()).toEqual(before);
    expect(api().pid).not.toBe(pid);
  });

  it('keeps its instances when only the server is stopped, and adopts them again', async () => {
    const before = await pids();
    expect((await ask('down', '--keep-instances', '--yes')).code).toBe(0);
    expect(await answer()).toBe('hello');
    expect((await ask('up')).code).toBe(0);
    expect(await pids()).toEqual(before);
  });

  it('restarts what it is told to, one at a time', async () => {
    const [first] = await json<ServiceResource[]>('get', 'services');
    const before = first?.instances.map((instance) => instance.pid) ?? [];
    expect((await ask('restart', 'hello-1', '--reason', 'test')).code).toBe(0);
    for (let tries = 0; tries < 200; tries++) {
      const now = await pids();
      if (now[0] !== null && now[0] !== before[0]) break;
      await pause(100);
    }
    await settle();
    const now = await pids();
    expect(now[0]).not.toBe(before[0]);
    expect(now.slice(1)).toEqual(before.slice(1));
  });

  it('has an intact journal whose replay decides the same', async () => {
    const verified = await ask('journal', 'verify', '--replay');
    expect(verified.code, `${verified.stdout}${verified.stderr}`).toBe(0);
    expect(verified.stdout).toMatch(/^✓ intact: \d+ entries .*decisions? came out the same/);
  });

  it('goes down completely', async () => {
    const down = await ask('down', '--yes');
    expect(down.code, down.stderr).toBe(0);
    expect(processesOf(stateDir())).toEqual([]);
    await expect(answer()).rejects.toThrow();
  });
});
