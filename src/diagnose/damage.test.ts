import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { Histogram } from '../model/histogram.ts';
import { type EdgeSignal, OUTSIDE } from '../model/signal.ts';
import { account, FAILED_SECONDS } from './damage.ts';

const ONSET = 60_000;

function view(): FakeView {
  return new FakeView().add(serviceSpec('db')).add(serviceSpec('api')).add(serviceSpec('web'));
}

/** Seconds [from, to) of calls over one edge: 10 a second, of `ms` each, `failed` of them in vain. */
function flow(on: FakeView, caller: string, callee: string, from: number, to: number, ms: number, failed = 0): void {
  for (let second = from; second < to; second++) {
    const histogram = new Histogram();
    histogram.record(ms * 1_000, 10);
    const signal: EdgeSignal = {
      kind: 'edge',
      at: (second + 1) * 1_000,
      windowMs: 1_000,
      caller,
      callee,
      instance: `${callee}-1`,
      protocol: 'http',
      requests: 10,
      failures: { connect: 0, reset: 0, timeout: 0, status5xx: failed, unavailable: 0 },
      retried: 0,
      latency: histogram.toSparse(),
      inFlight: 0,
      oldestWaitMs: 0,
    };
    on.edges.ingest(signal);
  }
}

function chain(
  on: FakeView,
  from: number,
  to: number,
  [web, api, db]: readonly [number, number, number],
  failed = 0,
): void {
  flow(on, OUTSIDE, 'web', from, to, web, failed);
  flow(on, 'web', 'api', from, to, api, failed);
  flow(on, 'api', 'db', from, to, db, failed);
}

describe('the account of damage', () => {
  it('finds none while everything is as it was', () => {
    const system = view();
    chain(system, 0, 80, [30, 20, 10]);
    const { total, users } = account(system, ONSET, 80_000);
    expect(total).toBe(0);
    expect(users).toMatchObject({ extraWaitSeconds: 0, failedRequests: 0 });
  });

  it('adds up the extra seconds that users waited, and lays them where they start', () => {
    const system = view();
    chain(system, 0, 60, [30, 20, 10]);
    chain(system, 60, 80, [530, 520, 510]);
    const { services, total, users } = account(system, ONSET, 80_000);
    // 20 s × 10 calls × 0.5 s, within the histogram's resolution.
    expect(users.extraWaitSeconds).toBeGreaterThan(93);
    expect(users.extraWaitSeconds).toBeLessThan(107);
    expect((services.get('db')?.own ?? 0) / total).toBeGreaterThan(0.9);
    expect((services.get('web')?.own ?? 0) / total).toBeLessThan(0.1);
  });

  it('lays what is not passed on at the caller', () => {
    const system = view();
    chain(system, 0, 60, [30, 20, 10]);
    chain(system, 60, 80, [530, 520, 10]);
    const { services, total } = account(system, ONSET, 80_000);
    expect((services.get('api')?.own ?? 0) / total).toBeGreaterThan(0.9);
    expect(services.get('db')?.own).toBe(0);
  });

  it('counts failed requests, each as some seconds where it must be compared with waiting', () => {
    const system = view();
    chain(system, 0, 60, [30, 20, 10]);
    chain(system, 60, 80, [30, 20, 10], 4);
    const { services, users } = account(system, ONSET, 80_000);
    expect(users).toMatchObject({ failedRequests: 80, requests: 210 });
    expect(services.get('db')?.own).toBeCloseTo(80 * FAILED_SECONDS);
    expect(services.get('web')?.own).toBe(0);
  });

  it('does not count what was bad already before the onset', () => {
    const system = view();
    chain(system, 0, 50, [30, 20, 10]);
    chain(system, 50, 80, [530, 520, 510], 4);
    expect(account(system, ONSET, 80_000).total).toBeLessThan(30);
  });

  it('takes the services that nobody calls for the users where nothing comes from outside', () => {
    const system = view();
    flow(system, 'web', 'api', 0, 60, 20);
    flow(system, 'api', 'db', 0, 60, 10);
    flow(system, 'web', 'api', 60, 80, 20, 5);
    flow(system, 'api', 'db', 60, 80, 10, 5);
    expect(account(system, ONSET, 80_000).users.failedRequests).toBe(100);
  });

  it('counts calls that hang without any answer', () => {
    const system = view();
    flow(system, OUTSIDE, 'db', 0, 60, 10);
    for (let second = 62; second <= 70; second++) {
      const hanging = { requests: 0, inFlight: 5, oldestWaitMs: (second - 60) * 1_000, latency: [] };
      const failures = { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 };
      const edge = { caller: OUTSIDE, callee: 'db', instance: 'db-1', protocol: 'http' as const, retried: 0 };
      system.edges.ingest({ kind: 'edge', at: second * 1_000, windowMs: 1_000, ...edge, failures, ...hanging });
    }
    expect(account(system, ONSET, 70_000).users.extraWaitSeconds).toBeCloseTo(45, 0);
  });
});
