import { expect, describe as group, it } from 'vitest';
import { UNACCOUNTED } from '../../../test/support/unaccounted.ts';
import type { Incident } from '../../model/incident.ts';
import type { PartOutage } from '../../model/part-fault.ts';
import { type FaultRecord, type Journal, parseExperiment } from '../experiment/index.ts';
import { KINDS } from '../experiment/testing/kinds.ts';
import { coverage, type Evidence, grid, implies, judge, junit, type Verdict } from './index.ts';
import { describe, exitCode, trend } from './report.ts';

const EXPECT = {
  detected_within: '5s',
  blamed: 'payments',
  fault_class: 'software',
  repaired_within: '30s',
  lost_at_most: { requests: 10, budget: '5%' },
  consistency: 'no-lost-writes',
};

function experimentOf(expect: object | null): Evidence['experiment'] {
  const provider = { type: 'http', url: 'http://127.0.0.1/' };
  return parseExperiment(
    {
      title: 'payments dies',
      description: 'and comes back',
      'steady-state-hypothesis': {
        title: 'checkout works',
        probes: [{ type: 'probe', name: 'checkout', tolerance: 200, provider }],
      },
      method: [{ type: 'action', name: 'kill', 'x-holdfast': { fault: 'kill', target: { service: 'payments' } } }],
      ...(expect === null ? {} : { 'x-holdfast': { expect } }),
    },
    { kinds: KINDS },
  ).experiment;
}

const FAULT: FaultRecord = {
  id: 'x-1',
  activity: 'kill',
  kind: 'kill',
  service: 'payments',
  askedAt: 990,
  begunAt: 1_000,
  revertedAt: 9_000,
  state: 'reverted',
  error: null,
  bite: { asked: 1, measured: 1, unit: 'processes killed', bitten: true },
  residue: [],
};

function journalOf(change: Partial<Journal> = {}, own: Partial<Journal['x-holdfast']> = {}): Journal {
  const met = { steady_state_met: true, probes: [] };
  const ran = { activity: { type: 'action', name: 'kill' }, status: 'succeeded', output: null } as const;
  return {
    'chaoslib-version': 'x',
    platform: '',
    node: '',
    experiment: {},
    start: '',
    end: '',
    duration: 12.5,
    status: 'completed',
    deviated: false,
    steady_states: { before: met, after: met, during: [] },
    run: [{ ...ran, start: null, end: null, duration: null }],
    rollbacks: [],
    'x-holdfast': { faults: [FAULT], residue: [], recovered: met, notes: [], ...own },
    ...change,
  };
}

const OUTAGE: PartOutage = {
  part: 'traffic',
  killed: 1,
  noticedAfterMs: 2,
  backAfterMs: 400,
  successor: 2,
  endpoints: 3,
  open: 3,
  closedForMs: 420,
  withinMs: 5_000,
};

function incidentOf(change: Partial<Incident> = {}): Incident {
  const entity = { kind: 'instance', name: 'payments-2', service: 'payments' } as const;
  const cause = {
    entity,
    faultClass: 'software',
    mechanism: 'process killed',
    share: 0.9,
    confidence: 0.94,
    evidenceFor: [{ text: 'exited with SIGKILL', weight: 2 }],
    evidenceAgainst: [],
    changeId: null,
  } as const;
  const damage = { extraWaitSeconds: 1, failedRequests: 3, requests: 100, unexplainedShare: 0.1 };
  return {
    id: 'i1',
    openedAt: 1_200,
    onsetAt: 1_000,
    closedAt: 7_000,
    status: 'resolved',
    title: 'payments crashed',
    symptoms: [
      {
        id: 's',
        kind: 'crashed',
        entity,
        onsetAt: 1_000,
        detectedAt: 1_180,
        clearedAt: 6_000,
        logP: null,
        summary: 'payments-2 exited with signal SIGKILL',
        evidence: [],
        resource: null,
      },
    ],
    diagnosis: { at: 1_300, causes: [cause], damage, abstained: false, summary: '', victims: [], ...UNACCOUNTED },
    plans: [
      {
        id: 'p',
        incident: 'i1',
        createdAt: 1_300,
        level: 0,
        cause,
        actions: [
          {
            id: 'a',
            kind: 'restart',
            service: 'payments',
            target: 'payments-2',
            incarnation: 1,
            reason: '',
            reversible: true,
            argument: null,
            status: 'done',
            guards: [],
            createdAt: 1_300,
            startedAt: 1_300,
            endedAt: 2_000,
            error: null,
          },
        ],
        status: 'succeeded',
        verify: { symptoms: [], forMs: 1, deadlineMs: 1 },
        verifySince: null,
        outcome: null,
      },
    ],
    proof: null,
    timeline: [],
    ...change,
  };
}

