import { describe, expect, it } from 'vitest';
import { diagnoseRecording } from './combine.ts';
import { accountTable, sentence, unexplainedShare, victimsOf } from './present.ts';
import { calls, recording, service } from './recorded/testing/build.ts';
import { sensitivityOf } from './sensitivity.ts';

const chain = calls('front → shop', 'shop → pay', 'shop → stock', 'front → search');
const slowPay = recording({
  services: [
    service('front', { slowMs: 105 }),
    service('shop', { slowMs: 102 }),
    service('pay', { slowMs: 100 }),
    service('stock'),
    service('search'),
  ],
  edges: chain,
});
const quiet = recording({ services: ['front', 'shop', 'pay'].map((name) => service(name)), edges: chain });

describe('a recorded diagnosis', () => {
  it('names the service that the waiting starts in, with victims and an account that adds up', () => {
    const diagnosis = diagnoseRecording(slowPay);
    expect(diagnosis.causes[0]?.name).toBe('pay');
    expect(diagnosis.abstained).toBe(false);
    expect(victimsOf(diagnosis).sort()).toEqual(['front', 'shop']);
    const { rows, small, absorbed, reached } = accountTable(diagnosis);
    expect(rows.reduce((sum, { own }) => sum + own, small) - absorbed).toBeCloseTo(reached, 6);
    expect(reached).toBeCloseTo(315, 0);
    expect(unexplainedShare(diagnosis)).toBeLessThan(0.1);
    expect(sentence(diagnosis)).toMatch(
      /^pay \(software: starts here\), \d+ %; 300 of 315 extra user-seconds start in pay; 15\.0 unexplained\.$/,
    );
  });

  it('reports nothing when the symptom is not in the data', () => {
    const diagnosis = diagnoseRecording(quiet);
    expect(diagnosis).toMatchObject({ confirmed: false, abstained: true });
    expect(sentence(diagnosis)).toContain('nothing has to be explained');
  });

  it('abstains between two that hurt alike, and says what might decide', () => {
    const diagnosis = diagnoseRecording(
      recording({
        services: [service('front', { slowMs: 100 }), service('a', { slowMs: 50 }), service('b', { slowMs: 50 })],
        edges: calls('front → a', 'front → b'),
      }),
    );
    expect(diagnosis.abstained).toBe(true);
    expect(sentence(diagnosis)).toMatch(/^Inconclusive: (a or b|b or a), .*log lines/);
  });

  it('lets a fact from another lane decide between them', () => {
    const diagnosis = diagnoseRecording(
      recording({
        services: [service('front', { slowMs: 100 }), service('a', { slowMs: 50 }), service('b', { slowMs: 50 })],
        edges: calls('front → a', 'front → b'),
        exits: [{ service: 'b', instance: 'b-1', atMs: 115_000, reason: 'oom', detail: 'killed by the kernel' }],
      }),
    );
    expect(diagnosis.causes[0]).toMatchObject({
      name: 'b',
      faultClass: 'capacity',
      mechanism: 'memory limit exceeded',
    });
    expect(diagnosis.abstained).toBe(false);
  });

  it('finds the cause when the edge to it is unknown: a likeness of size and course stands in for it', () => {
    const blind = { ...slowPay, edges: calls('front → shop', 'shop → stock', 'front → search') };
    expect(diagnoseRecording(blind).causes[0]?.name).toBe('pay');
  });

  it('takes a hanging callee for the cause of its caller’s failures', () => {
    const diagnosis = diagnoseRecording(
      recording({
        services: [
          service('front', { failed: 0.2 }),
          service('shop', { failed: 0.3 }),
          service('pay', { slowMs: 4_000 }),
        ],
        edges: calls('front → shop', 'shop → pay'),
        symptom: { service: 'front', kind: 'erroring', onsetMs: 120_000 },
      }),
    );
    expect(diagnosis.causes[0]?.name).toBe('pay');
  });

  it('ends the incident where its symptom ends: hours later something always happens', () => {
    const late = {
      ...service('late'),
      incident: {
        requests: Array(12).fill(1_000),
        latencyMs: [...Array(9).fill(20), 900, 900, 900],
        failedShare: Array(12).fill(0),
      },
    };
    const front = {
      ...service('front'),
      incident: {
        requests: Array(12).fill(1_000),
        latencyMs: [20, 20, 90, 90, ...Array(8).fill(20)],
        failedShare: Array(12).fill(0),
      },
    };
    const bins = Array.from({ length: 12 }, (_, bin) => ({ fromMs: bin * 60_000, toMs: (bin + 1) * 60_000 }));
    const diagnosis = diagnoseRecording({
      ...recording({ services: [front, late], edges: calls('front → late') }),
      bins,
    });
    expect(diagnosis.causes.map(({ name }) => name)).toEqual(['front']);
  });
});

describe('sensitivity', () => {
  it('holds when the evidence is plain', () => {
    const { tried, overturned, robustness } = sensitivityOf(slowPay, diagnoseRecording(slowPay));
    expect(tried).toBeGreaterThan(3);
    expect(overturned).toEqual([]);
    expect(robustness).toBe(1);
  });

  it('names the edge that the verdict hangs on', () => {
    const twice = recording({
      services: [
        service('front', { slowMs: 100 }),
        service('a', { slowMs: 90 }),
        service('b', { slowMs: 30, requests: 2_000 }),
      ],
      edges: calls('front → a', 'a → b'),
    });
    const diagnosis = diagnoseRecording(twice);
    expect(diagnosis.causes[0]?.name).toBe('b');
    expect(sensitivityOf(twice, diagnosis).overturned).toContainEqual({ without: 'edge', name: 'a → b', instead: 'a' });
  });
});
