import { expect, it } from 'vitest';
import { judgeMemory } from './memory-guard.ts';
import { pageBytes } from './proc.ts';

const MIB = 1024 * 1024;
const member = (pid: number, mib: number) => ({ pid, rssPages: (mib * MIB) / pageBytes });
const unasked = (): never => {
  throw new Error('the slow measure was taken without need');
};

it('kills one process by its resident set, without the slow measure', () => {
  expect(judgeMemory([member(1, 64)], 64 * MIB, unasked)).toBeNull();
  expect(judgeMemory([member(1, 70)], 64 * MIB, unasked)).toEqual({
    reason: 'oom',
    detail: 'memory limit 64 MiB exceeded (70 MiB, enforced by sampling every 250 ms)',
  });
});

it('counts shared pages by share before it kills a group', () => {
  const workers = [member(1, 50), member(2, 50), member(3, 50)];
  expect(judgeMemory(workers, 100 * MIB, () => 20 * MIB)).toBeNull();
  expect(judgeMemory(workers, 100 * MIB, () => 40 * MIB)?.detail).toContain('(120 MiB,');
  // Not readable: the resident set is what is left.
  expect(judgeMemory(workers, 100 * MIB, () => undefined)?.detail).toContain('(150 MiB,');
});
