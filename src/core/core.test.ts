import { describe, expect, it } from 'vitest';
import type { Change } from '../model/change.ts';
import type { FaultCommand, FaultRequest } from '../model/fault.ts';
import { bucketOf } from '../model/histogram.ts';
import { type AgentCommand, type FaultOrderCommand, isFaultOrder, type LaunchSpec } from '../model/link.ts';
import { type ClaimSignal, NO_CONNECTION, OUTSIDE, type Signal } from '../model/signal.ts';
import type { ServiceSpec, SystemSpec } from '../model/spec.ts';
import type { CoreInput, CoreOutput } from './contract.ts';
import { createCore, restoreCore } from './index.ts';

const OPTIONS = { seed: 1, portRange: [20_000, 20_100], node: 'n1' } as const;

function service(name: string, over: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    replicas: 1,
    run: { command: ['run', name], environment: {}, workingDir: '/', user: null },
    ports: [{ name: '80', target: 80, published: null, protocol: 'http', fixed: false }],
    dependsOn: [],
    healthcheck: {
      probe: { kind: 'http', port: '80', path: '/', headers: {}, expectStatus: [200, 299] },
      intervalMs: 1_000,
      timeoutMs: 1_000,
      retries: 2,
      successes: 1,
      startPeriodMs: 10_000,
      startIntervalMs: 100,
    },
    readiness: null,
    restart: { condition: 'any', delayMs: 1_000, maxDelayMs: 60_000, maxAttempts: 5, windowMs: 60_000 },
    resources: { memoryBytes: null, cpus: null, pids: null, openFiles: null },
    stop: { signal: 'SIGTERM', graceMs: 5_000, drainMs: 1_000 },
    update: {
      parallelism: 1,
      delayMs: 0,
      order: 'stop-first',
      failureAction: 'rollback',
      monitorMs: 1_000,
      maxFailureRatio: 0,
    },
    recovery: {
      mode: null,
      allow: ['restart', 'replace', 'eject', 'scale', 'rollback', 'failover', 'restore', 'isolate', 'page'],
      minAvailable: 0,
      cooldownMs: 10_000,
      verifyMs: 2_000,
      changeWindowMs: 600_000,
    },
    autoscale: null,
    failover: null,
    objectives: [],
    logs: { maxBytes: 1_000_000, maxFiles: 2 },
    experiments: 'refuse',
    labels: {},
    ...over,
  };
}

function system(...services: ServiceSpec[]): SystemSpec {
  return {
    name: 'test',
    baseDir: '/',
    services: Object.fromEntries(services.map((each) => [each.name, each])),
    policy: { mode: 'auto', maxDisruption: 1 },
  };
}

/** A core with an obedient agent: it starts and stops what it is told to, and passes every check. */
class Harness {
  core = createCore(OPTIONS);
  now = 0;
  readonly commands: AgentCommand[] = [];
  readonly alive = new Map<string, LaunchSpec>();
  /** Instances whose processes end as soon as they are started, besides versions that do. */
  readonly crashing = new Set<string>();
  /** Instances that nothing ends. */
  readonly immortal = new Set<string>();
  readonly faultOrders: FaultOrderCommand[] = [];
  #pending: Signal[] = [];

  feed(input: CoreInput): readonly CoreOutput[] {
    const outputs = this.core.step(input, this.now);
    for (const output of outputs) if (output.kind === 'command') this.#obey(output.command);
    return outputs;
  }

  apply(spec: SystemSpec, expectIndex: number | null = null): readonly CoreOutput[] {
    return this.feed({ kind: 'apply', spec, change: { who: 'ann', why: 'test', expectIndex } });
  }

  /** Lets time go by in ticks of 100 ms. */
  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 100;
      const signals = this.#pending.splice(0);
      if (signals.length > 0) this.signals(...signals);
      this.feed({ kind: 'tick', wallMs: this.now });
    }
  }

  signals(...signals: Signal[]): readonly CoreOutput[] {
    return this.feed({ kind: 'agent', message: { kind: 'signals', node: 'n1', signals } });
  }

  kill(instance: string): readonly CoreOutput[] {
    return this.signals(this.#exit(instance, 'SIGKILL'));
  }

  #exit(instance: string, signal: string | null): Signal {
    const { incarnation } = this.alive.get(instance) as LaunchSpec;
    this.alive.delete(instance);
    const how =
      signal === null
        ? { reason: 'code' as const, code: 1, signal }
        : { reason: 'signal' as const, code: null, signal };
    return {
      kind: 'exit',
      instance,
      incarnation,
      at: this.now,
      exit: { at: this.now, detail: null, lastOutput: [], ...how },
    };
  }

  #obey(command: AgentCommand): void {
    this.commands.push(command);
    if (command.kind === 'routes') {
      this.feed({
        kind: 'agent',
        message: { kind: 'routes-applied', node: 'n1', version: command.table.version, failed: [] },
      });
    } else if (command.kind === 'start') {
      const { instance, incarnation } = command.launch;
      this.alive.set(instance, command.launch);
      const at = this.now;
      this.#pending.push({
        kind: 'started',
        instance,
        incarnation,
        at,
        process: { pid: 1, startTicks: '1', bootId: 'b' },
      });
      if (this.crashing.has(instance) || command.launch.command[0] === '/bin/sh')
        this.#pending.push(this.#exit(instance, null));
      else
        this.#pending.push({
          kind: 'check',
          instance,
          incarnation,
          at,
          purpose: 'liveness',
          pass: true,
          latencyMs: 1,
          error: null,
        });
    } else if (isFaultOrder(command)) {
      this.faultOrders.push(command);
    } else if (command.kind !== 'forget' && this.immortal.has(command.instance)) {
      // Nothing happens.
    } else if (command.kind !== 'forget' && this.alive.get(command.instance)?.incarnation === command.incarnation) {
      this.#pending.push(this.#exit(command.instance, command.kind === 'kill' ? 'SIGKILL' : 'SIGTERM'));
    }
  }

  phases(): Record<string, string> {
    return Object.fromEntries(
      [...this.core.instances.values()].map(({ id, phase, ready }) => [id, ready ? 'ready' : phase]),
    );
  }

  started(): string[] {
    return this.commands.flatMap((command) =>
      command.kind === 'start' ? [`${command.launch.instance}#${command.launch.incarnation}`] : [],
    );
  }
}

