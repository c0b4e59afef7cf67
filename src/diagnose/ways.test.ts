import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { symptom } from '../../test/support/recovery.ts';
import type { Symptom } from '../model/symptom.ts';
import type { WayRecord } from '../model/view.ts';
import { diagnose } from './index.ts';

const ONSET = 90_000;
const NOW = 97_000;
const at = (onsetAt: number): Partial<Symptom> => ({ onsetAt, detectedAt: onsetAt });
const calls = (service: string) => [{ service, condition: 'healthy' as const, required: true }];

function shop(): FakeView {
  const view = new FakeView()
    .add(serviceSpec('store'))
    .add(serviceSpec('payments', { replicas: 3, dependsOn: calls('store') }))
    .add(serviceSpec('orders', { replicas: 2, dependsOn: [...calls('payments'), ...calls('store')] }));
  for (const { id } of view.instances.values()) {
    view.checks.set(id, { failingSince: null, error: null, latencyMs: 2 });
  }
  return view;
}

/** Four tries, one a second. */
function tries(view: FakeView, caller: string, instance: string, answer: Partial<WayRecord>): void {
  const callee = instance.replace(/-\d+$/, '');
  const well = { kind: 'way', incarnation: 1, connectMs: 1, answerMs: 3, error: null } as const;
  const beside = view.checkOf(instance);
  const made = [1, 2, 3, 4].map((s) => ({
    ...well,
    beside,
    instance,
    caller,
    callee,
    at: ONSET + s * 1_000,
    ...answer,
  }));
  view.ways.set(instance, [...(view.ways.get(instance) ?? []), ...made]);
}

function first(view: FakeView, symptoms: readonly Symptom[], now = NOW) {
  const found = diagnose({ now, onsetAt: ONSET, symptoms, view });
  const [top] = found.causes;
  return { who: top?.entity.name, what: top?.faultClass, sure: top?.confidence ?? 0, found };
}

