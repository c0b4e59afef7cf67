/** What explore mode tries: faults of the catalogue, one or two at a time, each for some time and with some distance. */
import type { Ms } from '../../model/time.ts';

export interface ScheduledFault {
  readonly kind: string;
  /** null: the machine itself. */
  readonly service: string | null;
  /** Over at once: null. */
  readonly forMs: Ms | null;
  /** After the beginning of the one before. */
  readonly gapMs: Ms;
}

export type Schedule = readonly ScheduledFault[];

export function keyOf(schedule: Schedule): string {
  return schedule.map(({ kind, service, forMs, gapMs }) => `${kind} ${service} ${forMs} ${gapMs}`).join(' | ');
}

/** `pause on store for 20s, after 1s kill on payments`. */
export function textOf(schedule: Schedule): string {
  return schedule
    .map(({ kind, service, forMs, gapMs }, n) => {
      const lasting = forMs === null ? '' : ` for ${forMs / 1_000}s`;
      return `${n > 0 && gapMs > 0 ? `after ${gapMs / 1_000}s ` : ''}${kind} on ${service ?? 'the machine'}${lasting}`;
    })
    .join(', ');
}

/** A fault shorter than this ends before it is noticed, whatever it is. */
export const LEAST_MS: Ms = 1_000;

/** Every schedule that is one step smaller: a fault less, half as long, or no distance; the greatest steps first. */
export function smaller(schedule: Schedule): readonly Schedule[] {
  const without = schedule.length > 1 ? schedule.map((_, n) => first(schedule.filter((_each, at) => at !== n))) : [];
  const closer = schedule.flatMap((fault, n) => (fault.gapMs > 0 ? [first(replaced(schedule, n, { gapMs: 0 }))] : []));
  const shorter = schedule.flatMap(({ forMs }, n) =>
    forMs !== null && forMs > LEAST_MS
      ? [replaced(schedule, n, { forMs: Math.max(LEAST_MS, Math.floor(forMs / 2)) })]
      : [],
  );
  return [...without, ...closer, ...shorter];
}

function replaced(schedule: Schedule, at: number, change: Partial<ScheduledFault>): Schedule {
  return schedule.map((fault, n) => (n === at ? { ...fault, ...change } : fault));
}

/** Nothing comes before the first. */
function first(schedule: Schedule): Schedule {
  return schedule.map((fault, n) => (n === 0 ? { ...fault, gapMs: 0 } : fault));
}
