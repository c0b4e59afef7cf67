/**
 * Calls that wait for a member that can take them (all are restarting) or for the retry budget. First come, first
 * served, each with its own deadline, bounded.
 */
import type { Ms } from '../model/time.ts';

export interface Waiter {
  deadline: Ms;
  /** Needs a place in the retry budget. */
  readonly isRetry: boolean;
  /** A member may be free now. The waiter asks for one again, and waits again when there is none. */
  resume(): void;
  expired(): void;
}

/** More waiting calls than these per pool are turned away at once: memory stays bounded while nothing answers. */
export const MAX_WAITING = 4_096;

export class WaitQueue {
  readonly #waiters = new Set<Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  /** False when the queue is full. */
  add(waiter: Waiter): boolean {
    if (this.#waiters.size >= MAX_WAITING) return false;
    this.#waiters.add(waiter);
    return true;
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** Resumes those that may go on, in order. `may` is asked before each. */
  release(may: (waiter: Waiter) => boolean): void {
    for (const waiter of [...this.#waiters]) {
      if (!may(waiter)) continue;
      this.#waiters.delete(waiter);
      waiter.resume();
    }
  }

  expire(now: Ms): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.deadline > now) continue;
      this.#waiters.delete(waiter);
      waiter.expired();
    }
  }
}
