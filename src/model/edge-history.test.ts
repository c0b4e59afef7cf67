import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EdgeHistory, KEEP_MS } from './edge-history.ts';
import { Histogram } from './histogram.ts';
import type { EdgeSignal } from './signal.ts';

function window(at: number, over: Partial<EdgeSignal> & { ms?: number; failed?: number } = {}): EdgeSignal {
  const { ms = 10, failed = 0, ...rest } = over;
  const requests = over.requests ?? 20;
  const histogram = new Histogram();
  histogram.record(ms * 1_000, requests);
  return {
    kind: 'edge',
    at,
    windowMs: 1_000,
    caller: 'web',
    callee: 'db',
    instance: 'db-1',
    protocol: 'http',
    requests,
    failures: { connect: 0, reset: 0, timeout: 0, status5xx: failed, unavailable: 0 },
    retried: 0,
    latency: histogram.toSparse(),
    inFlight: 0,
    oldestWaitMs: 0,
    ...rest,
  };
}

describe('the recent past of an edge', () => {
  it('gives the windows that ended within (from, to], of every instance, oldest first', () => {
    const history = new EdgeHistory();
    for (let second = 1; second <= 10; second++) {
      history.ingest(window(second * 1_000, { instance: 'db-1' }));
      history.ingest(window(second * 1_000, { instance: 'db-2' }));
    }
    const found = history.windows('web', 'db', 3_000, 5_000);
    expect(found.map(({ at, instance }) => `${at} ${instance}`)).toEqual([
      '4000 db-1',
      '4000 db-2',
      '5000 db-1',
      '5000 db-2',
    ]);
    expect(history.windows('db', 'web', 0, 10_000)).toEqual([]);
  });

  it('keeps windows that come late in their order', () => {
    const history = new EdgeHistory();
    for (const at of [1_000, 3_000, 2_000]) history.ingest(window(at));
    expect(history.windows('web', 'db', 0, 9_000).map(({ at }) => at)).toEqual([1_000, 2_000, 3_000]);
  });

  it('forgets windows after two minutes, and still knows what was normal', () => {
    const history = new EdgeHistory();
    for (let second = 1; second <= 600; second++) history.ingest(window(second * 1_000));
    const kept = history.windows('web', 'db', 0, 600_000);
    expect(kept[0]?.at).toBeGreaterThan(600_000 - KEEP_MS - 6_000);
    expect(history.baseline('web', 'db', 400_000)?.meanMs).toBeCloseTo(10, 0);
  });

  it('says nothing about an edge of which less than five seconds are known', () => {
    const history = new EdgeHistory();
    for (let second = 1; second <= 5; second++) history.ingest(window(second * 1_000));
    expect(history.baseline('web', 'db', 5_000)).toBeUndefined();
    history.ingest(window(6_000));
    expect(history.baseline('web', 'db', 5_000)).toMatchObject({ windows: 5, failureShare: 0, requestsPerSec: 20 });
  });

  it('counts only what was before the time asked for, and is not moved by a short outage', () => {
    const history = new EdgeHistory();
    for (let second = 1; second <= 100; second++) {
      const bad = second > 90;
      history.ingest(window(second * 1_000, bad ? { ms: 900, failed: 20 } : {}));
    }
    expect(history.baseline('web', 'db', 90_000)).toMatchObject({ failureShare: 0 });
    expect(history.baseline('web', 'db', 99_000)?.failureShare).toBe(0);
    expect(history.baseline('web', 'db', 99_000)?.meanMs).toBeCloseTo(10, 0);
  });

  it('leaves out what it is told to disregard, of that callee only', () => {
    const history = new EdgeHistory();
    for (let second = 1; second <= 100; second++) {
      history.ingest(window(second * 1_000, { ms: second <= 30 ? 10 : 500 }));
      history.ingest(window(second * 1_000, { ms: second <= 30 ? 10 : 500, callee: 'queue' }));
    }
    expect(history.baseline('web', 'db', 95_000)?.meanMs).toBeGreaterThan(400);
    history.disregard('db', 30_000, 80_000);
    expect(history.baseline('web', 'db', 95_000)).toMatchObject({ windows: 45 });
    expect(history.baseline('web', 'db', 95_000)?.meanMs).toBeCloseTo(10, 0);
    expect(history.baseline('web', 'queue', 95_000)?.meanMs).toBeGreaterThan(400);
  });

  it('takes the instances of one second together', () => {
    const history = new EdgeHistory();
    for (let second = 1; second <= 10; second++) {
      history.ingest(window(second * 1_000, { instance: 'db-1', ms: 10 }));
      history.ingest(window(second * 1_000, { instance: 'db-2', ms: 30 }));
    }
    const baseline = history.baseline('web', 'db', 10_000);
    expect(baseline).toMatchObject({ windows: 9, requestsPerSec: 40 });
    expect(baseline?.meanMs).toBeGreaterThan(18);
    expect(baseline?.meanMs).toBeLessThan(22);
  });

  it('learns no latency from seconds in which nothing was answered', () => {
    const history = new EdgeHistory();
    for (let second = 1; second <= 60; second++) {
      const failures = { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 20 };
      history.ingest(window(second * 1_000, second <= 20 ? {} : { failures, latency: [] }));
    }
    expect(history.baseline('web', 'db', 60_000)?.meanMs).toBeCloseTo(10, 0);
  });

  it('answers after a restore as it would have answered without one', () => {
    const step = fc.record({
      gap: fc.integer({ min: 0, max: 2_500 }),
      ms: fc.integer({ min: 1, max: 500 }),
      failed: fc.integer({ min: 0, max: 20 }),
      instance: fc.constantFrom('db-1', 'db-2'),
      caller: fc.constantFrom('web', 'shop'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 300 }), fc.nat(299), (steps, cut) => {
        const whole = new EdgeHistory();
        let halved = new EdgeHistory();
        let at = 0;
        steps.forEach(({ gap, ms, failed, instance, caller }, index) => {
          at += gap;
          const signal = window(at, { ms, failed, instance, caller });
          whole.ingest(signal);
          halved.ingest(signal);
          whole.baseline(caller, 'db', at - 5_000);
          if (index === cut) halved = EdgeHistory.restore(JSON.parse(JSON.stringify(halved.snapshot())));
        });
        for (const caller of ['web', 'shop']) {
          expect(halved.windows(caller, 'db', 0, at)).toEqual(whole.windows(caller, 'db', 0, at));
          for (const before of [at, at - 10_000, at / 2]) {
            expect(halved.baseline(caller, 'db', before)).toEqual(whole.baseline(caller, 'db', before));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
