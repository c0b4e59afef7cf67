/**
 * A shop of nine services as the API tells it, in the states that its dashboard must be able to show: all well, an
 * incident at work, an action that waits for approval. Numbers are made from the seconds, so that they move.
 */
import type {
  ActionResource,
  ChangeResource,
  EdgeResource,
  EventResource,
  IncidentResource,
  InstanceResource,
  ServiceResource,
  StatusResource,
  TrafficSummary,
} from '../../src/api/resources.ts';
import { ago, closedIncident, iso, openIncident } from './dashboard-incidents.ts';

export interface World {
  status: StatusResource;
  services: ServiceResource[];
  edges: EdgeResource[];
  incidents: IncidentResource[];
  changes: ChangeResource[];
  events: EventResource[];
  /** An experiment is under way. */
  proving: boolean;
}

const MiB = 2 ** 20;
const REPLICAS: Readonly<Record<string, number>> = {
  gateway: 2,
  catalog: 2,
  cart: 2,
  orders: 2,
  payments: 3,
  inventory: 2,
  store: 1,
  mailer: 1,
  shopper: 1,
};
const DEPENDS: Readonly<Record<string, readonly string[]>> = {
  gateway: ['catalog', 'inventory', 'cart', 'orders'],
  cart: ['store'],
  orders: ['cart', 'inventory', 'payments', 'store'],
  payments: ['store'],
  inventory: ['store'],
  mailer: ['store'],
  shopper: ['gateway'],
};
const CALLS: readonly (readonly [caller: string, callee: string, perSec: number, meanMs: number])[] = [
  ['(outside)', 'gateway', 2.1, 9],
  ['shopper', 'gateway', 50, 8],
  ['gateway', 'catalog', 31, 2.4],
  ['gateway', 'inventory', 11, 2.1],
  ['gateway', 'cart', 24, 3.3],
  ['gateway', 'orders', 9.4, 14],
  ['orders', 'cart', 9.4, 3.1],
  ['orders', 'inventory', 9.4, 2.2],
  ['orders', 'payments', 9.3, 5.6],
  ['orders', 'store', 9.3, 1.1],
  ['cart', 'store', 33, 1.2],
  ['payments', 'store', 9.2, 1],
  ['inventory', 'store', 20, 0.9],
  ['mailer', 'store', 4, 1],
];

export function healthyWorld(): World {
  return {
    status: status('healthy', 'All 9 services are healthy.'),
    services: Object.keys(REPLICAS).map(service),
    edges: CALLS.map((call, i) => edge(call, i)),
    incidents: [closedIncident()],
    changes: [changeOf('scale', ['payments'], 1_900, 'payments: replicas 2 → 3'), deployOf('shop', 3_600)],
    proving: false,
    events: [event(1, 3_599, 'change', 'deploy of shop: 9 services'), event(2, 3_590, 'rollout', 'shop is up')],
  };
}

/** Before anything was applied. */
export function emptyWorld(): World {
  const world = healthyWorld();
  const nothing = { total: 0, healthy: 0 };
  return {
    ...world,
    status: {
      ...world.status,
      system: null,
      health: 'unknown',
      sentence: 'No system is declared yet.',
      services: nothing,
      instances: { total: 0, ready: 0 },
    },
    services: [],
    edges: [],
    incidents: [],
    changes: [],
    events: [],
  };
}

/** payments-2 was killed: detected, explained, its restart runs; orders is a victim. */
export function degradedWorld(): World {
  const world = healthyWorld();
  const incident = openIncident();
  return {
    ...world,
    status: {
      ...world.status,
      health: 'degraded',
      sentence: 'payments is degraded: payments-2 was killed by SIGKILL; restarting it.',
      services: { total: 9, healthy: 8 },
      instances: { total: 16, ready: 15 },
      openIncidents: 1,
      budget: { max: 1, out: [{ instance: 'payments-2', why: 'restart', sinceAt: ago(2) }] },
      silences: [{ id: 'sil-7', service: 'mailer', untilAt: ago(-1_700), who: 'ada', why: 'known slow provider' }],
    },
    services: world.services.map((one) => (one.name === 'payments' ? brokenPayments(one) : one)),
    edges: world.edges.map((one) => (one.callee === 'payments' ? failing(one) : one)),
    incidents: [incident, ...world.incidents],
    events: [
      ...world.events,
      event(3, 4, 'symptom', 'payments-2 exited with signal SIGKILL', 'error'),
      event(4, 3.9, 'diagnosis', 'payments-2: process killed (software), 97 %', 'warn'),
      event(5, 3.8, 'action', 'restart payments-2'),
    ],
  };
}

