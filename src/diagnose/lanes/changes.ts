/**
 * What people and pipelines did, in time order and with its content. A change is accused for the services that it
 * touched and only when it came before the damage; the closer before, the more. Where it can be seen which instances
 * run what it brought, they are compared with those that do not. Of a change whose content is not known nothing is
 * claimed but its time; one that brings no new code or settings (a restart, a scaling) counts little.
 */
import type { Ms } from '../../model/time.ts';
import { formatDuration } from '../../model/time.ts';
import type { RecordedChange, RecordedRuns } from '../recorded/types.ts';
import { type Lane, type LaneContext, type LaneEvidence, ofService } from './contract.ts';

/** Right before: within this of onset, or within one bin if bins are longer. */
const JUST_BEFORE_MS: Ms = 120_000;
/** Changes older than this have run well for too long, where nobody says how long they are suspected. */
const WINDOW_MS: Ms = 1_800_000;
/** Onsets of traffic symptoms are known to a window or two: they may seem to come this much before their cause. */
const ONSET_SLACK_MS: Ms = 2_000;
/** Less than this is no running well; RAN_WELL counts in full from a minute on. */
const RAN_MS: Ms = 10_000;
const RAN_FULL_MS: Ms = 60_000;
const WEIGHT = {
  justBefore: 1.3,
  /** Fades over the window. */
  earlier: 0.4,
  /** It has nothing in it that could do this: a restart, a scaling. */
  nothingNew: -2,
  /** It was rolled back after the damage began: what ran then can no longer be compared. */
  undone: 0.7,
  /** Every instance of the new revision fails, and none of the old one. */
  newFails: 1.5,
  /** Every instance fails, and all are of the new revision: the change or something shared. */
  allNewFail: 0.9,
  newIsWell: -2,
  /** No instance of the new revision has ever become ready. */
  neverReady: 1,
  ranWell: -1.5,
  oldFailsToo: -2,
};
/** Factors where only the change itself is known, not what runs. */
const CONTENT_UNKNOWN = 0.5;
const NOTHING_NEW = 0.3;
const NO_NEWS = new Set(['restart', 'scale', 'drain']);
/** Log10 odds that one change can gain or lose: what a change does shows soon, and what looks like it is often not. */
export const CHANGES_CAP = 2.2;

export const changes: Lane = {
  name: 'changes',
  cap: CHANGES_CAP,
  examine(context) {
    const recorded = context.recording.changes;
    if (recorded === undefined) return { evidence: [], missing: 'what was deployed or configured, and when' };
    const strongest = new Map<string, LaneEvidence[]>();
    for (const change of recorded) {
      for (const service of change.services) {
        const said = caseOf(change, service, context);
        const known = strongest.get(service);
        // The newest of the most accused: a scaling right after a bad deploy does not hide it.
        if (said.length > 0 && (!known || total(said) >= total(known))) strongest.set(service, said);
      }
    }
    return { evidence: [...strongest.values()].flat(), missing: null };
  },
};

const total = (said: readonly LaneEvidence[]): number => said.reduce((sum, { weight }) => sum + weight, 0);

function caseOf(change: RecordedChange, service: string, context: LaneContext): LaneEvidence[] {
  const { runs } = change;
  const timing = timingOf(change, context);
  if (timing === null) return [];
  const say = (text: string, weight: number): LaneEvidence =>
    ofService(service, text, {
      weight,
      faultClass: 'human',
      mechanism: `bad ${change.kind}`,
      ...(change.id === undefined ? {} : { change: change.id }),
    });
  const age = formatDuration(Math.max(0, context.recording.symptom.onsetMs - change.atMs));
  const content = contentOf(change, service);
  if (runs === undefined) {
    const factor = NO_NEWS.has(change.kind) ? NOTHING_NEW : change.content.length === 0 ? CONTENT_UNKNOWN : 1;
    return [say(`${change.kind} of ${service} ${age} before onset: ${content}`, timing * factor)];
  }
  const by = change.who === undefined ? '' : ` by ${change.who}`;
  const when = say(`${change.id ?? change.kind}${by} changed ${service} ${age} before`, timing);
  if (runs.nothingNew || change.content.length === 0)
    return [when, say(`${change.kind} changed nothing of what ${service} runs`, WEIGHT.nothingNew)];
  const compared = runs.undone ? [{ text: 'it has been undone since', weight: WEIGHT.undone }] : compare(runs);
  return [when, say(content, 0), ...compared.map(({ text, weight }) => say(text, weight))];
}

function contentOf({ content }: RecordedChange, service: string): string {
  if (content.length === 0) return 'content not known';
  const own = content.filter((line) => line.startsWith(`${service}:`));
  return (own.length > 0 ? own : content).slice(0, 3).join('; ');
}

function timingOf({ atMs, windowMs = WINDOW_MS }: RecordedChange, { recording, accounts }: LaneContext): number | null {
  const bin = recording.bins[accounts.windows.beforeTo];
  const binMs = bin === undefined ? 0 : bin.toMs - bin.fromMs;
  const age = recording.symptom.onsetMs - atMs;
  // Onset is known to a bin: a change within it may have come first.
  if (age < -Math.max(ONSET_SLACK_MS, binMs) || age > windowMs) return null;
  const near = Math.max(JUST_BEFORE_MS, binMs);
  if (age <= near) return WEIGHT.justBefore;
  return WEIGHT.earlier * Math.max(0, 1 - (age - near) / Math.max(1, windowMs - near));
}

function compare(runs: RecordedRuns): { readonly text: string; readonly weight: number }[] {
  const { fresh, freshFailing, freshWell, old, oldFailing, diffuse, ranWellMs } = runs;
  const said: { text: string; weight: number }[] = [];
  if (fresh === 0) {
    said.push({ text: 'no instance runs what the change brought', weight: WEIGHT.newIsWell });
  } else if (diffuse || (freshFailing === fresh && old === 0)) {
    said.push({ text: `all ${fresh} instances run what the change brought`, weight: WEIGHT.allNewFail });
  } else if (freshFailing > 0 && freshWell === 0 && oldFailing === 0 && old > 0) {
    const text = `every failing instance runs the new revision, ${old} of the old one are well`;
    said.push({ text, weight: WEIGHT.newFails });
  } else if (freshWell > 0) {
    said.push({ text: `${freshWell} instances of the new revision are well`, weight: WEIGHT.newIsWell });
  }
  if (ranWellMs !== null && ranWellMs > RAN_MS) {
    const weight = WEIGHT.ranWell * Math.min(1, ranWellMs / RAN_FULL_MS);
    said.push({ text: `the new revision had run well for ${formatDuration(ranWellMs)}`, weight });
  }
  if (oldFailing > 0)
    said.push({ text: `${oldFailing} instances of the old revision fail too`, weight: WEIGHT.oldFailsToo });
  if (freshFailing > 0 && !runs.freshEverReady)
    said.push({ text: 'no failing instance of it has ever been ready', weight: WEIGHT.neverReady });
  return said;
}
