import { describe, expect, it } from 'vitest';
import type { ServiceSpec } from '../model/spec.ts';
import { Member, ServiceFacts } from './service-facts.ts';
import type { Measured } from './traffic.ts';
import { waysOf } from './ways.ts';

const NOW = 100_000;
const CALLS = 10;

/** One second of calls that usually take `usualMs`. */
function second(age: number, caller: string, meanMs: number, usualMs: number): Measured {
  return {
    at: NOW - age * 1_000,
    caller,
    instance: 'cart-1',
    requests: CALLS,
    failed: 0,
    broken: 0,
    visible: 0,
    completed: CALLS,
    sumMs: CALLS * meanMs,
    latency: [],
    baseline: { windows: 60, meanMs: usualMs, meanMadMs: 0.5, failureShare: 0 } as unknown as Measured['baseline'],
  };
}

const seconds = (caller: string, meanMs: number, usualMs: number): Measured[] =>
  Array.from({ length: 10 }, (_, age) => second(age, caller, meanMs, usualMs));

/** Calls of gateway to cart take `gatewayMs` instead of 5; those of orders are as usual. */
function cart(gatewayMs: number): ServiceFacts {
  const instance = { id: 'cart-1', service: 'cart', phase: 'running' } as unknown as Member['instance'];
  const record = { startedAt: 0, readySince: 1_000, crash: null, stall: null } as unknown as Member['record'];
  const windows = [...seconds('gateway', gatewayMs, 5), ...seconds('orders', 2, 2)].sort((a, b) => b.at - a.at);
  return new ServiceFacts({ name: 'cart' } as ServiceSpec, [new Member(instance, record)], windows, NOW);
}

const slow = (facts: ServiceFacts, onward: readonly Measured[]): string[] => [
  ...waysOf(facts, () => onward).slow.keys(),
];

describe('a way that is slow', () => {
  it('is told of when its callee waits for nobody', () => {
    expect(slow(cart(60), seconds('cart', 3, 3))).toEqual(['gateway→cart']);
  });

  it('is not, when its callee waits as long itself: what this caller asks for is all that goes on', () => {
    expect(slow(cart(60), seconds('cart', 40, 3))).toEqual([]);
  });

  it('is, when its callee waits a little longer too', () => {
    expect(slow(cart(60), seconds('cart', 12, 3))).toEqual(['gateway→cart']);
  });
});
