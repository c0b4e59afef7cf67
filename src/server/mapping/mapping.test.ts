/** From a core as it might stand to what people read. One small shop; each test changes what it is about. */

import type { TSchema } from 'typebox';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import * as schemas from '../../api/schemas.ts';
import type { Core } from '../../core/contract.ts';
import type { Action, Incident, Plan } from '../../model/incident.ts';
import type { Instance } from '../../model/instance.ts';
import type { EdgeSignal } from '../../model/signal.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { Symptom } from '../../model/symptom.ts';
import { edgeResources } from './edges.ts';
import type { Moment } from './facts.ts';
import { actionResources, findIncident, incidentResource, incidentResources } from './incidents.ts';
import { instanceResources } from './instances.ts';
import { serviceResources } from './services.ts';
import { statusResource } from './status.ts';

const NOW = 100_000;

function service(name: string, change: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    replicas: 1,
    run: { command: ['x'], environment: {}, workingDir: '/', user: null },
    ports: [{ name: '80', target: 80, published: null, protocol: 'http', fixed: false }],
    dependsOn: [],
    healthcheck: { probe: { kind: 'tcp', port: '80' } },
    restart: { condition: 'any' },
    resources: { memoryBytes: null, cpus: null, pids: null, openFiles: null },
    recovery: { mode: null },
    ...change,
  } as ServiceSpec;
}

function instance(id: string, change: Partial<Instance> = {}): Instance {
  const [name, slot] = id.split('-') as [string, string];
  return {
    id,
    service: name,
    slot: Number(slot),
    incarnation: 1,
    node: 'n',
    revision: 'r1',
    phase: 'running',
    process: { pid: 4_000 + Number(slot), startTicks: '1', bootId: 'b' },
    ports: { 80: 20_000 },
    ready: true,
    live: true,
    ejected: false,
    startedAt: 1_000,
    readyAt: 1_500,
    lastExit: null,
    waitingFor: null,
    ...change,
  };
}

function edge(caller: string, callee: string, at: number, change: Partial<EdgeSignal> = {}): EdgeSignal {
  return {
    kind: 'edge',
    at,
    windowMs: 1_000,
    caller,
    callee,
    instance: `${callee}-1`,
    protocol: 'http',
    requests: 10,
    failures: { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 },
    retried: 0,
    latency: [[80, 10]],
    inFlight: 0,
    oldestWaitMs: 0,
    ...change,
  };
}

interface Sketch {
  readonly services?: readonly ServiceSpec[];
  readonly instances?: readonly Instance[];
  readonly incidents?: readonly Incident[];
  readonly edges?: readonly EdgeSignal[];
  readonly transition?: readonly string[];
  readonly core?: Partial<Core>;
}

const SHOP: readonly ServiceSpec[] = [
  service('web', {
    replicas: 2,
    ports: [{ name: 'http', target: 80, published: { host: '0.0.0.0', port: 8080 }, protocol: 'http', fixed: false }],
    dependsOn: [{ service: 'db', condition: 'healthy', required: true }],
  }),
  service('db', { healthcheck: null }),
];
const UP: readonly Instance[] = [instance('web-1'), instance('web-2'), instance('db-1')];

function moment(sketch: Sketch = {}): Moment {
  const services = sketch.services ?? SHOP;
  const edges = sketch.edges ?? [];
  const core = {
    index: 3,
    spec: { name: 'shop', baseDir: '/', services: {}, policy: { mode: 'auto', maxDisruption: 1 } },
    instances: new Map((sketch.instances ?? UP).map((each) => [each.id, each])),
    incidents: sketch.incidents ?? [],
    changes: [],
    silences: [],
    routes: null,
    budget: { max: 1, out: [] },
    mode: 'auto',
    stopped: false,
    wallOffsetMs: Date.parse('2026-01-01T00:00:00Z') - NOW,
    rolloutOf: () => null,
    revisionOf: () => 'r1',
    step: () => [],
    snapshot: () => '',
    view: {
      policy: { mode: 'auto', maxDisruption: 1 },
      services: new Map(services.map((each) => [each.name, each])),
      instances: new Map(),
      edges: {
        pairs: () => {
          const seen = new Map(edges.map(({ caller, callee }) => [`${caller}→${callee}`, { caller, callee }]));
          return [...seen.values()];
        },
        windows: (caller: string, callee: string, from: number, to: number) =>
          edges.filter((w) => w.caller === caller && w.callee === callee && w.at > from && w.at <= to),
        baseline: () => undefined,
      },
      changes: [],
      exitsOf: () => [],
      failoverOf: () => undefined,
      resourcesOf: () => [],
      nodeOf: () => undefined,
      inTransition: new Set(sketch.transition ?? []),
    },
    ...sketch.core,
  } as unknown as Core;
  const facts = {
    version: '0.1.0',
    pid: 1,
    startedAtWallMs: 0,
    stateDir: '/s',
    node: 'n',
    machine: null,
    parts: [],
    notifiers: 0,
  };
  return { core, facts, now: NOW };
}

