import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { symptom } from '../../test/support/recovery.ts';
import type { Symptom } from '../model/symptom.ts';
import { diagnose } from './index.ts';

const ONSET = 90_000;
const at = (onsetAt: number): Partial<Symptom> => ({ onsetAt, detectedAt: onsetAt });
const calls = (service: string) => [{ service, condition: 'healthy' as const, required: true }];

/** Two unrelated services behind one gateway, on one machine; shares of the time for which each waits for a processor. */
function busy(before: number, during: number): FakeView {
  const view = new FakeView()
    .add(serviceSpec('catalog', { replicas: 2 }))
    .add(serviceSpec('cart', { replicas: 2 }))
    .add(serviceSpec('gateway', { replicas: 2, dependsOn: [...calls('catalog'), ...calls('cart')] }));
  for (const { id } of view.instances.values()) {
    const sample = (s: number, cpuWaitShare: number) => ({
      kind: 'resource' as const,
      instance: id,
      incarnation: 1,
      at: ONSET + s * 1_000,
      cpuCores: 0.1,
      memoryBytes: 1e7,
      memoryLimitBytes: null,
      openFiles: 20,
      openFilesLimit: null,
      processes: 1,
      cpuWaitShare,
      state: 'S',
    });
    view.resources.set(id, [
      ...[-30, -20, -10, -5].map((s) => sample(s, before)),
      ...[1, 2, 3, 4].map((s) => sample(s, during)),
    ]);
  }
  return view;
}

const explain = (view: FakeView, symptoms: readonly Symptom[]) =>
  diagnose({ now: ONSET + 5_000, onsetAt: ONSET, symptoms, view });

const ill = [
  symptom('slow', 'catalog', at(ONSET)),
  symptom('hung', 'cart-1', at(ONSET + 500)),
  symptom('slow', 'gateway', at(ONSET)),
];

describe('a machine that is short of processors', () => {
  it('is blamed for what all of its services suffer, and they are not', () => {
    const { causes } = explain(busy(0.01, 0.4), ill);
    expect(causes[0]).toMatchObject({ entity: { kind: 'node', name: 'node-1' }, faultClass: 'capacity' });
    for (const { entity, confidence } of causes.slice(1))
      expect([entity.name, confidence < 0.5]).toEqual([entity.name, true]);
  });

  it('is no news when it was so before: then nobody is blamed for want of anything better', () => {
    const names = explain(busy(0.4, 0.4), ill).causes.map(({ entity }) => entity.kind);
    expect(names).not.toContain('node');
  });

  it('does not kill: who was killed is blamed for it', () => {
    const view = busy(0.01, 0.4);
    view.exits.set('cart-1', [
      { at: ONSET, reason: 'signal', code: null, signal: 'SIGKILL', detail: null, lastOutput: [] },
    ]);
    const { causes } = explain(view, [symptom('crashed', 'cart-1', at(ONSET)), symptom('slow', 'gateway', at(ONSET))]);
    expect(causes[0]?.entity.name).toBe('cart-1');
  });

  it('abstains where one service alone is ill: it or the machine', () => {
    const { abstained, summary } = explain(busy(0.01, 0.4), [symptom('slow', 'catalog', at(ONSET))]);
    expect([abstained, summary]).toEqual([true, expect.stringMatching(/^unclear/)]);
  });
});
