/**
 * The core's clock: CLOCK_MONOTONIC plus an offset that is constant while the machine is up. After a reboot
 * CLOCK_MONOTONIC begins again, so the offset is chosen anew such that time goes on after the last recorded moment.
 * The wall clock is carried along for display; when somebody sets it, nothing but display changes.
 */
import { readFileSync } from 'node:fs';
import type { Ms } from '../model/time.ts';

/** What is kept over restarts, in the journal. */
export interface ClockRecord {
  readonly bootId: string;
  readonly offsetMs: Ms;
}

/** Distance put between the last moment before a reboot and the first one after it. */
const REBOOT_GAP_MS = 1_000;

export class Clock {
  readonly record: ClockRecord;
  readonly #monotonic: () => Ms;
  readonly #wall: () => number;
  #last: Ms;

  /** `before`: the record and the last moment that the journal knows; null for a new state directory. */
  constructor(
    bootId: string,
    before: { readonly clock: ClockRecord | null; readonly lastAt: Ms } | null,
    monotonic: () => Ms = monotonicMs,
    wall: () => number = Date.now,
  ) {
    this.#monotonic = monotonic;
    this.#wall = wall;
    this.#last = before?.lastAt ?? 0;
    if (before?.clock?.bootId === bootId) this.record = before.clock;
    else if (before === null) this.record = { bootId, offsetMs: 0 };
    else this.record = { bootId, offsetMs: Math.ceil(before.lastAt + REBOOT_GAP_MS - monotonic()) };
  }

  /** Never smaller than what it said before. */
  now(): Ms {
    this.#last = Math.max(this.#last, round(this.#monotonic() + this.record.offsetMs));
    return this.#last;
  }

  wallMs(): number {
    return this.#wall();
  }
}

/** Microseconds are all that is ever measured; longer fractions only fill the journal. */
function round(ms: Ms): Ms {
  return Math.round(ms * 1_000) / 1_000;
}

export function monotonicMs(): Ms {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** Changes with every boot. Without one (not Linux) the time of boot stands for it, to the nearest minute. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `boot-${Math.round((Date.now() - monotonicMs()) / 60_000)}`;
  }
}
