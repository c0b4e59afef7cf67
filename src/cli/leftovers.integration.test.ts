import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesOf } from './leftovers.ts';

const FOREVER = 'setInterval(() => {}, 1000); console.log("up")';
let directory: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'hf-left-')));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function start(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child.pid as number;
}

describe('processes of a state directory', () => {
  it('are its instances and its own parts, and nobody who merely names it', async () => {
    const program = join(directory, 'src/traffic/main.js');
    mkdirSync(join(directory, 'src/traffic'), { recursive: true });
    writeFileSync(program, FOREVER);
    const state = '/state/of/this-test';
    const instance = await start(['-e', FOREVER], { HOLDFAST_INSTANCE_DIR: `${state}/instances/a-1` });
    const part = await start([program, '--dir', `${state}/traffic`], {});
    await start(['-e', FOREVER, `${state}/server.log`], {});
    await start(['-e', FOREVER], { HOLDFAST_STATE_DIR: state });
    await start([program, '--dir', '/state/of/another/traffic'], {});
    const found = processesOf(state).map(({ pid }) => pid);
    expect(found.sort()).toEqual([instance, part].sort());
  });
});