function symptom(change: Partial<Symptom> = {}): Symptom {
  return {
    id: 'crashed:instance/web-2',
    kind: 'crashed',
    entity: { kind: 'instance', name: 'web-2', service: 'web' },
    onsetAt: 90_000,
    detectedAt: 90_040,
    clearedAt: null,
    logP: null,
    summary: 'web-2 exited with signal SIGKILL',
    evidence: [],
    resource: null,
    ...change,
  };
}

function action(change: Partial<Action> = {}): Action {
  return {
    id: 'act-1',
    kind: 'restart',
    service: 'web',
    target: 'web-2',
    incarnation: 1,
    reason: 'it crashed',
    reversible: false,
    argument: null,
    status: 'running',
    guards: [],
    createdAt: 90_060,
    startedAt: 90_070,
    endedAt: null,
    error: null,
    ...change,
  };
}

function incident(change: Partial<Incident> = {}, actions: readonly Action[] = [action()]): Incident {
  const plan: Plan = {
    id: 'plan-1',
    incident: 'inc-12',
    createdAt: 90_060,
    level: 0,
    cause: null,
    actions,
    status: 'open',
    verify: { symptoms: [], forMs: 5_000, deadlineMs: 30_000 },
    verifySince: null,
    outcome: null,
  };
  return {
    id: 'inc-12',
    openedAt: 90_040,
    onsetAt: 90_000,
    closedAt: null,
    status: 'recovering',
    title: 'web-2 crashed',
    symptoms: [symptom()],
    diagnosis: null,
    plans: [plan],
    proof: null,
    timeline: [
      { at: 90_040, stage: 'detected', text: 'web-2 exited' },
      { at: 90_050, stage: 'explained', text: 'process killed' },
    ],
    ...change,
  };
}

const DOWN = instance('web-2', { phase: 'pending', ready: false, live: null, process: null, incarnation: 2 });
const CRASHED: readonly Instance[] = [instance('web-1'), DOWN, instance('db-1')];

function conforms(schema: TSchema, value: unknown): void {
  const errors = Compile(schema).Errors(JSON.parse(JSON.stringify(value)));
  expect(errors).toEqual([]);
}

describe('status', () => {
  const sentence = (sketch: Sketch): string => statusResource(moment(sketch)).sentence;

  it('conforms to its schema', () => {
    conforms(schemas.StatusSchema, statusResource(moment({ incidents: [incident()], instances: CRASHED })));
  });

  it('says that all is well, with figures and times', () => {
    const status = statusResource(moment());
    expect(status).toMatchObject({
      system: 'shop',
      health: 'healthy',
      sentence: 'All 2 services are healthy.',
      services: { total: 2, healthy: 2 },
      instances: { total: 3, ready: 3 },
      now: '2026-01-01T00:00:00.000Z',
    });
  });

  it('says what is wrong and what is being done', () => {
    expect(sentence({ incidents: [incident()], instances: CRASHED })).toBe(
      'web is degraded: web-2 exited with signal SIGKILL; restarting web-2.',
    );
  });

  it.each([
    [action({ status: 'awaiting-approval' }), 'restart of web-2 awaits approval'],
    [
      action({
        status: 'refused',
        guards: [
          { rail: 'budget', verdict: 'allow', reason: '', until: null },
          { rail: 'quorum', verdict: 'refuse', reason: '1 of 2 must stay', until: null },
        ],
      }),
      'restart of web-2 is refused (quorum: 1 of 2 must stay)',
    ],
    [
      action({ status: 'delayed', guards: [{ rail: 'backoff', verdict: 'delay', reason: '2s', until: 1 }] }),
      'restart of web-2 waits (backoff: 2s)',
    ],
  ])('says why nothing is done yet: %#', (each, words) => {
    expect(sentence({ incidents: [incident({}, [each])], instances: CRASHED })).toBe(
      `web is degraded: web-2 exited with signal SIGKILL; ${words}.`,
    );
  });

  it.each<[string, Sketch, string]>([
    [
      'nothing declared',
      { services: [], instances: [], core: { spec: null } },
      'Nothing is declared yet: apply a spec.',
    ],
    [
      'starting',
      { transition: ['web'], instances: [instance('web-1', { ready: false, phase: 'starting' }), instance('db-1')] },
      'Starting: 1 of 2 services are up.',
    ],
    [
      'stopped',
      {
        transition: ['web', 'db'],
        instances: UP.map((each) => ({ ...each, phase: 'exited' as const, ready: false })),
      },
      'shop is stopped.',
    ],
    [
      'down without an incident',
      { instances: [instance('web-1'), instance('web-2'), instance('db-1', { ready: false })] },
      'db is down: 0 of 1 instances ready.',
    ],
    [
      'an incident that no service feels',
      { incidents: [incident({ symptoms: [], title: 'the disk of n is 97 % full' })] },
      'All 2 services are healthy, but the disk of n is 97 % full.',
    ],
    [
      'a cause that is the service itself',
      { incidents: [incident({ symptoms: [symptom({ summary: 'web: lost its port' })] })], instances: CRASHED },
      'web is degraded: lost its port; restarting web-2.',
    ],
    ['automation stopped', { core: { stopped: true } }, 'All 2 services are healthy. Automation is stopped.'],
    [
      'escalated',
      { incidents: [incident({ status: 'escalated' })], instances: CRASHED },
      'web is degraded: web-2 exited with signal SIGKILL; it needs a human.',
    ],
  ])('has a sentence for: %s', (_what, sketch, expected) => {
    expect(sentence(sketch)).toBe(expected);
  });

  it('names blind spots: no health check, a single instance that others need, nobody to be called', () => {
    const PAGES = 'a page reaches only who looks here: nobody is named with --notify';
    expect(statusResource(moment()).blindSpots).toEqual([
      'db has no health check: that it hangs is noticed only while it has traffic',
      'db runs once, and web depends on it: a restart is felt',
      PAGES,
    ]);
    const worker = service('worker', { ports: [], healthcheck: null, replicas: 2 });
    expect(statusResource(moment({ services: [worker] })).blindSpots).toEqual([
      'worker has neither ports nor a health check: only its exit is noticed',
      PAGES,
    ]);
  });
});

