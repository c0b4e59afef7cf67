import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { symptom } from '../../test/support/recovery.ts';
import type { Symptom } from '../model/symptom.ts';
import { diagnose } from './index.ts';

const at = (onsetAt: number): Partial<Symptom> => ({ onsetAt, detectedAt: onsetAt });
const dependsOn = [{ service: 'redis', condition: 'healthy' as const, required: true }];

function causes(replicas: number): readonly { readonly name: string; readonly confidence: number }[] {
  const view = new FakeView()
    .add(serviceSpec('redis', { replicas }))
    .add(serviceSpec('api', { replicas: 3, dependsOn }));
  const symptoms = [symptom('hung', 'redis-1', at(90_000)), symptom('erroring', 'api-3', at(91_000))];
  const found = diagnose({ now: 93_000, onsetAt: 90_000, symptoms, view });
  return found.causes.map(({ entity, confidence }) => ({ name: entity.name, confidence }));
}

describe('one bad replica among good ones', () => {
  it('is a victim when a service that it calls has nobody left to answer', () => {
    const [first, ...others] = causes(1);
    expect(first?.name).toBe('redis-1');
    expect(others.find(({ name }) => name === 'api-3')?.confidence ?? 0).toBeLessThan(0.1);
  });

  it('is a cause of its own while others of that service answer', () => {
    expect(causes(3).find(({ name }) => name === 'api-3')?.confidence).toBeGreaterThan(0.5);
  });

  it('is a victim when all it does is be slow and somebody that it calls, directly or not, is ill', () => {
    const calls = (service: string) => ({ replicas: 2, dependsOn: [{ ...dependsOn[0], service } as never] });
    const view = new FakeView()
      .add(serviceSpec('payments', { replicas: 3 }))
      .add(serviceSpec('orders', calls('payments')))
      .add(serviceSpec('gateway', calls('orders')));
    const symptoms = [symptom('slow', 'gateway-1', at(90_000)), symptom('slow', 'payments-3', at(90_000))];
    const { causes: found, victims } = diagnose({ now: 93_000, onsetAt: 90_000, symptoms, view });
    expect(found[0]?.entity.name).toBe('payments-3');
    expect(victims).toEqual(['gateway']);
  });
});
