/** Cuts a failing schedule down to the troubles that are needed to make it fail (delta debugging, one at a time). */
import type { ScheduledTrouble } from './schedule.ts';
import { type RunOptions, simulate } from './world.ts';

export function shrink(
  seed: number,
  schedule: readonly ScheduledTrouble[],
  options: RunOptions,
): readonly ScheduledTrouble[] {
  let smallest = schedule;
  for (let progress = true; progress; ) {
    progress = false;
    for (let index = 0; index < smallest.length; index++) {
      const without = smallest.filter((_, other) => other !== index);
      if (simulate(seed, { ...options, schedule: without }).violations.length > 0) {
        smallest = without;
        progress = true;
        break;
      }
    }
  }
  return smallest;
}
