/**
 * flapping: FLAPS crashes or turns of its own checks to the bad within WINDOW_MS. One restart is a repair; several are a sign that
 * restarting does not help. Cleared when nothing of the kind has happened for CLEAR_MS, or with another revision.
 */
import { formatDuration, type Ms } from '../model/time.ts';
import { type InstanceDetector, instanceRef } from './claim.ts';

/** Lower calls a second mishap flapping; higher lets a slow loop go on longer. */
export const FLAPS = 3;
export const WINDOW_MS: Ms = 60_000;
export const CLEAR_MS: Ms = 30_000;

export const flapping: InstanceDetector = {
  kind: 'flapping',
  resource: null,
  clearAfterMs: 0,
  // Every crash is told of by itself; this is about the row of them.
  episode: () => 0,
  find({ instance, record, now, isOpen }) {
    const recent = lastRow(record.drops).filter((at) => now - at <= WINDOW_MS);
    const last = recent.at(-1);
    if (last === undefined || recent[0] === undefined) return null;
    if (recent.length < FLAPS && !isOpen('flapping', null)) return null;
    if (now - last >= CLEAR_MS) return null;
    return {
      kind: 'flapping',
      entity: instanceRef(instance),
      resource: null,
      // Those before were incidents of their own, and over.
      onsetAt: last,
      logP: null,
      summary: `${instance.id} keeps going down and coming back`,
      evidence: [`${recent.length} times in ${formatDuration(now - recent[0])}`],
    };
  },
};

/** What came before a quiet CLEAR_MS is over: it does not make the next mishap the fourth. */
function lastRow(drops: readonly Ms[]): readonly Ms[] {
  let from = drops.length - 1;
  while (from > 0 && (drops[from] as Ms) - (drops[from - 1] as Ms) < CLEAR_MS) from--;
  return drops.slice(Math.max(0, from));
}
