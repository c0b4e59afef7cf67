/** The last events, numbered, for live views and for those who come back after a pause. */
import type { EventResource } from '../api/resources.ts';
import type { CoreEvent } from '../model/event.ts';

/** Enough to bridge a minute of a bad incident; about 300 KiB. */
export const EVENTS_KEPT = 1_000;

export class EventRing {
  readonly #events: EventResource[] = [];
  #seq: number;

  /** `seq`: where numbering goes on. Numbers of an earlier life must not come again: views compare them. */
  constructor(seq: number) {
    this.#seq = seq;
  }

  add(event: CoreEvent, at: string): void {
    const { level, topic, text, service, instance, incident } = event;
    this.#events.push({ seq: ++this.#seq, at, level, topic, text, service, instance, incident });
    if (this.#events.length > EVENTS_KEPT) this.#events.shift();
  }

  after(seq: number): readonly EventResource[] {
    const first = this.#events[0];
    if (first === undefined || seq >= this.#seq) return [];
    return this.#events.slice(Math.max(0, seq - first.seq + 1));
  }
}