describe('starting', () => {
  it('starts dependencies first, and waits until they are healthy', () => {
    const h = new Harness();
    h.apply(
      system(service('web', { dependsOn: [{ service: 'db', condition: 'healthy', required: true }] }), service('db')),
    );
    expect(h.started()).toEqual(['db-1#1']);
    expect(h.core.instances.get('web-1')?.waitingFor).toBe('waits for db to be healthy');
    h.run(500);
    expect(h.started()).toEqual(['db-1#1', 'web-1#1']);
    expect(h.phases()).toEqual({ 'db-1': 'ready', 'web-1': 'ready' });
  });

  it('tells an instance its port and the addresses of its dependencies', () => {
    const h = new Harness();
    h.apply(
      system(
        service('web', { dependsOn: [{ service: 'my-db', condition: 'started', required: true }] }),
        service('my-db'),
      ),
    );
    h.run(500);
    const { environment, ports } = h.alive.get('web-1') as LaunchSpec;
    const listener = h.core.routes?.listeners.find(({ caller }) => caller === 'web');
    expect(environment.PORT).toBe(String(ports['80']));
    expect(environment.PORT_80).toBe(environment.PORT);
    expect(environment.MY_DB_URL).toBe(`http://127.0.0.1:${listener?.port}`);
    expect(environment.HOLDFAST_INSTANCE).toBe('web-1');
  });

  it('tries other ports when these are taken', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    const first = h.alive.get('web-1') as LaunchSpec;
    h.alive.delete('web-1');
    h.feed({
      kind: 'agent',
      message: {
        kind: 'command-failed',
        node: 'n1',
        id: 'x',
        command: 'start',
        instance: 'web-1',
        incarnation: 1,
        at: h.now,
        reason: 'port-taken',
        error: 'taken',
      },
    });
    const second = h.alive.get('web-1') as LaunchSpec;
    expect(second.incarnation).toBe(2);
    expect(second.ports['80']).not.toBe(first.ports['80']);
  });
});

describe('proof of a cause by its repair', () => {
  /** A second of calls from outside to every ready instance of web. */
  function traffic(h: Harness, failing: (instance: string) => boolean): void {
    const windows = [...h.core.instances.values()]
      .filter(({ ready, ejected }) => ready && !ejected)
      .map(({ id }): Signal => {
        const status5xx = failing(id) ? 18 : 0;
        return {
          kind: 'edge',
          at: h.now,
          windowMs: 1_000,
          caller: OUTSIDE,
          callee: 'web',
          instance: id,
          protocol: 'http',
          requests: 30,
          failures: { connect: 0, reset: 0, timeout: 0, status5xx, unavailable: 0 },
          retried: 0,
          latency: [[80, 30]],
          inFlight: 0,
          oldestWaitMs: 0,
        };
      });
    h.signals(...windows);
    h.run(1_000);
  }
  const proofs = (h: Harness) => h.core.incidents.map(({ proof }) => proof);
  const operate = (h: Harness, incident: string) =>
    h
      .feed({ kind: 'operator', command: { kind: 'prove', incident }, who: 'ann', why: 'test' })
      .find(({ kind }) => kind === 'reply');

  it('is told when the symptoms go with the life that died', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 2 })));
    h.run(5_000);
    h.kill('web-1');
    h.run(20_000);
    expect(proofs(h)).toMatchObject([{ verdict: 'confirmed', accused: 'web-1', by: 'restart web-1' }]);
    const id = h.core.incidents[0]?.id as string;
    expect(operate(h, id)).toMatchObject({ ok: true, detail: expect.stringMatching(/^confirmed: /) });
    expect(operate(h, 'inc-99')).toMatchObject({ ok: false, code: 'HF5003' });
  });

  it('compares the damage before and after', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3 })));
    h.run(5_000);
    for (let i = 0; i < 30; i++) traffic(h, () => false);
    const life = h.core.instances.get('web-2')?.incarnation;
    for (let i = 0; i < 40; i++) {
      traffic(h, (id) => id === 'web-2' && h.core.instances.get(id)?.incarnation === life);
    }
    expect(h.core.incidents[0]?.diagnosis).toMatchObject({
      sentence: expect.stringMatching(/^\d+ of \d+ extra failed requests start in web/),
      sensitivity: { overturned: [] },
    });
    expect(proofs(h)[0]).toMatchObject({
      verdict: 'confirmed',
      accused: 'web-2',
      text: expect.stringMatching(/^\d+ % of the damage went away with it, 100 % was predicted/),
    });
  });

  it('refutes a cause whose reversal changes nothing', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3 })));
    h.run(5_000);
    for (let i = 0; i < 30; i++) traffic(h, () => false);
    for (let i = 0; i < 80; i++) traffic(h, () => true);
    expect(proofs(h)[0]).toMatchObject({
      verdict: 'refuted',
      accused: 'web',
      by: expect.stringMatching(/^restart web-/),
    });
  });
});

describe('ending', () => {
  it('that was asked for is no sign of anything; one that nobody asked for is', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    h.run(2_000);
    const command = { kind: 'restart', service: 'web', instance: 'web-1' } as const;
    h.feed({ kind: 'operator', command, who: 'ann', why: 'test' });
    h.run(5_000);
    expect(h.started()).toEqual(['web-1#1', 'web-1#2']);
    expect(h.core.view.exitsOf('web-1')).toEqual([]);
    h.kill('web-1');
    expect(h.core.view.exitsOf('web-1')).toMatchObject([{ signal: 'SIGKILL' }]);
  });

  it('begins no second life while the first cannot be ended', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    h.run(2_000);
    h.immortal.add('web-1');
    h.feed({
      kind: 'operator',
      command: { kind: 'restart', service: 'web', instance: 'web-1' },
      who: 'ann',
      why: 'test',
    });
    h.run(2_000);
    const failed = { kind: 'command-failed', node: 'n1', id: 'x', command: 'kill', instance: 'web-1' } as const;
    const told = h.feed({
      kind: 'agent',
      message: { ...failed, incarnation: 1, at: h.now, reason: 'unknown', error: 'HF3009' },
    });
    expect(told).toContainEqual(expect.objectContaining({ kind: 'event' }));
    h.run(20_000);
    expect(h.started()).toEqual(['web-1#1']);
    h.immortal.clear();
    h.run(20_000);
    expect(h.started()).toEqual(['web-1#1', 'web-1#2']);
  });
});

describe('autoscaling', () => {
  const policy = { min: 1, max: 4, metric: 'cpu', target: 0.5 } as const;
  const load = (h: Harness, cpuCores: number, ms: number): void => {
    for (const end = h.now + ms; h.now < end; h.run(1_000)) {
      const samples = [...h.alive.values()].map(({ instance, incarnation }) => ({
        ...{ kind: 'resource' as const, instance, incarnation, at: h.now, cpuCores, memoryBytes: 1 },
        ...{ memoryLimitBytes: null, openFiles: 1, openFilesLimit: null, processes: 1, state: 'S' },
      }));
      h.signals(...samples);
    }
  };

  it('follows the load up, tells why, and keeps its size when the same file is applied again', () => {
    const h = new Harness();
    const spec = system(service('web', { autoscale: policy }));
    h.apply(spec);
    load(h, 0.9, 60_000);
    expect([...h.alive.keys()].sort()).toEqual(['web-1', 'web-2', 'web-3', 'web-4']);
    expect(h.core.changes.at(-1)).toMatchObject({
      kind: 'scale',
      who: 'holdfast',
      why: expect.stringContaining('cpu'),
    });
    h.apply(spec);
    h.run(5_000);
    expect(h.alive.size).toBe(4);
  });

  it('comes down when the load has been away for five minutes', () => {
    const h = new Harness();
    h.apply(system(service('web', { autoscale: policy })));
    load(h, 0.9, 60_000);
    load(h, 0.05, 240_000);
    expect(h.alive.size).toBe(4);
    load(h, 0.05, 120_000);
    expect([...h.alive.keys()]).toEqual(['web-1']);
  });

  it('only advises while automation is stopped', () => {
    const h = new Harness();
    h.apply(system(service('web', { autoscale: policy })));
    h.feed({ kind: 'operator', command: { kind: 'stop-all' }, who: 'ann', why: 'hands off' });
    load(h, 0.9, 60_000);
    expect(h.alive.size).toBe(1);
  });
});

