import { describe, expect, it } from 'vitest';
import { Random } from '../../model/random.ts';
import { couplingsOf, entryOf } from './couplings.ts';

const BINS = 60;

function service(name: string, requests: readonly number[], ms: number) {
  const load = { requests, latencyMs: requests.map(() => ms), failedShare: requests.map(() => 0) };
  return { service: name, incident: load, normal: load };
}

describe('who calls whom', () => {
  const random = Random.seeded(7);
  const some = (): number[] => Array.from({ length: BINS }, () => 20 + random.int(20));

  it('is learnt from counts, with the one that takes longer as the caller', () => {
    const [cart, pay] = [some(), some()];
    const services = [
      service(
        'front',
        cart.map((n, bin) => n + (pay[bin] as number)),
        90,
      ),
      service(
        'store',
        cart.map((n) => 2 * n),
        4,
      ),
      service('cart', cart, 30),
      service('pay', pay, 40),
    ];
    const found = couplingsOf(services).map(({ caller, callee }) => `${caller}>${callee}`);
    expect(found).toContain('cart>store');
    expect(found).not.toContain('pay>store');
    expect(found.filter((call) => call.startsWith('store>'))).toEqual([]);
  });

  it('is not known where counts have nothing in common, or are too few', () => {
    expect(couplingsOf([service('a', some(), 9), service('b', some(), 5)])).toEqual([]);
    const few = [1, 5, 2, 8];
    expect(couplingsOf([service('a', few, 9), service('b', few, 5)])).toEqual([]);
  });

  it('begins with whom users call: the one within whose time lies that of the others, however short one of its calls is', () => {
    const few = some().map((n) => Math.ceil(n / 10));
    const services = [service('report', few, 200), service('front', some(), 40), service('store', some(), 5)];
    expect([...entryOf(services, null)]).toEqual(['front']);
  });
});
