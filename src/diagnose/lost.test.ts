import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { symptom } from '../../test/support/recovery.ts';
import type { InstanceExit } from '../model/instance.ts';
import type { Symptom } from '../model/symptom.ts';
import { diagnose } from './index.ts';

const ONSET = 90_000;
const calls = (service: string) => [{ service, condition: 'healthy' as const, required: true }];

const exitAt = (at: number, over: Partial<InstanceExit> = {}): InstanceExit => ({
  ...{ at, reason: 'signal', code: null, signal: 'SIGKILL', detail: null, lastOutput: [] },
  ...over,
});

/** A gateway before two services, two instances of each, on one machine. */
function three(): FakeView {
  return new FakeView()
    .add(serviceSpec('catalog', { replicas: 2 }))
    .add(serviceSpec('cart', { replicas: 2 }))
    .add(serviceSpec('gateway', { replicas: 2, dependsOn: [...calls('catalog'), ...calls('cart')] }));
}

/** Ends these, each so many ms after onset, and has them told. */
function end(view: FakeView, ids: readonly string[], gapMs = 50, over: Partial<InstanceExit> = {}): Symptom[] {
  return ids.map((id, nth) => {
    const at = ONSET + nth * gapMs;
    const exit = exitAt(at, over);
    view.exits.set(id, [exit]);
    Object.assign(view.get(id), { phase: 'exited', ready: false, lastExit: exit });
    return symptom('crashed', id, { onsetAt: at, detectedAt: at });
  });
}

const explain = (view: FakeView, symptoms: readonly Symptom[]) =>
  diagnose({ now: ONSET + 5_000, onsetAt: ONSET, symptoms, view });
const all = (view: FakeView): string[] => [...view.instances.keys()];

describe('a machine that is lost', () => {
  it('is blamed when all that runs on it ends at once, and none of its services is', () => {
    const view = three();
    const { causes, abstained } = explain(view, end(view, all(view)));
    expect(abstained).toBe(false);
    expect(causes[0]).toMatchObject({ entity: { kind: 'node', name: 'node-1' }, faultClass: 'hardware' });
    expect(causes[0]?.evidenceFor.map(({ text }) => text).join()).toMatch(
      /6 of 6 .*shared node: cart, catalog, gateway/,
    );
    for (const { entity, confidence } of causes.slice(1))
      expect([entity.name, confidence < 0.1]).toEqual([entity.name, true]);
  });

  it('is blamed as well when nobody saw how they ended, and in the incident of one of its services alone', () => {
    const view = three();
    const told = end(view, all(view), 0, { reason: 'unknown', signal: null });
    expect(explain(view, told.slice(0, 2)).causes[0]?.entity).toEqual({ kind: 'node', name: 'node-1' });
  });

  it('stays blamed while its services come back one by one', () => {
    const view = three();
    const told = end(view, all(view));
    for (const id of ['catalog-1', 'catalog-2', 'cart-1', 'cart-2'])
      Object.assign(view.get(id), { phase: 'running', ready: true, incarnation: 2 });
    expect(explain(view, told.slice(4)).causes[0]?.entity.kind).toBe('node');
  });

  it.each([
    ['one service of it', ['catalog-1', 'catalog-2'], 50, {}, /^catalog/],
    ['two instances of different services', ['catalog-1', 'cart-1'], 50, {}, /^(catalog|cart)/],
    ['all of it, but one after the other', undefined, 4_000, {}, /^(catalog|cart|gateway)/],
    ['all of it, each by itself', undefined, 50, { reason: 'code', code: 1, signal: null }, /^(catalog|cart|gateway)/],
  ] as const)('is not blamed for the end of %s', (_, ids, gapMs, over, blamed) => {
    const view = three();
    const { causes } = explain(view, end(view, ids ?? all(view), gapMs, over));
    expect(causes.map(({ entity }) => entity.kind)).not.toContain('node');
    expect(causes[0]?.entity.name).toMatch(blamed);
  });

  it('is told from another machine that goes on', () => {
    const view = three();
    for (const id of ['catalog-1', 'cart-1', 'gateway-1']) Object.assign(view.get(id), { node: 'node-2' });
    const { causes } = explain(view, end(view, ['catalog-1', 'cart-1', 'gateway-1']));
    expect(causes[0]?.entity).toEqual({ kind: 'node', name: 'node-2' });
  });
});
