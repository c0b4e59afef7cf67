import { describe, expect, it } from 'vitest';
import type { Cause } from '../../model/incident.ts';
import {
  type CauseFacts,
  type CauseMeasured,
  type CauseTest,
  causeTest,
  experimentOfCause,
  isRefusal,
  judgeCause,
} from './index.ts';

const CAUSE: Cause = {
  entity: { kind: 'instance', name: 'api-2', service: 'api' },
  faultClass: 'software',
  mechanism: 'stopped (SIGSTOP)',
  share: 1,
  confidence: 0.9,
  evidenceFor: [],
  evidenceAgainst: [],
  changeId: null,
};
const FACTS: CauseFacts = {
  incident: 'inc-1',
  cause: CAUSE,
  symptoms: ['hung'],
  lost: { overMs: 10_000, requests: 1_000, failed: 90, waitedSeconds: 0.1 },
  usersPerSec: 100,
  delayMs: null,
  services: new Map([['api', { optedIn: true, speaksHttp: true, callers: ['web'] }]]),
  ready: [
    { id: 'api-1', service: 'api' },
    { id: 'api-2', service: 'api' },
  ],
  possible: new Set(['pause', 'kill', 'signal', 'latency', 'http-status', 'refuse', 'descriptors', 'blackhole']),
  on: null,
};

function test(change: Partial<CauseFacts> = {}): CauseTest {
  const planned = causeTest({ ...FACTS, ...change });
  if (isRefusal(planned)) throw new Error(planned.why);
  return planned;
}

const mechanism = (name: string): CauseFacts['cause'] => ({ ...CAUSE, mechanism: name });

describe('what is done', () => {
  it('strikes a twin of the accused with the like of the cause, for as long as it lasted', () => {
    expect(test()).toMatchObject({ kind: 'pause', target: 'api-1', where: 'twin', forMs: 10_000, unlike: null });
  });

  it('strikes the accused itself where it has no twin, and what the user names', () => {
    expect(test({ ready: [{ id: 'api-2', service: 'api' }] })).toMatchObject({ target: 'api-2', where: 'itself' });
    expect(test({ on: 'api-2' })).toMatchObject({ target: 'api-2', where: 'elsewhere' });
  });

  it.each([
    ['killed by SIGKILL', 'kill'],
    ['killed by SIGSEGV', 'signal'],
    ['killed by SIGKILL on 2 of 2 instances', 'kill'],
    ['memory limit exceeded', 'kill'],
    ['exits with code 3', 'kill'],
    ['stopped answering', 'pause'],
    ['openFiles exhausted', 'descriptors'],
    ['listens no more', 'refuse'],
    ['answers with errors', 'http-status'],
    ['answers slowly', 'latency'],
    ['cpu exhausted', 'latency'],
    ['lost between caller and callee', 'blackhole'],
  ])('%s is most like %s', (name, kind) => {
    expect(test({ cause: mechanism(name) }).kind).toBe(kind);
  });

  it('delays by as much as was seen', () => {
    expect(test({ cause: mechanism('answers slowly'), delayMs: 312.4 }).parameters).toEqual({ ms: 312 });
  });

  it('is an experiment that names one instance', () => {
    const [action] = experimentOfCause(test()).method as { 'x-holdfast': unknown }[];
    expect(action?.['x-holdfast']).toEqual({
      fault: 'pause',
      target: { service: 'api', instances: ['api-1'] },
      for: 10,
    });
  });
});

describe('what is refused', () => {
  it.each<[string, Partial<CauseFacts>, string]>([
    ['without consent', { services: new Map([['api', { optedIn: false, speaksHttp: true, callers: [] }]]) }, 'HF8301'],
    ['a change of a human', { cause: { ...CAUSE, changeId: 'change-4' } }, 'HF8305'],
    ['what nothing is like', { cause: mechanism('shared node') }, 'HF8305'],
    ['what this machine cannot do', { possible: new Set(['kill']) }, 'HF8305'],
    ['where nobody serves', { ready: [] }, 'HF8305'],
    ['a place that is not there', { on: 'nowhere' }, 'HF8305'],
  ])('%s', (_what, change, code) => {
    expect(causeTest({ ...FACTS, ...change })).toMatchObject({ code });
  });
});

describe('what is predicted', () => {
  it('is what users lost, a third to three times of it, with the noise of counting', () => {
    const { failed, waitedSeconds, symptoms } = test().prediction;
    expect(failed).toEqual({ low: 11, high: 292 });
    expect(waitedSeconds).toEqual({ low: 0, high: 1.3 });
    expect(symptoms).toEqual(['hung']);
  });

  it('grows with how busy users are now', () => {
    expect(test({ usersPerSec: 400 }).prediction.failed.low).toBeGreaterThan(4 * 11);
  });

  it('is only a bound where users lost nothing', () => {
    const { failed, text } = test({ lost: null }).prediction;
    expect(failed.low).toBe(0);
    expect(text).toMatch(/^api is hung; users lose at most 3 requests/);
  });
});

const AS_PREDICTED: CauseMeasured = {
  valid: true,
  why: '',
  before: { overMs: 5_000, requests: 500, failed: 0, waitedSeconds: 0 },
  during: { overMs: 14_000, requests: 1_400, failed: 80, waitedSeconds: 0.2 },
  after: { overMs: 9_000, requests: 900, failed: 0, waitedSeconds: 0 },
  symptoms: ['hung'],
  steady: true,
};

function verdict(change: Partial<CauseMeasured>, of: Partial<CauseFacts> = {}): string {
  return judgeCause(test(of), { ...AS_PREDICTED, ...change }).verdict;
}

describe('the verdict', () => {
  const { during, after, before } = AS_PREDICTED;

  it('is confirmed when what was predicted came and went', () => {
    expect(judgeCause(test(), AS_PREDICTED)).toMatchObject({
      verdict: 'confirmed',
      measured:
        'hung; users lost 80 of 1400 requests and 0.2 s of waiting, afterwards 0 of 900 requests and 0 s of waiting in 9 s',
    });
  });

  it('is refuted when the fault bit and the damage did not come', () => {
    expect(verdict({ during: { ...during, failed: 2 } })).toBe('refuted');
    expect(verdict({ symptoms: [], during: { ...during, failed: 0 } }, { lost: null })).toBe('refuted');
  });

  it.each<[string, Partial<CauseMeasured>]>([
    ['the run proves nothing', { valid: false, why: 'bitten: no effect' }],
    ['hardly anybody called', { during: { ...during, requests: 5, failed: 5 } }],
    ['users lost as much before', { before: { ...before, failed: 40 } }],
    ['more came than was predicted', { during: { ...during, failed: 1_000 } }],
    ['the damage went on', { after: { ...after, failed: 60 } }],
    ['the system is not steady again', { steady: false }],
    ['another symptom came with the damage', { symptoms: ['crashed'] }],
  ])('is inconclusive when %s', (_what, change) => {
    expect(verdict(change)).toBe('inconclusive');
  });
});