describe('changing', () => {
  it('refuses an apply whose plan is older than the state', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    const outputs = h.apply(system(service('web', { replicas: 2 })), 0);
    expect(outputs).toContainEqual(expect.objectContaining({ kind: 'reply', ok: false, code: 'HF5001' }));
    expect(h.core.spec?.services.web?.replicas).toBe(1);
  });

  it('rolls a new revision out one instance at a time, and keeps the others serving', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3 })));
    h.run(1_000);
    const next = service('web', {
      replicas: 3,
      run: { command: ['run', 'v2'], environment: {}, workingDir: '/', user: null },
    });
    h.apply(system(next));
    let least = 3;
    for (let step = 0; step < 150; step++) {
      h.run(100);
      least = Math.min(least, Object.values(h.phases()).filter((phase) => phase === 'ready').length);
    }
    expect(least).toBe(2);
    expect(h.core.rolloutOf('web')).toBeNull();
    expect([...h.alive.values()].map(({ command }) => command[1])).toEqual(['v2', 'v2', 'v2']);
    expect(h.core.incidents).toEqual([]);
  });

  it('takes over a changed policy of the system, and an unchanged one does not undo what an operator set', () => {
    const h = new Harness();
    const spec = system(service('web'));
    h.apply(spec);
    h.feed({ kind: 'operator', command: { kind: 'mode', mode: 'observe' }, who: 'ann', why: 'look' });
    h.apply(spec);
    expect(h.core.mode).toBe('observe');
    h.apply({ ...spec, policy: { ...spec.policy, mode: 'approve' } });
    expect(h.core.mode).toBe('approve');
    expect(h.core.changes.at(-1)?.content).toEqual(['policy: mode: auto → approve']);
  });

  it('does not touch running instances when only policies change', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    h.run(1_000);
    const recovery = { ...service('web').recovery, cooldownMs: 1 };
    h.apply(system(service('web', { recovery })));
    h.run(3_000);
    expect(h.started()).toEqual(['web-1#1']);
  });

  it('stops a removed service after those that need it, and forgets it', () => {
    const h = new Harness();
    h.apply(
      system(
        service('web', { dependsOn: [{ service: 'db', condition: 'started', required: true }] }),
        service('db'),
        service('other'),
      ),
    );
    h.run(1_000);
    const failures = { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 };
    const edge = { kind: 'edge', windowMs: 1_000, protocol: 'http', retried: 0, inFlight: 0, oldestWaitMs: 0 } as const;
    h.signals({
      ...edge,
      at: h.now,
      caller: 'web',
      callee: 'db',
      instance: 'db-1',
      requests: 1,
      failures,
      latency: [],
    });
    expect(h.core.view.edges.pairs()).toHaveLength(1);
    h.apply(system(service('other')));
    h.run(5_000);
    expect(h.core.view.edges.pairs()).toEqual([]);
    const stops = h.commands.flatMap((command) => (command.kind === 'stop' ? [command.instance] : []));
    expect(stops).toEqual(['web-1', 'db-1']);
    expect(h.phases()).toEqual({ 'other-1': 'ready' });
    expect([...h.core.view.services.keys()]).toEqual(['other']);
  });

  it('goes back to the revision before on request', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    h.run(1_000);
    h.apply(system(service('web', { run: { command: ['run', 'v2'], environment: {}, workingDir: '/', user: null } })));
    h.run(5_000);
    h.feed({
      kind: 'operator',
      command: { kind: 'rollback', service: 'web', change: null },
      who: 'ann',
      why: 'v2 is slow',
    });
    h.run(5_000);
    expect(h.alive.get('web-1')?.command).toEqual(['run', 'web']);
    expect(h.core.spec?.services.web?.run.command).toEqual(['run', 'web']);
    expect(h.core.changes.at(-1)).toMatchObject({ kind: 'rollback', who: 'ann' });
    const undo = (change: string | null) =>
      h.feed({ kind: 'operator', command: { kind: 'rollback', service: 'web', change }, who: 'ann', why: '' });
    undo(null);
    expect(h.core.changes).toHaveLength(3);
    expect(h.core.spec?.services.web?.run.command).toEqual(['run', 'web']);
    undo(h.core.changes.at(-1)?.id ?? null);
    expect(h.core.spec?.services.web?.run.command).toEqual(['run', 'v2']);
    expect(h.core.changes.at(-1)?.content).toEqual(h.core.changes[1]?.content);
  });

  it('brings everything down, dependants first, and up again in order', () => {
    const h = new Harness();
    const spec = system(
      service('web', { dependsOn: [{ service: 'db', condition: 'healthy', required: true }] }),
      service('db'),
    );
    h.apply(spec);
    h.run(1_000);
    h.feed({ kind: 'operator', command: { kind: 'down', service: null }, who: 'ann', why: 'night' });
    h.run(5_000);
    expect(h.phases()).toEqual({ 'db-1': 'exited', 'web-1': 'exited' });
    expect(h.core.incidents).toEqual([]);
    h.apply(spec);
    h.run(2_000);
    expect(h.started()).toEqual(['db-1#1', 'web-1#1', 'db-1#2', 'web-1#2']);
  });
});

