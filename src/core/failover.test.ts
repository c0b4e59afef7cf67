import { describe, expect, it } from 'vitest';
import { serviceSpec } from '../../test/support/fake-view.ts';
import type { AgentCommand, LaunchSpec, SyncSet } from '../model/link.ts';
import type { RoleSignal, Signal } from '../model/signal.ts';
import type { FailoverPolicy } from '../model/spec.ts';
import type { CoreInput } from './contract.ts';
import { createCore, restoreCore } from './index.ts';

const OPTIONS = { seed: 1, portRange: [20_000, 20_100], node: 'n1' } as const;

const POLICY: FailoverPolicy = {
  engine: 'postgres',
  synchronous: 'on',
  maxLagBytes: 1_000,
  promoteWithinMs: 5_000,
  allowLoss: false,
  hooks: null,
};

/** A core and an agent that does as it is told, with two databases that are what they are said to be. */
class Rig {
  core = createCore(OPTIONS);
  now = 0;
  readonly sent: AgentCommand[] = [];
  readonly lives = new Map<string, LaunchSpec>();
  /** Promotions are heard of, and nothing comes of them. */
  deaf = false;

  constructor(policy: Partial<FailoverPolicy> = {}, replicas = 2) {
    const db = serviceSpec('db', {
      replicas,
      ports: [{ name: '5432', target: 5432, published: null, protocol: 'tcp', fixed: false }],
      failover: { ...POLICY, ...policy },
    });
    const spec = { name: 'test', baseDir: '/', services: { db }, policy: { mode: 'auto', maxDisruption: 1 } } as const;
    this.feed({ kind: 'apply', spec, change: { who: 'ann', why: 'test', expectIndex: null } });
    this.run(1_000);
  }

  feed(input: CoreInput): void {
    for (const output of this.core.step(input, this.now)) {
      if (output.kind !== 'command') continue;
      this.sent.push(output.command);
      this.#obey(output.command);
    }
  }

  say(...signals: Signal[]): void {
    this.feed({ kind: 'agent', message: { kind: 'signals', node: 'n1', signals } });
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 100;
      this.feed({ kind: 'tick', wallMs: this.now });
    }
  }

  #obey(command: AgentCommand): void {
    if (command.kind === 'routes') {
      const { version } = command.table;
      this.feed({ kind: 'agent', message: { kind: 'routes-applied', node: 'n1', version, failed: [] } });
    } else if (command.kind === 'start') {
      const { launch } = command;
      const { instance, incarnation, role } = launch;
      this.lives.set(instance, launch);
      const of = { instance, incarnation, at: this.now };
      this.say(
        { ...of, kind: 'started', process: { pid: 1, startTicks: '1', bootId: 'b' } },
        { ...of, kind: 'check', purpose: 'liveness', pass: true, latencyMs: 1, error: null },
      );
      this.role(instance, role?.role ?? 'standby', role?.token ?? 0);
    } else if (command.kind === 'kill') {
      this.end(command.instance);
    } else if (command.kind === 'role' && !this.deaf) {
      this.role(command.instance, command.role, command.token, { syncVersion: command.sync?.version ?? null });
    }
  }

  role(instance: string, role: 'primary' | 'standby', token: number, rest: Partial<RoleSignal> = {}): void {
    const incarnation = this.lives.get(instance)?.incarnation ?? 0;
    const blank = { follows: null, near: [], caughtUp: [], syncVersion: null };
    this.say({ kind: 'role', instance, incarnation, at: this.now, role, token, ...blank, ...rest });
  }

  /** The primary sees its standby, and has it among those that writes wait for. */
  catchUp(primary: string, token: number, ...standbys: string[]): void {
    this.role(primary, 'primary', token, { near: standbys });
    this.run(100);
    this.role(primary, 'primary', token, {
      near: standbys,
      caughtUp: standbys,
      syncVersion: this.lastSync?.version ?? null,
    });
    this.run(100);
  }

  end(instance: string): void {
    const incarnation = this.lives.get(instance)?.incarnation ?? 0;
    const exit = {
      at: this.now,
      reason: 'signal',
      code: null,
      signal: 'SIGKILL',
      detail: null,
      lastOutput: [],
    } as const;
    this.say({ kind: 'exit', instance, incarnation, at: this.now, exit });
  }

  orders(): string[] {
    return this.sent.flatMap((each) => (each.kind === 'role' ? [`${each.role} ${each.instance} ${each.token}`] : []));
  }

  get lastSync(): SyncSet | null {
    return this.sent.flatMap((each) => (each.kind === 'role' && each.sync ? [each.sync] : [])).at(-1) ?? null;
  }

  get roles() {
    return this.core.view.failoverOf('db');
  }

  serving(): string[] {
    return (
      this.core.routes?.pools[0]?.members.filter(({ state }) => state === 'serve').map(({ instance }) => instance) ?? []
    );
  }
}