const GOOD: Evidence = {
  experiment: experimentOf(EXPECT),
  journal: journalOf(),
  incidents: [incidentOf()],
  losses: { requests: 3, seconds: 1.25, budget: 0.01 },
  consistency: { checked: 'linearizable', verdict: 'holds', detail: '' },
};
const diagnosis = incidentOf().diagnosis as NonNullable<Incident['diagnosis']>;
/** The symptom lasts until then; that it is over is verified some seconds later. */
const clearedAt = (at: number): Incident =>
  incidentOf({
    closedAt: at + 5_000,
    symptoms: incidentOf().symptoms.map((symptom) => ({ ...symptom, clearedAt: at })),
  });
const own = (change: Partial<Journal['x-holdfast']>): Partial<Evidence> => ({ journal: journalOf({}, change) });

group('judge', () => {
  it('confirms a run in which everything came true', () => {
    const verdict = judge(GOOD);
    expect(verdict.summary).toBe('Confirmed: detected after 180ms, payments-2 blamed, repaired after 5s.');
    expect(verdict).toMatchObject({ verdict: 'confirmed', detectedAfterMs: 180, repairedAfterMs: 5_000 });
    expect(verdict.actions).toEqual(['restart payments-2']);
    expect(describe(verdict)).toBe(
      [
        'payments dies',
        '  ✓ ran          to its end (expected to its end)',
        '  ✓ bitten       1 of 1 (expected every fault has its effect)',
        '                 kill on payments (x-1): asked 1, measured 1 processes killed',
        '  ✓ detected     after 180ms (expected within 5s)',
        '                 payments-2 exited with signal SIGKILL',
        '  ✓ blamed       payments-2: process killed (expected payments)',
        '                 exited with SIGKILL',
        '  ✓ class        software (expected software)',
        '  ✓ repaired     5s (expected within 30s)',
        '                 restart payments-2',
        '  ✓ lost         3 requests, 1.25 seconds, 1 % of the error budget (expected at most 10 requests, 5 % of the error budget)',
        '  ✓ consistency  linearizable: holds (expected no-lost-writes)',
        '  ✓ residue      nothing is left (expected nothing is left)',
        '  ✓ steady       steady again (expected checkout works)',
        'Confirmed: detected after 180ms, payments-2 blamed, repaired after 5s.',
      ].join('\n'),
    );
  });

  it.each<[string, Partial<Evidence>, Verdict['verdict'], string]>([
    ['not detected', { incidents: [] }, 'mismatch', 'detected: not detected'],
    ['open before', { incidents: [incidentOf({ openedAt: 500 })] }, 'mismatch', 'detected: not detected'],
    ['wrong cause', { incidents: [incidentOf({ diagnosis: null })] }, 'mismatch', 'blamed: nobody'],
    [
      'abstained',
      { incidents: [incidentOf({ diagnosis: { ...diagnosis, abstained: true } })] },
      'mismatch',
      'blamed: the diagnosis abstained',
    ],
    ['escalated', { incidents: [incidentOf({ status: 'escalated' })] }, 'mismatch', 'repaired: still open'],
    ['late', { incidents: [clearedAt(40_000)] }, 'mismatch', 'repaired: 39s'],
    ['too much lost', { losses: { requests: 11, seconds: 0, budget: 0 } }, 'mismatch', 'lost: 11 requests'],
    ['losses not measured', { losses: null }, 'inconclusive', 'lost: not measured'],
    ['no error budget', { losses: { requests: 0, seconds: 0, budget: null } }, 'inconclusive', 'no error budget'],
    ['no history', { consistency: null }, 'inconclusive', 'consistency: no history'],
    [
      'a violation of what is weaker than asked',
      { consistency: { checked: 'no-lost-writes', verdict: 'violated', detail: 'x' } },
      'mismatch',
      'no-lost-writes: violated',
    ],
    [
      'a violation of what is stronger than asked decides nothing',
      { consistency: { checked: 'strict-serializable', verdict: 'violated', detail: 'x' } },
      'inconclusive',
      'strict-serializable: violated',
    ],
    ['deviated', { journal: journalOf({ deviated: true, status: 'failed' }) }, 'mismatch', 'steady: deviated'],
    ['no steady state again', own({ recovered: { steady_state_met: false, probes: [] } }), 'mismatch', 'did not come'],
    ['interrupted', { journal: journalOf({ status: 'interrupted' }) }, 'inconclusive', 'ran: interrupted'],
    [
      'no bite',
      own({ faults: [{ ...FAULT, bite: { asked: 1, measured: 0, unit: 'x', bitten: false } }] }),
      'inconclusive',
      'bitten: no effect',
    ],
    [
      'never begun',
      own({ faults: [{ ...FAULT, begunAt: null, error: 'no such kernel' }] }),
      'inconclusive',
      'no effect',
    ],
    ['residue', own({ residue: ['a file'] }), 'mismatch', 'residue: 1 left behind'],
    [
      'residue counts even without a bite',
      own({ residue: ['a file'], faults: [{ ...FAULT, begunAt: null }] }),
      'mismatch',
      '1 left',
    ],
    ['not confirmed as reverted', own({ faults: [{ ...FAULT, state: 'unconfirmed' }] }), 'mismatch', '1 left behind'],
    ['nobody looked for residue', own({ residue: null }), 'inconclusive', 'nobody could look'],
  ])('%s', (_, change, word, reason) => {
    const verdict = judge({ ...GOOD, ...change });
    expect(verdict.verdict).toBe(word);
    expect(verdict.summary).toContain(reason);
  });

  it('counts detection from when it was asked for, where the effect was seen before it was complete', () => {
    const late = { ...GOOD, ...own({ faults: [{ ...FAULT, begunAt: 1_250 }] }) };
    expect(judge(late)).toMatchObject({ verdict: 'confirmed', detectedAfterMs: 190 });
  });

  it('takes detection for a bite that was not measured, and nothing else', () => {
    const faults = [{ ...FAULT, bite: null }];
    expect(judge({ ...GOOD, ...own({ faults }) }).verdict).toBe('confirmed');
    const quiet = { ...GOOD, experiment: experimentOf({ undetected: true }), incidents: [], ...own({ faults }) };
    expect(judge(quiet).verdict).toBe('inconclusive');
  });

  it('confirms that a fault is nobody’s incident, or objects', () => {
    const experiment = experimentOf({ undetected: true });
    expect(judge({ ...GOOD, experiment, incidents: [] }).verdict).toBe('confirmed');
    expect(judge({ ...GOOD, experiment }).verdict).toBe('mismatch');
  });

  it('holds Holdfast to the return of its own part, and says for how long nobody was let in', () => {
    const experiment = experimentOf({ undetected: true });
    const judged = (change: Partial<PartOutage> | null) => {
      const part = change === null ? {} : { part: { ...OUTAGE, ...change } };
      const faults = [{ ...FAULT, kind: 'kill-part', service: null, ...part }];
      const verdict = judge({ ...GOOD, experiment, incidents: [], ...own({ faults }) });
      const found = (aspect: string) => verdict.findings.find((one) => one.aspect === aspect)?.found;
      return { verdict: verdict.verdict, part: found('part'), lost: found('lost') };
    };
    expect(judged({})).toMatchObject({
      verdict: 'confirmed',
      part: 'traffic back after 400ms, 3 of 3 endpoints open',
      lost: expect.stringContaining('for 420ms no endpoint took a connection'),
    });
    expect(judged({ noticedAfterMs: null }).verdict).toBe('mismatch');
    expect(judged({ open: 2 })).toMatchObject({ verdict: 'mismatch', part: expect.stringContaining('2 of 3') });
    expect(judged({ backAfterMs: null, successor: null }).part).toContain('traffic not back');
    expect(judged(null)).toMatchObject({ verdict: 'inconclusive', part: 'nobody could say' });
    expect(judge(GOOD).findings.some(({ aspect }) => aspect === 'part')).toBe(false);
  });

  it('knows which consistency model implies which', () => {
    expect(implies('strict-serializable', 'no-lost-writes')).toBe(true);
    expect(implies('snapshot-isolation', 'read-uncommitted')).toBe(true);
    expect(implies('snapshot-isolation', 'serializable')).toBe(false);
    expect(implies('serializable', 'linearizable')).toBe(false);
  });
});