describe('faults', () => {
  it('restarts a killed instance in the very step that learns of it', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3 })));
    h.run(2_000);
    const outputs = h.kill('web-2');
    expect(outputs).toContainEqual(
      expect.objectContaining({ kind: 'command', command: expect.objectContaining({ kind: 'start' }) }),
    );
    h.run(10_000);
    const incident = h.core.incidents[0];
    expect(incident).toMatchObject({ status: 'resolved' });
    expect(incident?.diagnosis?.causes[0]).toMatchObject({ faultClass: 'software', entity: { name: 'web-2' } });
    expect(incident?.plans.map(({ status }) => status)).toEqual(['succeeded']);
  });

  it('rolls back a change that fails every replica, and blames the change', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3 })));
    h.run(20_000);
    for (const id of ['web-1', 'web-2', 'web-3']) h.crashing.add(id);
    h.apply(
      system(
        service('web', { replicas: 3, run: { command: ['run', 'bad'], environment: {}, workingDir: '/', user: null } }),
      ),
    );
    h.run(2_000);
    h.crashing.clear();
    h.run(40_000);
    expect([...h.alive.values()].map(({ command }) => command[1])).toEqual(['web', 'web', 'web']);
    expect(h.core.incidents[0]?.plans.flatMap(({ actions }) => actions.map(({ kind }) => kind))).toContain('rollback');
    const blamed = h.core.incidents[0]?.diagnosis?.causes[0];
    expect(blamed).toMatchObject({ faultClass: 'human', changeId: expect.stringMatching(/^chg-/) });
  });

  it('goes further at once when what was to repair failed, though an ejection beside it was done', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3 })));
    h.run(2_000);
    h.crashing.add('web-2');
    const { incarnation } = h.alive.get('web-2') as LaunchSpec;
    const detail = 'five calls in a row failed (status 500)';
    const stall = {
      kind: 'stall',
      instance: 'web-2',
      incarnation,
      at: h.now,
      waitingRequests: 0,
      silentMs: 0,
    } as const;
    h.signals({ ...stall, state: 'erroring', detail });
    h.run(4_000);
    h.crashing.clear();
    const plans = h.core.incidents[0]?.plans ?? [];
    expect(plans[0]?.actions.map(({ kind, status }) => [kind, status])).toEqual([
      ['eject', 'done'],
      ['restart', 'failed'],
    ]);
    expect(plans[0]?.status).toBe('failed');
    h.run(20_000);
    expect(h.phases()).toEqual({ 'web-1': 'ready', 'web-2': 'ready', 'web-3': 'ready' });
  });

  it('repairs an instance that nobody calls and whose liveness check gets wrong answers', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 2 })));
    h.run(2_000);
    const { incarnation } = h.alive.get('web-2') as LaunchSpec;
    const check = { kind: 'check', instance: 'web-2', incarnation, purpose: 'liveness', latencyMs: 1 } as const;
    for (let fail = 0; fail < 2; fail++) {
      h.signals({ ...check, at: h.now, pass: false, error: 'status 500' });
      h.run(1_000);
    }
    expect(h.core.incidents[0]?.symptoms.map(({ id }) => id)).toEqual(['erroring:instance/web-2']);
    h.run(20_000);
    expect(h.phases()).toEqual({ 'web-1': 'ready', 'web-2': 'ready' });
    expect(h.started()).toContain('web-2#2');
  });

  it('leaves a caller alone that fell silent while its dependency was down, also when that is back', () => {
    const h = new Harness();
    h.apply(
      system(
        service('db'),
        service('web', { replicas: 2, dependsOn: [{ service: 'db', condition: 'healthy', required: true }] }),
      ),
    );
    h.run(3_000);
    const fellAt = h.now;
    h.kill('db-1');
    h.run(1_500);
    expect(h.phases()).toMatchObject({ 'db-1': 'ready' });
    const { incarnation } = h.alive.get('web-1') as LaunchSpec;
    const silentMs = h.now - fellAt;
    const detail = `silent for ${silentMs} ms`;
    const stall = { kind: 'stall', instance: 'web-1', incarnation, waitingRequests: 13, silentMs, detail } as const;
    h.signals({ ...stall, at: h.now, state: 'stalled' });
    h.run(1_000);
    h.signals({ ...stall, at: h.now, state: 'resumed' });
    h.run(15_000);
    const [incident] = h.core.incidents;
    expect(incident?.diagnosis?.causes[0]?.entity).toMatchObject({ name: 'db-1' });
    expect(incident?.plans.flatMap(({ actions }) => actions).map(({ kind, target }) => `${kind} ${target}`)).toEqual([
      'restart db-1',
    ]);
    expect(h.started()).not.toContain('web-1#2');
  });

  it('does not call it flapping that a caller falls silent whenever its dependency does', () => {
    const h = new Harness();
    const needs = [{ service: 'db', condition: 'healthy', required: true }] as const;
    h.apply(system(service('db'), service('web', { replicas: 2, dependsOn: needs })));
    h.run(3_000);
    for (let round = 0; round < 4; round++) {
      const { incarnation } = h.alive.get('web-1') as LaunchSpec;
      const stall = { kind: 'stall', instance: 'web-1', incarnation, waitingRequests: 9, silentMs: 900 } as const;
      h.kill('db-1');
      h.run(900);
      h.signals({ ...stall, at: h.now, state: 'stalled', detail: 'silent for 900 ms' });
      h.run(500);
      h.signals({ ...stall, at: h.now, state: 'resumed', detail: '' });
      h.run(8_000);
    }
    const symptoms = h.core.incidents.flatMap((incident) => incident.symptoms.map(({ id }) => id));
    expect(symptoms).toContain('hung:instance/web-1');
    expect(symptoms).toContain('flapping:instance/db-1');
    expect(symptoms).not.toContain('flapping:instance/web-1');
  });

  it('calls an instance that comes and goes what it was called each time', () => {
    const h = new Harness();
    const { recovery } = service('any');
    h.apply(system(service('web', { replicas: 3, recovery: { ...recovery, allow: ['page'] } })));
    h.run(2_000);
    const { incarnation } = h.alive.get('web-2') as LaunchSpec;
    const check = { kind: 'check', instance: 'web-2', incarnation, purpose: 'liveness', latencyMs: 1 } as const;
    for (let round = 0; round < 3; round++) {
      for (const error of [NO_CONNECTION, NO_CONNECTION, null, null, null]) {
        h.signals({ ...check, at: h.now, pass: error === null, error });
        h.run(1_000);
      }
    }
    h.run(12_000);
    const [incident] = h.core.incidents;
    const open = incident?.symptoms.filter(({ clearedAt }) => clearedAt === null).map(({ kind }) => kind);
    expect(open).toEqual(['flapping']);
    expect(incident?.diagnosis?.causes[0]).toMatchObject({ entity: { name: 'web-2' }, faultClass: 'network' });
  });

  it('tells of the end of an incident once', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3 })));
    h.run(2_000);
    h.kill('web-2');
    const told: string[] = [];
    for (let step = 0; step < 100; step++) {
      h.now += 100;
      for (const output of h.feed({ kind: 'tick', wallMs: h.now }))
        if (output.kind === 'event') told.push(output.event.text);
      h.run(100);
    }
    expect(h.core.incidents[0]?.timeline.filter(({ stage }) => stage === 'resolved')).toHaveLength(1);
    expect(new Set(told).size).toBe(told.length);
  });

  it('does nothing by itself while automation is stopped, and catches up when it is resumed', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    h.run(2_000);
    h.feed({ kind: 'operator', command: { kind: 'stop-all' }, who: 'ann', why: 'hands off' });
    h.kill('web-1');
    h.run(5_000);
    expect(h.started()).toEqual(['web-1#1']);
    h.feed({ kind: 'operator', command: { kind: 'resume' }, who: 'ann', why: 'go on' });
    h.run(3_000);
    expect(h.started()).toEqual(['web-1#1', 'web-1#2']);
  });
});

