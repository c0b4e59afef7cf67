import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claim } from '../claim.ts';
import { Allowance } from './budget.ts';
import { countTail, noPauses, notePause, pauseTail, rareTail } from './tails.ts';
import { BUCKET_MS, LogWatch, WARM_UP } from './watch.ts';

const HOUR = 3_600_000;

function watching(): {
  watch: LogWatch;
  run: (fromMs: number, toMs: number, lines: (s: number) => string[]) => Claim[];
} {
  const watch = new LogWatch({ kind: 'instance', name: 'web-1', service: 'web' });
  return {
    watch,
    run: (from, to, lines) => {
      const claims: Claim[] = [];
      for (let at = from; at < to; at += 1_000) {
        for (const line of lines(at / 1_000)) watch.take(line, at);
        claims.push(...watch.evaluate(at));
      }
      return claims;
    },
  };
}

const usual = (s: number): string[] => [
  `request ${s * 7} served in ${s % 90} ms`,
  ...(s % 3 === 0 ? [`cache miss for item-${s}`] : []),
  ...(s % 15 === 0 ? [`heartbeat sent, seq ${s}`] : []),
];

describe('symptoms of logs', () => {
  it('claims nothing about a usual stream, from its first line on', () => {
    expect(watching().run(0, 3 * HOUR, usual)).toEqual([]);
  });

  it('claims new templates that come in number', () => {
    const { run } = watching();
    run(0, 8 * HOUR, usual);
    const claims = run(8 * HOUR, 8 * HOUR + 2 * BUCKET_MS, (s) => [...usual(s), `cannot reach db-${s}: refused`]);
    expect(claims[0]).toMatchObject({
      kind: 'anomalous',
      resource: 'log.new',
      summary: 'web-1 logs something new: 10 × "cannot reach db-<*>: refused"',
      onsetAt: 8 * HOUR,
    });
    expect(claims[0]?.logP).toBeGreaterThan(4);
  });

  it('does not claim one odd line', () => {
    const { run } = watching();
    run(0, HOUR, usual);
    expect(run(HOUR, HOUR + 6 * BUCKET_MS, (s) => (s === 3_605 ? ['an odd line', ...usual(s)] : usual(s)))).toEqual([]);
  });

  it('claims a burst while it goes on, and stops when it is over', () => {
    const { run } = watching();
    run(0, HOUR, usual);
    const [first, ...more] = run(HOUR, HOUR + BUCKET_MS, (s) => [...usual(s), ...usual(s * 3), ...usual(s * 3)]);
    expect(first).toMatchObject({ kind: 'anomalous', summary: expect.stringContaining('cache miss for item-<*>') });
    expect(first?.onsetAt).toBe(HOUR);
    expect(more.length).toBeGreaterThan(0);
    run(HOUR + BUCKET_MS, HOUR + 2 * BUCKET_MS, usual);
    expect(run(HOUR + 2 * BUCKET_MS, HOUR + 9 * BUCKET_MS, usual)).toEqual([]);
  });

  it('claims that a template is missing while others go on', () => {
    const { run } = watching();
    run(0, HOUR, usual);
    const claims = run(HOUR, HOUR + 120_000, (s) => usual(s).filter((line) => !line.startsWith('heartbeat')));
    expect(new Set(claims.map(({ summary }) => summary))).toEqual(
      new Set(['web-1 no longer logs "heartbeat sent, seq <*>"']),
    );
    expect(claims[0]).toMatchObject({ kind: 'silent', onsetAt: expect.any(Number) });
  });

  it('claims one silence, not one per template, when nothing comes at all', () => {
    const { run } = watching();
    run(0, HOUR, usual);
    const claims = run(HOUR, HOUR + 120_000, () => []);
    expect(new Set(claims.map(({ resource }) => resource))).toEqual(new Set(['log']));
    expect(claims[0]?.summary).toBe('web-1 no longer logs anything');
  });

  it('claims nothing during warm-up', () => {
    const { run } = watching();
    const words = ['alpha', 'beta', 'gamma', 'delta', 'rho', 'tau'];
    const claims = run(0, (WARM_UP - 1) * BUCKET_MS, (s) => [
      `${words[s % 6]} ${words[(s * 5) % 6]} started, all well`,
    ]);
    expect(claims).toEqual([]);
  });

  it('does not take a variable that is still being learnt for news', () => {
    const { run } = watching();
    const users = ['ann', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gus'];
    const claims = run(0, 2 * HOUR, (s) => [...usual(s), `user ${users[(s * s) % 7]} has logged in again`]);
    expect(claims).toEqual([]);
  });
});

describe('tails', () => {
  it('never claims more than the exact tail of a Poisson', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0.1, max: 20, noNaN: true }), (k, mean) => {
        let term = Math.exp(-mean);
        for (let i = 1; i <= k; i++) term *= mean / i;
        let exact = 0;
        for (let i = k; i < k + 100; term *= mean / ++i) exact += term;
        expect(10 ** -countTail(k, mean, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(exact * 0.999);
        expect(10 ** -rareTail(k, mean)).toBeGreaterThanOrEqual(exact * 0.999);
        expect(countTail(k, mean, 3)).toBeLessThanOrEqual(countTail(k, mean, Number.POSITIVE_INFINITY) + 1e-9);
      }),
    );
  });

  it('is silent about pauses it has seen, and surer the longer one lasts', () => {
    const pauses = noPauses();
    for (let n = 0; n < 100; n++) notePause(pauses, (n % 5) + 1);
    expect(pauseTail(pauses, 5)).toBe(0);
    expect(pauseTail(pauses, 8)).toBeGreaterThan(2);
    expect(pauseTail(pauses, 20)).toBeGreaterThan(pauseTail(pauses, 10));
  });

  it('makes the next alert dearer for a while', () => {
    const allowance = new Allowance({ perDay: 1, memoryMs: HOUR, step: 1 });
    const needed = allowance.needed(1, BUCKET_MS, 0);
    expect(needed).toBeCloseTo(Math.log10(8_640));
    allowance.spend(0);
    expect(allowance.needed(1, BUCKET_MS, 0)).toBeCloseTo(needed + 1);
    expect(allowance.needed(1, BUCKET_MS, 10 * HOUR)).toBeCloseTo(needed, 3);
  });
});
