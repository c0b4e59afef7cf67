import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { symptom } from '../../test/support/recovery.ts';
import type { NodeSignal } from '../model/signal.ts';
import type { Symptom } from '../model/symptom.ts';
import { diagnose } from './index.ts';

const ONSET = 90_000;
const at = (onsetAt: number): Partial<Symptom> => ({ onsetAt, detectedAt: onsetAt });
const calls = (service: string) => [{ service, condition: 'healthy' as const, required: true }];

/** How much an instance runs and waits for a processor, in cores. */
interface Use {
  readonly runs: number;
  readonly waits: number;
}

/** Shares of the time for which each instance waits for a processor. */
const busy = (before: number, during: number): FakeView =>
  used(
    () => ({ runs: 0.1, waits: before }),
    () => ({ runs: 0.1, waits: during }),
  );

/** Two unrelated services behind one gateway, on one machine. */
function used(before: (id: string) => Use, during: (id: string) => Use): FakeView {
  const view = new FakeView()
    .add(serviceSpec('catalog', { replicas: 2 }))
    .add(serviceSpec('cart', { replicas: 2 }))
    .add(serviceSpec('gateway', { replicas: 2, dependsOn: [...calls('catalog'), ...calls('cart')] }));
  for (const { id } of view.instances.values()) {
    const sample = (s: number, { runs, waits }: Use) => ({
      kind: 'resource' as const,
      instance: id,
      incarnation: 1,
      at: ONSET + s * 1_000,
      cpuCores: runs,
      memoryBytes: 1e7,
      memoryLimitBytes: null,
      openFiles: 20,
      openFilesLimit: null,
      processes: 1,
      cpuWaitShare: waits,
      state: 'S',
    });
    view.resources.set(id, [
      ...[-30, -20, -10, -5].map((s) => sample(s, before(id))),
      ...[1, 2, 3, 4].map((s) => sample(s, during(id))),
    ]);
  }
  return view;
}

/** Calls of the last minute, and what each took. */
function calledBy(view: FakeView, caller: string, callee: string, ms: { before: number; during: number }): void {
  for (let s = -60; s <= 5; s++)
    view.called(caller, `${callee}-1`, { at: ONSET + s * 1_000, ms: s <= 0 ? ms.before : ms.during });
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

  it('is not to blame for who answers that it cannot', () => {
    const answers: Symptom = {
      ...symptom('erroring', 'catalog-1', at(ONSET)),
      evidence: ['catalog:3000: 5 calls in a row failed (status 500)'],
    };
    const { causes } = explain(busy(0.01, 0.4), [answers, symptom('slow', 'cart', at(ONSET))]);
    expect(causes[0]?.entity.name).toBe('catalog-1');
  });

  it('is blamed for late calls between two of its services as well', () => {
    const late: Symptom = {
      ...symptom('slow', 'cart', at(ONSET)),
      entity: { kind: 'edge', name: 'gateway→cart', caller: 'gateway', callee: 'cart' },
    };
    const { causes } = explain(busy(0.01, 0.4), [late, symptom('slow', 'catalog', at(ONSET))]);
    expect(causes[0]?.entity).toEqual({ kind: 'node', name: 'node-1' });
  });

  it('is blamed where one service is ill, and others bear as much below the mark of a symptom', () => {
    const view = busy(0.01, 0.4);
    calledBy(view, 'gateway', 'catalog', { before: 5, during: 60 });
    calledBy(view, 'gateway', 'cart', { before: 5, during: 60 });
    calledBy(view, 'users', 'gateway', { before: 15, during: 130 });
    const { causes } = explain(view, [symptom('slow', 'catalog', at(ONSET))]);
    expect(causes[0]?.entity).toEqual({ kind: 'node', name: 'node-1' });
  });

  it('abstains where one service alone is ill: it or the machine', () => {
    const { abstained, summary } = explain(busy(0.01, 0.4), [symptom('slow', 'catalog', at(ONSET))]);
    expect([abstained, summary]).toEqual([true, expect.stringMatching(/^unclear/)]);
  });
});

const same = (runs: number, waits: number) => (): Use => ({ runs, waits });

/** The machine's own account of itself, once a second. */
function nodePast(view: FakeView, before: Partial<NodeSignal>, during: Partial<NodeSignal>): FakeView {
  const sample = (s: number, more: Partial<NodeSignal>): NodeSignal => ({
    kind: 'node',
    node: 'node-1',
    at: ONSET + s * 1_000,
    cpuShare: 0.3,
    memoryShare: 0.5,
    diskShare: 0.5,
    diskFreeBytes: 1e9,
    ownLagMs: 0,
    ...more,
  });
  view.nodePasts.set('node-1', [
    ...[-30, -20, -10, -5].map((s) => sample(s, before)),
    ...[1, 2, 3, 4].map((s) => sample(s, during)),
  ]);
  return view;
}