/** The same incident with the mode on approve: the restart waits. */
export function awaitingWorld(): World {
  const world = degradedWorld();
  const [incident, ...others] = world.incidents as [IncidentResource, ...IncidentResource[]];
  const [plan] = incident.plans;
  if (plan === undefined) throw new Error('the incident has a plan');
  const action: ActionResource = {
    ...(plan.actions[0] as ActionResource),
    status: 'awaiting-approval',
    startedAt: null,
    guards: [{ rail: 'approval', verdict: 'delay', reason: 'the mode is approve' }],
  };
  const held: ActionResource = {
    ...action,
    id: 'act-19',
    kind: 'scale',
    target: 'payments',
    argument: '4',
    reason: 'one more replica while payments-2 is away',
    status: 'delayed',
    reversible: true,
    guards: [{ rail: 'budget', verdict: 'delay', reason: '1 of 1 is out (payments-2)' }],
  };
  return {
    ...world,
    status: {
      ...world.status,
      mode: 'approve',
      sentence: 'payments is degraded: payments-2 was killed by SIGKILL; its restart awaits approval.',
    },
    incidents: [{ ...incident, actedAfterMs: null, plans: [{ ...plan, actions: [action, held] }] }, ...others],
  };
}

function status(health: StatusResource['health'], sentence: string): StatusResource {
  return {
    system: 'shop',
    health,
    sentence,
    index: 4,
    mode: 'auto',
    automationStopped: false,
    version: '0.1.0',
    pid: 4_120,
    startedAt: ago(3_605),
    now: iso(Date.now()),
    stateDir: '/srv/shop/.holdfast',
    services: { total: 9, healthy: 9 },
    instances: { total: 16, ready: 16 },
    openIncidents: 0,
    budget: { max: 1, out: [] },
    silences: [],
    blindSpots: ['shopper has no health check', 'memory limits are sampled, not enforced: no delegated cgroup'],
    parts: [
      { name: 'control plane', state: 'running', pid: 4_120, detail: 'API on 127.0.0.1:7420' },
      { name: 'traffic', state: 'running', pid: 4_133, detail: '14 edges, 1 published endpoint' },
      { name: 'store', state: 'running', pid: null, detail: 'embedded, 1.2 MiB' },
    ],
    node: { name: 'box', cpuShare: 0.31, memoryShare: 0.58, diskShare: 0.81 },
  };
}

function service(name: string): ServiceResource {
  const replicas = REPLICAS[name] ?? 1;
  const into = CALLS.filter(([, callee]) => callee === name);
  const traffic: TrafficSummary | null =
    into.length === 0
      ? null
      : {
          requestsPerSec: into.reduce((sum, [, , perSec]) => sum + perSec, 0),
          failureShare: 0,
          p50Ms: into[0]?.[3] ?? 1,
          p99Ms: (into[0]?.[3] ?? 1) * 3.7,
        };
  const dependents = Object.keys(DEPENDS).filter((other) => DEPENDS[other]?.includes(name));
  return {
    name,
    health: 'healthy',
    replicas,
    ready: replicas,
    revision: 'b41f6a09c2d7e5f8',
    rollout: name === 'catalog' ? { change: 'chg-4', done: 1, total: 2, state: 'monitoring' } : null,
    endpoints:
      name === 'shopper'
        ? []
        : [{ port: '3000', protocol: 'http', address: name === 'gateway' ? 'http://127.0.0.1:8088' : null }],
    dependsOn: DEPENDS[name] ?? [],
    dependents,
    failover: null,
    traffic,
    instances: Array.from({ length: replicas }, (_, i) => instance(name, i + 1)),
    openIncidents: [],
  };
}

