/** Experiments that recur on a real system: at their time, never two at once, and also after kill -9 of Holdfast. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ScheduleResource } from '../src/api/proof-resources.ts';
import { type CliResult, cli } from './support/cli.ts';
import { pause, TestSystem } from './support/system.ts';

/** Longer than the distance of its times: every second one finds the one before still under way. */
const SLOW = `
title: slow
description: it takes longer than until it is due again
method:
  - { type: probe, name: wait, tolerance: 0, provider: { type: process, path: sleep, arguments: ["2.5"] } }
`;
const CLOSED = `
title: closed
description: never within its windows
method: [{ type: probe, name: nothing, tolerance: 0, provider: { type: process, path: "true" } }]
x-holdfast: { windows: ["WINDOW"] }
`;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

let directory: string;
let system: TestSystem;
const ask = (...args: string[]): Promise<CliResult> =>
  cli([...args, '--state-dir', system.stateDir], { cwd: directory, timeoutMs: 30_000 });
const schedules = (): Promise<readonly ScheduleResource[]> => system.read((client) => client.schedules());
const runsOf = async (title: string) =>
  (await system.read((client) => client.proofs({ limit: 50 }))).filter(({ experiment }) => experiment === title);

function reached(
  what: string,
  withinMs: number,
  look: (last: ScheduleResource | undefined) => boolean | Promise<boolean>,
): Promise<true> {
  return system.waitFor(what, withinMs, async (client) => {
    const [first] = (await client.schedules()).filter(({ name }) => name === what.split(':')[0]);
    return (await look(first)) ? true : undefined;
  });
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hf-schedules-'));
  const file = join(directory, 'compose.yaml');
  writeFileSync(
    file,
    'name: timed\nservices:\n  idle: { command: ["sleep", "1000"], x-holdfast: { experiments: allow } }\n',
  );
  writeFileSync(join(directory, 'slow.yaml'), SLOW);
  const elsewhen = DAYS[(new Date().getDay() + 3) % 7] as string;
  writeFileSync(join(directory, 'closed.yaml'), CLOSED.replace('WINDOW', `${elsewhen} 03:00-03:01`));
  system = await TestSystem.start({ file, serverArguments: ['--schedule-least', '1s'] });
});

afterAll(async () => {
  await system?.stop();
  rmSync(directory, { recursive: true, force: true });
});

it('runs at its times, never two at once, only within windows, and after kill -9 too', async () => {
  const made = await ask('prove', 'slow.yaml', '--schedule', 'every 2s', '--name', 'often', '--reason', 'nightly');
  expect(made.stdout).toMatch(/^often runs every 2s, next at /);
  await reached('often: has run', 40_000, async () => (await runsOf('slow')).some(({ state }) => state === 'done'));
  expect((await runsOf('slow')).at(-1)).toMatchObject({ who: 'schedule often', why: 'nightly', state: 'done' });
  await reached('often: a time at which it was still running', 40_000, (one) => one?.last?.outcome === 'refused');

  const all = await runsOf('slow');
  const spans = all.flatMap(({ startedAt, endedAt }) => (startedAt && endedAt ? [[startedAt, endedAt] as const] : []));
  for (const [from, to] of spans) expect(spans.filter(([a, b]) => a < to && b > from)).toHaveLength(1);

  system.killServer();
  await pause(500);
  await system.startServer();
  const before = (await runsOf('slow')).length;
  await reached('often: runs again', 40_000, async () => (await runsOf('slow')).length > before);
  expect((await ask('get', 'schedules')).stdout).toMatch(/often +every 2s/);
  expect((await ask('prove', '--unschedule', 'often')).code).toBe(0);
  expect(await schedules()).toEqual([]);

  await reached('none: nothing is under way', 40_000, async () =>
    (await runsOf('slow')).every(({ state }) => state === 'done'),
  );
  await ask('prove', 'closed.yaml', '--schedule', 'every 1s', '--name', 'never');
  await reached('never: was refused', 30_000, (one) => one?.last?.outcome === 'refused');
  const [never] = await schedules();
  expect(never?.last?.detail).toContain('window');
  expect(await runsOf('closed')).toEqual([]);
});
