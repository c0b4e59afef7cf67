import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { href, parseRoute } from './route.ts';

describe('routes', () => {
  it.each([
    ['', 'overview'],
    ['#/', 'overview'],
    ['#/map', 'map'],
    ['#/proofs', 'proofs'],
    ['#/proof/proof-1', 'proof'],
    ['#/service/payments', 'service'],
    ['#/incident/inc-1', 'incident'],
    ['#/service/', 'unknown'],
    ['#/service/%E0%A4%A', 'unknown'],
    ['#/nothing', 'unknown'],
  ])('%s is %s', (hash, page) => expect(parseRoute(hash).page).toBe(page));

  it('come back as they went, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        expect(parseRoute(href({ page: 'service', name }))).toEqual({ page: 'service', name });
        expect(parseRoute(href({ page: 'incident', id: name }))).toEqual({ page: 'incident', id: name });
      }),
    );
  });
});
