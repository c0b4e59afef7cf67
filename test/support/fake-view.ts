/** A SystemView made by hand, for tests of the pure stages. Everything in it may be changed in place. */
import type { Change } from '../../src/model/change.ts';
import { EdgeHistory } from '../../src/model/edge-history.ts';
import { Histogram } from '../../src/model/histogram.ts';
import type { Instance, InstanceExit } from '../../src/model/instance.ts';
import type { EdgeSignal, NodeSignal, ResourceSignal } from '../../src/model/signal.ts';
import type { ServiceSpec, SystemPolicy } from '../../src/model/spec.ts';
import type { Ms } from '../../src/model/time.ts';
import type { CheckView, FailoverView, SystemView, WayRecord } from '../../src/model/view.ts';

export type Loose<T> = { -readonly [K in keyof T]: T[K] };

export class FakeView implements SystemView {
  policy: SystemPolicy = { mode: 'auto', maxDisruption: 1 };
  readonly services = new Map<string, ServiceSpec>();
  readonly instances = new Map<string, Loose<Instance>>();
  readonly edges = new EdgeHistory();
  readonly changes: Change[] = [];
  readonly inTransition = new Set<string>();
  readonly exits = new Map<string, InstanceExit[]>();
  readonly resources = new Map<string, ResourceSignal[]>();
  readonly nodes = new Map<string, NodeSignal>();

  /** Twenty calls in the second that ended at `at`, which took `ms` each. */
  called(
    caller: string,
    instance: string,
    { at, ms, protocol = 'http' }: { readonly at: Ms; readonly ms: Ms; readonly protocol?: EdgeSignal['protocol'] },
  ): void {
    const latency = new Histogram();
    latency.record(ms * 1_000, 20);
    this.edges.ingest({
      kind: 'edge',
      at,
      windowMs: 1_000,
      caller,
      callee: instance.replace(/-\d+$/, ''),
      instance,
      protocol,
      requests: 20,
      failures: { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 },
      retried: 0,
      latency: latency.toSparse(),
      inFlight: 0,
      oldestWaitMs: 0,
    });
  }

  exitsOf(instance: string): readonly InstanceExit[] {
    return this.exits.get(instance) ?? [];
  }

  resourcesOf(instance: string): readonly ResourceSignal[] {
    return this.resources.get(instance) ?? [];
  }

  readonly failovers = new Map<string, FailoverView>();

  failoverOf(service: string): FailoverView | undefined {
    return this.failovers.get(service);
  }

  readonly nodePasts = new Map<string, NodeSignal[]>();
  readonly ways = new Map<string, WayRecord[]>();
  readonly checks = new Map<string, CheckView>();

  nodePastOf(node: string): readonly NodeSignal[] {
    return this.nodePasts.get(node) ?? [];
  }

  waysOf(instance: string): readonly WayRecord[] {
    return this.ways.get(instance) ?? [];
  }

  checkOf(instance: string): CheckView {
    return this.checks.get(instance) ?? { failingSince: null, error: null, latencyMs: null };
  }

  nodeOf(node: string): NodeSignal | undefined {
    return this.nodes.get(node);
  }

  /** Declares a service, with its instances running and ready since `at`. */
  add(spec: ServiceSpec, at = 0): this {
    this.services.set(spec.name, spec);
    for (let slot = 1; slot <= spec.replicas; slot++) {
      const instance = instanceOf(spec.name, slot, at);
      this.instances.set(instance.id, instance);
    }
    return this;
  }

  get(id: string): Loose<Instance> {
    const instance = this.instances.get(id);
    if (!instance) throw new Error(`no instance ${id}`);
    return instance;
  }
}

export function instanceOf(service: string, slot: number, at = 0): Loose<Instance> {
  return {
    id: `${service}-${slot}`,
    service,
    slot,
    incarnation: 1,
    node: 'node-1',
    revision: 'r1',
    phase: 'running',
    process: { pid: 100 + slot, startTicks: '1', bootId: 'b' },
    ports: { '80': 9_000 + slot },
    ready: true,
    live: true,
    ejected: false,
    startedAt: at,
    readyAt: at,
    lastExit: null,
    waitingFor: null,
  };
}

export function serviceSpec(name: string, over: Partial<ServiceSpec> = {}): ServiceSpec {
  const replicas = over.replicas ?? 1;
  return {
    name,
    replicas,
    run: { command: ['serve', name], environment: {}, workingDir: '/', user: null },
    ports: [{ name: '80', target: 80, published: null, protocol: 'http', fixed: false }],
    dependsOn: [],
    healthcheck: {
      probe: { kind: 'http', port: '80', path: '/health', headers: {}, expectStatus: [200, 299] },
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
    stop: { signal: 'SIGTERM', graceMs: 10_000, drainMs: 2_000 },
    update: {
      parallelism: 1,
      delayMs: 0,
      order: 'stop-first',
      failureAction: 'rollback',
      monitorMs: 5_000,
      maxFailureRatio: 0,
    },
    recovery: {
      mode: null,
      allow: ['restart', 'replace', 'eject', 'scale', 'rollback', 'failover', 'restore', 'isolate', 'page'],
      minAvailable: replicas > 1 ? Math.ceil(replicas / 2) : 0,
      cooldownMs: 10_000,
      verifyMs: 5_000,
      changeWindowMs: 600_000,
    },
    autoscale: null,
    failover: null,
    objectives: [],
    logs: { maxBytes: 10_485_760, maxFiles: 3 },
    experiments: 'refuse',
    labels: {},
    ...over,
  };
}
