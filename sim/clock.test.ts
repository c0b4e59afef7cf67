import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './clock.ts';

describe('virtual clock', () => {
  it('runs everything in the order of its time, and of its planning where times are equal', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 200 }), (times) => {
        const clock = new VirtualClock();
        const ran: [number, number][] = [];
        times.forEach((at, order) => {
          clock.at(at, () => {
            ran.push([clock.now, order]);
          });
        });
        clock.runUntil(50);
        const expected = times
          .map((at, order): [number, number] => [at, order])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(ran).toEqual(expected);
      }),
    );
  });

  it('runs what is planned while it runs, but nothing beyond the end', () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    clock.every(10, () => {
      ran.push(clock.now);
    });
    clock.runUntil(35);
    expect(ran).toEqual([10, 20, 30]);
    expect(clock.now).toBe(35);
  });
});