describe('outliving itself', () => {
  it('goes on from a snapshot as if nothing had happened', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 2 }), service('db')));
    h.run(1_000);
    h.kill('web-1');
    h.run(300);
    const copy = restoreCore(OPTIONS, h.core.snapshot());
    for (let at = h.now + 100; at < h.now + 20_000; at += 100) {
      const tick = { kind: 'tick', wallMs: at } as const;
      expect(copy.step(tick, at)).toEqual(h.core.step(tick, at));
    }
    expect(copy.snapshot()).toBe(h.core.snapshot());
  });

  it('takes an unseen death from the inventory as an exit, and leaves what runs alone', () => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 2 })));
    h.run(2_000);
    const launch = h.alive.get('web-1') as LaunchSpec;
    h.alive.delete('web-2');
    const process = { pid: 1, startTicks: '1', bootId: 'b' };
    const facts = {
      hostname: 'n1',
      platform: 'linux',
      cpus: 1,
      memoryBytes: 1,
      limits: 'sampling',
      notices: [],
    } as const;
    h.feed({
      kind: 'agent',
      message: {
        kind: 'inventory',
        node: 'n1',
        at: h.now,
        items: [{ launch, process, startedAt: 0, exit: null }],
        facts,
      },
    });
    h.run(3_000);
    expect(h.started()).toEqual(['web-1#1', 'web-2#1', 'web-2#2']);
    expect(h.core.incidents[0]?.symptoms[0]).toMatchObject({ kind: 'crashed', entity: { name: 'web-2' } });
  });
});

describe('changes on purpose', () => {
  const inject = (kind: string, parameters: FaultRequest['parameters']): CoreInput => ({
    kind: 'fault',
    command: {
      kind: 'inject',
      fault: {
        ...{ id: 'p-1', kind, parameters, instances: [], service: 'web', from: null, experiment: 'proof-1' },
        ...{ leaseMs: 10_000, instant: false },
      },
    },
    who: 'ann',
    why: 'test',
  });
  const replyOf = (outputs: readonly CoreOutput[]) => outputs.find(({ kind }) => kind === 'reply');
  const up = (over: Partial<ServiceSpec> = {}): Harness => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 2, experiments: 'allow', ...over })));
    h.run(20_000);
    return h;
  };
  const settings = { environment: { RATE: '0' } };
  const targetOf = ({ core }: Harness) => core.faults[0]?.targets[0];
  const rates = (h: Harness) => [...h.alive.values()].map(({ environment }) => environment.RATE);

  it('are blamed as anybody’s, and rolled back: then there is nothing left to restore', () => {
    const h = up();
    const before = h.core.spec;
    expect(replyOf(h.feed(inject('bad-deploy', { exit: 1 })))).toMatchObject({ ok: true, id: 'p-1' });
    expect(h.core.spec).not.toEqual(before);
    h.run(8_000);
    expect(h.core.incidents[0]?.diagnosis?.causes[0]).toMatchObject({ faultClass: 'human', changeId: 'chg-4' });
    expect(targetOf(h)).toMatchObject({
      phase: 'ended',
      bite: { asked: 2, measured: 1, bitten: true },
      end: { reason: 'rolled-back', residue: [] },
    });
    h.run(20_000);
    expect(h.core.spec).toEqual(before);
    expect(h.core.changes.map(({ kind, who }) => `${kind} ${who}`)).toEqual([
      'deploy ann',
      'deploy proof-1',
      'rollback holdfast',
    ]);
    expect(h.phases()).toEqual({ 'web-1': 'ready', 'web-2': 'ready' });
  });

  it('are restored when the lease is over, also by a core that has come back since', () => {
    const h = up();
    const before = h.core.spec;
    h.feed(inject('misconfigure', settings));
    h.run(6_000);
    // What an agent knows of faults says nothing about them.
    h.feed({ kind: 'agent', message: { kind: 'faults', node: 'n1', all: true, faults: [] } });
    expect(rates(h)).toContain('0');
    h.core = restoreCore(OPTIONS, h.core.snapshot());
    expect(targetOf(h)).toMatchObject({ phase: 'active', bite: { bitten: true } });
    h.now += 60_000;
    h.feed({ kind: 'tick', wallMs: h.now });
    expect(targetOf(h)).toMatchObject({ phase: 'ended', end: { reason: 'lease', residue: [] } });
    expect(h.core.spec).toEqual(before);
    h.run(20_000);
    expect(rates(h)).toEqual([undefined, undefined]);
    expect(h.core.changes.at(-1)).toMatchObject({
      kind: 'rollback',
      who: 'proof-1',
      content: ['undo web: environment.RATE: (none) → "0"'],
    });
    expect(h.core.incidents).toEqual([]);
  });

  it('last while they are renewed, and end when they are told to, and with the emergency stop', () => {
    const order = (h: Harness, command: FaultCommand) => h.feed({ kind: 'fault', command, who: 'ann', why: 'test' });
    const told = up();
    told.feed(inject('misconfigure', settings));
    told.run(9_000);
    order(told, { kind: 'renew', fault: 'p-1', leaseMs: 10_000 });
    told.run(9_000);
    expect(targetOf(told)).toMatchObject({ phase: 'active', bite: { asked: 2, measured: 2 } });
    order(told, { kind: 'revert', fault: 'p-1' });
    expect(targetOf(told)).toMatchObject({ phase: 'ended', end: { reason: 'asked', residue: [] } });
    const stopped = up();
    const before = stopped.core.spec;
    stopped.feed(inject('misconfigure', settings));
    stopped.feed({ kind: 'operator', command: { kind: 'stop-all' }, who: 'ann', why: 'enough' });
    expect(stopped.core.spec).toEqual(before);
    expect(told.faultOrders.concat(stopped.faultOrders)).toEqual([{ kind: 'revert-all' }]);
  });

  it('that somebody has changed since are left alone, and what is kept of them is named', () => {
    const run = { command: ['run', 'new'], environment: {}, workingDir: '/', user: null };
    const fresh = service('web', { replicas: 2, experiments: 'allow', run });
    const clean = up();
    clean.feed(inject('misconfigure', settings));
    clean.apply(system(fresh));
    clean.run(30_000);
    expect(targetOf(clean)).toMatchObject({ phase: 'ended', end: { reason: 'changed', residue: [] } });
    expect(clean.core.spec?.services.web?.run).toEqual(run);
    const kept = up();
    kept.feed(inject('misconfigure', settings));
    kept.apply(system({ ...fresh, run: { ...run, environment: { RATE: '0' } } }));
    kept.run(30_000);
    expect(targetOf(kept)?.end?.residue).toEqual([
      'web was changed by ann (chg-5) meanwhile, and keeps environment.RATE',
    ]);
  });

  it('are refused without consent, in a rollout, when nothing would differ, and when the budget does not pay', () => {
    const refused = (h: Harness, input = inject('misconfigure', settings)) => replyOf(h.feed(input));
    expect(refused(up({ experiments: 'refuse' }))).toMatchObject({ code: 'HF8301' });
    expect(refused(up(), inject('misconfigure', { environment: { RATE: null } }))).toMatchObject({ code: 'HF8203' });
    expect(refused(up(), inject('misconfigure', { environment: 1 }))).toMatchObject({ code: 'HF6004' });
    expect(refused(up({ update: { ...service('web').update, parallelism: 2 } }))).toMatchObject({ code: 'HF5002' });
    const busy = up();
    busy.feed({ kind: 'operator', command: { kind: 'restart', service: 'web', instance: null }, who: 'a', why: 'b' });
    expect(refused(busy)).toMatchObject({ code: 'HF8203', message: expect.stringContaining('rolled out') });
    expect(busy.core.faults).toEqual([]);
  });
});