describe('a machine on which everybody mostly sleeps', () => {
  it('is short of processors when they wait longer than they run, and did not before', () => {
    const { causes } = explain(used(same(0.02, 0.005), same(0.02, 0.06)), ill);
    expect(causes[0]).toMatchObject({ entity: { kind: 'node', name: 'node-1' }, faultClass: 'capacity' });
    const told = causes[0]?.evidenceFor.map(({ text }) => text).join();
    expect(told).toContain('waited 3.0 times as long as they ran, before 0.0 times');
  });

  it('is not when it was so before, when they wait less than they run, or when it is too little to be felt', () => {
    for (const [before, during] of [
      [same(0.02, 0.04), same(0.02, 0.06)],
      [same(0.1, 0.02), same(0.1, 0.08)],
      [same(0.001, 0), same(0.001, 0.005)],
    ] as const) {
      const kinds = explain(used(before, during), ill).causes.map(({ entity }) => entity.kind);
      expect(kinds).not.toContain('node');
    }
  });

  it('is nothing new without a past', () => {
    const view = used(same(0.02, 0), same(0.02, 0.06));
    for (const [id, samples] of view.resources) view.resources.set(id, samples.slice(4));
    expect(explain(view, ill).causes.map(({ entity }) => entity.kind)).not.toContain('node');
  });

  it('is not to blame for an instance that uses it up', () => {
    const hungry = (id: string): Use => (id === 'cart-1' ? { runs: 1.4, waits: 0.5 } : { runs: 0.1, waits: 0.6 });
    const { causes, summary } = explain(used(same(0.1, 0.01), hungry), ill);
    expect(causes.map(({ entity }) => entity.kind)).not.toContain('node');
    // The others may be ill because of it; it may not.
    expect([summary, causes[0]?.entity.name]).toEqual([summary, 'cart-1']);
  });
});

describe('a machine that is short of something else', () => {
  const calm = () => used(same(0.1, 0.01), same(0.1, 0.01));

  it.each([
    ['memory', { memoryPressure: 0.01 }, { memoryPressure: 0.5 }, 'capacity', 'short of memory'],
    ['its disk', { diskSyncMs: 4 }, { diskSyncMs: 450 }, 'hardware', 'slow disk'],
  ])('%s', (_, before, during, faultClass, mechanism) => {
    const { causes } = explain(nodePast(calm(), before, during), ill);
    expect(causes[0]).toMatchObject({ entity: { kind: 'node', name: 'node-1' }, faultClass, mechanism });
  });

  it('its disk, also when only the one service that keeps things is slow by it', () => {
    const view = nodePast(calm(), { diskSyncMs: 4 }, { diskSyncMs: 450 });
    calledBy(view, 'gateway', 'cart', { before: 5, during: 300 });
    calledBy(view, 'users', 'gateway', { before: 15, during: 310 });
    const { causes } = explain(view, [symptom('slow', 'cart', at(ONSET)), symptom('slow', 'gateway', at(ONSET))]);
    expect(causes[0]).toMatchObject({ entity: { kind: 'node', name: 'node-1' }, mechanism: 'slow disk' });
  });

  it.each([
    ['memory was short before', { memoryPressure: 0.4 }, { memoryPressure: 0.5 }],
    ['memory is hardly waited for', { memoryPressure: 0 }, { memoryPressure: 0.1 }],
    ['the disk was slow before', { diskSyncMs: 200 }, { diskSyncMs: 450 }],
    ['the disk is slower, and still quick', { diskSyncMs: 1 }, { diskSyncMs: 40 }],
    ['nobody says', {}, {}],
  ])('not when %s', (_, before, during) => {
    const kinds = explain(nodePast(calm(), before, during), ill).causes.map(({ entity }) => entity.kind);
    expect(kinds).not.toContain('node');
  });

  it('does not kill', () => {
    const view = nodePast(calm(), { diskSyncMs: 4 }, { diskSyncMs: 450 });
    view.exits.set('cart-1', [
      { at: ONSET, reason: 'signal', code: null, signal: 'SIGKILL', detail: null, lastOutput: [] },
    ]);
    const { causes } = explain(view, [symptom('crashed', 'cart-1', at(ONSET)), symptom('slow', 'gateway', at(ONSET))]);
    expect(causes[0]?.entity.name).toBe('cart-1');
  });
});
