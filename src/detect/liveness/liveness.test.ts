import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorityOf, VERDICT_MS } from './authority.ts';
import { claimOf } from './claims.ts';
import type { Opinion, Verdict } from './contract.ts';
import { Council, ONE_SIDED_MS } from './council.ts';
import { Intervals } from './intervals.ts';
import { Observer } from './observer.ts';
import { SelfHealth } from './self-health.ts';

const TICK = 100;

/** Heartbeats every second and ticks every 100 ms until `until`. */
function hear(observer: Observer, from: number, until: number, firstSeq = 0, incarnation = 1): void {
  for (let at = from, seq = firstSeq; at < until; at += TICK) {
    if ((at - from) % 1_000 === 0) observer.heartbeat({ peer: 'p', incarnation, seq: seq++ }, at);
    observer.tick(at);
  }
}

function listen(observer: Observer, from: number, until: number): number | null {
  for (let at = from; at < until; at += TICK) if (observer.tick(at).length > 0) return at;
  return null;
}

describe('an observer', () => {
  it('suspects a silent peer within five seconds, and not before a pause of three is over', () => {
    const observer = new Observer('a');
    hear(observer, 0, 60_000);
    const last = 59_000;
    const at = listen(observer, 60_000, 80_000) as number;
    expect(at - last).toBeGreaterThan(4_000);
    expect(at - last).toBeLessThanOrEqual(5_000);
    expect(observer.opinion('p', at)).toMatchObject({ state: 'suspects', silentMs: at - last });
  });

  it('hears it again at the first heartbeat, and has not learnt from the outage', () => {
    const observer = new Observer('a');
    hear(observer, 0, 60_000);
    listen(observer, 60_000, 90_000);
    hear(observer, 90_000, 120_000, 100);
    expect(observer.opinion('p', 119_900)?.state).toBe('hears');
    const at = listen(observer, 120_000, 140_000) as number;
    expect(at - 119_000).toBeLessThanOrEqual(5_000);
  });

  it('does not take its own pause for the peer’s silence', () => {
    const observer = new Observer('a');
    hear(observer, 0, 60_000);
    expect(observer.opinion('p', 72_000)?.state).toBe('unknown');
    expect(observer.tick(72_000)).toEqual([]);
    expect(observer.opinion('p', 72_000)).toMatchObject({ state: 'unknown', silentMs: 0 });
    // If it is silent from now on, that is said, counted from here.
    const at = listen(observer, 72_250, 90_000) as number;
    expect(at).toBeGreaterThanOrEqual(76_000);
  });

  it('does not learn from a burst of late heartbeats', () => {
    const late = new Observer('a');
    hear(late, 0, 60_000);
    for (let seq = 60; seq < 63; seq++) late.heartbeat({ peer: 'p', incarnation: 1, seq }, 62_500);
    const at = listen(late, 62_500, 80_000) as number;
    expect(at - 62_500).toBeGreaterThan(4_000);
  });

  it('tells a lost heartbeat from a late one', () => {
    const lossy = new Observer('a');
    for (let at = 0, seq = 0; at < 60_000; at += TICK) {
      if (at % 1_000 === 0 && seq++ % 3 !== 0) lossy.heartbeat({ peer: 'p', incarnation: 1, seq }, at);
      lossy.tick(at);
    }
    listen(lossy, 60_000, 62_500);
    expect(lossy.opinion('p', 62_500)?.logP).toBeLessThan(1);
    expect((listen(lossy, 62_500, 80_000) as number) - 59_000).toBeLessThanOrEqual(5_000);
  });

  it('ignores former lives and what was overtaken', () => {
    const observer = new Observer('a');
    hear(observer, 0, 10_000, 50, 2);
    observer.heartbeat({ peer: 'p', incarnation: 1, seq: 999 }, 10_500);
    observer.heartbeat({ peer: 'p', incarnation: 2, seq: 3 }, 10_500);
    expect(observer.opinion('p', 10_500)).toMatchObject({ incarnation: 2, silentMs: 1_500 });
  });

  it('says unknown of a peer that it has never heard', () => {
    const observer = new Observer('a');
    observer.watch('p', 0);
    expect(observer.opinion('p', 1_000)?.state).toBe('unknown');
    expect(observer.opinion('q', 1_000)).toBeNull();
  });
});

