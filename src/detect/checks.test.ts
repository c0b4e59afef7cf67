import { describe, expect, it } from 'vitest';
import { serviceSpec } from '../../test/support/fake-view.ts';
import type { CheckSignal } from '../model/signal.ts';
import { natureOf, newTrack, settleTrack, takeCheck, voidFailures } from './checks.ts';

const SPEC = { ...serviceSpec('web').healthcheck, successes: 3 } as NonNullable<
  ReturnType<typeof serviceSpec>['healthcheck']
>;

function result(at: number, error: string | null): CheckSignal {
  return {
    kind: 'check',
    instance: 'web-1',
    incarnation: 1,
    at,
    purpose: 'liveness',
    pass: error === null,
    latencyMs: 1,
    error,
  };
}

describe('check results', () => {
  it('do not count as failures within the start period, until the first pass', () => {
    const track = newTrack();
    for (let at = 100; at < 9_000; at += 100) takeCheck(track, result(at, 'refused'), SPEC, 0);
    expect(track.verdict).toBeNull();
    takeCheck(track, result(9_000, null), SPEC, 0);
    expect(track.verdict).toBe(true);
    takeCheck(track, result(9_100, 'refused'), SPEC, 0);
    takeCheck(track, result(9_200, 'refused'), SPEC, 0);
    expect(track.verdict).toBe(false);
  });

  it('count once the start period is over', () => {
    const track = newTrack();
    takeCheck(track, result(9_900, 'timeout'), SPEC, 0);
    takeCheck(track, result(10_000, 'timeout'), SPEC, 0);
    expect(track.verdict).toBeNull();
    takeCheck(track, result(10_100, 'timeout'), SPEC, 0);
    expect(track).toMatchObject({ verdict: false, firstFailAt: 10_000 });
  });

  it('turn the verdict only after `retries` failures in a row', () => {
    const track = newTrack();
    takeCheck(track, result(0, null), SPEC, 0);
    for (let at = 1_000; at < 20_000; at += 2_000) {
      takeCheck(track, result(at, 'timeout'), SPEC, 0);
      takeCheck(track, result(at + 1_000, null), SPEC, 0);
    }
    expect(track.verdict).toBe(true);
  });

  it('turn it back when `successes` passes must have gone by, though only the first of them is told', () => {
    const track = newTrack();
    takeCheck(track, result(20_000, 'timeout'), SPEC, 0);
    takeCheck(track, result(21_000, 'timeout'), SPEC, 0);
    takeCheck(track, result(22_000, null), SPEC, 0);
    settleTrack(track, SPEC, 23_000);
    expect(track.verdict).toBe(false);
    settleTrack(track, SPEC, 24_000);
    expect(track.verdict).toBe(true);
  });

  it('are void while the observer was late, unless the verdict was made before', () => {
    const track = newTrack();
    takeCheck(track, result(20_000, 'timeout'), SPEC, 0);
    voidFailures(track, 19_000);
    takeCheck(track, result(21_000, 'timeout'), SPEC, 0);
    expect(track.verdict).toBeNull();
    takeCheck(track, result(22_000, 'timeout'), SPEC, 0);
    voidFailures(track, 19_000);
    expect(track).toMatchObject({ verdict: false, failures: 2 });
  });

  it.each([
    ['timeout', 'silent'],
    ['no answer: timed out after 1s', 'silent'],
    ['refused', 'refused'],
    ['connect ECONNREFUSED', 'refused'],
    ['connection reset', 'refused'],
    ['status 500', 'wrong'],
    ['exit 1', 'wrong'],
    [null, 'wrong'],
  ])('read %s as %s', (error, nature) => {
    expect(natureOf(error)).toBe(nature);
  });
});