describe('faults on purpose', () => {
  const inject = (instances: readonly string[], over: Partial<FaultRequest> = {}): CoreInput => ({
    kind: 'fault',
    command: {
      kind: 'inject',
      fault: {
        id: 'p-1',
        kind: 'pause',
        parameters: {},
        instances,
        from: null,
        experiment: 'p',
        leaseMs: 10_000,
        instant: false,
        ...over,
      },
    },
    who: 'ann',
    why: 'test',
  });
  const replyOf = (outputs: readonly CoreOutput[]) => outputs.find(({ kind }) => kind === 'reply');
  const up = (over: Partial<ServiceSpec> = {}): Harness => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 3, experiments: 'allow', ...over })));
    h.run(3_000);
    return h;
  };

  it('are refused where the service did not opt in', () => {
    const h = up({ experiments: 'refuse' });
    expect(replyOf(h.feed(inject(['web-1'])))).toMatchObject({ ok: false, code: 'HF8301' });
    expect(h.faultOrders).toEqual([]);
  });

  it('may be made by hand at endpoints only of services that opted in: the routes say which', () => {
    const told = (h: Harness) => new Set(h.core.routes?.pools.map(({ experiments }) => experiments));
    expect(told(up({ experiments: 'refuse' }))).toEqual(new Set([undefined]));
    expect(told(up())).toEqual(new Set([true]));
  });

  it('go to the agent once each, and the same request again changes nothing', () => {
    const h = up();
    expect(replyOf(h.feed(inject(['web-2'])))).toMatchObject({ ok: true, id: 'p-1' });
    expect(replyOf(h.feed(inject(['web-2'])))).toMatchObject({ ok: true, id: 'p-1' });
    expect(h.faultOrders).toEqual([
      {
        kind: 'inject',
        order: {
          id: 'p-1-1',
          kind: 'pause',
          parameters: {},
          instance: 'web-2',
          from: null,
          leaseMs: 10_000,
          holder: 'p',
        },
      },
    ]);
  });

  it('are paid from the disruption budget, together with what is down', () => {
    const h = up();
    expect(replyOf(h.feed(inject(['web-1', 'web-2'])))).toMatchObject({ ok: false, code: 'HF5002' });
    h.feed(inject(['web-1']));
    expect(h.core.budget.out).toMatchObject([{ instance: 'web-1', why: 'experiment p' }]);
    expect(replyOf(h.feed(inject(['web-2'], { id: 'p-2' })))).toMatchObject({ ok: false, code: 'HF5002' });
    const ended = { id: 'p-1-1', phase: 'ended', begunAt: h.now, bite: null } as const;
    const end = { reason: 'asked', detail: '', residue: [] };
    h.feed({ kind: 'agent', message: { kind: 'faults', node: 'n1', all: false, faults: [{ ...ended, end }] } });
    expect(h.core.budget.out).toEqual([]);
    expect(replyOf(h.feed(inject(['web-2'], { id: 'p-3' })))).toMatchObject({ ok: true });
  });

  it('may take out more than the budget only where they say so, and are told how', () => {
    const h = up();
    const all = ['web-1', 'web-2', 'web-3'];
    const refused = replyOf(h.feed(inject(all, { beyondBudget: false })));
    expect(refused).toMatchObject({ ok: false, code: 'HF5002' });
    expect(JSON.stringify(refused)).toContain('beyondBudget: true');
    expect(replyOf(h.feed(inject(all, { beyondBudget: true })))).toMatchObject({ ok: true });
    expect(h.faultOrders).toHaveLength(3);
    const shut = up({ experiments: 'refuse' });
    expect(replyOf(shut.feed(inject(all, { beyondBudget: true })))).toMatchObject({
      code: 'HF8301',
      message: 'pause: web did not opt in',
    });
  });

  it('that are partitions are cuts of ways, and pay for whom nobody reaches', () => {
    const h = new Harness();
    h.apply(
      system(
        service('web', { replicas: 3, experiments: 'allow' }),
        service('shop', { dependsOn: [{ service: 'web', condition: 'started', required: true }] }),
      ),
    );
    h.run(3_000);
    const [one, two, three] = ['web-1', 'web-2', 'web-3'].map((instance) => ({ from: null, service: 'web', instance }));
    const cut = { from: 'shop', service: 'web', instance: 'web-3' };
    const partition = (id: string, cuts: FaultRequest['cuts'] = [], over: Partial<FaultRequest> = {}) =>
      h.feed(inject([], { id, kind: 'partition', parameters: { shape: 'one', direction: 'back' }, cuts, ...over }));
    const whole = { from: null, service: 'web', instance: null };
    expect(replyOf(partition('p-0', [one, two] as never))).toMatchObject({ ok: false, code: 'HF5002' });
    expect(replyOf(partition('p-0', [whole]))).toMatchObject({ ok: false, code: 'HF5002' });
    expect(replyOf(partition('p-0', [cut], { among: ['web', 'shop'] }))).toMatchObject({
      code: 'HF8301',
      message: 'partition: shop did not opt in',
    });
    expect(h.faultOrders).toEqual([]);

    // Others reach what one caller misses: only the first is paid for.
    expect(replyOf(partition('p-1', [one, cut] as never))).toMatchObject({ ok: true, detail: 'partition on 2 ways' });
    expect(h.core.budget.out).toMatchObject([{ instance: 'web-1' }]);
    const orders = h.faultOrders.map((command) => (command.kind === 'inject' ? command.order : null));
    const made = { kind: 'blackhole', parameters: { direction: 'back' }, leaseMs: 10_000, holder: 'p', service: 'web' };
    expect(orders).toEqual([
      { id: 'p-1-1', from: null, instance: 'web-1', ...made },
      { id: 'p-1-2', from: 'shop', instance: 'web-3', ...made },
    ]);
    expect(replyOf(partition('p-2', [three] as never))).toMatchObject({ ok: false, code: 'HF5002' });
    expect(replyOf(partition('p-2', [cut]))).toMatchObject({ ok: true, detail: 'partition on one way' });
    expect(replyOf(partition('p-3', [two, three] as never, { beyondBudget: true }))).toMatchObject({ ok: true });
  });

  it('a lease that nobody renewed pays no longer, whether its end was told or not', () => {
    const h = up();
    h.feed(inject(['web-1']));
    h.run(20_000);
    expect(h.core.budget.out).toEqual([]);
  });

  it('end with the emergency stop, and none begins after it', () => {
    const h = up();
    h.feed(inject(['web-1']));
    h.feed({ kind: 'operator', command: { kind: 'stop-all' }, who: 'ann', why: 'enough' });
    expect(h.faultOrders.at(-1)).toEqual({ kind: 'revert-all' });
    expect(replyOf(h.feed(inject(['web-2'], { id: 'p-2' })))).toMatchObject({ ok: false, code: 'HF5006' });
  });

  it('that an agent knows nothing of when it comes back are over', () => {
    const h = up();
    h.feed(inject(['web-1']));
    h.feed({ kind: 'agent', message: { kind: 'faults', node: 'n1', all: true, faults: [] } });
    expect(h.core.faults[0]?.targets[0]).toMatchObject({ phase: 'ended', end: { reason: 'keeper-lost' } });
    expect(h.core.budget.out).toEqual([]);
  });

  it('that an agent has and the core does not know are reverted', () => {
    const h = up();
    const stray = { id: 'x-1', phase: 'active', begunAt: 0, bite: null, end: null } as const;
    h.feed({ kind: 'agent', message: { kind: 'faults', node: 'n1', all: false, faults: [stray] } });
    expect(h.faultOrders).toEqual([{ kind: 'revert', fault: 'x-1' }]);
  });

  it('are found out, not known: with and without the order the same is detected, explained and repaired', () => {
    const story = (told: boolean): unknown => {
      const h = up();
      if (told) h.feed(inject(['web-2'], { kind: 'kill', instant: true }));
      h.kill('web-2');
      h.run(10_000);
      return h.core.incidents.map(({ symptoms, diagnosis, plans }) => ({
        symptoms: symptoms.map(({ kind, entity, detectedAt }) => [kind, entity, detectedAt]),
        causes: diagnosis?.causes,
        actions: plans.flatMap(({ actions }) => actions.map(({ kind, target, status }) => [kind, target, status])),
      }));
    };
    const found = story(true);
    expect(found).toEqual(story(false));
    expect(found).toHaveLength(1);
  });
});

