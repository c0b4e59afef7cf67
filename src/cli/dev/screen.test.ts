import { describe, expect, it } from 'vitest';
import type { IncidentResource, ServiceResource, StatusResource } from '../../api/resources.ts';
import { styleFor } from '../terminal.ts';
import { LineDisplay } from './displays.ts';
import { FAULTS, type Fault } from './faults.ts';
import { screen, type View } from './screen.ts';
import type { Trial } from './verdict.ts';

const PLAIN = styleFor(false);
const fault = FAULTS.find(({ id }) => id === 'stop') as Fault;
const injection = { fault, instance: 'payments-2', proof: 'proof-1', service: 'payments', replicas: 3, atMs: 0 };
const waiting: Trial = {
  injection,
  detectedMs: null,
  explainedMs: null,
  repairedMs: null,
  incident: null,
  verdict: null,
};
const incident = {
  title: 'payments-2 hangs',
  summary: 'payments-2 stopped answering.',
  plans: [
    {
      actions: [
        { kind: 'replace', target: 'payments-2', startedAt: 'now' },
        { kind: 'page', target: '', startedAt: null },
      ],
    },
  ],
} as unknown as IncidentResource;
const judged: Trial = {
  injection,
  detectedMs: 600,
  explainedMs: 650,
  repairedMs: 7_100,
  incident,
  verdict: { result: 'match', text: 'payments-2, software (hung), confidence 97 %' },
};

const service = (change: Partial<ServiceResource>): ServiceResource => ({
  name: 'payments',
  health: 'healthy',
  replicas: 3,
  ready: 3,
  revision: null,
  rollout: null,
  endpoints: [],
  dependsOn: [],
  dependents: [],
  failover: null,
  traffic: null,
  instances: [],
  openIncidents: [],
  ...change,
});

const view = (change: Partial<View>): View => ({
  url: 'http://127.0.0.1:7420',
  status: { health: 'healthy', sentence: 'All 9 services are healthy.' } as StatusResource,
  services: [service({ traffic: { requestsPerSec: 41.6, failureShare: 0.004, p50Ms: 1, p99Ms: 12.34 } })],
  trials: [],
  message: '',
  ...change,
});

describe('the screen of dev', () => {
  it('begins with the sentence and ends with the keys', () => {
    expect(screen(view({}), PLAIN)).toBe(`● All 9 services are healthy.

  SERVICE   READY  REQ/S  ERRORS  P99
● payments  3/3    42     0.40%   12ms

b break something   d dashboard http://127.0.0.1:7420   q quit`);
  });

  it('says that the server is starting while it does not answer', () => {
    expect(screen(view({ status: null, services: [] }), PLAIN).split('\n')[0]).toBe('○ The server is starting …');
  });

  it('shows what a troubled service is doing', () => {
    const troubled = service({
      health: 'degraded',
      ready: 2,
      instances: [
        { id: 'payments-2', ready: false, live: null, ejected: false, phase: 'pending', waitingFor: 'backoff 1s' },
      ] as never,
    });
    expect(screen(view({ services: [troubled] }), PLAIN)).toContain('payments-2: backoff 1s');
  });

  it('tells a trial from the injection to the verdict', () => {
    expect(screen(view({ trials: [waiting] }), PLAIN)).toContain(
      'injected  SIGSTOP payments-2\n  detected - → explained - → repaired -\n',
    );
    expect(screen(view({ trials: [judged] }), PLAIN)).toContain(`injected  SIGSTOP payments-2
  detected 600ms → explained 650ms → repaired 7.1s
  found     payments-2 stopped answering.
  did       replace payments-2
  verdict   ✓ match: payments-2, software (hung), confidence 97 %`);
  });

  it('keeps the last four trials', () => {
    const trials = [1, 2, 3, 4, 5].map((n) => ({ ...judged, injection: { ...injection, instance: `payments-${n}` } }));
    const text = screen(view({ trials }), PLAIN);
    expect(text).not.toContain('SIGSTOP payments-1');
    expect(text).toContain('SIGSTOP payments-5');
  });
});

describe('the lines of dev off a terminal', () => {
  it('says each thing once, when it happens', () => {
    const lines: string[] = [];
    const display = new LineDisplay((line) => lines.push(line));
    display.show(view({}));
    display.show(view({ message: 'Not yet: the system is not healthy.' }));
    display.show(view({ trials: [waiting] }));
    display.show(view({ trials: [{ ...waiting, detectedMs: 600, incident }] }));
    display.show(view({ trials: [judged] }));
    display.show(view({ trials: [judged] }));
    expect(lines).toEqual([
      '● All 9 services are healthy.',
      'Not yet: the system is not healthy.',
      'injected  SIGSTOP payments-2',
      'detected  after 600ms',
      'explained after 650ms: payments-2 stopped answering.',
      'repaired  after 7.1s',
      'verdict   ✓ match: payments-2, software (hung), confidence 97 %',
    ]);
  });
});
