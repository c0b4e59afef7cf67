/**
 * Changes as suspects, and only with their content looked at: a change is accused for a service that it touched,
 * when it came before the symptoms, by what its new revision does compared with the old one.
 */
import type { Change } from '../model/change.ts';
import type { Evidence } from '../model/incident.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import type { Mechanism } from './mechanism.ts';
import type { Suspect } from './suspects.ts';
import { WEIGHT } from './weights.ts';

export interface ChangeCase {
  readonly change: Change;
  readonly evidence: readonly Evidence[];
}

/** Right before: within this of onset. */
const JUST_BEFORE_MS: Ms = 60_000;
/** Onsets of traffic symptoms are known to a window or two: they may seem to come this much before their cause. */
const ONSET_SLACK_MS: Ms = 2_000;
/** Changes of one service that are weighed against each other: the newest. */
const CONSIDERED = 5;
/** Less than this is no running well. */
const RAN_MS: Ms = 10_000;

export function changeCase(suspect: Suspect, mechanism: Mechanism, view: SystemView, now: Ms): ChangeCase | null {
  const cases = view.changes
    .filter((change) => isCandidate(change, suspect, view))
    .slice(-CONSIDERED)
    .map((change) => caseOf(change, suspect, mechanism, view, now));
  // The newest of the most accused: a scaling right after a bad deploy does not hide it.
  return cases.reduce<ChangeCase | null>((best, each) => (best && total(best) > total(each) ? best : each), null);
}

const total = ({ evidence }: ChangeCase): number => evidence.reduce((sum, { weight }) => sum + weight, 0);

function caseOf(change: Change, suspect: Suspect, mechanism: Mechanism, view: SystemView, now: Ms): ChangeCase {
  const evidence: Evidence[] = [timing(change, suspect)];
  if (change.content.length === 0 || change.from[suspect.service] === change.to[suspect.service]) {
    evidence.push({ text: `${change.kind} changed nothing of what ${suspect.service} runs`, weight: WEIGHT.noContent });
  } else {
    const lines = change.content.filter((line) => line.startsWith(`${suspect.service}:`));
    evidence.push({ text: lines.slice(0, 3).join('; ') || change.content.slice(0, 3).join('; '), weight: 0 });
    evidence.push(
      ...(undoneSince(change, suspect, view) === null
        ? compareRevisions(change, suspect, now)
        : [{ text: 'it has been undone since', weight: WEIGHT.undone }]),
    );
  }
  if (!mechanism.byChange) {
    evidence.push({
      text: `${mechanism.name}: not what a change of code or settings does`,
      weight: WEIGHT.notByChange,
    });
  }
  return { change, evidence };
}

function isCandidate(change: Change, suspect: Suspect, view: SystemView): boolean {
  if (!change.services.includes(suspect.service) || change.kind === 'down' || change.kind === 'rollback') return false;
  const windowMs = suspect.spec?.recovery.changeWindowMs ?? 0;
  // The first deploy has nothing to go back to, and nothing to compare with.
  if (change.kind === 'deploy' && change.from[suspect.service] === undefined) return false;
  // What was undone is not to blame for what began afterwards.
  const undoneAt = undoneSince(change, suspect, view);
  if (undoneAt !== null && undoneAt <= suspect.onsetAt) return false;
  return change.at <= suspect.onsetAt + ONSET_SLACK_MS && suspect.onsetAt - change.at <= windowMs;
}

function undoneSince(change: Change, { service }: Suspect, view: SystemView): Ms | null {
  const rollback = view.changes.find(
    (later) =>
      later.kind === 'rollback' &&
      later.at >= change.at &&
      later.services.includes(service) &&
      later.from[service] === change.to[service] &&
      later.to[service] === change.from[service],
  );
  return rollback?.at ?? null;
}

function timing(change: Change, suspect: Suspect): Evidence {
  const age = Math.max(0, suspect.onsetAt - change.at);
  const windowMs = suspect.spec?.recovery.changeWindowMs ?? JUST_BEFORE_MS;
  const fading = Math.max(0, 1 - (age - JUST_BEFORE_MS) / Math.max(1, windowMs - JUST_BEFORE_MS));
  const weight = age <= JUST_BEFORE_MS ? WEIGHT.changeJustBefore : WEIGHT.changeEarlier * fading;
  return { text: `${change.id} by ${change.who} changed ${suspect.service} ${formatDuration(age)} before`, weight };
}

function compareRevisions(change: Change, suspect: Suspect, now: Ms): Evidence[] {
  const revision = change.to[suspect.service];
  const begun = suspect.instances.filter(({ startedAt }) => startedAt !== null);
  const fresh = begun.filter((instance) => instance.revision === revision);
  const old = begun.filter((instance) => instance.revision !== revision);
  const failing = new Set(suspect.afflicted.map(({ instance }) => instance.id));
  const diffuse = failing.size === 0;
  const newFailing = fresh.filter(({ id }) => failing.has(id));
  const oldFailing = old.filter(({ id }) => failing.has(id));
  const evidence: Evidence[] = [];
  const well = fresh.filter(({ id, ready, readyAt }) => !failing.has(id) && ready && now - (readyAt ?? now) >= 5_000);
  if (fresh.length === 0) {
    evidence.push({ text: 'no instance runs what the change brought', weight: WEIGHT.newIsWell });
  } else if (diffuse || (newFailing.length === fresh.length && old.length === 0)) {
    evidence.push({ text: `all ${fresh.length} instances run what the change brought`, weight: WEIGHT.allNewFail });
  } else if (newFailing.length > 0 && well.length === 0 && oldFailing.length === 0 && old.length > 0) {
    evidence.push({
      text: `every failing instance runs the new revision, ${old.length} of the old one are well`,
      weight: WEIGHT.newFails,
    });
  } else if (well.length > 0) {
    evidence.push({ text: `${well.length} instances of the new revision are well`, weight: WEIGHT.newIsWell });
  }
  const ran = Math.min(
    ...(diffuse ? fresh : newFailing).map(({ readyAt }) => (readyAt === null ? 0 : suspect.onsetAt - readyAt)),
  );
  if (Number.isFinite(ran) && ran > RAN_MS) {
    const weight = WEIGHT.ranWell * Math.min(1, ran / JUST_BEFORE_MS);
    evidence.push({ text: `the new revision had run well for ${formatDuration(ran)}`, weight });
  }
  if (oldFailing.length > 0) {
    evidence.push({ text: `${oldFailing.length} instances of the old revision fail too`, weight: WEIGHT.before });
  }
  if (newFailing.length > 0 && newFailing.every(({ readyAt }) => readyAt === null)) {
    evidence.push({ text: 'no failing instance of it has ever been ready', weight: WEIGHT.neverReady });
  }
  return evidence;
}
