import { describe, expect, it } from 'vitest';
import { Clock } from './clock.ts';

describe('Clock', () => {
  it('is the monotonic clock itself at first, and ignores the wall clock', () => {
    let monotonic = 500;
    let wall = 1_000_000;
    const clock = new Clock(
      'a',
      null,
      () => monotonic,
      () => wall,
    );
    expect(clock.now()).toBe(500);
    monotonic = 600.123456;
    wall = 5;
    expect(clock.now()).toBe(600.123);
    expect(clock.wallMs()).toBe(5);
  });

  it('goes on over a restart on the same boot', () => {
    const before = { clock: { bootId: 'a', offsetMs: 40 }, lastAt: 1_000 };
    const clock = new Clock('a', before, () => 2_000);
    expect(clock.record).toEqual({ bootId: 'a', offsetMs: 40 });
    expect(clock.now()).toBe(2_040);
  });

  it('goes on after the last recorded moment when the machine was booted', () => {
    const before = { clock: { bootId: 'a', offsetMs: 40 }, lastAt: 90_000 };
    let monotonic = 10;
    const clock = new Clock('b', before, () => monotonic);
    expect(clock.now()).toBe(91_000);
    monotonic = 1_010;
    expect(clock.now()).toBe(92_000);
    expect(clock.record.bootId).toBe('b');
  });

  it('never runs backwards, whatever the clock below does', () => {
    const readings = [100, 90, 110];
    const clock = new Clock('a', null, () => readings.shift() ?? 0);
    expect([clock.now(), clock.now(), clock.now(), clock.now()]).toEqual([100, 100, 110, 110]);
  });
});
