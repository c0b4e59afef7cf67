/**
 * The real HTTP server over a plane whose answers are written here: for what the command prints and how it exits,
 * which must not depend on what a running system happens to be doing.
 */
import { tmpdir } from 'node:os';
import type {
  AuditResource,
  IncidentResource,
  InstanceResource,
  ServiceResource,
  StatusResource,
} from '../../src/api/resources.ts';
import { HoldfastError } from '../../src/model/errors.ts';
import type { OperatorCommand } from '../../src/model/operator.ts';
import type { Actor, ControlPlane } from '../../src/server/control-plane.ts';
import { createApp } from '../../src/server/http/app.ts';
import { originPolicy } from '../../src/server/http/origin.ts';
import { NO_PROVING } from '../../src/server/prove/testing/none.ts';

export interface Script {
  health: StatusResource['health'];
  journalIntact: boolean;
  /** Thrown by every operation. */
  refuse: HoldfastError | null;
  planEmpty: boolean;
}

export interface ScriptedServer {
  readonly url: string;
  readonly script: Script;
  readonly operations: { readonly command: OperatorCommand; readonly actor: Actor }[];
  close(): Promise<void>;
}

const AUDIT: AuditResource = {
  system: 'shop',
  at: '2026-01-01T00:00:00.000Z',
  high: 0,
  medium: 1,
  low: 0,
  findings: [
    {
      id: 'no-memory-limit',
      severity: 'medium',
      service: 'payments',
      sentence: 'payments may take all memory of the machine.',
      why: 'A leak takes it from the others.',
      fix: 'Give it twice what it needs.',
      snippet: 'services:\n  payments:\n    mem_limit: 512m',
      at: null,
      experiment: null,
    },
  ],
};

const AT = '2026-01-01T00:00:00.000Z';

