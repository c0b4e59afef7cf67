import { describe, expect, it } from 'vitest';
import { Random } from '../model/random.ts';
import { candidatesOf, chooseOfTwo } from './balancer.ts';

const judged = (name: string, is: Partial<Record<'refusing' | 'stalled' | 'ejected' | 'held', boolean>> = {}) => ({
  name,
  serving: is.held !== true,
  refusing: is.refusing === true,
  stalled: is.stalled === true,
  ejected: is.ejected === true,
});
const names = (members: readonly { name: string }[]) => members.map(({ name }) => name).join('');

describe('chooseOfTwo', () => {
  it('has nothing to choose from none, and takes the only one', () => {
    const only = { load: 9 };
    expect(chooseOfTwo([], Random.seeded(1))).toBeNull();
    expect(chooseOfTwo([only], Random.seeded(1))).toBe(only);
  });

  it('never takes the most loaded of three', () => {
    const random = Random.seeded(2);
    const members = [{ load: 5 }, { load: 1 }, { load: 3 }];
    for (let i = 0; i < 1_000; i++) expect(chooseOfTwo(members, random)?.load).not.toBe(5);
  });

  it('keeps loads within a few of each other when nothing ever ends', () => {
    const random = Random.seeded(3);
    const members = Array.from({ length: 10 }, () => ({ load: 0 }));
    for (let i = 0; i < 10_000; i++) (chooseOfTwo(members, random) as { load: number }).load++;
    const loads = members.map(({ load }) => load);
    expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(5);
  });
});

describe('candidatesOf', () => {
  it('takes those that serve and are not judged', () => {
    const members = [judged('a'), judged('b', { ejected: true }), judged('c'), judged('d', { held: true })];
    expect(names(candidatesOf(members, 0.5))).toBe('ac');
  });

  it('ignores ejections below the panic share, but not refusals, stalls and holds', () => {
    const members = [
      judged('a'),
      judged('b', { ejected: true }),
      judged('c', { refusing: true }),
      judged('d', { stalled: true }),
      judged('e', { held: true }),
    ];
    expect(names(candidatesOf(members, 0.5))).toBe('ab');
    expect(names(candidatesOf(members, 0.25))).toBe('a');
  });

  it('falls back to stalled members before nobody, and never to refusing ones', () => {
    expect(names(candidatesOf([judged('a', { stalled: true }), judged('b', { refusing: true })], 0.5))).toBe('a');
    expect(candidatesOf([judged('b', { refusing: true })], 0.5)).toEqual([]);
    expect(candidatesOf([judged('c', { held: true })], 0.5)).toEqual([]);
  });
});
