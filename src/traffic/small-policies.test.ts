import { describe, expect, it } from 'vitest';
import type { StallSignal } from '../model/signal.ts';
import { EdgeWindow } from './edge-window.ts';
import { KEEP_MS, MAX_SIGNALS, Outbox } from './outbox.ts';
import { ProbeSchedule } from './probe-schedule.ts';
import { MAX_WAITING, WaitQueue } from './wait-queue.ts';

describe('ProbeSchedule', () => {
  it('doubles up to its longest, and begins anew', () => {
    const schedule = new ProbeSchedule(20, 100);
    expect(schedule.isDue(1e9)).toBe(false);
    schedule.start(0);
    expect([19, 20].map((now) => schedule.isDue(now))).toEqual([false, true]);
    schedule.running();
    expect(schedule.isDue(1e9)).toBe(false);
    const intervals = [0, 0, 0, 0].map(() => {
      schedule.failed(1_000);
      let now = 1_000;
      while (!schedule.isDue(now)) now++;
      return now - 1_000;
    });
    expect(intervals).toEqual([40, 80, 100, 100]);
    schedule.start(0);
    expect(schedule.isDue(20)).toBe(true);
  });
});

describe('WaitQueue', () => {
  const waiter = (log: string[], name: string, deadline: number, isRetry = false) => ({
    deadline,
    isRetry,
    resume: () => log.push(`${name} resumed`),
    expired: () => log.push(`${name} expired`),
  });

  it('resumes in order those that may go on, and expires the others at their own time', () => {
    const log: string[] = [];
    const queue = new WaitQueue();
    for (const [name, deadline, isRetry] of [
      ['a', 100, false],
      ['b', 50, true],
      ['c', 70, false],
    ] as const)
      queue.add(waiter(log, name, deadline, isRetry));
    queue.release(({ isRetry }) => !isRetry);
    expect(log).toEqual(['a resumed', 'c resumed']);
    queue.expire(49);
    queue.expire(50);
    expect(log).toEqual(['a resumed', 'c resumed', 'b expired']);
    expect(queue.size).toBe(0);
  });

  it('is bounded', () => {
    const queue = new WaitQueue();
    for (let i = 0; i < MAX_WAITING; i++) expect(queue.add(waiter([], 'x', 1))).toBe(true);
    expect(queue.add(waiter([], 'x', 1))).toBe(false);
  });
});

describe('EdgeWindow', () => {
  it('is taken once, and goes on with what is in flight', () => {
    const edge = new EdgeWindow('(outside)', 'web', 'web-1', 'http');
    expect(edge.take(0, 1_000, 0)).toBeNull();
    edge.inFlight = 2;
    edge.completed(5);
    edge.completed(7);
    edge.failed('reset');
    edge.retried++;
    const signal = edge.take(1_000, 1_000, 12);
    expect(signal).toMatchObject({ requests: 2, retried: 1, inFlight: 2, oldestWaitMs: 12, instance: 'web-1' });
    expect(signal?.failures).toEqual({ connect: 0, reset: 1, timeout: 0, status5xx: 0, unavailable: 0 });
    expect(signal?.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(2);
    expect(edge.take(2_000, 1_000, 0)).toMatchObject({ requests: 0, latency: [], inFlight: 2 });
    edge.inFlight = 0;
    expect(edge.take(3_000, 1_000, 0)).toBeNull();
  });
});

describe('Outbox', () => {
  const signal = (at: number): StallSignal => ({
    kind: 'stall',
    at,
    instance: 'web-1',
    incarnation: 1,
    state: 'stalled',
    waitingRequests: 1,
    silentMs: 300,
    detail: '',
  });

  it('keeps a minute', () => {
    const outbox = new Outbox();
    for (let at = 0; at <= 2 * KEEP_MS; at += 1_000) outbox.add([signal(at)], at);
    const kept = outbox.take(2 * KEEP_MS).map(({ at }) => at);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([KEEP_MS / 1_000, KEEP_MS + 1_000, 2 * KEEP_MS]);
    expect(outbox.take(2 * KEEP_MS)).toEqual([]);
  });

  it('keeps a bounded number, the newest', () => {
    const outbox = new Outbox();
    for (let i = 0; i < 10; i++)
      outbox.add(
        Array.from({ length: MAX_SIGNALS / 4 }, () => signal(i)),
        i,
      );
    const kept = outbox.take(10);
    expect(kept.length).toBe(MAX_SIGNALS);
    expect(kept.at(-1)?.at).toBe(9);
  });
});
