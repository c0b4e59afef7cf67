/** Two incidents of the shop as the API tells them: a kill that is being repaired, and a hang that was. */
import type { IncidentResource } from '../../src/api/resources.ts';

export const iso = (at: number): string => new Date(at).toISOString();
export const ago = (seconds: number): string => iso(Date.now() - seconds * 1_000);

const EXPLANATION: IncidentResource['explanation'] = {
  sentence: '41.2 of 47.0 extra user-seconds start in payments; 5.8 unexplained',
  account: {
    unit: 'user-seconds',
    rows: [
      { where: 'payments', suffered: 41.2, own: 41.2 },
      { where: 'catalog', suffered: 5.1, own: 5.1 },
    ],
    small: 0.7,
    absorbed: 1.3,
    reached: 45.7,
    unexplained: 5.8,
  },
  propagation: [
    { from: 'payments', to: 'orders', amount: 41.0 },
    { from: 'orders', to: 'gateway', amount: 39.9 },
    { from: 'orders', to: 'mailer', amount: 0.8 },
    { from: 'gateway', to: 'users', amount: 39.7 },
  ],
  ruledOut: [
    { name: 'orders (answers with errors)', why: 'it calls payments, which was ill no later' },
    { name: 'chg-4 of payments', why: 'the new revision had run well for 12m' },
  ],
  missing: ['traces (which calls belong to which request)'],
  deciding: [],
  sensitivity: {
    tried: 9,
    overturned: [{ without: 'edge', name: 'orders → payments', instead: 'orders' }],
    robustness: 0.89,
  },
};

