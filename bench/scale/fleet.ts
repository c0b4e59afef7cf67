/** A fleet of healthy services in chains of four, and the signals that its agents would send. */
import type { Core } from '../../src/core/contract.ts';
import { type EdgeSignal, OUTSIDE, type Signal } from '../../src/model/signal.ts';
import type { ServiceSpec, SystemSpec } from '../../src/model/spec.ts';

const REPLICAS = 10;
const CHAIN = 4;
/** One sign of life per instance each ten seconds, as agents send it. */
const SIGN_OF_LIFE_SECONDS = 10;

export function fleetSpec(instances: number): SystemSpec {
  const services: Record<string, ServiceSpec> = {};
  const count = Math.ceil(instances / REPLICAS);
  for (let index = 0; index < count; index++) {
    const replicas = Math.min(REPLICAS, instances - index * REPLICAS);
    const last = index % CHAIN === CHAIN - 1 || index === count - 1;
    const service = serviceOf(nameOf(index), replicas, last ? null : nameOf(index + 1));
    services[service.name] = service;
  }
  return { name: 'fleet', baseDir: '/srv', services, policy: { mode: 'auto', maxDisruption: 5 } };
}

const nameOf = (index: number): string => `svc${String(index).padStart(5, '0')}`;

function serviceOf(name: string, replicas: number, uses: string | null): ServiceSpec {
  return {
    name,
    replicas,
    run: { command: ['serve'], environment: {}, workingDir: '/srv', user: null },
    ports: [{ name: '80', target: 80, published: null, protocol: 'http', fixed: false }],
    dependsOn: uses === null ? [] : [{ service: uses, condition: 'started', required: false }],
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
    resources: { memoryBytes: 256 * 2 ** 20, cpus: null, pids: null, openFiles: null },
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
      allow: ['restart', 'replace', 'eject', 'scale', 'rollback', 'page'],
      minAvailable: 1,
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
  };
}

/** The part of a second's signals that falls into one batch: instances take turns. */
export function steadySignals(core: Core, batch: number, batches: number, now: number): Signal[] {
  const signals: Signal[] = [];
  const second = Math.floor(now / 1_000);
  let index = 0;
  for (const instance of core.instances.values()) {
    index += 1;
    if (index % batches !== batch) continue;
    const { id, incarnation, service } = instance;
    signals.push({
      kind: 'resource',
      instance: id,
      incarnation,
      at: now,
      cpuCores: 0.05,
      memoryBytes: 60e6 + (index % 7) * 1e6,
      memoryLimitBytes: 256 * 2 ** 20,
      openFiles: 30,
      openFilesLimit: 1_024,
      processes: 1,
      state: 'S',
    });
    if (index % SIGN_OF_LIFE_SECONDS === second % SIGN_OF_LIFE_SECONDS) {
      signals.push({
        kind: 'check',
        instance: id,
        incarnation,
        at: now,
        purpose: 'liveness',
        pass: true,
        latencyMs: 1.2,
        error: null,
      });
    }
    signals.push(edgeOf(callerOf(service), service, id, now));
  }
  return signals;
}

function callerOf(service: string): string {
  const index = Number(service.slice(3));
  return index % CHAIN === 0 ? OUTSIDE : nameOf(index - 1);
}

function edgeOf(caller: string, callee: string, instance: string, at: number): EdgeSignal {
  return {
    kind: 'edge',
    at,
    windowMs: 1_000,
    caller,
    callee,
    instance,
    protocol: 'http',
    requests: 50,
    failures: { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 },
    retried: 0,
    latency: [
      [66, 12],
      [68, 25],
      [72, 10],
      [80, 3],
    ],
    inFlight: 2,
    oldestWaitMs: 3,
  };
}