describe('what telemetry shows', () => {
  const odd = (name: string, change: Partial<ClaimSignal['claim']> = {}, at = 0): ClaimSignal => ({
    kind: 'claim',
    at,
    over: false,
    claim: {
      kind: 'anomalous',
      entity: { kind: 'instance', name, service: name.slice(0, -2) },
      resource: 'metrics',
      onsetAt: at,
      logP: 5,
      summary: `${name} is odd`,
      evidence: [],
      standing: 'advisory',
      ...change,
    },
  });
  const running = (): Harness => {
    const h = new Harness();
    h.apply(system(service('web', { replicas: 2 }), service('db')));
    h.run(2_000);
    return h;
  };

  it('is shown, but opens no incident and does nothing', () => {
    const h = running();
    h.signals(odd('web-1'));
    const before = h.commands.length;
    h.run(20_000);
    expect(h.core.symptoms.map(({ id }) => id)).toEqual(['anomalous.metrics:instance/web-1']);
    expect(h.core.incidents).toEqual([]);
    expect(h.commands).toHaveLength(before);
    h.signals({ ...odd('web-1'), over: true });
    expect(h.core.symptoms).toEqual([]);
  });

  it('is evidence in the incident of a fault, whichever came first, and no repair waits for it', () => {
    const h = running();
    h.signals(odd('web-2', {}, h.now));
    h.kill('web-2');
    h.signals(odd('web-2', { resource: 'log.new' }, h.now));
    h.signals(odd('db-1', {}, h.now));
    h.run(10_000);
    const [incident, ...more] = h.core.incidents;
    expect(more).toEqual([]);
    expect(incident?.status).toBe('resolved');
    expect(incident?.symptoms.map(({ id, standing }) => `${id} ${standing ?? 'fault'}`).sort()).toEqual([
      'anomalous.log.new:instance/web-2 advisory',
      'anomalous.metrics:instance/web-2 advisory',
      'crashed:instance/web-2 fault',
    ]);
    const [cause] = incident?.diagnosis?.causes ?? [];
    expect(cause?.evidenceFor.map(({ text }) => text)).toContain('odd at the same time: web-2 is odd');
    expect(h.core.symptoms).toHaveLength(3);
  });

  it('changes that others tell of are known, few of them, and are no reason to call a plan stale', () => {
    const h = running();
    const index = h.core.index;
    const told = (n: number, services: string[]): Signal => {
      const change = {
        id: '',
        at: h.now,
        kind: 'external',
        who: 'ci',
        why: `v${n}`,
        services,
        content: [],
        from: {},
        to: {},
      };
      return { kind: 'change', at: h.now, change: change as Change };
    };
    for (let n = 0; n < 30; n++) h.signals(told(n, ['web', 'elsewhere']), told(n, ['elsewhere']));
    const known = h.core.changes.filter(({ kind }) => kind === 'external');
    expect(known.map(({ why }) => why)).toEqual(Array.from({ length: 20 }, (_, n) => `v${n + 10}`));
    expect(known[0]?.services).toEqual(['web']);
    expect(h.core.changes.filter(({ kind }) => kind === 'deploy')).toHaveLength(1);
    expect(h.core.index).toBe(index);
  });

  it('adds up: an odd metric and an odd log of one service call a human, and nothing is restarted', () => {
    const h = running();
    h.run(700_000);
    const before = h.commands.length;
    const rare = { looksPerDay: 500, logP: 7 };
    h.signals(odd('web-1', rare, h.now));
    h.run(60_000);
    expect(h.core.incidents).toEqual([]);
    h.signals(odd('web-2', { ...rare, resource: 'log.new' }, h.now));
    h.run(30_000);
    const [incident, ...more] = h.core.incidents;
    expect(more).toEqual([]);
    expect(incident?.status).toBe('escalated');
    expect(incident?.title).toBe('web: metrics and logs are odd at the same time');
    expect(incident?.symptoms.map(({ id, standing }) => `${id} ${standing}`).sort()).toEqual([
      'anomalous.evidence:service/web alone',
      'anomalous.log.new:instance/web-2 advisory',
      'anomalous.metrics:instance/web-1 advisory',
    ]);
    expect(incident?.plans.flatMap(({ actions }) => actions.map(({ kind }) => kind))).toEqual(['page']);
    expect(h.commands).toHaveLength(before);
    for (const one of ['web-1', 'web-2']) {
      for (const resource of ['metrics', 'log.new']) h.signals({ ...odd(one, { resource }), over: true });
    }
    h.run(700_000);
    expect(h.core.incidents[0]?.status).toBe('resolved');
  }, 60_000);

  it('calls a human when it stands alone, and is not what a restart is done for', () => {
    const h = running();
    const full = odd('web-1', { kind: 'saturating', resource: 'disk.forecast', standing: 'alone' });
    h.signals(full);
    const before = h.commands.length;
    for (let n = 0; n < 60; n++) {
      h.run(1_000);
      h.signals(full);
    }
    const [incident] = h.core.incidents;
    expect(incident?.status).toBe('escalated');
    expect(incident?.plans.flatMap(({ actions }) => actions.map(({ kind }) => kind))).toEqual(['page']);
    expect(h.commands).toHaveLength(before);
    h.signals({ ...full, over: true });
    h.run(5_000);
    expect(h.core.incidents[0]?.status).toBe('resolved');
    h.signals(full);
    expect(h.core.incidents).toHaveLength(1);
  });

  it('is forgotten when nobody repeats it, and not believed of what is not there', () => {
    const h = running();
    h.signals(odd('web-1'), odd('gone-1'));
    expect(h.core.symptoms).toHaveLength(1);
    const copy = restoreCore(OPTIONS, h.core.snapshot());
    expect(copy.symptoms).toEqual(h.core.symptoms);
    h.run(200_000);
    expect(h.core.symptoms).toEqual([]);
  });

  it('is sent to where the server says, unless the user says otherwise', () => {
    const h = new Harness();
    h.feed({ kind: 'configure', apiUrl: 'http://127.0.0.1:1', otlpUrl: 'http://127.0.0.1:4318' });
    h.feed({ kind: 'agent', message: { kind: 'inventory', node: 'n1', at: 0, items: [], facts: FACTS } });
    const run = { command: ['run'], workingDir: '/', user: null, environment: { OTEL_SERVICE_NAME: 'mine' } };
    h.apply(system(service('web', { run })));
    h.run(500);
    expect(h.alive.get('web-1')?.environment).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      OTEL_SERVICE_NAME: 'mine',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=web,service.instance.id=web-1,service.namespace=test',
    });
  });
});

