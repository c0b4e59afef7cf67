import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { symptom } from '../../test/support/recovery.ts';
import { bucketOf } from '../model/histogram.ts';
import { OUTSIDE } from '../model/signal.ts';
import { diagnose } from './index.ts';

const ONSET = 90_000;
const calls = (service: string) => ({ service, condition: 'healthy' as const, required: true });

/** gateway calls orders and cart, which call the store; how long answers of each take, before onset and from then on. */
function shop(ms: Readonly<Record<string, readonly [before: number, during: number]>>): FakeView {
  const view = new FakeView()
    .add(serviceSpec('store'))
    .add(serviceSpec('cart', { dependsOn: [calls('store')] }))
    .add(serviceSpec('orders', { dependsOn: [calls('store')] }))
    .add(serviceSpec('gateway', { dependsOn: [calls('orders'), calls('cart')] }));
  const edges = ['→gateway', 'gateway→orders', 'gateway→cart', 'orders→store', 'cart→store'];
  for (let at = ONSET - 60_000; at <= ONSET + 8_000; at += 1_000) {
    for (const edge of edges) {
      const [caller = '', callee = ''] = edge.split('→');
      const [before, during] = ms[callee] as readonly [number, number];
      view.edges.ingest({
        kind: 'edge',
        at,
        windowMs: 1_000,
        caller: caller === '' ? OUTSIDE : caller,
        callee,
        instance: `${callee}-1`,
        protocol: 'http',
        requests: 50,
        failures: { connect: 0, reset: 0, timeout: 0, status5xx: 0, unavailable: 0 },
        retried: 0,
        latency: [[bucketOf(1_000 * (at > ONSET ? during : before)), 50]],
        inFlight: 0,
        oldestWaitMs: 0,
      });
    }
  }
  return view;
}

const slow = [symptom('slow', 'orders', { onsetAt: ONSET, detectedAt: ONSET + 4_000 })];
const explain = (view: FakeView) => diagnose({ now: ONSET + 8_000, onsetAt: ONSET, symptoms: slow, view });

describe('a service that is slow by what it has and what it calls', () => {
  it('is named when most of the damage begins there', () => {
    const { causes, abstained } = explain(shop({ gateway: [20, 40], orders: [8, 28], cart: [6, 6], store: [2, 2] }));
    expect([causes[0]?.entity.name, abstained]).toEqual(['orders', false]);
  });

  it('is not named when most of it begins where nothing is known to be wrong', () => {
    const { abstained, damage } = explain(shop({ gateway: [20, 50], orders: [8, 24], cart: [6, 20], store: [2, 11] }));
    expect(damage.unexplainedShare).toBeGreaterThan(0.5);
    expect(abstained).toBe(true);
  });
});