export function openIncident(): IncidentResource {
  const onset = Date.now() - 4_000;
  const at = (afterMs: number): string => iso(onset + afterMs);
  const step = (
    afterMs: number,
    stage: IncidentResource['timeline'][number]['stage'],
    text: string,
  ): IncidentResource['timeline'][number] => ({ at: at(afterMs), afterMs, stage, text });
  return {
    id: 'inc-12',
    title: 'payments-2 crashed',
    status: 'recovering',
    openedAt: at(38),
    onsetAt: at(0),
    closedAt: null,
    detectedAfterMs: 38,
    explainedAfterMs: 82,
    actedAfterMs: 95,
    repairedAfterMs: null,
    services: ['payments', 'orders'],
    symptoms: [
      {
        id: 'crashed:instance/payments-2',
        kind: 'crashed',
        entity: { kind: 'instance', name: 'payments-2', service: 'payments' },
        onsetAt: at(0),
        detectedAt: at(38),
        clearedAt: null,
        logP: null,
        summary: 'payments-2 exited with signal SIGKILL',
        evidence: ['exit signal SIGKILL', 'it had been up for 59m50s'],
        resource: null,
      },
      {
        id: 'anomalous.metrics:instance/payments-1',
        kind: 'anomalous',
        entity: { kind: 'instance', name: 'payments-1', service: 'payments' },
        onsetAt: at(20),
        detectedAt: at(200),
        clearedAt: null,
        logP: 4.2,
        looksPerDay: 540,
        summary: 'payments-1: queue_depth is unlike its past',
        evidence: ['queue_depth: 9.1 times as far as usual'],
        resource: 'metrics',
        standing: 'advisory',
        figure: {
          title: 'queue_depth',
          unit: 'orders',
          recent: [4, 5, 4, 6, 5, 48, 61, 70],
          baseline: [5, 4, 5, 5, 4, 5, 5, 4],
          compared: 'against the most similar past, which ended 2h earlier',
          stepMs: 10_000,
        },
      },
      {
        id: 'erroring:edge/orders→payments',
        kind: 'erroring',
        entity: { kind: 'edge', name: 'orders→payments', caller: 'orders', callee: 'payments' },
        onsetAt: at(10),
        detectedAt: at(240),
        clearedAt: at(1_300),
        logP: 5.1,
        summary: 'orders → payments: 3 of 9 calls failed',
        evidence: ['failure share 33 % in 1 s, 0 % before', '3 connections reset'],
        resource: null,
      },
    ],
    summary: 'payments-2 was killed by SIGKILL from outside; the other two replicas serve its share.',
    causes: [
      {
        entity: { kind: 'instance', name: 'payments-2', service: 'payments' },
        faultClass: 'software',
        mechanism: 'process killed',
        share: 0.94,
        confidence: 0.97,
        evidenceFor: [
          { text: 'its process exited with SIGKILL 10 ms before the first failed call', weight: 2.4 },
          { text: '3 of 3 failed calls of orders → payments went to it', weight: 1.1 },
        ],
        evidenceAgainst: [{ text: 'no change was made to payments in the last 10 minutes', weight: -0.3 }],
        changeId: null,
      },
      {
        entity: { kind: 'service', name: 'store' },
        faultClass: 'dependency',
        mechanism: 'stopped answering',
        share: 0.02,
        confidence: 0.02,
        evidenceFor: [{ text: 'payments depends on it', weight: 0.2 }],
        evidenceAgainst: [{ text: 'its other callers see no failures and usual times', weight: -1.9 }],
        changeId: null,
      },
    ],
    victims: ['orders', 'gateway'],
    damage: { extraWaitSeconds: 0.42, failedRequests: 3, requests: 2_018, unexplainedShare: 0.04 },
    abstained: false,
    explanation: EXPLANATION,
    proof: {
      verdict: 'confirmed',
      plan: 'plan-2',
      accused: 'payments-2',
      by: 'restart payments-2',
      text: '98 % of the damage went away with it, 94 % was predicted; the symptoms stayed away for 5s',
      at: iso(onset),
    },
    plans: [
      {
        id: 'plan-31',
        level: 0,
        status: 'open',
        createdAt: at(90),
        outcome: null,
        actions: [
          {
            id: 'act-18',
            incident: 'inc-12',
            kind: 'restart',
            service: 'payments',
            target: 'payments-2',
            argument: null,
            reason: 'its process is gone; two of three replicas are ready',
            status: 'running',
            reversible: false,
            guards: [
              { rail: 'budget', verdict: 'allow', reason: '0 of 1 is out' },
              { rail: 'quorum', verdict: 'allow', reason: '2 of 3 stay ready, at least 2 must' },
              { rail: 'brake', verdict: 'allow', reason: '1 of 3 replicas failed: the cause is not shared' },
            ],
            startedAt: at(95),
            endedAt: null,
            error: null,
          },
        ],
      },
    ],
    timeline: [
      step(0, 'fault', 'payments-2 exited with signal SIGKILL'),
      step(38, 'detected', 'crashed: payments-2'),
      step(82, 'explained', 'payments-2: process killed (software), confidence 97 %, 94 % of the damage'),
      step(90, 'planned', 'restart payments-2'),
      step(92, 'guarded', 'budget, quorum and brake allow it'),
      step(95, 'acted', 'restart payments-2 began'),
      step(240, 'detected', 'erroring: orders → payments, a victim'),
    ],
  };
}

export function closedIncident(): IncidentResource {
  const open = openIncident();
  const [plan] = open.plans;
  return {
    ...open,
    id: 'inc-11',
    title: 'catalog-1 hung',
    status: 'resolved',
    openedAt: ago(1_200),
    onsetAt: ago(1_201.2),
    closedAt: ago(1_194),
    detectedAfterMs: 1_180,
    explainedAfterMs: 1_240,
    actedAfterMs: 1_260,
    repairedAfterMs: 2_910,
    services: ['catalog'],
    summary: 'catalog-1 was stopped (SIGSTOP) and answered nothing; it was replaced.',
    symptoms: [],
    causes: open.causes.slice(0, 1).map((cause) => ({
      ...cause,
      entity: { kind: 'instance', name: 'catalog-1', service: 'catalog' },
      mechanism: 'stopped answering',
    })),
    victims: [],
    plans:
      plan === undefined
        ? []
        : [{ ...plan, id: 'plan-30', status: 'succeeded', outcome: 'the symptom stayed away for 5 s', actions: [] }],
    timeline: [{ at: ago(1_200), afterMs: 1_180, stage: 'detected', text: 'hung: catalog-1' }],
  };
}
