import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeView, serviceSpec } from '../../test/support/fake-view.ts';
import { context, draft } from '../../test/support/recovery.ts';
import type { InstanceExit } from '../model/instance.ts';
import { Random } from '../model/random.ts';
import { backoff, delayAfter, RESET_MS } from './backoff.ts';
import { RecoveryMemory } from './memory.ts';

const POLICY = serviceSpec('web').restart;

function dead(view: FakeView, id: string, at: number, incarnation: number): void {
  const lastExit: InstanceExit = { at, reason: 'code', code: 1, signal: null, detail: null, lastOutput: [] };
  Object.assign(view.get(id), { phase: 'exited', process: null, ready: false, lastExit, incarnation });
}

describe('backoff', () => {
  it('lets the first restart through at once', () => {
    const view = new FakeView().add(serviceSpec('web'));
    dead(view, 'web-1', 1_000, 1);
    expect(backoff(draft('restart', 'web-1'), context(view), 1_000, Random.seeded(1))?.verdict).toBe('allow');
  });

  it('stays within half of the delay and the delay, doubling up to its cap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer(), (attempts, seed) => {
        const full = Math.min(POLICY.maxDelayMs, POLICY.delayMs * 2 ** (attempts - 1));
        const delay = delayAfter(attempts, POLICY, Random.seeded(seed));
        expect(delay).toBeGreaterThanOrEqual(full / 2);
        expect(delay).toBeLessThanOrEqual(full);
      }),
    );
  });

  it('never strands: an instance that always dies is started again and again, at least once per cap', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 5_000 }), (seed, lifeMs) => {
        const view = new FakeView().add(serviceSpec('web'));
        const memory = new RecoveryMemory();
        const random = Random.seeded(seed);
        let now = 0;
        for (let life = 1; life <= 30; life++) {
          dead(view, 'web-1', now, life);
          const asked = now;
          const word = (): ReturnType<typeof backoff> =>
            backoff(draft('restart', 'web-1'), context(view, { memory }), now, random);
          now = word()?.until ?? now;
          expect(word()?.verdict).toBe('allow');
          expect(now - asked).toBeLessThanOrEqual(POLICY.maxDelayMs);
          memory.noteRestart('web-1', now);
          now += lifeMs;
        }
      }),
      { numRuns: 30 },
    );
  });

  it('draws the delay once per life, however often it is asked', () => {
    const view = new FakeView().add(serviceSpec('web'));
    const memory = new RecoveryMemory();
    for (const at of [0, 1_000, 2_000]) memory.noteRestart('web-1', at);
    dead(view, 'web-1', 3_000, 4);
    const random = Random.seeded(7);
    const answers = Array.from({ length: 20 }, () =>
      backoff(draft('restart', 'web-1'), context(view, { memory }), 3_000, random),
    );
    expect(new Set(answers.map((answer) => answer?.until)).size).toBe(1);
  });

  it('begins anew after ten healthy minutes', () => {
    const view = new FakeView().add(serviceSpec('web'));
    const memory = new RecoveryMemory();
    for (const at of [0, 1_000, 2_000]) memory.noteRestart('web-1', at);
    dead(view, 'web-1', 2_000 + RESET_MS, 4);
    expect(
      backoff(draft('restart', 'web-1'), context(view, { memory }), 2_000 + RESET_MS, Random.seeded(1)),
    ).toMatchObject({ verdict: 'allow' });
    expect(memory.attemptsOf('web-1')).toBe(0);
  });

  it('ends when a dependency has come back since the failure', () => {
    const dependsOn = [{ service: 'db', condition: 'healthy' as const, required: true }];
    const view = new FakeView().add(serviceSpec('db')).add(serviceSpec('web', { dependsOn }));
    const memory = new RecoveryMemory();
    for (const at of [0, 1_000, 2_000, 3_000]) memory.noteRestart('web-1', at);
    dead(view, 'web-1', 4_000, 5);
    const ask = (now: number): string | undefined =>
      backoff(draft('restart', 'web-1'), context(view, { memory }), now, Random.seeded(1))?.verdict;
    expect(ask(4_100)).toBe('delay');
    view.get('db-1').readyAt = 4_200;
    expect(ask(4_300)).toBe('allow');
  });

  it('has no say about what runs', () => {
    const view = new FakeView().add(serviceSpec('web'));
    expect(backoff(draft('restart', 'web-1'), context(view), 0, Random.seeded(1))).toBeNull();
  });
});