describe('the instance or the way to it', () => {
  it.each([
    ['nothing comes through', { answerMs: null, error: 'timeout' }, 'hung'],
    ['connections are broken', { answerMs: null, error: 'reset' }, 'erroring'],
    ['something else answers', { answerMs: 4, error: 'status 503' }, 'erroring'],
    ['answers are late', { answerMs: 900 }, 'slow'],
    ['opening takes long', { connectMs: 700, answerMs: 1_500 }, 'slow'],
  ] as const)('is the way when its own check passes and %s', (_what, answer, kind) => {
    const view = shop();
    tries(view, 'orders', 'payments-2', answer);
    tries(view, 'orders', 'payments-1', {});
    const { who, what, sure } = first(view, [symptom(kind, 'payments-2', at(ONSET))]);
    expect([who, what]).toEqual(['payments-2', 'network']);
    expect(sure).toBeGreaterThan(0.8);
  });

  it('is the instance when its own check fails as well', () => {
    const view = shop();
    tries(view, 'orders', 'payments-2', { answerMs: null, error: 'timeout' });
    view.checks.set('payments-2', { failingSince: ONSET + 1_500, error: 'timeout', latencyMs: 2 });
    expect(first(view, [symptom('hung', 'payments-2', at(ONSET))])).toMatchObject({
      who: 'payments-2',
      what: 'software',
    });
  });

  it('is not judged before its next check could have failed', () => {
    const view = shop();
    tries(view, 'orders', 'payments-2', { answerMs: null, error: 'timeout' });
    const early = first(view, [symptom('hung', 'payments-2', at(ONSET))], ONSET + 2_500);
    expect(early).toMatchObject({ who: 'payments-2', what: 'software' });
  });

  it('is the way when no connection opens, whatever the check says: the kernel opens them for programs that hang', () => {
    const view = shop();
    tries(view, 'orders', 'payments-2', { connectMs: null, answerMs: null, error: 'timeout' });
    view.checks.set('payments-2', { failingSince: ONSET + 1_500, error: 'timeout', latencyMs: 2 });
    expect(first(view, [symptom('hung', 'payments-2', at(ONSET))]).what).toBe('network');
  });

  it('is the way when a port refuses that somebody listens on', () => {
    const view = shop();
    tries(view, 'orders', 'payments-2', { connectMs: null, answerMs: null, error: 'refused' });
    const refused = (error: string) => {
      view.checks.set('payments-2', { failingSince: ONSET + 500, error, latencyMs: 2 });
      return first(view, [symptom('unreachable', 'payments-2', at(ONSET))]).what;
    };
    expect(refused('refused, though it listens')).toBe('network');
    expect(refused('refused')).toBe('software');
  });

  it('is a program that is slow where its own check is as fast on the way as beside it', () => {
    const view = shop();
    tries(view, 'orders', 'payments-2', {});
    expect(first(view, [symptom('slow', 'payments-2', at(ONSET))])).toMatchObject({
      who: 'payments-2',
      what: 'software',
    });
  });

  it('is a program that is slow where its own check is as often late, also when the last one was not', () => {
    const view = shop();
    for (const latencyMs of [3, 240, 4, 260, 3]) {
      const beside = { failingSince: null, error: null, latencyMs };
      tries(view, 'orders', 'store-1', { answerMs: latencyMs > 100 ? 3 : 220, beside } as never);
    }
    view.checks.set('store-1', { failingSince: null, error: null, latencyMs: 3 });
    expect(first(view, [symptom('slow', 'store', at(ONSET))]).what).not.toBe('network');
  });

  it('blames the edge where the way is bad for one caller alone', () => {
    const view = shop();
    tries(view, 'payments', 'store-1', { connectMs: 800, answerMs: 1_600 });
    tries(view, 'orders', 'store-1', {});
    const { found } = first(view, [symptom('slow', 'payments', at(ONSET)), symptom('slow', 'orders', at(ONSET))]);
    expect(found.causes[0]).toMatchObject({
      entity: { kind: 'edge', caller: 'payments', callee: 'store' },
      faultClass: 'network',
    });
    expect([...found.victims].sort()).toEqual(['orders', 'payments']);
  });

  it('says nothing of slow ways while its own timers were late', () => {
    const view = shop();
    tries(view, 'orders', 'payments-2', { connectMs: 700, answerMs: 1_500 });
    const load = { cpuShare: 1, memoryShare: 0.3, diskShare: 0.4, diskFreeBytes: 5e10 };
    view.nodePasts.set('node-1', [{ kind: 'node', node: 'node-1', at: ONSET + 2_000, ...load, ownLagMs: 600 }]);
    expect(first(view, [symptom('slow', 'payments-2', at(ONSET))]).what).not.toBe('network');
  });

  it('is the death of an instance, not the way to the others', () => {
    const view = shop();
    tries(view, 'orders', 'payments-1', { answerMs: null, error: 'reset' });
    view.exits.set('payments-2', [
      { at: ONSET, reason: 'signal', code: null, signal: 'SIGKILL', detail: null, lastOutput: [] },
    ]);
    expect(first(view, [symptom('crashed', 'payments-2', at(ONSET))])).toMatchObject({
      who: 'payments-2',
      what: 'software',
    });
  });
});

