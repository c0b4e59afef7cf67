/**
 * Is it the instance or the way to it? From one end of a call nobody can tell. So while calls are in trouble, the
 * instances that are called are asked, once a second and on the way that these calls take, what their health checks ask
 * of them beside it; so are those that they call themselves. Whoever compares the two (the diagnosis) knows which it is.
 *
 * In trouble: calls failed or were tried again, one has waited for TROUBLE_WAIT_MS, the mean is far above what is usual for
 * this caller and instance, or an instance is kept from calls for such reasons. Asked until TROUBLE_MS after the last sign of it. Healthy systems are never asked.
 */
import { bucketMidUs } from '../model/histogram.ts';
import type { RouteTable } from '../model/routes.ts';
import type { EdgeSignal, WaySignal } from '../model/signal.ts';
import type { Ms } from '../model/time.ts';
import { monotonic } from './clock.ts';
import type { Member } from './member.ts';
import type { Pool } from './pool.ts';
import { type WayAnswer, WayProbe } from './way-probe.ts';

export const TROUBLE_MS: Ms = 4_000;
const TROUBLE_WAIT_MS: Ms = 400;
/** A mean this many times the usual, and so much above it, is trouble. */
const SLOW = { ratio: 3, ms: 30 };
/** Weight of a new window in what is usual. */
const FORGETTING = 0.1;
/** Questions a second, of this whole process: what a system of a hundred instances in trouble needs. */
const MOST_ASKED = 100;

export class Ways {
  readonly #emit: (signal: WaySignal) => void;
  /** Mean of well windows, by `caller→instance`. */
  readonly #usual = new Map<string, Ms>();
  /** Services, and until when they are watched. */
  readonly #troubled = new Map<string, Ms>();
  /** Under way, by `caller→instance`. */
  readonly #asked = new Set<string>();
  #lateAt: Ms = 0;

  constructor(emit: (signal: WaySignal) => void) {
    this.#emit = emit;
  }

  /** This process stood still until now: what it measured meanwhile is void. */
  late(now: Ms): void {
    this.#lateAt = now;
  }

  window(signals: readonly EdgeSignal[], { listeners }: RouteTable, pools: ReadonlyMap<string, Pool>, now: Ms): void {
    for (const signal of signals) if (this.#isTrouble(signal)) this.#troubled.set(signal.callee, now + TROUBLE_MS);
    for (const { service, members } of pools.values()) {
      // What is kept from an instance that is known to be bad is in trouble no more, and it is not well for that.
      if (members.some((member) => member.refusing || member.stalled || member.ejected)) {
        this.#troubled.set(service, now + TROUBLE_MS);
      }
    }
    for (const [service, until] of this.#troubled) if (until <= now) this.#troubled.delete(service);
    if (this.#troubled.size === 0) return;
    let left = MOST_ASKED - this.#asked.size;
    for (const { caller, pool: id } of listeners) {
      const pool = pools.get(id);
      if (!pool || !(this.#troubled.has(pool.service) || this.#troubled.has(caller))) continue;
      for (const member of pool.members) {
        if (left <= 0) return;
        if (this.#ask(pool, member, caller)) left--;
      }
    }
  }

  #isTrouble({ caller, instance, failures, retried, oldestWaitMs, latency }: EdgeSignal): boolean {
    const { connect, reset, timeout, status5xx } = failures;
    if (connect + reset + timeout + status5xx + retried > 0 || oldestWaitMs >= TROUBLE_WAIT_MS) return true;
    let [count, sumMs] = [0, 0];
    for (const [bucket, calls] of latency) {
      count += calls;
      sumMs += (calls * bucketMidUs(bucket)) / 1_000;
    }
    if (count === 0) return false;
    const key = `${caller}→${instance}`;
    const mean = sumMs / count;
    const usual = this.#usual.get(key) ?? mean;
    if (mean >= SLOW.ratio * usual && mean >= usual + SLOW.ms) return true;
    this.#usual.set(key, usual + FORGETTING * (mean - usual));
    return false;
  }

  #ask(pool: Pool, member: Member, caller: string): boolean {
    const { instance, incarnation, state } = member;
    const key = `${caller}→${instance}`;
    if (state === 'drain' || state === 'fenced' || this.#asked.has(key)) return false;
    const beganAt = monotonic();
    this.#asked.add(key);
    new WayProbe(pool, member, caller, pool.ask, (answer: WayAnswer | null) => {
      this.#asked.delete(key);
      // The silence may have been ours.
      if (answer === null || this.#lateAt >= beganAt) return;
      const at = monotonic();
      this.#emit({ kind: 'way', at, instance, incarnation, caller, callee: pool.service, ...answer });
    });
    return true;
  }
}