describe('failover', () => {
  it('begins with the first instance as the primary, and lets standbys wait for it', () => {
    const rig = new Rig();
    const starts = rig.sent.flatMap((each) => (each.kind === 'start' ? [each.launch] : []));
    expect(starts.map(({ instance, role }) => [instance, role?.role, role?.token])).toEqual([
      ['db-1', 'primary', 1],
      ['db-2', 'standby', 1],
    ]);
    expect(rig.serving()).toEqual(['db-1']);
  });

  it('promotes a caught-up standby of a dead primary in the same step, under a newer token', () => {
    const rig = new Rig();
    rig.catchUp('db-1', 1, 'db-2');
    expect(rig.roles).toMatchObject({ token: 1, holder: 'db-1', caughtUp: ['db-2'] });
    rig.sent.length = 0;
    rig.end('db-1');
    expect(rig.orders()[0]).toBe('primary db-2 2');
    expect(rig.roles).toMatchObject({ token: 2, holder: 'db-2', confirmed: true, previous: 'db-1' });
    rig.run(500);
    expect(rig.serving()).toEqual(['db-2']);
    const again = rig.sent.findLast((each) => each.kind === 'start');
    expect(again?.kind === 'start' && again.launch).toMatchObject({
      instance: 'db-1',
      role: { role: 'standby', token: 2 },
    });
  });

  it('starts the primary again in place while no standby has caught up', () => {
    const rig = new Rig();
    rig.end('db-1');
    rig.run(500);
    expect(rig.roles).toMatchObject({ token: 1, holder: 'db-1', confirmed: true });
    expect(rig.serving()).toEqual(['db-1']);
  });

  it('takes a standby off the list before the primary is told to do without it', () => {
    const rig = new Rig();
    rig.catchUp('db-1', 1, 'db-2');
    rig.sent.length = 0;
    rig.end('db-2');
    expect(rig.roles?.caughtUp).toEqual([]);
    expect(rig.lastSync?.names).toEqual([]);
  });

  it('strict: never has the primary do without', () => {
    const rig = new Rig({ synchronous: 'strict' });
    rig.catchUp('db-1', 1, 'db-2');
    rig.sent.length = 0;
    rig.end('db-2');
    rig.run(200);
    expect(rig.sent.every((each) => each.kind !== 'role' || each.sync === null || each.sync.names.length > 0)).toBe(
      true,
    );
  });

  it('believes nothing that was said under another list', () => {
    const rig = new Rig();
    rig.role('db-1', 'primary', 1, { near: ['db-2'], caughtUp: ['db-2'], syncVersion: 999 });
    rig.run(200);
    expect(rig.roles?.caughtUp).toEqual([]);
  });

  it('ends what calls itself primary without the token', () => {
    const rig = new Rig();
    rig.sent.length = 0;
    rig.role('db-2', 'primary', 1);
    expect(rig.sent.some((each) => each.kind === 'kill' && each.instance === 'db-2')).toBe(true);
    expect(rig.serving()).toEqual(['db-1']);
  });

  it('goes back to the old primary, under a third token, when the promotion comes to nothing', () => {
    const rig = new Rig();
    rig.catchUp('db-1', 1, 'db-2');
    rig.deaf = true;
    rig.end('db-1');
    expect(rig.serving()).toEqual([]);
    rig.run(7_000);
    expect(rig.roles).toMatchObject({ token: 3, holder: 'db-1', previous: 'db-2' });
    expect(rig.serving()).toEqual(['db-1']);
  });

  it('goes on after a restart with what it had begun', () => {
    const rig = new Rig();
    rig.catchUp('db-1', 1, 'db-2');
    rig.deaf = true;
    rig.end('db-1');
    rig.core = restoreCore(OPTIONS, rig.core.snapshot());
    rig.deaf = false;
    rig.sent.length = 0;
    rig.run(3_000);
    expect(rig.orders()[0]).toBe('primary db-2 2');
    expect(rig.roles).toMatchObject({ token: 2, holder: 'db-2', confirmed: true });
  });

  it('routes: whoever has not the token is fenced, and the pool carries it', () => {
    const rig = new Rig();
    expect(rig.core.routes?.pools[0]).toMatchObject({ token: 1 });
    const states = rig.core.routes?.pools[0]?.members.map(({ instance, state }) => `${instance} ${state}`);
    expect(states).toEqual(['db-1 serve', 'db-2 fenced']);
  });
});