group('reports', () => {
  const confirmed = judge(GOOD);
  const mismatch = judge({ ...GOOD, incidents: [], experiment: { ...GOOD.experiment, title: 'a <b> & "c" \u0007' } });
  const halted = judge({ ...GOOD, journal: journalOf({ status: 'aborted' }) });

  it('ends with the exit code of its worst', () => {
    expect(exitCode([confirmed])).toBe(0);
    expect(exitCode([confirmed, halted])).toBe(3);
    expect(exitCode([confirmed, halted, mismatch])).toBe(2);
    expect(exitCode([judge({ ...GOOD, losses: null })])).toBe(2);
    expect(exitCode([])).toBe(2);
  });

  it('writes JUnit that XML parsers take', () => {
    const xml = junit('nightly', [confirmed, mismatch, halted]);
    expect(xml).toContain('<testsuites tests="3" failures="1" errors="1" time="37.500">');
    expect(xml).toContain('name="a &lt;b&gt; &amp; &quot;c&quot; \u{FFFD}"');
    expect(xml).toContain('<failure type="mismatch" message="Mismatch: detected: not detected;');
    expect(xml).toContain('<error type="inconclusive" message="Inconclusive: ran: aborted.">');
    const tags = [...xml.matchAll(/<(\/?)([a-z-]+)[^>]*>/g)].filter(([tag]) => !tag.endsWith('?>'));
    const open: string[] = [];
    for (const [, close, name] of tags) {
      if (close) expect(open.pop()).toBe(name);
      else open.push(name as string);
    }
    expect(open).toEqual([]);
  });

  it('draws the grid, with what was not tried', () => {
    const latency = { ...confirmed, faults: [{ kind: 'latency', service: 'orders' }] };
    const all = [confirmed, mismatch, latency, { ...halted, faults: [{ kind: 'latency', service: 'payments' }] }];
    expect(grid(all, ['kill', 'latency', 'pause'], ['payments', 'orders'])).toBe(
      [
        'fault    payments  orders',
        'kill     ✗2        ·',
        'latency  ?         ✓',
        'pause    ·         ·',
        '1 confirmed, 3 tried, of 6   ✓ confirmed  ✗ mismatch  ? inconclusive  · not tried',
      ].join('\n'),
    );
    expect(coverage([], ['kill'], ['a', 'b'])).toEqual({ tried: 0, confirmed: 0, all: 2 });
  });

  it('says what changed since the last time', () => {
    expect(trend(null, confirmed)).toBe(null);
    expect(trend(mismatch, confirmed)).toBe('payments dies: mismatch → confirmed');
    expect(trend(confirmed, { ...confirmed, detectedAfterMs: 400 })).toBe(
      'payments dies: still confirmed; detected 180ms → 400ms',
    );
  });
});
