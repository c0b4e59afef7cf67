import { describe, expect, it } from 'vitest';
import type { IncidentResource } from '../../../src/api/resources.ts';
import { postmortem } from './postmortem.ts';

const INCIDENT: IncidentResource = {
  id: 'inc-1',
  title: 'payments-2 crashed',
  status: 'resolved',
  openedAt: '2025-11-21T08:00:00.040Z',
  onsetAt: '2025-11-21T08:00:00.000Z',
  closedAt: '2025-11-21T08:00:09.000Z',
  detectedAfterMs: 40,
  explainedAfterMs: 80,
  actedAfterMs: 90,
  repairedAfterMs: 6_200,
  services: ['payments', 'orders'],
  symptoms: [],
  summary: 'payments-2 was killed by SIGKILL.',
  causes: [
    {
      entity: { kind: 'instance', name: 'payments-2', service: 'payments' },
      faultClass: 'software',
      mechanism: 'process killed',
      share: 0.94,
      confidence: 0.97,
      evidenceFor: [{ text: 'it exited with SIGKILL | at 08:00', weight: 2 }],
      evidenceAgainst: [{ text: 'no *change* to it', weight: -0.3 }],
      changeId: null,
    },
  ],
  victims: ['orders'],
  damage: { extraWaitSeconds: 1.24, failedRequests: 3, requests: 1_200, unexplainedShare: 0 },
  abstained: false,
  explanation: null,
  proof: null,
  plans: [
    {
      id: 'p1',
      level: 0,
      status: 'succeeded',
      createdAt: '2025-11-21T08:00:00.090Z',
      outcome: 'the symptom stayed away for 5 s',
      actions: [
        {
          id: 'a1',
          incident: 'inc-1',
          kind: 'restart',
          service: 'payments',
          target: 'payments-2',
          argument: null,
          reason: 'it crashed',
          status: 'done',
          reversible: false,
          guards: [
            { rail: 'budget', verdict: 'allow', reason: '0 of 1 used' },
            { rail: 'cooldown', verdict: 'delay', reason: '2 s to go' },
          ],
          startedAt: null,
          endedAt: null,
          error: null,
        },
      ],
    },
  ],
  timeline: [{ at: '2025-11-21T08:00:00.040Z', afterMs: 40, stage: 'detected', text: 'line one\n# two' }],
};

describe('postmortem', () => {
  const text = postmortem(INCIDENT, 'shop');

  it('tells the whole story', () => {
    expect(text).toMatch(/^# payments-2 crashed\n/);
    expect(text).toContain('| Repaired after | 6.2s |');
    expect(text).toContain('3 of 1 200 requests failed; users waited 1.2 s longer in total; 0 %');
    expect(text).toContain('1. **payments-2: process killed** (software), confidence 97 %, 94 % of the damage');
    expect(text).toContain('## Ruled out as victims\n\n- orders');
    expect(text).toContain('- restart `payments-2`: done – it crashed; cooldown delay: 2 s to go');
    expect(text).not.toContain('0 of 1 used');
    expect(text).toContain('## To be added by people');
  });

  it('lets no text from outside become markup', () => {
    expect(text).toContain('for: it exited with SIGKILL \\| at 08:00');
    expect(text).toContain('against: no \\*change\\* to it');
    expect(text).toContain('| 08:00:00.040 | 40ms | detected | line one \\# two |');
  });

  it('leaves out what is not known', () => {
    const bare = postmortem({ ...INCIDENT, summary: null, causes: [], victims: [], damage: null, plans: [] }, 'shop');
    expect(bare).not.toMatch(/## (Summary|Impact|Causes|Ruled|What)/);
  });
});
