/**
 * What recovery remembers between plans and incidents: the restarts of each instance, and the backoff drawn for the
 * next one (drawn once per life: asking a guard rail again must not roll the dice again).
 */
import type { Ms } from '../model/time.ts';

/** Restarts remembered per instance: more than any intensity window needs. */
const KEPT = 20;

/** Failovers are remembered by service, beside the restarts of its instances. */
export function failoverKey(service: string): string {
  return `failover/${service}`;
}

interface Entry {
  restarts: Ms[];
  /** Restarts since it was last well for long enough. */
  attempts: number;
  drawn: { readonly incarnation: number; readonly notBefore: Ms } | null;
}

export class RecoveryMemory {
  readonly #entries = new Map<string, Entry>();

  static restore(snapshot: unknown): RecoveryMemory {
    const memory = new RecoveryMemory();
    for (const [instance, entry] of snapshot as readonly (readonly [string, Entry])[]) {
      memory.#entries.set(instance, { ...entry, restarts: [...entry.restarts] });
    }
    return memory;
  }

  snapshot(): unknown {
    return [...this.#entries];
  }

  /** To be called when an automatic restart or replacement begins. */
  noteRestart(instance: string, now: Ms): void {
    const entry = this.#entry(instance);
    entry.restarts = [...entry.restarts.slice(1 - KEPT), now];
    entry.attempts += 1;
  }

  forget(instance: string): void {
    this.#entries.delete(instance);
  }

  /** Newest last. */
  restartsOf(instance: string): readonly Ms[] {
    return this.#entries.get(instance)?.restarts ?? [];
  }

  attemptsOf(instance: string): number {
    return this.#entries.get(instance)?.attempts ?? 0;
  }

  /** It has been well for long enough: the next restart counts as the first. */
  resetAttempts(instance: string): void {
    const entry = this.#entries.get(instance);
    if (entry) entry.attempts = 0;
  }

  /** The time drawn for what follows this life, drawing it when that has not been done. */
  notBefore(instance: string, incarnation: number, draw: () => Ms): Ms {
    const entry = this.#entry(instance);
    if (entry.drawn?.incarnation !== incarnation) entry.drawn = { incarnation, notBefore: draw() };
    return entry.drawn.notBefore;
  }

  #entry(instance: string): Entry {
    let entry = this.#entries.get(instance);
    if (!entry) {
      entry = { restarts: [], attempts: 0, drawn: null };
      this.#entries.set(instance, entry);
    }
    return entry;
  }
}
