/** What "copy as CLI" gives, run in a real shell by the real command: the same operation must arrive at the server. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cliFor } from '../dashboard/src/view/cli.ts';
import type { OperatorCommand } from '../src/model/operator.ts';
import { run } from './support/cli.ts';
import { awaitingWorld } from './support/dashboard-fixture.ts';
import { DashboardServer } from './support/dashboard-server.ts';
import { CLI, ensureBuilt } from './support/paths.ts';

let server: DashboardServer;

beforeAll(async () => {
  ensureBuilt();
  const world = awaitingWorld();
  world.changes = world.changes.map((change) => ({
    ...change,
    undoable: change.id === 'chg-2' ? change.services : [],
  }));
  server = new DashboardServer(world);
  await server.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.operations.length = 0;
});

it.each<OperatorCommand>([
  { kind: 'restart', service: 'payments', instance: null },
  { kind: 'restart', service: 'payments', instance: 'payments-2' },
  { kind: 'scale', service: 'payments', replicas: 5 },
  { kind: 'rollback', service: 'payments', change: null },
  { kind: 'rollback', service: 'payments', change: 'chg-2' },
  { kind: 'silence', service: null, forMs: 1_800_000 },
  { kind: 'silence', service: 'mailer', forMs: 5_400_000 },
  { kind: 'unsilence', silence: 'sil-7' },
  { kind: 'mode', mode: 'observe' },
  { kind: 'approve', action: 'act-18' },
  { kind: 'reject', action: 'act-18' },
  { kind: 'override', action: 'act-19', rail: 'budget' },
  { kind: 'stop-all' },
  { kind: 'resume' },
])('%j', async (command) => {
  const why = `it's "over" $HOME \`x\` — done`;
  const script = `holdfast() { '${process.execPath}' '${CLI}' "$@"; }\n${cliFor(command, why)}`;
  const { code, stderr } = await run('sh', ['-c', script], { env: { HOLDFAST_SERVER: server.url } });
  expect(stderr).not.toMatch(/HF\d{4}/);
  expect(code).toBe(0);
  // What `undo` finds to be the last change it names, so that nothing else is undone that came since.
  const named = command.kind === 'rollback' ? { ...command, change: 'chg-2' } : command;
  expect(server.operations).toEqual([{ command: named, why }]);
});