const FACTS = { hostname: 'n1', platform: 'linux', cpus: 2, memoryBytes: 1, limits: 'sampling', notices: [] } as const;

describe('objectives', () => {
  const objective = {
    name: 'availability',
    kind: 'availability',
    target: 0.999,
    thresholdMs: null,
    windowMs: 3_600_000,
  } as const;
  const latency = { name: 'fast', kind: 'latency', target: 0.95, thresholdMs: 100, windowMs: 3_600_000 } as const;
  const none = { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 };
  /** 250 calls a second of 20 ms; of these `bad` fail, and `slow` take a second. */
  const calls = (h: Harness, seconds: number, bad: number, slow = 0): void => {
    for (let s = 0; s < seconds; s++) {
      h.run(1_000);
      h.signals({
        kind: 'edge',
        at: h.now,
        windowMs: 1_000,
        caller: '(outside)',
        callee: 'web',
        instance: 'web-1',
        protocol: 'http',
        requests: 250,
        failures: { ...none, status5xx: bad },
        retried: 0,
        latency: [
          [bucketOf(20_000), 250 - slow],
          [bucketOf(1_000_000), slow],
        ],
        inFlight: 0,
        oldestWaitMs: 0,
      });
    }
  };
  const serving = (objectives: ServiceSpec['objectives']): Harness => {
    const h = new Harness();
    h.apply(system(service('web', { objectives })));
    h.run(2_000);
    return h;
  };

  it('that burn too fast call a human, and nothing is restarted for them', () => {
    const h = serving([objective]);
    calls(h, 120, 0);
    // 1.6 %: too few to be an error rate that anything else would notice, and sixteen times the budget.
    calls(h, 900, 4);
    const [incident] = h.core.incidents;
    expect(incident?.symptoms[0]).toMatchObject({
      id: 'erroring.objective.availability:service/web',
      standing: 'alone',
      summary: 'web misses its objective availability (99.9 % of calls succeed)',
    });
    expect(incident?.symptoms[0]?.evidence[0]).toMatch(/the error budget burns 1\d\.\d times too fast over 12m/);
    expect(incident?.plans.flatMap(({ actions }) => actions.map(({ kind }) => kind))).toEqual(['page']);
    expect(h.started()).toEqual(['web-1#1']);
    const copy = restoreCore(OPTIONS, h.core.snapshot());
    for (let at = h.now + 100; at < h.now + 5_000; at += 100) {
      const tick = { kind: 'tick', wallMs: at } as const;
      expect(copy.step(tick, at)).toEqual(h.core.step(tick, at));
    }
    calls(h, 120, 0);
    expect(h.core.incidents[0]?.status).toBe('resolved');
  });

  it('are evidence in the incident of what burns them, which does not wait for the budget', () => {
    const h = serving([objective]);
    calls(h, 120, 0);
    h.kill('web-1');
    calls(h, 4, 200);
    calls(h, 60, 0);
    const [incident, ...more] = h.core.incidents;
    expect(more).toEqual([]);
    expect(incident?.status).toBe('resolved');
    expect(incident?.symptoms.find(({ id }) => id.includes('objective'))).toMatchObject({ standing: 'advisory' });
  });

  it('of latency count slow calls, also when they were always slow', () => {
    const h = serving([{ ...latency, thresholdMs: 10 }, objective]);
    calls(h, 90, 0);
    expect(h.core.symptoms.map(({ id, standing }) => [id, standing])).toEqual([
      ['slow.objective.fast:service/web', 'alone'],
    ]);
    const quick = serving([latency]);
    calls(quick, 90, 0);
    expect(quick.core.symptoms).toEqual([]);
  });
});

describe('the way to an instance', () => {
  it('is asked what its health check asks, unless that carries headers', () => {
    const probe = { kind: 'http', port: '80', path: '/well', headers: {}, expectStatus: [200, 299] } as const;
    const asks = (headers: Readonly<Record<string, string>>) => {
      const h = new Harness();
      const healthcheck = { ...service('web').healthcheck, probe: { ...probe, headers } } as ServiceSpec['healthcheck'];
      h.apply(system(service('web', { healthcheck })));
      const table = h.commands.findLast((command) => command.kind === 'routes')?.table;
      return table?.pools[0]?.ask;
    };
    expect(asks({})).toEqual({ path: '/well', expectStatus: [200, 299] });
    expect(asks({ Authorization: 'secret' })).toBeUndefined();
  });

  it('is remembered, also over a restart of Holdfast, beside what its own check says', () => {
    const h = new Harness();
    h.apply(system(service('web')));
    h.run(2_000);
    const of = { instance: 'web-1', incarnation: 1 } as const;
    const way = { kind: 'way', ...of, at: h.now, caller: OUTSIDE, callee: 'web' } as const;
    h.signals({ ...way, connectMs: 1, answerMs: null, error: 'timeout' });
    h.signals({
      kind: 'check',
      ...of,
      at: h.now,
      purpose: 'liveness',
      pass: false,
      latencyMs: 1_000,
      error: 'timeout',
    });
    for (const core of [h.core, restoreCore(OPTIONS, h.core.snapshot())]) {
      expect(core.view.waysOf('web-1')).toMatchObject([{ error: 'timeout' }]);
      expect(core.view.checkOf('web-1')).toMatchObject({ failingSince: h.now, error: 'timeout' });
    }
  });
});
