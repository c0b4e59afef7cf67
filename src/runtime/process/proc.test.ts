import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasProc, isDead, parseAuxv, parsePs, parseStat, readAllStats, startTicksOf } from './proc.ts';

const statLine = (comm: string): string =>
  `4242 (${comm}) S 1 4242 4240 0 -1 4194304 101 0 0 0 250 150 0 0 20 0 11 0 288374 2654208 135 18446744073709551615 1 1 0 0`;

describe('parseStat', () => {
  it('finds the fields behind any name', () => {
    const expected = {
      pid: 4242,
      state: 'S',
      ppid: 1,
      pgrp: 4242,
      session: 4240,
      cpuTicks: 400,
      startTicks: '288374',
      rssPages: 135,
    };
    for (const comm of ['sh', 'Web Content', 'a) S 9 9 9', ') R (', '(sd-pam)', ')))', '']) {
      expect(parseStat(statLine(comm)), comm).toEqual(expected);
    }
    fc.assert(
      fc.property(fc.string(), (comm) => {
        expect(parseStat(statLine(comm))).toEqual(expected);
      }),
    );
  });

  it('is undefined for what is no such line', () => {
    for (const text of ['', '1', '1 (x', '1 (x)', '1 (x) S 1 1', 'x (x) S 1 1 1 1'])
      expect(parseStat(text), text).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseStat(`7 (${text}`)?.pid ?? 7).toBe(7);
      }),
    );
  });
});

describe('parsePs', () => {
  it('reads what ps prints where there is no /proc', () => {
    const text = `
    1 Ss       0     1  12160   0:01.52 Sat Nov 21 07:44:01 2026
 4711 R+     901  4711 102400 1-02:03:04 Sat Nov  7 09:00:59 2026
 4712 Z      901  4711      0   0:00.00 Sat Nov 21 09:00:59 2026`;
    expect(parsePs(text)).toEqual([
      expect.objectContaining({ pid: 1, state: 'S', ppid: 0, pgrp: 1, startTicks: 'Sat Nov 21 07:44:01 2026' }),
      expect.objectContaining({ pid: 4711, state: 'R', ppid: 901, startTicks: 'Sat Nov 7 09:00:59 2026' }),
    ]);
    expect(parsePs(text)[1]?.cpuTicks).toBe((26 * 3600 + 184) * 100);
  });
});

it('reads page size and ticks from the auxiliary vector', () => {
  const bytes = Buffer.alloc(48);
  [6n, 65536n, 17n, 250n, 0n, 0n].forEach((value, at) => {
    bytes.writeBigUInt64LE(value, at * 8);
  });
  expect(parseAuxv(bytes)).toEqual({ pageBytes: 65536, ticksPerSec: 250 });
  expect(parseAuxv(Buffer.alloc(0))).toEqual({ pageBytes: 4096, ticksPerSec: 100 });
});

it('finds this process in the table of the machine', () => {
  const own = readAllStats().find((stat) => stat.pid === process.pid);
  expect(own).toMatchObject({ ppid: process.ppid, startTicks: startTicksOf(process.pid) });
  expect(own && isDead(own)).toBe(false);
  expect(hasProc).toBe(process.platform === 'linux');
  expect(startTicksOf(2 ** 22 + 1)).toBeUndefined();
});