describe('phi', () => {
  it('grows with the silence, and never falls', () => {
    const silences = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 2, maxLength: 20 });
    const learnt = fc.array(fc.integer({ min: 300, max: 3_000 }), { maxLength: 300 });
    fc.assert(
      fc.property(learnt, silences, (known, some) => {
        const intervals = new Intervals(1_000);
        for (const interval of known) intervals.add(interval);
        const phis = some.sort((a, b) => a - b).map((silence) => intervals.phi(silence, 3_000));
        phis.forEach((phi, at) => {
          if (at > 0) expect(phi).toBeGreaterThanOrEqual((phis[at - 1] as number) - 1e-2);
        });
      }),
    );
  });
});

describe('self-health', () => {
  it('allows three ticks or a second of lag', () => {
    const health = new SelfHealth(250);
    expect(health.tick(0)).toBe(false);
    expect(health.tick(1_250)).toBe(false);
    expect(health.tick(2_501)).toBe(true);
    expect(new SelfHealth(250).isLate(99_999)).toBe(false);
  });
});

function opinion(observer: string, at: number, silentMs: number, more: Partial<Opinion> = {}): Opinion {
  const state = silentMs >= 4_500 ? 'suspects' : 'hears';
  return { observer, peer: 'p', incarnation: 1, at, state, silentMs, logP: 9, ...more };
}

function council(...opinions: Opinion[]): (now: number) => Verdict {
  const body = new Council(['a', 'b', 'c']);
  for (const one of opinions) body.report(one);
  return (now) => body.judge('p', now);
}

describe('a council', () => {
  it.each([
    ['all hear it', [500, 500, 500], 'alive', null],
    ['one does not, which may pass', [500, 500, 12_000], 'alive', null],
    ['two suspect it', [500, 5_000, 5_000], 'suspect', null],
    ['two heard nothing for ten seconds, the third hears it', [500, 11_000, 11_000], 'suspect', null],
    ['two are sure, the third suspects', [5_000, 11_000, 11_000], 'dead', null],
    ['one is sure, two suspect', [5_000, 5_000, 11_000], 'suspect', null],
  ])('%s', (_, [a, b, c], state, reason) => {
    const judge = council(opinion('a', 0, a as number), opinion('b', 0, b as number), opinion('c', 0, c as number));
    expect(judge(0)).toMatchObject({ state, reason });
  });

  it('says dead with two of three when the third cannot tell', () => {
    const judge = council(opinion('a', 0, 10_000), opinion('b', 0, 10_000), opinion('c', 0, 0, { state: 'unknown' }));
    expect(judge(0).state).toBe('dead');
  });

  it('never says dead on the word of one, however long', () => {
    expect(council(opinion('a', 0, 900_000))(0).state).toBe('unknown');
    const alone = new Council(['a']);
    alone.report(opinion('a', 0, 900_000));
    expect(alone.judge('p', 0).state).toBe('suspect');
  });

  it('forgets old opinions, those of strangers, and all after its own pause', () => {
    const body = new Council(['a', 'b', 'c']);
    body.tick(0);
    for (const name of ['a', 'b', 'x']) body.report(opinion(name, 0, 11_000));
    expect(body.judge('p', 0).state).toBe('dead');
    const other = new Council(['a', 'b', 'c']);
    for (const name of ['a', 'x', 'y']) other.report(opinion(name, 0, 11_000));
    expect(other.judge('p', 0).state).toBe('unknown');
    expect(council(opinion('a', 0, 500), opinion('b', 0, 500))(5_000).state).toBe('unknown');
    const late = new Council(['a', 'b', 'c']);
    late.tick(0);
    for (const name of ['a', 'b']) late.report(opinion(name, 0, 11_000));
    late.tick(3_000);
    expect(late.judge('p', 3_000).state).toBe('unknown');
  });

  it('buries an incarnation for good, and welcomes the next', () => {
    const body = new Council(['a', 'b', 'c']);
    for (const name of ['a', 'b']) body.report(opinion(name, 0, 11_000));
    expect(body.judge('p', 0).state).toBe('dead');
    for (const name of ['a', 'b', 'c']) body.report(opinion(name, 1_000, 100));
    expect(body.judge('p', 1_000)).toMatchObject({ state: 'dead', since: 0 });
    for (const name of ['a', 'b']) body.report(opinion(name, 2_000, 100, { incarnation: 2 }));
    expect(body.judge('p', 2_000)).toMatchObject({ state: 'alive', incarnation: 2 });
  });

  it('is gray when some never hear it', () => {
    const body = new Council(['a', 'b', 'c']);
    let last: Verdict | undefined;
    for (let at = 0; at <= ONE_SIDED_MS; at += 1_000) {
      body.report(opinion('a', at, 5_000 + at));
      body.report(opinion('b', at, 500));
      body.report(opinion('c', at, 500));
      last = body.judge('p', at);
    }
    expect(last).toMatchObject({ state: 'gray', reason: 'one-sided' });
    expect(last?.evidence.join()).toContain('b hears it');
  });

  it('is gray when calls fail although heartbeats come', () => {
    const body = new Council(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) body.report(opinion(name, 0, 500));
    body.calls({ caller: 'web', peer: 'p', at: 0, ok: 20, failed: 20, slow: 0 });
    body.calls({ caller: 'cart', peer: 'p', at: 0, ok: 40, failed: 0, slow: 0 });
    expect(body.judge('p', 0).state).toBe('alive');
    body.calls({ caller: 'cart', peer: 'p', at: 100, ok: 0, failed: 5, slow: 40 });
    expect(body.judge('p', 100)).toMatchObject({ state: 'gray', reason: 'calls-fail' });
    body.report(opinion('a', 10_200, 500));
    body.report(opinion('b', 10_200, 500));
    expect(body.judge('p', 10_200).state).toBe('alive');
  });

  it('does not bury who still answers calls', () => {
    const body = new Council(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) body.report(opinion(name, 20_000, 11_000));
    body.calls({ caller: 'web', peer: 'p', at: 19_500, ok: 12, failed: 0, slow: 0 });
    expect(body.judge('p', 20_000)).toMatchObject({ state: 'gray', reason: 'heartbeats-lost' });
  });
});

