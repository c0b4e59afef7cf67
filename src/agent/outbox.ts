/**
 * Signals on their way up. What somebody waits for (an exit, a stall, a check that has turned) goes at once; the rest
 * goes in batches, because a thousand instances say a thousand small things a second.
 */
import type { Signal } from '../model/signal.ts';

/** Longest that a signal of no urgency waits, ms. Higher means fewer, larger messages. */
const BATCH_MS = 100;

function isUrgent(signal: Signal): boolean {
  switch (signal.kind) {
    case 'exit':
    case 'started':
    case 'stall':
    case 'role':
      return true;
    default:
      return false;
  }
}

export class Outbox {
  readonly #deliver: (signals: readonly Signal[]) => void;
  #waiting: Signal[] = [];
  #timer: NodeJS.Timeout | undefined;
  #open = false;

  constructor(deliver: (signals: readonly Signal[]) => void) {
    this.#deliver = deliver;
  }

  /** The inventory is out: what happened meanwhile may follow. */
  open(): void {
    this.#open = true;
    this.flush();
  }

  /** `urgent`: whoever adds them knows it, whatever kind they are of. */
  add(signals: readonly Signal[], urgent = signals.some(isUrgent)): void {
    for (const signal of signals) this.#waiting.push(signal);
    if (urgent) this.flush();
    else if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.flush(), BATCH_MS);
  }

  /** Order is kept: what waited goes before what is urgent. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#open || this.#waiting.length === 0) return;
    const signals = this.#waiting;
    this.#waiting = [];
    this.#deliver(signals);
  }

  close(): void {
    this.flush();
    this.#open = false;
    clearTimeout(this.#timer);
  }
}
