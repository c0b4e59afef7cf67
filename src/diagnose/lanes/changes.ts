/**
 * What people and pipelines did, in time order and with its content. A change is accused for the services that it
 * touched and only when it came before the damage; the closer before, the more. Of a change whose content is not known
 * nothing is claimed but its time; one that brings no new code or settings (a restart, a scaling) counts little.
 */
import type { RecordedChange } from '../recorded/types.ts';
import { type Lane, type LaneContext, ofService } from './contract.ts';

/** Right before: within this of onset, or within one bin if bins are longer. */
const JUST_BEFORE_MS = 120_000;
/** Changes older than this have run well for too long. */
const WINDOW_MS = 1_800_000;
const WEIGHT = { justBefore: 1.3, earlier: 0.7 };
/** Factors. */
const CONTENT_UNKNOWN = 0.5;
const NOTHING_NEW = 0.3;
const NO_NEWS = new Set(['restart', 'scale', 'drain']);

export const changes: Lane = {
  name: 'changes',
  cap: 1.5,
  examine(context) {
    const recorded = context.recording.changes;
    if (recorded === undefined) return { evidence: [], missing: 'what was deployed or configured, and when' };
    const strongest = new Map<string, { change: RecordedChange; weight: number }>();
    for (const change of recorded) {
      const weight = weightOf(change, context);
      for (const service of change.services) {
        if (weight > (strongest.get(service)?.weight ?? 0)) strongest.set(service, { change, weight });
      }
    }
    const evidence = [...strongest].map(([service, { change, weight }]) => {
      const ago = Math.max(0, Math.round((context.recording.symptom.onsetMs - change.atMs) / 1_000));
      const content = change.content.length === 0 ? 'content not known' : change.content.slice(0, 2).join('; ');
      return ofService(service, `${change.kind} of ${service} ${ago} s before onset: ${content}`, {
        weight,
        faultClass: 'human',
        mechanism: `bad ${change.kind}`,
      });
    });
    return { evidence, missing: null };
  },
};

function weightOf({ atMs, kind, content }: RecordedChange, { recording, accounts }: LaneContext): number {
  const bin = recording.bins[accounts.windows.beforeTo];
  const slackMs = bin === undefined ? 0 : bin.toMs - bin.fromMs;
  const age = recording.symptom.onsetMs - atMs;
  // Onset is known to a bin: a change within it may have come first.
  if (age < -slackMs || age > WINDOW_MS) return 0;
  const near = Math.max(JUST_BEFORE_MS, slackMs);
  const fading = Math.max(0, 1 - (age - near) / Math.max(1, WINDOW_MS - near));
  const weight = age <= near ? WEIGHT.justBefore : WEIGHT.earlier * fading;
  if (NO_NEWS.has(kind)) return weight * NOTHING_NEW;
  return content.length === 0 ? weight * CONTENT_UNKNOWN : weight;
}