describe('a port that can only be connected to', () => {
  const exec = {
    ...serviceSpec('redis').healthcheck,
    probe: { kind: 'exec' as const, command: ['redis-cli', 'ping'] },
  };

  function broken(resets: number): FakeView {
    const view = new FakeView()
      .add(serviceSpec('redis', { healthcheck: exec as never }))
      .add(serviceSpec('api', { replicas: 3, dependsOn: calls('redis') }));
    tries(view, 'api', 'redis-1', { answerMs: null });
    for (let s = 1; s <= 4; s++) {
      const none = { connect: 0, timeout: 0, status5xx: 0, unavailable: 0 };
      view.edges.ingest({
        kind: 'edge',
        at: ONSET + s * 1_000,
        windowMs: 1_000,
        caller: 'api',
        callee: 'redis',
        instance: 'redis-1',
        protocol: 'tcp',
        requests: 3,
        failures: { ...none, reset: resets },
        retried: 0,
        latency: [],
        inFlight: 3,
        oldestWaitMs: 0,
      });
    }
    return view;
  }

  it('has a bad way when its connections break off in use and its own check passes', () => {
    const symptoms = [symptom('erroring', 'api', at(ONSET))];
    expect(first(broken(3), symptoms)).toMatchObject({ who: 'redis-1', what: 'network' });
    expect(first(broken(0), symptoms)).toMatchObject({ who: 'api' });
    const failing = broken(3);
    failing.checks.set('redis-1', { failingSince: ONSET, error: 'exit 1', latencyMs: 5 });
    expect(first(failing, symptoms).what).toBe('software');
  });
});

describe('facts that a repair makes vanish', () => {
  const refusing = (evidence: string): Symptom =>
    symptom('unreachable', 'payments-2', { ...at(ONSET), evidence: [evidence] });

  it('are in the claim of the traffic layer, before anybody has been asked', () => {
    const open = (evidence: string) => first(shop(), [refusing(evidence)], ONSET + 800).what;
    expect(open('payments:3000: connecting timed out at 127.0.0.1:12628')).toBe('network');
    expect(open('its check says: refused, though it listens')).toBe('network');
    expect(open('payments:3000: connection failed (ECONNREFUSED) at 127.0.0.1:12628')).toBe('software');
  });

  it('count of a life that is over by what its check said then', () => {
    const replaced = (answer: Partial<WayRecord>) => {
      const view = shop();
      tries(view, 'orders', 'payments-2', answer);
      Object.assign(view.get('payments-2'), { incarnation: 2, readyAt: ONSET + 5_000 });
      return first(view, [symptom('unreachable', 'payments-2', at(ONSET))]).what;
    };
    expect(replaced({ connectMs: null, answerMs: null, error: 'timeout' })).toBe('network');
    expect(replaced({ answerMs: null, error: 'timeout' })).toBe('network');
    expect(
      replaced({
        answerMs: null,
        error: 'timeout',
        beside: { failingSince: ONSET, error: 'timeout', latencyMs: 2 },
      } as never),
    ).toBe('software');
  });

  it('include that it was stopped', () => {
    const stopped = symptom('hung', 'payments-2', {
      ...at(ONSET),
      evidence: ['the kernel reports it as stopped (state T)'],
    });
    const { found } = first(shop(), [stopped]);
    expect(found.causes[0]).toMatchObject({ mechanism: 'stopped (SIGSTOP)', faultClass: 'software' });
  });

  it('do not include refusals of one that is only starting', () => {
    const view = shop();
    tries(view, 'orders', 'payments-2', { connectMs: null, answerMs: null, error: 'refused' });
    Object.assign(view.get('payments-2'), { readyAt: ONSET + 6_000 });
    expect(first(view, [symptom('erroring', 'payments-2', at(ONSET))]).what).toBe('software');
  });
});

it('a way is slow beside others: where all are, it is not the way', () => {
  const view = shop();
  for (const instance of ['payments-1', 'payments-2', 'payments-3']) {
    tries(view, 'orders', instance, { connectMs: 200, answerMs: 500 });
  }
  expect(first(view, [symptom('slow', 'payments-2', at(ONSET))]).what).toBe('software');
});

it('a way is not slow for tries that are late as often elsewhere', () => {
  const view = shop();
  for (const instance of ['payments-1', 'payments-3', 'store-1']) {
    for (const connectMs of [1, 65, 1, 1]) tries(view, 'orders', instance, { connectMs });
  }
  expect(first(view, [symptom('hung', 'payments-2', at(ONSET))])).toMatchObject({
    who: 'payments-2',
    what: 'software',
  });
});
