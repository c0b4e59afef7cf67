/**
 * Passive health of one member: consecutive failures eject it for a while that grows with each ejection; then one
 * trial decides (half-open). Formula: the n-th ejection lasts n × ejectMs, at most 300 s; n goes down by one for
 * every ejectMs spent healthy after a successful trial.
 */
import type { Ms } from '../model/time.ts';

export const MAX_EJECT_MS = 300_000;

export interface EjectionPolicy {
  readonly ejectAfter: number;
  readonly ejectMs: Ms;
  readonly maxEjectedShare: number;
}

export type EjectionState = 'closed' | 'open' | 'half-open';

export class Ejection {
  state: EjectionState = 'closed';
  consecutive = 0;
  #count = 0;
  #until: Ms = 0;
  #closedAt: Ms = 0;
  #trialRunning = false;

  /** Counts a failure; true when the member should be ejected now (the pool's cap permitting). */
  fail(policy: EjectionPolicy): boolean {
    this.consecutive++;
    if (this.state === 'half-open') return true;
    return this.state === 'closed' && this.consecutive >= policy.ejectAfter;
  }

  /** True when the success closed a half-open ejection. */
  succeed(now: Ms): boolean {
    this.consecutive = 0;
    if (this.state !== 'half-open') return false;
    this.state = 'closed';
    this.#trialRunning = false;
    this.#closedAt = now;
    return true;
  }

  eject(now: Ms, policy: EjectionPolicy): Ms {
    const healthyFor = this.state === 'closed' && this.#closedAt > 0 ? now - this.#closedAt : 0;
    this.#count = Math.max(0, this.#count - Math.floor(healthyFor / Math.max(1, policy.ejectMs))) + 1;
    const duration = Math.min(MAX_EJECT_MS, this.#count * policy.ejectMs);
    this.state = 'open';
    this.#until = now + duration;
    this.#trialRunning = false;
    return duration;
  }

  /** Moves on with time; true when the state changed. */
  tick(now: Ms): boolean {
    if (this.state !== 'open' || now < this.#until) return false;
    this.state = 'half-open';
    this.#trialRunning = false;
    return true;
  }

  get wantsTrial(): boolean {
    return this.state === 'half-open' && !this.#trialRunning;
  }

  /** A trial that ends without a verdict (its caller went away) is given back with `false`. */
  trial(running: boolean): void {
    this.#trialRunning = running;
  }
}

/** The cap is checked with the new ejection counted: a pool of one is never ejected, of three at most one at 0.5. */
export function mayEject(ejected: number, total: number, maxEjectedShare: number): boolean {
  return ejected + 1 <= maxEjectedShare * total;
}
