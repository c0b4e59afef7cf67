import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../model/random.ts';
import type { Outcome } from './contract.ts';
import { type Delivery, MAX_ASKED_MS, MAX_BACKOFF_MS, NoticeQueue, type QueueOptions } from './queue.ts';
import { notice } from './testing/notices.ts';

const DELIVERED: Outcome = { kind: 'delivered' };
const DOWN: Outcome = { kind: 'retry', why: 'ECONNREFUSED', afterMs: null };
const NO: Outcome = { kind: 'refused', why: '400' };

function queue(over: Partial<QueueOptions> = {}): NoticeQueue {
  // No jitter: pauses are as long as they can be.
  return new NoticeQueue({ repeatMs: null, random: () => 1, ...over });
}

const words = (delivery: Delivery | null): string | null =>
  delivery && `${delivery.repeat ? 'again ' : ''}${delivery.notice.kind} ${delivery.notice.incident}`;

describe('NoticeQueue', () => {
  it('gives a page once, and its resolution after it, even when both wait', () => {
    const q = queue();
    expect(q.offer(notice('inc-1', 'page'), 0)).toBe('queued');
    expect(q.offer(notice('inc-1', 'page'), 0)).toBe('known');
    const page = q.next(0) as Delivery;
    expect(words(page)).toBe('page inc-1');
    expect([q.next(0), q.nextAt]).toEqual([null, null]);
    expect(q.offer(notice('inc-1', 'resolved'), 5)).toBe('queued');
    expect(q.waiting).toBe(2);
    q.settle(page, DELIVERED, 10);
    const resolved = q.next(10) as Delivery;
    expect(words(resolved)).toBe('resolved inc-1');
    q.settle(resolved, DELIVERED, 20);
    expect([q.waiting, q.next(1e9), q.nextAt]).toEqual([0, null, null]);
  });

  it('tries again after pauses that double up to a minute', () => {
    const q = queue();
    q.offer(notice('inc-1', 'page'), 0);
    const pauses: number[] = [];
    for (let now = 0, tries = 0; tries < 9; tries++) {
      const delivery = q.next(now) as Delivery;
      q.settle(delivery, DOWN, now);
      pauses.push((q.nextAt as number) - now);
      expect(q.next((q.nextAt as number) - 1)).toBe(null);
      now = q.nextAt as number;
    }
    expect(pauses.map((ms) => ms / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('spreads pauses between half and whole', () => {
    const q = queue({ random: () => 0 });
    q.offer(notice('inc-1', 'page'), 0);
    q.settle(q.next(0) as Delivery, DOWN, 0);
    expect(q.nextAt).toBe(500);
  });

  it('waits as long as the receiver asks, within reason', () => {
    const q = queue();
    q.offer(notice('inc-1', 'page'), 0);
    q.settle(q.next(0) as Delivery, { kind: 'retry', why: '429', afterMs: 30_000 }, 0);
    expect(q.nextAt).toBe(30_000);
    q.settle(q.next(30_000) as Delivery, { kind: 'retry', why: '429', afterMs: 86_400_000 }, 30_000);
    expect(q.nextAt).toBe(30_000 + MAX_ASKED_MS);
  });

  it('lets a fresh page go before the pause of an old one is over', () => {
    const q = queue();
    q.offer(notice('inc-1', 'page'), 0);
    q.settle(q.next(0) as Delivery, DOWN, 0);
    q.offer(notice('inc-2', 'page'), 1);
    expect(words(q.next(1))).toBe('page inc-2');
  });

  it('wakes everybody up with the first success, but nobody more than once a second', () => {
    const q = queue();
    q.offer(notice('inc-1', 'page'), 0);
    for (const now of [0, 1_000, 3_000, 7_000]) q.settle(q.next(now) as Delivery, DOWN, now);
    expect(q.nextAt).toBe(15_000);
    q.offer(notice('inc-2', 'page'), 7_500);
    q.settle(q.next(7_500) as Delivery, DELIVERED, 7_500);
    expect(q.nextAt).toBe(8_000);
  });

  it('does not let one that is never digested hold up the others', () => {
    const q = queue();
    for (let n = 1; n <= 20; n++) q.offer(notice(`inc-${n}`, 'page'), 0);
    const taken: string[] = [];
    for (let now = 0; now < 60_000 && q.nextAt !== null; now = Math.max(now, q.nextAt ?? now)) {
      const delivery = q.next(now) as Delivery;
      const poison = delivery.notice.incident === 'inc-3';
      if (!poison) taken.push(delivery.notice.incident);
      q.settle(delivery, poison ? DOWN : DELIVERED, now);
      if (taken.length === 19) break;
    }
    expect(taken).toHaveLength(19);
    expect(q.waiting).toBe(1);
  });

  it('gives up what is refused, and does not tell the end of what was never taken', () => {
    const q = queue();
    q.offer(notice('inc-1', 'page'), 0);
    q.offer(notice('inc-1', 'resolved'), 0);
    q.settle(q.next(0) as Delivery, NO, 0);
    expect([q.waiting, q.nextAt]).toEqual([0, null]);
  });

  it('takes no more than it has room for', () => {
    const q = queue({ maxEntries: 2 });
    expect(q.offer(notice('inc-1', 'page'), 0)).toBe('queued');
    expect(q.offer(notice('inc-2', 'page'), 0)).toBe('queued');
    expect(q.offer(notice('inc-3', 'page'), 0)).toBe('full');
    // The end of what it has is always taken: it needs no further place.
    expect(q.offer(notice('inc-2', 'resolved'), 0)).toBe('queued');
    q.settle(q.next(0) as Delivery, DELIVERED, 0);
    expect(q.offer(notice('inc-3', 'page'), 0)).toBe('queued');
  });

  it('says a page again while its incident lasts, where that is wanted', () => {
    const q = queue({ repeatMs: 60_000 });
    q.offer(notice('inc-1', 'page'), 0);
    q.settle(q.next(0) as Delivery, DELIVERED, 100);
    expect([q.waiting, q.nextAt]).toEqual([0, 60_100]);
    const again = q.next(60_100) as Delivery;
    expect(words(again)).toBe('again page inc-1');
    q.settle(again, DOWN, 60_200);
    expect(q.nextAt).toBe(61_200);
    q.settle(q.next(61_200) as Delivery, NO, 61_200);
    expect(q.nextAt).toBe(121_200);
    expect(q.offer(notice('inc-1', 'resolved'), 70_000)).toBe('queued');
    const end = q.next(70_000) as Delivery;
    expect(words(end)).toBe('resolved inc-1');
    q.settle(end, DELIVERED, 70_000);
    expect(q.nextAt).toBe(null);
  });

  it('tells the end at once when it comes while the page is being repeated to a receiver that is down', () => {
    const q = queue({ repeatMs: 60_000 });
    expect(q.resume(notice('inc-1', 'page'), 0)).toBe('queued');
    const again = q.next(0) as Delivery;
    q.offer(notice('inc-1', 'resolved'), 5);
    q.settle(again, DOWN, 10);
    expect(words(q.next(10))).toBe('resolved inc-1');
  });

  it('resumes nothing where pages are told once', () => {
    const q = queue();
    expect(q.resume(notice('inc-1', 'page'), 0)).toBe('known');
    expect(q.nextAt).toBe(null);
  });

  it('refuses to settle what is not under way', () => {
    const q = queue();
    const delivery = { notice: notice('inc-1', 'page'), repeat: false };
    expect(() => q.settle(delivery, DELIVERED, 0)).toThrow('not under way');
  });

  it('tells everything, in order and soon after the receiver is back, whatever happened before', () => {
    const story = fc.array(
      fc.record({
        incident: fc.integer({ min: 1, max: 6 }),
        kind: fc.constantFrom('page' as const, 'resolved' as const),
        pauseMs: fc.integer({ min: 0, max: 20_000 }),
        down: fc.boolean(),
      }),
      { maxLength: 60 },
    );
    const repeats = fc.constantFrom(null, 5_000);
    fc.assert(
      fc.property(story, repeats, fc.integer(), (steps, repeatMs, seed) => {
        const random = Random.seeded(seed);
        const q = new NoticeQueue({ repeatMs, random: () => random.float() });
        const owed = new Set<string>();
        const told: string[] = [];
        let now = 0;
        const run = (down: boolean): void => {
          const delivery = q.next(now);
          if (delivery === null) return;
          if (!down && !delivery.repeat) told.push(`${delivery.notice.kind} ${delivery.notice.incident}`);
          q.settle(delivery, down ? DOWN : DELIVERED, now);
        };
        for (const { incident, kind, pauseMs, down } of steps) {
          // As the courier does: the end of an incident is told only to those who were to be told of its page.
          const name = `inc-${incident}`;
          if (kind === 'page' ? !owed.has(`page ${name}`) : owed.has(`page ${name}`)) {
            if (!owed.has(`${kind} ${name}`)) q.offer(notice(name, kind), now);
            owed.add(`${kind} ${name}`);
          }
          run(down);
          now += pauseMs;
        }
        const until = now + MAX_BACKOFF_MS;
        while (q.waiting > 0) {
          now = Math.max(now, q.nextAt as number);
          expect(now).toBeLessThanOrEqual(until);
          run(false);
        }
        expect(new Set(told)).toEqual(owed);
        expect(told).toHaveLength(owed.size);
        for (const each of told.filter((text) => text.startsWith('resolved'))) {
          expect(told.indexOf(each.replace('resolved', 'page'))).toBeLessThan(told.indexOf(each));
        }
      }),
    );
  });
});
