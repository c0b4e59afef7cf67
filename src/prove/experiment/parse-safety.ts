/** When a run may begin (`windows`), and what ends it before its time (`halt`). */
import type { Ms } from '../../model/time.ts';
import type { Fields } from './fields.ts';
import type { Safety, Window } from './types.ts';

/**
 * Half of all calls at the edge failing for a quarter of a minute is an outage, not a test of one: repairs of a single
 * instance take less. Lower where users are real; higher where the experiment is to show an outage.
 */
const HALT_SHARE = 0.5;
const HALT_FOR_MS: Ms = 15_000;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FORM = 'Write windows: ["Mon-Fri 09:00-17:00"].';

/** `outage`: one is asked for, so it does not end its own run unless the file says when it should. */
export function parseSafety(own: Fields | null, outage = false): Safety {
  const halt = own?.fields('halt') ?? null;
  halt?.problems.keys(halt.map, halt.path, ['failing', 'for', 'budget'], true);
  return {
    windows: (own?.texts('windows') ?? []).flatMap((text) => {
      const window = windowOf(text);
      if (window === null) own?.wrong('windows', 'a list of days and hours', FORM);
      return window ?? [];
    }),
    halt: {
      failureShare: shareOf(halt, 'failing') ?? (outage ? 1 : HALT_SHARE),
      forMs: halt?.duration('for', 1_000) ?? HALT_FOR_MS,
      budget: shareOf(halt, 'budget'),
    },
  };
}

function windowOf(text: string): Window | null {
  const match = /^(?:([a-z]{3})(?:-([a-z]{3}))? )?(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text.trim().toLowerCase());
  if (!match) return null;
  const [first, last] = [match[1] ?? 'sun', match[2] ?? match[1] ?? 'sat'].map((day) => DAYS.indexOf(day));
  const [h1, m1, h2, m2] = match.slice(3).map(Number) as [number, number, number, number];
  if (first === undefined || last === undefined || first < 0 || last < 0) return null;
  if (h1 > 24 || h2 > 24 || m1 > 59 || m2 > 59) return null;
  const days = Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, n) => (first + n) % 7);
  return { days, from: h1 * 60 + m1, to: h2 * 60 + m2 };
}

/** Is this moment (day 0 is Sunday, minutes since midnight) within one of them? None at all: always. */
export function withinWindows(windows: readonly Window[], day: number, minute: number): boolean {
  if (windows.length === 0) return true;
  return windows.some(({ days, from, to }) => {
    if (from <= to) return days.includes(day) && minute >= from && minute < to;
    // Over midnight: its second half belongs to the day on which it began.
    return (days.includes(day) && minute >= from) || (days.includes((day + 6) % 7) && minute < to);
  });
}

/** `50%` or 0.5; null when it is not there. */
function shareOf(fields: Fields | null, key: string): number | null {
  const value = fields?.get(key);
  if (fields === null || value === undefined) return null;
  const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?%$/.exec(value) : null;
  const share = percent ? Number(percent[1]) / 100 : value;
  if (typeof share === 'number' && share >= 0 && share <= 1) return share;
  fields.wrong(key, 'a share', 'Write 50% or 0.5.');
  return null;
}
