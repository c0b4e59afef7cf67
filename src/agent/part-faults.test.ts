/** The kill of a part against a stand-in that comes back, or does not, with doors that are real. */
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultReport } from '../model/fault.ts';
import type { Listener } from '../model/routes.ts';
import { PartFaults } from './part-faults.ts';
import type { PartPort } from './ports.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function listen(port = 0): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    servers.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ server, port: (server.address() as { port: number }).port }));
  });
}

const door = (port: number): Listener => ({ id: `a→b:${port}`, host: '127.0.0.1', port, caller: 'a', pool: 'b' });

/** Killed, it closes its door; `back` opens it again under another pid. */
async function open() {
  const { server, port } = await listen();
  let processes: number[] = [11];
  let serving: number | null = 11;
  const reports: FaultReport[] = [];
  const part: PartPort = {
    kill: () => {
      const [victim = null] = processes;
      [processes, serving] = [[], null];
      server.close();
      return victim;
    },
    serving: () => serving,
    processes: () => processes,
    listeners: () => [door(port), door(1)],
    onPart: () => undefined,
  };
  const faults = new PartFaults({
    port: part,
    clock: { now: () => performance.now() },
    report: (told) => reports.push(...told),
  });
  const back = async (pids: readonly number[] = [12], doors = true): Promise<void> => {
    if (doors) await listen(port);
    [processes, serving] = [[...pids], pids[0] ?? null];
  };
  const until = (phase: string) => expect.poll(() => reports.at(-1)?.phase).toBe(phase);
  return { faults, reports, back, until };
}

const order = (parameters: object) =>
  ({ id: 'f-1', kind: 'kill-part', parameters, instance: null, from: null, leaseMs: 1_000, holder: 'p' }) as never;

describe('the kill of a part', () => {
  it('is over when another one is in its place and what was open is open again', async () => {
    const { faults, reports, back, until } = await open();
    faults.inject(order({ part: 'traffic' }));
    await until('active');
    expect(reports[0]?.bite).toMatchObject({ measured: 1, bitten: true });
    faults.changed({ state: 'lost', pid: 11, outMs: 0 });
    expect(await faults.residue(['f-1'])).toContain('no traffic process serves');
    await back();
    await until('ended');
    const { part, end } = reports.at(-1) as FaultReport;
    expect(end).toMatchObject({ reason: 'asked', residue: [] });
    // The door that was closed before is not held against it.
    expect(part).toMatchObject({ killed: 11, successor: 12, endpoints: 1, open: 1 });
    expect(part?.noticedAfterMs).toBeGreaterThan(0);
    expect(part?.backAfterMs).toBeGreaterThan(0);
    expect(await faults.residue(['f-1'])).toEqual([]);
  });

  it('is over at the end of its time when nobody takes its place', async () => {
    const { faults, reports, until } = await open();
    faults.inject(order({ part: 'traffic', withinMs: 150 }));
    await until('ended');
    expect(reports.at(-1)?.part).toMatchObject({ noticedAfterMs: null, backAfterMs: null, successor: null, open: 0 });
    expect(await faults.residue(['f-1'])).toEqual([
      'no traffic process serves',
      expect.stringMatching(/^a→b:\d+ takes no connection/),
    ]);
  });

  it('names a second process, and a door that stays closed', async () => {
    const { faults, reports, back, until } = await open();
    faults.inject(order({ part: 'traffic', withinMs: 300 }));
    await until('active');
    await back([12, 13], false);
    await until('ended');
    expect(reports.at(-1)?.part).toMatchObject({ successor: 12, endpoints: 1, open: 0 });
    const left = await faults.residue(['f-1']);
    expect(left[0]).toBe('2 traffic processes run: 12, 13');
    expect(left).toHaveLength(2);
    expect(await faults.residue(['f-2'])).toEqual([]);
  });

  it('fails when nothing runs, and when it is asked for what there is not', async () => {
    const { faults, reports, until } = await open();
    faults.inject(order({ part: 'server' }));
    await until('ended');
    expect(reports.at(-1)?.end).toMatchObject({ reason: 'failed', detail: expect.stringContaining('runs this') });
    faults.inject(order({ part: 'traffic', withinMs: 100 }));
    await until('active');
    await until('ended');
    faults.inject({ ...(order({ part: 'traffic' }) as object), id: 'f-9' } as never);
    await expect.poll(() => reports.at(-1)?.id).toBe('f-9');
    expect(reports.at(-1)?.end?.detail).toContain('no traffic process runs');
  });
});
