/** Changes of the running system as the changes lane wants them: what was done, and how those fare that run it. */
import type { Change } from '../../model/change.ts';
import type { Ms } from '../../model/time.ts';
import type { SystemView } from '../../model/view.ts';
import type { RecordedChange, RecordedRuns } from '../recorded/types.ts';
import type { Suspect } from './suspects.ts';

/** Changes of one service that are weighed against each other: the newest. */
const CONSIDERED = 5;
/** Ready for this long and without a symptom: well. */
const WELL_MS: Ms = 5_000;

/** Oldest first. Only of suspects: a change of what is not ill explains nothing here. */
export function changesOf(suspects: readonly Suspect[], view: SystemView, now: Ms): RecordedChange[] {
  return suspects.flatMap((suspect) =>
    view.changes
      .filter((change) => isCandidate(change, suspect, view))
      .slice(-CONSIDERED)
      .map(
        (change): RecordedChange => ({
          atMs: change.at,
          services: [suspect.service],
          kind: change.kind,
          content: change.content,
          id: change.id,
          who: change.who,
          windowMs: suspect.spec?.recovery.changeWindowMs ?? 0,
          runs: runsOf(change, suspect, view, now),
        }),
      ),
  );
}

function isCandidate(change: Change, suspect: Suspect, view: SystemView): boolean {
  if (!change.services.includes(suspect.service) || change.kind === 'down' || change.kind === 'rollback') return false;
  // The first deploy has nothing to go back to, and nothing to compare with.
  if (change.kind === 'deploy' && change.from[suspect.service] === undefined) return false;
  // What was undone is not to blame for what began afterwards.
  const undoneAt = undoneSince(change, suspect, view);
  return undoneAt === null || undoneAt > suspect.onsetAt;
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

function runsOf(change: Change, suspect: Suspect, view: SystemView, now: Ms): RecordedRuns {
  const revision = change.to[suspect.service];
  const begun = suspect.instances.filter(({ startedAt }) => startedAt !== null);
  const fresh = begun.filter((instance) => instance.revision === revision);
  const old = begun.filter((instance) => instance.revision !== revision);
  const failing = new Set(suspect.afflicted.map(({ instance }) => instance.id));
  const diffuse = failing.size === 0;
  const freshFailing = fresh.filter(({ id }) => failing.has(id));
  const judged = diffuse ? fresh : freshFailing;
  const ran = judged.map(({ readyAt }) => (readyAt === null ? 0 : suspect.onsetAt - readyAt));
  return {
    nothingNew: change.from[suspect.service] === revision,
    undone: undoneSince(change, suspect, view) !== null,
    fresh: fresh.length,
    freshFailing: freshFailing.length,
    freshWell: fresh.filter(({ id, ready, readyAt }) => !failing.has(id) && ready && now - (readyAt ?? now) >= WELL_MS)
      .length,
    freshEverReady: freshFailing.some(({ readyAt }) => readyAt !== null),
    old: old.length,
    oldFailing: old.filter(({ id }) => failing.has(id)).length,
    diffuse,
    ranWellMs: ran.length === 0 ? null : Math.min(...ran),
  };
}
