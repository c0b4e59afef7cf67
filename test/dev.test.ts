/** `holdfast dev` as a newcomer meets it: piped. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnv } from './support/cli.ts';
import { DevSessions, until } from './support/dev-session.ts';
import { CLI, ensureBuilt } from './support/paths.ts';
import { pause } from './support/system.ts';

const sessions = new DevSessions();
let child: ChildProcess | undefined;

beforeAll(ensureBuilt);
afterAll(() => sessions.remove());

afterEach(async () => {
  child?.kill('SIGTERM');
  await until(
    'the end of dev',
    60_000,
    () => child === undefined || child.exitCode !== null || child.signalCode !== null,
  );
  child = undefined;
  expect(sessions.leftBehind()).toEqual([]);
});

function startDev(args: readonly string[]): {
  output: () => string;
  errors: () => string;
  exit: Promise<number | null>;
} {
  const started = spawn(process.execPath, [CLI, 'dev', ...args], {
    env: cleanEnv(sessions.environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  let output = '';
  let errors = '';
  started.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  started.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return {
    output: () => output,
    errors: () => errors,
    exit: new Promise((resolve) => started.on('close', resolve)),
  };
}

describe('holdfast dev', () => {
  it('breaks something, judges what Holdfast made of it, and leaves nothing behind', async () => {
    const dev = startDev(['--break-after', '3s', '--fault', 'kill', '--target', 'payments-2', '--once', '--json']);
    const code = await dev.exit;
    expect(dev.errors()).toContain('injected  kill -9 payments-2');
    const verdict = JSON.parse(dev.output()) as Record<string, unknown>;
    expect(verdict).toMatchObject({
      fault: 'kill',
      target: 'payments-2',
      verdict: 'match',
      blamed: { entity: 'payments-2', faultClass: 'software' },
      leftBehind: [],
    });
    for (const key of ['detectedMs', 'explainedMs', 'repairedMs']) expect(typeof verdict[key]).toBe('number');
    expect(verdict.detectedMs as number).toBeLessThan(5_000);
    expect(code).toBe(0);
  });

  it('shows its first line within seconds, and works while its ports are taken', async () => {
    const taken = await Promise.all([occupy(7420), occupy(8088)]);
    try {
      const dev = startDev([]);
      await until('a sentence', 30_000, () => /^[●◐○?-] /m.test(dev.output()));
      // It does not wait for the system to be healthy.
      expect(/^[●◐○?-] /m.exec(dev.output())?.[0]).not.toBe('● ');
      const url = /dashboard (http:\S+)/.exec(dev.output())?.[1];
      expect(url).toBeDefined();
      expect(url).not.toContain(':7420');
      const page = await fetch(`${url}/healthz`);
      expect(page.status).toBe(200);
      await until('a healthy system', 60_000, () => /^● /m.test(dev.output()));
      child?.kill('SIGINT');
      await dev.exit;
      expect(dev.errors()).toContain('nothing is left behind');
    } finally {
      for (const server of taken) server?.close();
    }
  });

  it('cleans up when it is interrupted while it starts', async () => {
    const dev = startDev([]);
    await until('the state directory', 30_000, () => sessions.names.length > 0);
    await pause(300);
    child?.kill('SIGINT');
    await dev.exit;
    expect(sessions.leftBehind()).toEqual([]);
  });
});

/** Undefined when somebody else holds the port: it is taken all the same. */
function occupy(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
