/**
 * When something recurs: `every 6h`, `daily 03:00`, `Mon-Fri 03:00`. Short on purpose: everybody can read it back, and
 * none of the traps of cron (day of month and of week, steps that do not divide) is in it.
 */
import type { Ms } from '../../model/time.ts';
import { parseDuration } from '../../model/time.ts';

export type Recurrence =
  | { readonly kind: 'every'; readonly everyMs: Ms }
  /** Days: 0 is Sunday. `minute`: since midnight, in the server's time zone. */
  | { readonly kind: 'days'; readonly days: readonly number[]; readonly minute: number };

/** What a clock on the wall shows. */
export interface LocalTime {
  readonly day: number;
  readonly minute: number;
}

/**
 * A run with its settling takes a minute or two: more often than this nothing else would ever happen. Lower (the server's
 * `--schedule-least`) for systems that are there to be tested.
 */
export const LEAST_EVERY_MS: Ms = 600_000;
export const MOST_EVERY_MS: Ms = 31 * 86_400_000;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MINUTE_MS: Ms = 60_000;
const WEEK_MINUTES = 7 * 24 * 60;

/** null: it cannot be read, or is too often or too seldom. */
export function parseRecurrence(text: string, leastEveryMs: Ms = LEAST_EVERY_MS): Recurrence | null {
  const words = text.trim().toLowerCase();
  const every = /^every (\S+)$/.exec(words)?.[1];
  if (every !== undefined) {
    const everyMs = parseDuration(every);
    return everyMs === undefined || everyMs < leastEveryMs || everyMs > MOST_EVERY_MS
      ? null
      : { kind: 'every', everyMs };
  }
  const match = /^(daily|[a-z]{3}(?:-[a-z]{3})?) (\d\d):(\d\d)$/.exec(words);
  if (!match) return null;
  const [, which = '', hours = '', minutes = ''] = match;
  const days = which === 'daily' ? [0, 1, 2, 3, 4, 5, 6] : daysOf(which);
  if (days === null || Number(hours) > 23 || Number(minutes) > 59) return null;
  return { kind: 'days', days, minute: Number(hours) * 60 + Number(minutes) };
}

function daysOf(which: string): readonly number[] | null {
  const [from = '', to = from] = which.split('-');
  const [first, last] = [DAYS.indexOf(from), DAYS.indexOf(to)];
  if (first < 0 || last < 0) return null;
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, n) => (first + n) % 7);
}

/**
 * The first time after `after` (wall clock, ms). `local` says what the clock on the wall shows then: where it jumps (summer
 * time), a minute that does not exist is left out that day, and one that comes twice counts once.
 * `since`: what `every` counts from, so that a restart of the server does not move it.
 */
export function nextTime(recurrence: Recurrence, since: Ms, after: Ms, local: (at: Ms) => LocalTime): Ms {
  if (recurrence.kind === 'every') {
    const { everyMs } = recurrence;
    return since + (Math.floor(Math.max(0, after - since) / everyMs) + 1) * everyMs;
  }
  const first = Math.floor(after / MINUTE_MS) + 1;
  for (let n = 0; n <= WEEK_MINUTES + 120; n++) {
    const at = (first + n) * MINUTE_MS;
    const { day, minute } = local(at);
    const twice = isSame(local(at - 60 * MINUTE_MS), { day, minute });
    if (minute === recurrence.minute && recurrence.days.includes(day) && !twice) return at;
  }
  return after + WEEK_MINUTES * MINUTE_MS;
}

function isSame(a: LocalTime, b: LocalTime): boolean {
  return a.day === b.day && a.minute === b.minute;
}