function instance(service: string, slot: number): InstanceResource {
  return {
    id: `${service}-${slot}`,
    service,
    phase: 'running',
    ready: true,
    live: true,
    ejected: false,
    pid: 4_200 + slot * 7 + service.length,
    ports: { '3000': 21_000 + slot },
    incarnation: 1,
    restarts: 0,
    revision: 'b41f6a09c2d7e5f8',
    node: 'box',
    startedAt: ago(3_590),
    role: null,
    waitingFor: null,
    cpuCores: 0.03 + slot / 100,
    memoryBytes: (58 + slot * 5 + service.length * 3) * MiB,
    memoryLimitBytes: 160 * MiB,
    openFiles: 24 + slot,
    lastExit: null,
  };
}

function brokenPayments(healthy: ServiceResource): ServiceResource {
  return {
    ...healthy,
    health: 'degraded',
    ready: 2,
    traffic: healthy.traffic && { ...healthy.traffic, failureShare: 0.021 },
    openIncidents: ['inc-12'],
    instances: healthy.instances.map((one, i) => {
      if (i === 0) return { ...one, memoryBytes: 149 * MiB };
      if (i !== 1) return one;
      return {
        ...one,
        phase: 'starting',
        ready: false,
        live: null,
        incarnation: 2,
        restarts: 1,
        startedAt: ago(2),
        cpuCores: 0.4,
        memoryBytes: 22 * MiB,
        lastExit: {
          at: ago(4),
          reason: 'signal',
          code: null,
          signal: 'SIGKILL',
          detail: 'killed from outside: no limit was hit',
          lastOutput: [
            '{"level":"info","msg":"charged","order":"o-8812","cents":4210,"ms":5}',
            '{"level":"info","msg":"charged","order":"o-8813","cents":999,"ms":4}',
          ],
        },
      };
    }),
  };
}

function edge([caller, callee, perSec, meanMs]: (typeof CALLS)[number], seed: number): EdgeResource {
  return {
    caller,
    callee,
    protocol: 'http',
    traffic: { requestsPerSec: perSec, failureShare: 0, p50Ms: meanMs * 0.8, p99Ms: meanMs * 3.7 },
    history: Array.from({ length: 60 }, (_, s) => ({
      requestsPerSec: perSec * (1 + 0.14 * Math.sin(s / 4 + seed) + 0.06 * Math.sin(s * 1.7 + seed * 3)),
      failureShare: 0,
      meanMs: meanMs * (1 + 0.2 * Math.sin(s / 3 + seed * 2)),
    })),
    health: 'healthy',
  };
}

function failing(healthy: EdgeResource): EdgeResource {
  return {
    ...healthy,
    health: 'degraded',
    traffic: healthy.traffic && { ...healthy.traffic, failureShare: 0.021, p99Ms: 212 },
    history: healthy.history.map((window, s) =>
      s < 55 || window === null ? window : { ...window, failureShare: 0.3, meanMs: 60 },
    ),
  };
}

function deployOf(system: string, seconds: number): ChangeResource {
  return {
    ...changeOf('deploy', Object.keys(REPLICAS), seconds, `${system}: first deploy`),
    id: 'chg-1',
    undoable: [],
  };
}

function changeOf(kind: string, services: readonly string[], seconds: number, content: string): ChangeResource {
  const said = { who: 'ada', why: 'more customers', content: [content] };
  return { id: 'chg-2', at: ago(seconds), kind, services, ...said, undoable: services };
}

function event(
  seq: number,
  seconds: number,
  topic: string,
  text: string,
  level: EventResource['level'] = 'info',
): EventResource {
  return { seq, at: ago(seconds), level, topic, text, service: null, instance: null, incident: null };
}
