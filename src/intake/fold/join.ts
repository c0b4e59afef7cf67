/**
 * Halves of calls that wait for each other. A call between two services leaves two spans, the caller's (exit) and the
 * callee's (entry, whose parent is the exit), sent by two processes in either order, seconds apart. Each span is kept
 * under its own id, in case it is a parent; an entry whose parent is not there yet waits under the parent's id.
 *
 * One open-addressing table of 32-byte slots, twice: a current and an older generation. New slots go to the current
 * one; when it is full or joinMs old, what is left in the older one is told as unmatched, and they change places. So
 * memory is fixed, nothing is ever deleted one by one, and a span waits between one and two joinMs.
 */
import { slotOf } from '../wire/hash.ts';

/** Words of a slot: idLow, idHigh, entity, durationUs, peer, flags. Two are left over so that slots do not straddle cache lines. */
export const SLOT = 8;
export const ENTITY = 2;
export const DURATION = 3;
export const PEER = 4;
export const FLAGS = 5;

/**
 * Slots looked at for one key. At half load the longest run of taken slots is about 60 by chance; a sender that uses
 * one id again and again would make runs without end.
 */
const MAX_PROBES = 128;

/** Flags of a slot, above those of a row (columns.ts). */
export const USED = 16;
/** An entry that waits for its parent; without it, a span that may be a parent. */
export const WAITS = 32;
/** Its other half came. */
export const DONE = 64;
/** An exit that was told when it came, as its caller sees it: its other half adds nothing. */
export const TOLD = 128;

export class Generation {
  readonly slots: Int32Array;
  readonly #mask: number;
  readonly #most: number;
  size = 0;
  waiting = 0;

  constructor(spans: number) {
    let capacity = 64;
    while (capacity < spans * 2) capacity *= 2;
    this.slots = new Int32Array(capacity * SLOT);
    this.#mask = capacity - 1;
    this.#most = spans;
  }

  get full(): boolean {
    return this.size >= this.#most;
  }

  /** Index of the new slot's first word; -1 when it is too crowded there. The same key may be there several times. */
  add(low: number, high: number, flags: number): number {
    const { slots } = this;
    let slot = slotOf(low, high, this.#mask);
    for (let probe = 0; slots[slot * SLOT + FLAGS] !== 0; probe++) {
      if (probe === MAX_PROBES) return -1;
      slot = (slot + 1) & this.#mask;
    }
    const at = slot * SLOT;
    slots[at] = low;
    slots[at + 1] = high;
    slots[at + FLAGS] = flags | USED;
    this.size++;
    if (flags & WAITS) this.waiting++;
    return at;
  }

  /** First slot under this key that waits, or that does not; `from` goes on after an earlier one. -1: none. */
  find(low: number, high: number, waits: number, from = -1): number {
    const { slots } = this;
    const home = slotOf(low, high, this.#mask);
    let slot = from < 0 ? home : (from / SLOT + 1) & this.#mask;
    for (let probe = (slot - home) & this.#mask; probe <= MAX_PROBES; probe++) {
      const at = slot * SLOT;
      const flags = slots[at + FLAGS] as number;
      if (flags === 0) return -1;
      if (slots[at] === low && slots[at + 1] === high && (flags & WAITS) === waits) return at;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }

  clear(): void {
    // Memory that was never touched stays unreal.
    if (this.size === 0) return;
    this.slots.fill(0);
    this.size = 0;
    this.waiting = 0;
  }
}
