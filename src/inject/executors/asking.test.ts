/** What is asked of a fault, worked out without doing it: see executors.integration.test.ts for the doing. */
import { describe, expect, it } from 'vitest';
import { coresAsked, cpu } from './cpu.ts';
import { limitFor } from './descriptors.ts';
import { bytesOf, memory } from './memory.ts';

describe('cpu', () => {
  it('asks for no more cores than there are, however many workers want them', () => {
    expect(coresAsked({ workers: 24, percent: 100 }, 2)).toBe(2);
    expect(coresAsked({ workers: 1, percent: 50 }, 2)).toBe(0.5);
  });

  it('takes a share of the machine instead of workers, and not with them', () => {
    const asked = cpu.parse({ share: 0.5 });
    expect(asked).toMatchObject({ percent: 50, nice: 0 });
    expect(asked.workers).toBeGreaterThan(0);
    expect(() => cpu.parse({ share: 0.5, workers: 3 })).toThrow(/share says how much/);
    expect(() => cpu.parse({ share: 1.5 })).toThrow(/between 0 and 1/);
  });

  it('goes before everybody else only so far that its keeper still runs', () => {
    expect(cpu.parse({ nice: -10 }).nice).toBe(-10);
    expect(() => cpu.parse({ nice: -11 })).toThrow(/nice/);
  });
});

describe('memory', () => {
  it('takes what is asked for, or what is missing until so much of the machine is in use', () => {
    expect(bytesOf({ bytes: 5, share: 0 }, 100, 1_000)).toBe(5);
    expect(bytesOf({ bytes: 0, share: 0.95 }, 600, 1_000)).toBe(550);
    expect(bytesOf({ bytes: 0, share: 0.3 }, 600, 1_000)).toBe(0);
  });

  it('is told one of them', () => {
    expect(memory.parse({ share: 0.9 })).toMatchObject({ share: 0.9, bytes: 0 });
    expect(() => memory.parse({})).toThrow(/bytes .* it is missing/);
    expect(() => memory.parse({ share: 0.9, bytes: 7 })).toThrow(/not both/);
  });
});

describe('descriptors', () => {
  it('leaves none free when none is to be left, gaps included', () => {
    expect(limitFor(new Set([0, 1, 2, 3, 7, 9]), 0)).toBe(4);
    expect(limitFor(new Set([0, 1, 2]), 0)).toBe(3);
  });

  it('leaves as many as were asked for', () => {
    expect(limitFor(new Set([0, 1, 2, 3, 7, 9]), 3)).toBe(8);
    expect(limitFor(new Set([0, 1, 2, 3, 7, 9]), 4)).toBe(10);
  });
});
