import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { action, draft, plan, symptom } from '../../test/support/recovery.ts';
import { verification } from './verification.ts';

const HUNG = symptom('hung', 'web-1', { detectedAt: 1_000 });
const repaired = (verifySince: number | null = null) =>
  plan('verifying', [action(draft('replace', 'web-1'), 'done', { endedAt: 10_000 })], {
    verify: { symptoms: [HUNG.id], forMs: 5_000, deadlineMs: 20_000 },
    verifySince,
  });
const view = (): FakeView => new FakeView().add(serviceSpec('web', { replicas: 2 }));

describe('verification', () => {
  it('waits while the symptom is still there, and begins to count when it is gone', () => {
    expect(verification(repaired(), [HUNG], view(), 11_000)).toMatchObject({ state: 'waiting', since: null });
    expect(verification(repaired(), [], view(), 12_000)).toMatchObject({ state: 'waiting', since: 12_000 });
    expect(verification(repaired(12_000), [], view(), 16_900)).toMatchObject({ state: 'waiting', since: 12_000 });
    expect(verification(repaired(12_000), [], view(), 17_000)).toMatchObject({ state: 'succeeded' });
  });

  it('fails at once when the symptom has come back after the repair', () => {
    const back = { ...HUNG, detectedAt: 14_000 };
    expect(verification(repaired(12_000), [back], view(), 14_000)).toMatchObject({
      state: 'failed',
      outcome: expect.stringContaining('came back'),
    });
  });

  it('waits for the echo of the fault in callers to fade, but not for ever', () => {
    const dependsOn = [{ service: 'web', condition: 'started', required: true }] as const;
    const system = view().add(serviceSpec('gateway', { dependsOn: [...dependsOn] }));
    const echo = symptom('erroring', 'gateway', { onsetAt: 9_000, detectedAt: 11_000 });
    const made = repaired();
    const both = { ...made, verify: { ...made.verify, symptoms: [HUNG.id, echo.id] } };
    expect(verification(both, [echo], system, 12_000)).toMatchObject({ state: 'waiting', since: null });
    expect(verification(both, [echo], system, 30_001)).toMatchObject({ state: 'failed' });
    const late = { ...echo, detectedAt: 20_001 };
    expect(verification(both, [late], system, 20_001)).toMatchObject({ state: 'failed' });
  });

  it('fails at the deadline when it never went away', () => {
    expect(verification(repaired(), [HUNG], view(), 30_000)).toMatchObject({ state: 'waiting' });
    expect(verification(repaired(), [HUNG], view(), 30_001)).toMatchObject({ state: 'failed' });
  });

  it('is not satisfied with an instance that is not ready', () => {
    const system = view();
    system.get('web-1').ready = false;
    expect(verification(repaired(12_000), [], system, 20_000)).toMatchObject({ state: 'waiting', since: null });
    expect(verification(repaired(12_000), [], system, 30_001)).toMatchObject({ state: 'failed' });
  });

  it("is not disturbed by symptoms that are not the plan's", () => {
    const other = symptom('slow', 'db', { detectedAt: 14_000 });
    expect(verification(repaired(12_000), [other], view(), 17_000)).toMatchObject({ state: 'succeeded' });
  });
});
