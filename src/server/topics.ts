/**
 * Tells listeners that something changed, at most every 200 ms per topic: at once after a quiet time, then no more
 * often than that. Nobody listening costs nothing.
 */
import type { Topic } from './control-plane.ts';

/** Below 100 ms people see no difference; above 300 ms it feels late. */
export const TOPIC_INTERVAL_MS = 200;

export class Topics {
  readonly #listeners = new Set<(topic: Topic) => void>();
  readonly #pending = new Set<Topic>();
  #timer: NodeJS.Timeout | null = null;

  subscribe(listener: (topic: Topic) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  touch(...topics: readonly Topic[]): void {
    if (this.#listeners.size === 0) return;
    for (const topic of topics) this.#pending.add(topic);
    if (this.#timer === null) this.#flush();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#listeners.clear();
  }

  #flush(): void {
    if (this.#pending.size === 0) {
      this.#timer = null;
      return;
    }
    const topics = [...this.#pending];
    this.#pending.clear();
    this.#timer = setTimeout(() => this.#flush(), TOPIC_INTERVAL_MS);
    this.#timer.unref();
    for (const topic of topics) for (const listener of this.#listeners) listener(topic);
  }
}
