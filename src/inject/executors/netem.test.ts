import { describe, expect, it } from 'vitest';
import { matchesOf } from '../shaping.ts';
import { netem, netemWords } from './netem.ts';

const words = (given: Record<string, unknown>): string => netemWords(netem.parse(given)).slice(2).join(' ');

describe('netem', () => {
  it.each([
    [{ delayMs: 100 }, 'delay 100ms'],
    [{ delayMs: 100, jitterMs: 20, correlationPercent: 25 }, 'delay 100ms 20ms 25%'],
    [{ delayMs: 100, jitterMs: 20, distribution: 'pareto' }, 'delay 100ms 20ms distribution pareto'],
    [{ lossPercent: 5 }, 'loss random 5%'],
    [{ lossPercent: 100, lossBurst: 4 }, 'loss random 100%'],
    // A fifth is lost, five in a row: out of a burst with 1/5, into one with 1/20.
    [{ lossPercent: 20, lossBurst: 5 }, 'loss gemodel 5% 20%'],
    [{ delayMs: 10, reorderPercent: 25, duplicatePercent: 1 }, 'delay 10ms duplicate 1% reorder 25%'],
    [{ corruptPercent: 0.5, bytesPerSec: 1000 }, 'corrupt 0.5% rate 8000bit'],
  ])('%j is told to the kernel as: %s', (given, expected) => expect(words(given)).toBe(expected));

  it.each([
    [{}, /does nothing/],
    [{ reorderPercent: 5 }, /nothing to overtake/],
    [{ jitterMs: 5, lossPercent: 1 }, /nothing to vary/],
    [{ lossPercent: 101 }, /a number between 0 and 100/],
    [{ delayMs: 1, peers: ['db.example'] }, /addresses or prefixes/],
    [{ delayMs: 1, device: 'eth0; reboot' }, /device is a text like/],
    [{ delay: 1 }, /has no parameter delay|does nothing/],
  ])('%j is refused', (given, why) => expect(() => netem.parse(given)).toThrow(why));

  it('matches the packets of a port by family, direction and peer', () => {
    const shape = { device: 'lo', port: 80, protocol: 'tcp', handle: 1, netem: [] } as const;
    const told = (rest: { directions: readonly ('in' | 'out')[]; peers: readonly string[] }): string[] =>
      matchesOf({ ...shape, ...rest }).map(({ family, match }) => `${family}: ${match}`);
    expect(told({ directions: ['in'], peers: [] })).toEqual([
      '4: match ip protocol 6 0xff match ip dport 80 0xffff',
      '6: match ip6 protocol 6 0xff match ip6 dport 80 0xffff',
    ]);
    expect(told({ directions: ['in', 'out'], peers: ['10.0.0.0/8'] })).toEqual([
      '4: match ip protocol 6 0xff match ip dport 80 0xffff match ip src 10.0.0.0/8',
      '4: match ip protocol 6 0xff match ip sport 80 0xffff match ip dst 10.0.0.0/8',
    ]);
  });
});