describe('services, instances and edges', () => {
  const traffic = Array.from({ length: 12 }, (_, n) => edge('(outside)', 'web', NOW - n * 1_000));

  it('conform to their schemas', () => {
    const sketch = { edges: traffic, incidents: [incident()], instances: CRASHED };
    conforms(Type.Array(schemas.ServiceSchema), serviceResources(moment(sketch)));
    conforms(Type.Array(schemas.InstanceSchema), instanceResources(moment(sketch)));
    conforms(Type.Array(schemas.EdgeSchema), edgeResources(moment(sketch)));
  });

  it('shows endpoints, neighbours, readiness and open incidents', () => {
    const [db, web] = serviceResources(moment({ incidents: [incident()], instances: CRASHED }));
    expect(db).toMatchObject({ name: 'db', dependents: ['web'], health: 'healthy', traffic: null, openIncidents: [] });
    expect(web).toMatchObject({
      name: 'web',
      health: 'degraded',
      ready: 1,
      replicas: 2,
      dependsOn: ['db'],
      openIncidents: ['inc-12'],
      endpoints: [{ port: 'http', protocol: 'http', address: 'http://127.0.0.1:8080' }],
    });
    expect(web?.instances.map(({ id, pid, restarts }) => [id, pid, restarts])).toEqual([
      ['web-1', 4_001, 0],
      ['web-2', null, 1],
    ]);
  });

  it('a job that did its work is healthy', () => {
    const exit = { at: 1, reason: 'code', code: 0, signal: null, detail: null, lastOutput: [] } as const;
    const done = instance('job-1', { phase: 'exited', ready: false, lastExit: exit });
    const job = service('job', { ports: [], healthcheck: null, restart: { condition: 'none' } as never });
    expect(serviceResources(moment({ services: [job], instances: [done] }))[0]?.health).toBe('healthy');
    const failed = { ...done, lastExit: { ...exit, code: 1 } };
    expect(serviceResources(moment({ services: [job], instances: [failed] }))[0]?.health).toBe('down');
  });

  it('summarises the last ten seconds of all callers and instances', () => {
    const failing = edge('(outside)', 'web', NOW - 500, {
      instance: 'web-2',
      requests: 20,
      failures: { connect: 5, reset: 0, timeout: 0, status5xx: 5, unavailable: 0 },
      latency: [[160, 10]],
    });
    const web = serviceResources(moment({ edges: [...traffic, failing] }))[1];
    // Ten windows of 10 requests and one of 20 within 10 s, 10 of 120 failed.
    expect(web?.traffic).toMatchObject({ requestsPerSec: 12, failureShare: 10 / 120 });
    expect(web?.traffic?.p50Ms).toBeLessThan(web?.traffic?.p99Ms ?? 0);
  });

  it('knows no latency where no call was answered', () => {
    const broken = edge('(outside)', 'web', NOW - 500, {
      failures: { ...traffic[0]?.failures, connect: 10 } as never,
      latency: [],
    });
    const web = serviceResources(moment({ edges: [broken] }))[1];
    expect(web?.traffic).toMatchObject({ failureShare: 1, p50Ms: null, p99Ms: null });
  });

  it('draws declared edges without traffic, and the last minute of measured ones', () => {
    const edges = edgeResources(moment({ edges: traffic }));
    expect(edges.map(({ caller, callee, health }) => [caller, callee, health])).toEqual([
      ['(outside)', 'web', 'healthy'],
      ['web', 'db', 'unknown'],
    ]);
    const history = edges[0]?.history ?? [];
    expect(history.length).toBe(60);
    expect(history.filter((step) => step !== null).length).toBe(12);
    expect(history[59]).toMatchObject({ requestsPerSec: 10, failureShare: 0 });
    expect(history[47]).toBeNull();
  });

  it('colours an edge by its failures and by open symptoms', () => {
    const failed = traffic.map((window) => ({ ...window, failures: { ...window.failures, connect: 9 } }));
    expect(edgeResources(moment({ edges: failed }))[0]?.health).toBe('down');
    const slow = symptom({ kind: 'slow', entity: { kind: 'edge', name: 'x', caller: '(outside)', callee: 'web' } });
    const incidents = [incident({ symptoms: [slow] })];
    expect(edgeResources(moment({ edges: traffic, incidents }))[0]?.health).toBe('degraded');
  });
});

