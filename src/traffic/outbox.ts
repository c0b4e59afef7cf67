/**
 * Signals that nobody has taken yet, while no agent is connected: kept for a minute, and never more than a fixed
 * number, the oldest thrown away first. What an agent learns after a restart is what it could still act on.
 */
import type { Ms } from '../model/time.ts';
import type { TrafficSignal } from './plane.ts';

export const KEEP_MS: Ms = 60_000;
export const MAX_SIGNALS = 20_000;

export class Outbox {
  #signals: TrafficSignal[] = [];

  add(signals: readonly TrafficSignal[], now: Ms): void {
    this.#signals.push(...signals);
    const excess = this.#signals.length - MAX_SIGNALS;
    const old = this.#signals.findIndex(({ at }) => at > now - KEEP_MS);
    const drop = Math.max(excess, old < 0 ? this.#signals.length : old);
    if (drop > 0) this.#signals.splice(0, drop);
  }

  take(now: Ms): TrafficSignal[] {
    const signals = this.#signals.filter(({ at }) => at > now - KEEP_MS);
    this.#signals = [];
    return signals;
  }
}
