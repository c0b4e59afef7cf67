/**
 * netem as it is: packets that come late, twice, out of order, damaged or not at all. The kernel of this machine may lack
 * it, so it is done in another one (Debian's user-mode Linux) that has it, and first lacks it, too.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inOtherKernel, modulesOf } from './support/other-kernel.ts';
import { DIST, ensureBuilt } from './support/paths.ts';

const DELAY_MS = 400;
const WITHIN_MS = 240_000;
const looks = new Map<string, unknown>();
let said = '';

beforeAll(async () => {
  const modules = modulesOf(['sch_netem', 'sch_prio', 'cls_u32']);
  ensureBuilt();
  const guest = join(DIST, 'test/support/netem-guest.js');
  const lines = await inOtherKernel([process.execPath, guest, ...modules], WITHIN_MS);
  said = lines.join('\n');
  for (const line of lines.filter((each) => each.startsWith('{"look"'))) {
    const { look, seen } = JSON.parse(line) as { look: string; seen: unknown };
    looks.set(look, seen);
  }
}, WITHIN_MS + 60_000);

interface Done<T> {
  readonly seen: T;
  readonly bitten: boolean;
  readonly residue: readonly string[];
  readonly queues: string;
}

function lookOf<T>(name: string): T {
  expect(looks.has(name), said).toBe(true);
  return looks.get(name) as T;
}

/** What every fault has to be when it is over: undone. */
function doneOf<T>(name: string): Done<T> {
  const done = lookOf<Done<T>>(name);
  expect(done).toMatchObject({ residue: [], queues: lookOf<{ queues: string }>('before').queues });
  return done;
}

const inOrder = (numbers: readonly number[]): boolean =>
  numbers.every((each, at) => at === 0 || each >= (numbers[at - 1] as number));

describe('netem', () => {
  it('is found out beforehand, and what works without it is named', () => {
    expect(lookOf('without modules')).toMatchObject({
      possible: false,
      why: expect.stringContaining('no netem'),
      instead: expect.stringContaining('traffic layer'),
    });
    expect(lookOf('with modules')).toEqual({ possible: true, how: 'by netem' });
  });

  it('finds a healthy network before', () => {
    const { burst } = lookOf<{ burst: number[] }>('before');
    expect(burst).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it('delays each packet of the port in both directions, or in one, and nobody else', () => {
    // A connection and its echo: there, back, there, back.
    const both = doneOf<[number, number]>('delay');
    expect(both.bitten).toBe(true);
    expect(both.seen[0]).toBeGreaterThanOrEqual(4 * DELAY_MS - 50);
    expect(both.seen[1]).toBeLessThan(4 * DELAY_MS);
    const one = doneOf<number>('one way');
    expect(one.seen).toBeGreaterThanOrEqual(2 * DELAY_MS - 50);
    expect(one.seen).toBeLessThan(4 * DELAY_MS - 50);
  });

  it('says that it does not bite when it is about others', () => {
    const { seen, bitten } = doneOf<number>('other peers');
    expect(bitten).toBe(false);
    expect(seen).toBeLessThan(2 * DELAY_MS);
  });

  it('loses packets, one by one or in bursts', () => {
    expect(doneOf('loss')).toMatchObject({ seen: null, bitten: true });
    const { seen } = doneOf<number[]>('bursts');
    const gaps = [...seen, 200]
      .map((each, at) => each - (at === 0 ? 0 : (seen[at - 1] as number) + 1))
      .filter((gap) => gap > 0);
    const lost = 200 - seen.length;
    expect(lost).toBeGreaterThan(20);
    expect(lost).toBeLessThan(160);
    // Lost one by one, two fifths of them would be gone in rows of 1.7 on average.
    expect(lost / gaps.length).toBeGreaterThan(2.2);
  });

  it('repeats, reorders and damages packets', () => {
    const twice = doneOf<number[]>('twice').seen;
    expect(twice.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => Math.floor(at / 2)));
    const { seen: overtaken } = doneOf<number[]>('overtaken');
    expect(overtaken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, at) => at));
    expect(inOrder(overtaken)).toBe(false);
    // What is damaged is thrown away by whoever checks its sum.
    expect(doneOf<number[]>('damaged').seen.length).toBeLessThan(10);
  });

  it('keeps two at once apart, and puts back what somebody has taken away', () => {
    const { both, one, gone, again } = doneOf<never>('two at once') as unknown as Record<string, number & number[]>;
    const whole = 4 * DELAY_MS - 50;
    expect(Math.min(...(both as number[]))).toBeGreaterThanOrEqual(whole);
    expect((one as number[])[0]).toBeLessThan(whole);
    expect((one as number[])[1]).toBeGreaterThanOrEqual(whole);
    expect(gone).toBeLessThan(whole);
    expect(again).toBeGreaterThanOrEqual(whole);
  });

  it('leaves a device alone that somebody else shapes', () => {
    const { refused, queues } = lookOf<{ refused: string; queues: string }>('foreign');
    expect(refused).toContain('a queue that somebody else has set (prio)');
    expect(queues).toContain('qdisc prio 7:');
    expect(looks.has('broke')).toBe(false);
  });
});