describe('incidents', () => {
  const resolved = incident(
    { id: 'inc-2', status: 'resolved', closedAt: 97_000, symptoms: [symptom({ clearedAt: 92_000 })] },
    [action({ status: 'done', endedAt: 91_000 })],
  );

  it('conform to their schema', () => {
    const { core } = moment({ incidents: [incident(), resolved] });
    conforms(Type.Array(schemas.IncidentSchema), incidentResources(core, 'all', 10));
    conforms(Type.Array(schemas.ActionSchema), actionResources(core, 'all', 10));
  });

  it('tell how long each step took, from the onset', () => {
    const { core } = moment();
    expect(incidentResource(core, incident())).toMatchObject({
      detectedAfterMs: 40,
      explainedAfterMs: 50,
      actedAfterMs: 70,
      repairedAfterMs: null,
      services: ['web'],
      timeline: [{ afterMs: 40 }, { afterMs: 50 }],
    });
    expect(incidentResource(core, resolved).repairedAfterMs).toBe(2_000);
  });

  it('were detected when something of them was detected first, also when that was detected anew since', () => {
    const { core } = moment();
    const anew = incident({ symptoms: [symptom({ detectedAt: 92_500 })] });
    expect(incidentResource(core, anew).detectedAfterMs).toBe(40);
  });

  it('do not count a page as an action, nor a symptom that lasts as repaired', () => {
    const { core } = moment();
    const paged = incident({}, [action({ kind: 'page' })]);
    expect(incidentResource(core, paged).actedAfterMs).toBeNull();
    expect(incidentResource(core, { ...resolved, symptoms: [symptom()] }).repairedAfterMs).toBe(7_000);
  });

  it('are found by prefix, and an ambiguous one is refused', () => {
    const { core } = moment({ incidents: [incident(), resolved, incident({ id: 'inc-21' })] });
    expect(findIncident(core, 'inc-2').id).toBe('inc-2');
    expect(findIncident(core, 'inc-1').id).toBe('inc-12');
    expect(() => findIncident(core, 'inc')).toThrow(expect.objectContaining({ code: 'HF7003' }));
    expect(() => findIncident(core, 'x')).toThrow(expect.objectContaining({ code: 'HF5003' }));
  });

  it('are filtered by state, and their actions too', () => {
    const waiting = incident({ id: 'inc-3' }, [
      action({ id: 'act-9', status: 'awaiting-approval', createdAt: 95_000 }),
    ]);
    const { core } = moment({ incidents: [incident(), waiting, resolved] });
    expect(incidentResources(core, 'open', 10).map(({ id }) => id)).toEqual(['inc-12', 'inc-3']);
    expect(incidentResources(core, 'closed', 10).map(({ id }) => id)).toEqual(['inc-2']);
    expect(incidentResources(core, 'all', 1).length).toBe(1);
    expect(actionResources(core, 'awaiting', 10).map(({ id }) => id)).toEqual(['act-9']);
    expect(actionResources(core, 'open', 10).map(({ id }) => id)).toEqual(['act-9', 'act-1']);
    expect(actionResources(core, 'all', 10).length).toBe(3);
  });
});