export async function scriptedServer(): Promise<ScriptedServer> {
  const script: Script = { health: 'healthy', journalIntact: true, refuse: null, planEmpty: false };
  const operations: { command: OperatorCommand; actor: Actor }[] = [];
  const app = createApp({
    plane: plane(script, operations),
    tokens: [],
    origin: originPolicy('127.0.0.1', 'localhost'),
    facts: { version: '0.1.0', pid: process.pid, ended: () => undefined },
    dashboard: tmpdir(),
    log: () => undefined,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, script, operations, close: () => app.close() };
}

function plane(script: Script, operations: { command: OperatorCommand; actor: Actor }[]): ControlPlane {
  const status = (): StatusResource => ({ ...STATUS, health: script.health });
  return {
    status,
    services: () => [SERVICE],
    symptoms: () => [],
    instances: () => INSTANCES,
    audit: () => AUDIT,
    edges: () => [
      { caller: '(outside)', callee: 'payments', protocol: 'http', traffic: TRAFFIC, history: [], health: 'healthy' },
    ],
    incidents: (state) => (state === 'open' ? [] : [INCIDENT]),
    incident: (id) => {
      if (INCIDENT.id.startsWith(id)) return INCIDENT;
      throw new HoldfastError('HF5003', `there is no incident ${id}`);
    },
    actions: () => INCIDENT.plans.flatMap((plan) => plan.actions),
    changes: () => [
      {
        id: 'chg-1',
        at: AT,
        kind: 'deploy',
        who: 'ada',
        why: 'test',
        services: ['payments'],
        content: ['image'],
        undoable: ['payments'],
      },
    ],
    events: () => [
      {
        seq: 1,
        at: AT,
        level: 'info',
        topic: 'change',
        text: 'applied',
        service: null,
        instance: null,
        incident: null,
      },
    ],
    plan: async () => ({
      index: 7,
      system: 'shop',
      notices: [],
      changes: script.planEmpty
        ? []
        : [
            {
              service: 'payments',
              change: 'update',
              fields: ['environment.RATE: "5" → "0"'],
              effect: 'replace 2 instances',
            },
          ],
      policy: [],
      empty: script.planEmpty,
    }),
    apply: async (_spec, index) => {
      if (index !== 7) throw new HoldfastError('HF5001', `the plan is of index ${index}, the state is at 7`);
      return { change: 'chg-2', index: 8, detail: 'applied chg-2', notices: [] };
    },
    operate: async (command, actor) => {
      if (script.refuse) throw script.refuse;
      operations.push({ command, actor });
      return { detail: `did ${command.kind}`, id: 'op-1' };
    },
    heartbeat: () => undefined,
    logs: (instance) =>
      (async function* () {
        yield `hello from ${instance}`;
      })(),
    journal: async () => [
      { seq: 1, at: AT, kind: 'apply', summary: 'applied', who: 'ada', why: 'test', hash: 'ab'.repeat(32) },
    ],
    verifyJournal: async () => ({
      intact: script.journalIntact,
      entries: 1,
      segments: 1,
      firstSeq: 1,
      lastHash: 'ab'.repeat(32),
      replayed: null,
      firstDifference: null,
    }),
    proving: NO_PROVING,
    metrics: () => '',
    subscribe: () => () => undefined,
    shutdown: async () => undefined,
  };
}

const TRAFFIC = { requestsPerSec: 12.5, failureShare: 0.02, p50Ms: 1.5, p99Ms: 20 };

const INSTANCES: readonly InstanceResource[] = ['payments-1', 'payments-2'].map((id, index) => ({
  id,
  service: 'payments',
  phase: 'running',
  ready: true,
  live: true,
  ejected: false,
  pid: 100 + index,
  ports: { '3000': 4000 + index },
  incarnation: 1,
  restarts: index,
  revision: 'abcdef1234567890',
  node: 'box',
  startedAt: AT,
  role: null,
  waitingFor: null,
  cpuCores: 0.1,
  memoryBytes: 50 * 1024 * 1024,
  memoryLimitBytes: null,
  openFiles: 20,
  lastExit: null,
}));

const SERVICE: ServiceResource = {
  name: 'payments',
  health: 'healthy',
  replicas: 2,
  ready: 2,
  revision: 'abcdef1234567890',
  rollout: null,
  endpoints: [{ port: '3000', protocol: 'http', address: 'http://127.0.0.1:8088' }],
  dependsOn: [],
  dependents: [],
  failover: null,
  traffic: TRAFFIC,
  instances: INSTANCES,
  openIncidents: [],
};

const STATUS: StatusResource = {
  system: 'shop',
  health: 'healthy',
  sentence: 'All 1 services are healthy.',
  index: 7,
  mode: 'auto',
  automationStopped: false,
  version: '0.1.0',
  pid: 1,
  startedAt: AT,
  now: '2026-01-01T00:01:00.000Z',
  stateDir: '/s',
  services: { total: 1, healthy: 1 },
  instances: { total: 2, ready: 2 },
  openIncidents: 0,
  budget: { max: 1, out: [] },
  silences: [],
  blindSpots: ['payments has no health check'],
  parts: [{ name: 'traffic', state: 'running', pid: 2, detail: '' }],
  node: null,
};

const INCIDENT: IncidentResource = {
  id: 'inc-42',
  title: 'payments-2 crashed',
  status: 'resolved',
  openedAt: AT,
  onsetAt: AT,
  closedAt: AT,
  detectedAfterMs: 40,
  explainedAfterMs: 80,
  actedAfterMs: 90,
  repairedAfterMs: 5_200,
  services: ['payments'],
  symptoms: [],
  summary: 'payments-2 was killed.',
  causes: [
    {
      entity: { kind: 'instance', name: 'payments-2', service: 'payments' },
      faultClass: 'software',
      mechanism: 'process killed',
      share: 1,
      confidence: 0.94,
      evidenceFor: [{ text: 'it exited with SIGKILL', weight: 2 }],
      evidenceAgainst: [{ text: 'memory was near its limit', weight: -0.3 }],
      changeId: null,
    },
  ],
  victims: ['orders'],
  damage: { extraWaitSeconds: 1.5, failedRequests: 2, requests: 400, unexplainedShare: 0 },
  abstained: false,
  explanation: null,
  proof: null,
  plans: [
    {
      id: 'plan-1',
      level: 0,
      status: 'succeeded',
      createdAt: AT,
      outcome: 'the symptoms stayed away for 5s',
      actions: [
        {
          id: 'act-1',
          incident: 'inc-42',
          kind: 'restart',
          service: 'payments',
          target: 'payments-2',
          argument: null,
          reason: 'it crashed',
          status: 'done',
          reversible: false,
          guards: [{ rail: 'backoff', verdict: 'delay', reason: 'second restart within 60s' }],
          startedAt: AT,
          endedAt: AT,
          error: null,
        },
      ],
    },
  ],
  timeline: [{ at: AT, afterMs: 40, stage: 'detected', text: 'payments-2 crashed' }],
};
