import { describe, expect, it } from 'vitest';
import { Ejection, MAX_EJECT_MS, mayEject } from './ejection.ts';

const policy = { ejectAfter: 3, ejectMs: 1_000, maxEjectedShare: 0.5 };

describe('Ejection', () => {
  it('asks for ejection after consecutive failures only', () => {
    const ejection = new Ejection();
    expect([ejection.fail(policy), ejection.fail(policy)]).toEqual([false, false]);
    ejection.succeed(0);
    expect([ejection.fail(policy), ejection.fail(policy), ejection.fail(policy)]).toEqual([false, false, true]);
  });

  it('lets one trial decide when the time is over', () => {
    const ejection = new Ejection();
    expect(ejection.eject(0, policy)).toBe(1_000);
    expect(ejection.tick(999)).toBe(false);
    expect(ejection.wantsTrial).toBe(false);
    expect(ejection.tick(1_000)).toBe(true);
    expect(ejection.wantsTrial).toBe(true);
    ejection.trial(true);
    expect(ejection.wantsTrial).toBe(false);
    expect(ejection.succeed(1_010)).toBe(true);
    expect(ejection.state).toBe('closed');
  });

  it('gives a trial without a verdict back', () => {
    const ejection = new Ejection();
    ejection.eject(0, policy);
    ejection.tick(1_000);
    ejection.trial(true);
    ejection.trial(false);
    expect(ejection.wantsTrial).toBe(true);
  });

  it('ejects for longer each time a trial fails, up to the cap', () => {
    const ejection = new Ejection();
    let now = 0;
    const durations: number[] = [];
    for (let i = 0; i < 400; i++) {
      const duration = ejection.eject(now, policy);
      durations.push(duration);
      now += duration;
      ejection.tick(now);
      expect(ejection.fail(policy)).toBe(true);
    }
    expect(durations.slice(0, 3)).toEqual([1_000, 2_000, 3_000]);
    expect(durations.at(-1)).toBe(MAX_EJECT_MS);
  });

  it('forgets with healthy time', () => {
    const ejection = new Ejection();
    for (const at of [0, 5_000, 10_000]) {
      ejection.eject(at, policy);
      ejection.tick(at + 4_000);
      ejection.succeed(at + 4_000);
    }
    expect(ejection.eject(60_000, policy)).toBe(1_000);
  });
});

describe('mayEject', () => {
  it('counts the new ejection before it compares', () => {
    expect(mayEject(0, 1, 0.5)).toBe(false);
    expect(mayEject(0, 2, 0.5)).toBe(true);
    expect(mayEject(0, 3, 0.5)).toBe(true);
    expect(mayEject(1, 3, 0.5)).toBe(false);
    expect(mayEject(1, 4, 0.5)).toBe(true);
  });
});
