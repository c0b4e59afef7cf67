import { describe, expect, it } from 'vitest';
import type { ActionResource, IncidentResource } from '../../../src/api/resources.ts';
import { awaiting, holding, nowDoing, stagesOf } from './stages.ts';

const INCIDENT: IncidentResource = {
  id: 'inc-1',
  title: 'payments-2 crashed',
  status: 'open',
  openedAt: '2025-11-21T08:00:00.040Z',
  onsetAt: '2025-11-21T08:00:00.000Z',
  closedAt: null,
  detectedAfterMs: 40,
  explainedAfterMs: null,
  actedAfterMs: null,
  repairedAfterMs: null,
  services: ['payments'],
  symptoms: [],
  summary: null,
  causes: [],
  victims: [],
  damage: null,
  abstained: false,
  explanation: null,
  proof: null,
  plans: [],
  timeline: [],
};
const ACTION: ActionResource = {
  id: 'a1',
  incident: 'inc-1',
  kind: 'restart',
  service: 'payments',
  target: 'payments-2',
  argument: null,
  reason: 'it crashed',
  status: 'awaiting-approval',
  reversible: false,
  guards: [{ rail: 'approval', verdict: 'delay', reason: 'the mode is approve' }],
  startedAt: null,
  endedAt: null,
  error: null,
};
const withAction = (action: Partial<ActionResource>, status: IncidentResource['status'] = 'recovering') => ({
  ...INCIDENT,
  status,
  plans: [
    {
      id: 'p1',
      level: 0,
      status: 'open' as const,
      createdAt: INCIDENT.openedAt,
      outcome: null,
      actions: [{ ...ACTION, ...action }],
    },
  ],
});

describe('stages', () => {
  const states = (incident: IncidentResource): string =>
    stagesOf(incident)
      .map(({ state }) => state)
      .join(' ');

  it('shows what is being done next', () => {
    expect(states(INCIDENT)).toBe('done now waits waits');
    expect(states({ ...INCIDENT, explainedAfterMs: 80 })).toBe('done done now waits');
  });

  it('a repair without an action of ours misses that stage', () => {
    expect(states({ ...INCIDENT, explainedAfterMs: 80, repairedAfterMs: 900 })).toBe('done done missed done');
  });

  it('a closed incident waits for nothing', () => {
    expect(states({ ...INCIDENT, closedAt: INCIDENT.openedAt })).toBe('done missed missed missed');
  });
});

describe('what needs a human', () => {
  it('lists actions that await approval, of open incidents only', () => {
    expect(awaiting([withAction({})]).map(({ id }) => id)).toEqual(['a1']);
    expect(awaiting([withAction({ status: 'running' })])).toEqual([]);
    expect(awaiting([{ ...withAction({}), closedAt: INCIDENT.openedAt }])).toEqual([]);
  });

  it('names the rails that hold an action, and none once it runs', () => {
    const guards = [
      { rail: 'budget', verdict: 'delay', reason: 'used' },
      { rail: 'quorum', verdict: 'allow', reason: 'ok' },
    ];
    expect(holding({ ...ACTION, status: 'delayed', guards }).map(({ rail }) => rail)).toEqual(['budget']);
    expect(holding({ ...ACTION, status: 'running', guards })).toEqual([]);
  });

  it('says in one line what is going on', () => {
    expect(nowDoing(INCIDENT)).toBe('Looking for the cause.');
    expect(nowDoing(withAction({}))).toBe('Waits for your approval: restart payments-2.');
    expect(nowDoing(withAction({ status: 'running' }))).toBe('Doing: restart payments-2.');
    expect(nowDoing(withAction({ status: 'delayed' }))).toBe(
      'restart payments-2 is delayed by approval: the mode is approve',
    );
    expect(nowDoing(withAction({ status: 'done' }, 'verifying'))).toMatch(/verifying that it holds/);
    expect(nowDoing(withAction({ kind: 'page', target: '', status: 'done' }, 'escalated'))).toMatch(/needs you/);
  });
});
