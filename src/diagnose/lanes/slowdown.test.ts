import { describe, expect, it } from 'vitest';
import { diagnoseRecording } from '../combine.ts';
import { calls, recording, service } from '../recorded/testing/build.ts';

const services = [
  service('front', { ms: 80, slowMs: 40 }),
  service('cart', { ms: 20, slowMs: 40 }),
  service('stock', { ms: 5, slowMs: 40 }),
  service('pay', { ms: 30 }),
];
const edges = calls('front → cart', 'front → pay', 'cart → stock');
const said = (presumed: boolean): Map<string, number> =>
  new Map(
    diagnoseRecording(recording({ services, edges, presumed })).causes.flatMap(
      ({ name, evidenceFor, evidenceAgainst }) =>
        [...evidenceFor, ...evidenceAgainst]
          .filter(({ text }) => /times as long as usual/.test(text))
          .map(({ weight }): [string, number] => [name, weight]),
    ),
  );

describe('how many times as long calls take', () => {
  it('speaks for whom that is the most, and less and less for those above', () => {
    const of = said(true);
    expect(of.get('stock')).toBeGreaterThan(0.5);
    expect(of.get('stock')).toBeGreaterThan(of.get('cart') ?? 0);
    expect(of.get('cart')).toBeGreaterThan(of.get('front') ?? 0);
    expect(of.get('pay') ?? 0).toBeLessThanOrEqual(0);
  });

  it('is silent where calls were recorded', () => {
    expect(said(false).size).toBe(0);
  });
});
