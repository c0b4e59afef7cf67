import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { Histogram } from '../model/histogram.ts';
import { newRecord } from './record.ts';
import { Member, ServiceFacts } from './service-facts.ts';
import { slowInstances } from './slow.ts';
import type { Measured } from './traffic.ts';

const NOW = 100_000;

/** One window a second: each instance answers these calls (ms) in each of the last three seconds. */
function slow(calls: Readonly<Record<string, readonly (readonly number[])[]>>): string[] {
  const service = serviceSpec('api', { replicas: 3 });
  const view = new FakeView().add(service);
  const members = Object.keys(calls).map((id) => {
    const instance = view.get(id);
    return new Member(instance, { ...newRecord(instance), startedAt: 0, ready: true, readySince: 0 });
  });
  const windows = Object.entries(calls).flatMap(([instance, seconds]) =>
    seconds.map((latencies, age) => measured(instance, NOW - age * 1_000, latencies)),
  );
  windows.sort((a, b) => b.at - a.at);
  const found = slowInstances(new ServiceFacts(service, members, windows, NOW));
  return [...found].filter(([, finding]) => finding !== null && finding !== 'unknown').map(([id]) => id);
}

function measured(instance: string, at: number, latencies: readonly number[]): Measured {
  const histogram = new Histogram();
  for (const ms of latencies) histogram.record(ms * 1_000);
  const count = latencies.length;
  return {
    at,
    caller: 'web',
    instance,
    requests: count,
    failed: 0,
    broken: 0,
    visible: 0,
    completed: count,
    sumMs: latencies.reduce((sum, ms) => sum + ms, 0),
    latency: histogram.toSparse(),
    baseline: undefined,
  };
}

const usual = Array.from({ length: 9 }, () => 5);
const steady = [usual, usual, usual];

describe('an instance that is slow beside its peers', () => {
  it('is one whose calls take longer, not one that had two stragglers among many calls', () => {
    const late = usual.map(() => 805);
    expect(slow({ 'api-1': steady, 'api-2': steady, 'api-3': [late, late, late] })).toEqual(['api-3']);
    const stragglers = [[...usual.slice(2), 400, 300], usual, usual];
    expect(slow({ 'api-1': steady, 'api-2': steady, 'api-3': stragglers })).toEqual([]);
  });

  it('is known by a handful of calls when they are far slower than those of its peers in the same seconds', () => {
    const one = (ms: number) => Array.from({ length: 6 }, () => [ms]);
    const peers = { 'api-1': [...steady, ...steady], 'api-2': [...steady, ...steady] };
    expect(slow({ ...peers, 'api-3': one(800) })).toEqual(['api-3']);
    // Too few to tell, not different enough, or all of them from one bad second.
    expect(slow({ ...peers, 'api-3': one(800).slice(0, 5) })).toEqual([]);
    expect(slow({ ...peers, 'api-3': one(18) })).toEqual([]);
    expect(slow({ ...peers, 'api-3': [[800, 800, 800, 800, 800, 800], [5], [5], [5]] })).toEqual([]);
  });

  it('is none that was as slow as everybody else in the seconds in which it was called', () => {
    const late = usual.map(() => 800);
    const all = [late, late, late, late, late, late, usual, usual, usual];
    expect(slow({ 'api-1': all, 'api-2': all, 'api-3': Array.from({ length: 6 }, () => [800]) })).toEqual([]);
  });

  it('is also one of whose calls a third take longer', () => {
    const third = [...usual.slice(3), 400, 400, 400];
    expect(slow({ 'api-1': steady, 'api-2': steady, 'api-3': [third, third, third] })).toEqual(['api-3']);
  });
});
