/** Makers for tests of recovery: actions, symptoms, causes, plans, and the context of the guard rails. */

import type { Action, Cause, Diagnosis, Incident, Plan } from '../../src/model/incident.ts';
import { type Symptom, type SymptomKind, symptomId } from '../../src/model/symptom.ts';
import { type ActionDraft, type GuardContext, RecoveryMemory } from '../../src/recover/index.ts';
import type { FakeView } from './fake-view.ts';
import { UNACCOUNTED } from './unaccounted.ts';

export function draft(kind: ActionDraft['kind'], target: string, over: Partial<ActionDraft> = {}): ActionDraft {
  const service = target.replace(/-\d+$/, '');
  return { kind, service, target, incarnation: 1, reason: 'test', reversible: false, argument: null, ...over };
}

export function symptom(kind: SymptomKind, entity: string, over: Partial<Symptom> = {}): Symptom {
  const service = entity.replace(/-\d+$/, '');
  const ref =
    service === entity
      ? ({ kind: 'service', name: entity } as const)
      : ({ kind: 'instance', name: entity, service } as const);
  return {
    id: symptomId(kind, ref, over.resource ?? null),
    kind,
    entity: ref,
    onsetAt: 0,
    detectedAt: 0,
    clearedAt: null,
    logP: null,
    summary: `${entity} is ${kind}`,
    evidence: [],
    resource: null,
    ...over,
  };
}

export function cause(entity: string, over: Partial<Cause> = {}): Cause {
  return {
    entity: symptom('slow', entity).entity,
    faultClass: 'software',
    mechanism: 'test',
    share: null,
    confidence: 0.9,
    evidenceFor: [],
    evidenceAgainst: [],
    changeId: null,
    ...over,
  };
}

export function diagnosis(causes: readonly Cause[], victims: readonly string[] = []): Diagnosis {
  const damage = { extraWaitSeconds: 0, failedRequests: 0, requests: 0, unexplainedShare: 0 };
  return { at: 0, causes, damage, abstained: false, summary: 'test', victims, ...UNACCOUNTED };
}

export function action(from: ActionDraft, status: Action['status'], over: Partial<Action> = {}): Action {
  const times = { createdAt: 0, startedAt: 0, endedAt: 0, error: null };
  return { ...from, id: `act-${from.kind}-${from.target}`, status, guards: [], ...times, ...over };
}

export function plan(status: Plan['status'], actions: readonly Action[], over: Partial<Plan> = {}): Plan {
  return {
    id: 'plan-1',
    incident: 'inc-1',
    createdAt: 0,
    level: 0,
    cause: null,
    actions,
    status,
    verify: { symptoms: [], forMs: 5_000, deadlineMs: 20_000 },
    verifySince: null,
    outcome: null,
    ...over,
  };
}

export function incident(symptoms: readonly Symptom[], plans: readonly Plan[] = []): Incident {
  return {
    id: 'inc-1',
    openedAt: 0,
    onsetAt: 0,
    closedAt: null,
    status: 'open',
    title: '',
    symptoms,
    diagnosis: null,
    plans,
    proof: null,
    timeline: [],
  };
}

export function context(view: FakeView, over: Partial<GuardContext> = {}): GuardContext {
  const nothing = { symptoms: [], causes: [], out: [], silences: [], stopped: false };
  return { view, memory: new RecoveryMemory(), ...nothing, ...over };
}
