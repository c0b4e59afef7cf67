/**
 * When leases end. Pure: time comes in with `advance(now)`, so nothing here depends on a clock's honesty.
 *
 * A lease may end late, never early, because keeping one too long only delays a successor while ending one early can
 * make two owners. So: a lease counts from the first tick after its renewal; time that runs backwards counts as
 * none; and a leap forward (the process was stopped, the machine slept) counts as one ordinary step, for the owners
 * could not renew with us meanwhile.
 */

import type { Ms } from '../../model/time.ts';
import type { LeaseId } from '../contract.ts';

interface Lease {
  readonly ttlMs: Ms;
  /** In the time counted here; null: counts from the next tick. */
  deadline: Ms | null;
}

export class Leases {
  readonly #leases = new Map<LeaseId, Lease>();
  readonly #maxStepMs: Ms;
  #elapsed: Ms = 0;
  #last: Ms | undefined;

  constructor(maxStepMs: Ms) {
    this.#maxStepMs = maxStepMs;
  }

  has(id: LeaseId): boolean {
    return this.#leases.has(id);
  }

  grant(id: LeaseId, ttlMs: Ms): void {
    this.#leases.set(id, { ttlMs, deadline: null });
  }

  /** False when there is no such lease. */
  keepAlive(id: LeaseId): boolean {
    const lease = this.#leases.get(id);
    if (lease) lease.deadline = null;
    return lease !== undefined;
  }

  end(id: LeaseId): void {
    this.#leases.delete(id);
  }

  ttlOf(id: LeaseId): Ms | undefined {
    return this.#leases.get(id)?.ttlMs;
  }

  isOver(id: LeaseId): boolean {
    const deadline = this.#leases.get(id)?.deadline;
    return deadline !== undefined && deadline !== null && deadline <= this.#elapsed;
  }

  /** Counts the time since the last call; returns the leases that are over. */
  advance(now: Ms): LeaseId[] {
    const step = now - (this.#last ?? now);
    this.#elapsed += Math.min(Math.max(step, 0), this.#maxStepMs);
    this.#last = now;
    const over: LeaseId[] = [];
    for (const [id, lease] of this.#leases) {
      if (lease.deadline === null) lease.deadline = this.#elapsed + lease.ttlMs;
      else if (lease.deadline <= this.#elapsed) over.push(id);
    }
    return over;
  }
}
