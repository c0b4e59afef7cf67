import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rig, WALL_MS } from '../testing/rig.ts';
import { alerting, parsePerf, parsePlugin, parseRange, type Range, takePlugin } from './plugin.ts';

describe('Nagios plugin output', () => {
  it('is text, numbers with units, and more of both on further lines', () => {
    const { text, values } = parsePlugin(
      "DISK WARNING - free space: / 3326 MB | /=2643MB;5948;5958;0;5968 'a ''b'' c'=0.5s;;@1:2\n/home ok\nlong | /boot=68%;88;93;0;100\n'swap used'=7c\n",
    );
    expect(text).toBe('DISK WARNING - free space: / 3326 MB');
    expect(values.map(({ label, value, unit }) => [label, value, unit])).toEqual([
      ['/', 2_643 * 1_048_576, 'B'],
      ["a 'b' c", 0.5, 's'],
      ['/boot', 68, '%'],
      ['swap used', 7, 'c'],
    ]);
    expect(values[0]).toMatchObject({ warn: { start: 0, end: 5_948 * 1_048_576 }, min: 0, max: 5_968 * 1_048_576 });
    expect(values[1]?.crit).toEqual({ start: 1, end: 2, inverted: true });
  });

  it('ranges, as the guidelines’ table has them', () => {
    const alerts = (text: string): number[] =>
      [-5, 0, 5, 10, 15, 20, 25].filter((n) => alerting(parseRange(text) as Range, n));
    expect(alerts('10')).toEqual([-5, 15, 20, 25]);
    expect(alerts('10:')).toEqual([-5, 0, 5]);
    expect(alerts('~:10')).toEqual([15, 20, 25]);
    expect(alerts('10:20')).toEqual([-5, 0, 5, 25]);
    expect(alerts('@10:20')).toEqual([10, 15, 20]);
    for (const wrong of [undefined, '', '@', 'x', '20:10', '1.2.3']) expect(parseRange(wrong)).toBeNull();
  });

  it('becomes a check and series', () => {
    const under = rig();
    const batch = under.hub.batch('nagios');
    const base = { subject: 'db', check: 'disk', wallMs: WALL_MS };
    takePlugin({ ...base, exitCode: 1, stdout: 'DISK WARNING | /=50% odd =x y' }, under.hub, batch);
    takePlugin({ ...base, exitCode: null, stdout: '' }, under.hub, batch);
    takePlugin({ ...base, exitCode: 127, stdout: 'sh: not found' }, under.hub, batch);
    batch.commit();
    under.hub.close();
    expect(under.batches[0]?.checks.map(({ state, text }) => [state, text])).toEqual([
      ['warning', 'DISK WARNING'],
      ['unknown', ''],
      ['unknown', 'sh: not found'],
    ]);
    expect(under.points()).toEqual(['disk./{subject=db} 50']);
  });

  it('is read to its end, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."a'=;1.%s @:~|\n"), maxLength: 60 }), (text) => {
        for (const { value } of [...parsePerf(text), ...parsePlugin(text).values])
          expect(Number.isNaN(value)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
