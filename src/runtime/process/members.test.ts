import { describe, expect, it } from 'vitest';
import { attribute, membersOf } from './members.ts';
import type { ProcStat } from './proc.ts';

const stat = (pid: number, ppid: number, pgrp: number, session: number): ProcStat => ({
  pid,
  ppid,
  pgrp,
  session,
  state: 'S',
  cpuTicks: 0,
  startTicks: '1',
  rssPages: 0,
});

describe('attribute', () => {
  it('follows group, session and parents', () => {
    const stats = [
      stat(10, 9, 10, 10), // main
      stat(11, 10, 10, 10), // child
      stat(12, 1, 10, 10), // orphan in the group
      stat(13, 1, 13, 10), // orphan in the session
      stat(14, 11, 14, 14), // left both, has its parent
      stat(15, 14, 14, 14), // and a child
      stat(20, 9, 20, 20), // another main
      stat(30, 1, 30, 30), // nobody's
    ];
    const owner = attribute(stats, new Set([10, 20]));
    expect(Object.fromEntries(owner)).toEqual({ 10: 10, 11: 10, 12: 10, 13: 10, 14: 10, 15: 10, 20: 20 });
  });

  it('survives a loop of parents', () => {
    const stats = [stat(2, 3, 2, 2), stat(3, 2, 3, 3)];
    expect(attribute(stats, new Set([10])).size).toBe(0);
  });
});

describe('membersOf', () => {
  it('finds by the environment what left everything else, and spares others', () => {
    const stats = [
      stat(10, 9, 10, 10),
      stat(40, 1, 40, 40),
      stat(41, 1, 41, 41),
      stat(50, 1, 50, 50),
      stat(60, 20, 20, 20),
    ];
    const directories = new Map([
      [40, '/i/web-1/data'],
      [41, '/i/web-2/data'],
      [50, '/i/web-1/data'],
      [60, '/i/web-1/data'],
    ]);
    const spare = new Set([50, 20]); // A shim, and the main process of another life.
    const found = membersOf(
      { pid: 10, directory: '/i/web-1/data' },
      stats,
      (each) => directories.get(each.pid) ?? null,
      spare,
    );
    expect(found.map((each) => each.pid)).toEqual([10, 40]);
  });
});
