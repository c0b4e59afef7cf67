/** Random systems to simulate: a few services with replicas, dependencies that form no cycle, and varied policies. */
import type { Random } from '../src/model/random.ts';
import type { CheckSpec, PortSpec, ServiceSpec, SystemSpec } from '../src/model/spec.ts';

const NAMES = ['gateway', 'catalog', 'cart', 'orders', 'payments', 'inventory', 'ledger', 'search'] as const;

export function randomSystem(random: Random): SystemSpec {
  const count = 2 + random.int(4);
  const services: Record<string, ServiceSpec> = {};
  for (let index = 0; index < count; index++) {
    const name = NAMES[index] as string;
    const later = NAMES.slice(index + 1, count);
    const uses = later.filter(() => random.chance(0.45));
    services[name] = serviceOf(name, uses, index === 0, random);
  }
  if (random.chance(0.5)) {
    // Somebody keeps data: nobody depends on it but its own client.
    const database = serviceOf('database', [], false, random);
    const replicas = 2 + random.int(2);
    services.database = {
      ...database,
      replicas,
      ports: database.ports.map((port) => ({ ...port, protocol: 'tcp' })),
      healthcheck: { ...checkSpec(), probe: { kind: 'role' }, intervalMs: 500 },
      recovery: { ...database.recovery, minAvailable: 1 },
      update: { ...database.update, order: 'stop-first' },
      failover: {
        engine: 'postgres',
        synchronous: random.chance(0.8) ? 'on' : 'strict',
        maxLagBytes: 1,
        promoteWithinMs: 5_000,
        allowLoss: false,
        hooks: null,
      },
    };
  }
  return {
    name: 'simulated',
    baseDir: '/srv',
    services: Object.fromEntries(Object.entries(services).sort(([a], [b]) => (a < b ? -1 : 1))),
    policy: { mode: 'auto', maxDisruption: 1 + random.int(3) },
  };
}

function serviceOf(name: string, uses: readonly string[], published: boolean, random: Random): ServiceSpec {
  const replicas = random.pick([1, 2, 3, 3, 4]);
  const port: PortSpec = {
    name: '8000',
    target: 8000,
    published: published ? { host: '127.0.0.1', port: 18_000 } : null,
    protocol: 'http',
    fixed: false,
  };
  return {
    name,
    replicas,
    run: { command: ['serve', name], environment: { REVISION: '1' }, workingDir: '/srv', user: null },
    ports: [port],
    dependsOn: uses.map((service) => ({
      service,
      condition: random.chance(0.7) ? 'healthy' : 'started',
      required: true,
    })),
    healthcheck: checkSpec(),
    readiness: null,
    restart: { condition: 'any', delayMs: 1_000, maxDelayMs: 20_000, maxAttempts: 5, windowMs: 60_000 },
    resources: { memoryBytes: random.chance(0.5) ? 256 * 1024 * 1024 : null, cpus: null, pids: null, openFiles: null },
    stop: { signal: 'SIGTERM', graceMs: 3_000, drainMs: 500 },
    update: {
      parallelism: 1 + random.int(2),
      delayMs: 0,
      order: random.chance(0.8) ? 'stop-first' : 'start-first',
      failureAction: 'rollback',
      monitorMs: 2_000,
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
    logs: { maxBytes: 10 * 1024 * 1024, maxFiles: 3 },
    experiments: 'refuse',
    labels: {},
  };
}

function checkSpec(): CheckSpec {
  return {
    probe: { kind: 'http', port: '8000', path: '/health', headers: {}, expectStatus: [200, 299] },
    intervalMs: 1_000,
    timeoutMs: 1_000,
    retries: 2,
    successes: 1,
    startPeriodMs: 10_000,
    startIntervalMs: 100,
  };
}