describe('authority', () => {
  const verdict = (state: Verdict['state'], at = 0): Verdict => ({
    peer: 'p',
    incarnation: 3,
    state,
    reason: null,
    since: 0,
    at,
    logP: null,
    evidence: [],
  });

  it.each([
    ['alive', 'nothing'],
    ['unknown', 'nothing'],
    ['gray', 'reversible'],
    ['suspect', 'reversible'],
    ['dead', 'irreversible'],
  ] as const)('%s: %s', (state, may) => {
    expect(authorityOf(verdict(state), { incarnation: 3, endsAt: null }, 100).may).toBe(may);
  });

  it('never allows the irreversible without a fence, under a lease, for another life, or on an old verdict', () => {
    const dead = verdict('dead');
    expect(authorityOf(dead, null, 100).may).toBe('reversible');
    expect(authorityOf(dead, { incarnation: 3, endsAt: 500 }, 100).may).toBe('reversible');
    expect(authorityOf(dead, { incarnation: 3, endsAt: 500 }, 500).may).toBe('irreversible');
    expect(authorityOf(dead, { incarnation: 4, endsAt: null }, 100).may).toBe('nothing');
    expect(authorityOf(dead, { incarnation: 3, endsAt: null }, VERDICT_MS + 1).may).toBe('nothing');
  });
});

describe('claims', () => {
  it('says what there is to say', () => {
    const judge = council(opinion('a', 0, 5_000), opinion('b', 0, 6_000));
    expect(claimOf(judge(0))).toMatchObject({
      kind: 'unreachable',
      entity: { kind: 'node', name: 'p' },
      summary: 'p is silent',
      logP: 9,
    });
    expect(claimOf(council(opinion('a', 0, 1))(0))).toBeNull();
    expect(claimOf(council()(0))).toBe('unknown');
  });
});
