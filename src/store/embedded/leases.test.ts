import { describe, expect, it } from 'vitest';
import { Leases } from './leases.ts';

const STEP = 250;

function ticked(ttlMs: number): Leases {
  const leases = new Leases(1_000);
  leases.advance(0);
  leases.grant('a', ttlMs);
  leases.advance(STEP);
  return leases;
}

describe('leases', () => {
  it('counts from the first tick after the grant: late by less than a tick, never early', () => {
    const leases = ticked(1_000);
    for (let now = 2 * STEP; now < STEP + 1_000; now += STEP) expect(leases.advance(now)).toEqual([]);
    expect(leases.advance(STEP + 1_000)).toEqual(['a']);
    expect(leases.isOver('a')).toBe(true);
  });

  it('starts again with every renewal', () => {
    const leases = ticked(1_000);
    for (let now = 2 * STEP; now < 20_000; now += STEP) {
      expect(leases.advance(now)).toEqual([]);
      expect(leases.keepAlive('a')).toBe(true);
    }
    leases.end('a');
    expect(leases.keepAlive('a')).toBe(false);
  });

  it('takes a leap of the clock for one ordinary step, whichever way it goes', () => {
    const leases = ticked(5_000);
    expect(leases.advance(86_400_000)).toEqual([]);
    expect(leases.advance(0)).toEqual([]);
    expect(leases.advance(-50_000)).toEqual([]);
    // 1,000 counted so far: 4,000 of regular ticks are left.
    let now = -50_000;
    for (let n = 0; n < 15; n++) {
      now += STEP;
      expect(leases.advance(now)).toEqual([]);
    }
    expect(leases.advance(now + STEP)).toEqual(['a']);
  });

  it('offers a lease that is over again, until it is ended', () => {
    const leases = ticked(100);
    expect(leases.advance(2 * STEP)).toEqual(['a']);
    expect(leases.advance(2 * STEP)).toEqual(['a']);
    leases.keepAlive('a');
    expect(leases.isOver('a')).toBe(false);
    expect(leases.advance(2 * STEP)).toEqual([]);
  });
});
