/** What has been tried in an incident already: how far up the ladder each target is, and whether a human was called. */

import type { Incident } from '../model/incident.ts';
import type { ActionKind } from '../model/spec.ts';

/** Failed plans of this incident in which something was done to this target. */
export function failedTries(incident: Incident, target: string): number {
  return incident.plans.filter(
    ({ status, actions }) =>
      status === 'failed' &&
      actions.some(
        (action) =>
          action.target === target &&
          action.kind !== 'eject' &&
          (action.status === 'done' || action.status === 'failed'),
      ),
  ).length;
}

/** `argument`: another change to roll back, or another size, is another thing to try. */
export function wasTried(incident: Incident, kind: ActionKind, target: string, argument: string | null): boolean {
  return incident.plans.some(
    ({ status, actions }) =>
      status !== 'open' &&
      status !== 'verifying' &&
      actions.some(
        (action) =>
          action.kind === kind &&
          action.target === target &&
          action.argument === argument &&
          (action.status === 'done' || action.status === 'failed'),
      ),
  );
}

/** Doing it again within one plan would hide that the plan has failed; a life just begun is not to be ejected. */
export function isDoneByPlanUnderWay(incident: Incident, kind: ActionKind, target: string): boolean {
  const plan = incident.plans.at(-1);
  if (plan?.status !== 'open' && plan?.status !== 'verifying') return false;
  return plan.actions.some((action) => {
    if (action.target !== target || (action.status !== 'done' && action.status !== 'failed')) return false;
    return action.kind === kind || (kind === 'eject' && (action.kind === 'restart' || action.kind === 'replace'));
  });
}

/** Once per incident is enough. The plan under way does not count: it is drafted anew while it waits. */
export function wasPaged(incident: Incident): boolean {
  return incident.plans.some(
    ({ status, actions }) =>
      status !== 'open' &&
      status !== 'verifying' &&
      actions.some(({ kind, status: done }) => kind === 'page' && done === 'done'),
  );
}

/** One line for the page: `restart payments-2 failed: not ready after 40s`. */
export function triedSoFar(incident: Incident): string {
  const tried = incident.plans
    .filter(({ status }) => status === 'failed')
    .flatMap(({ actions }) => actions)
    .filter(({ kind }) => kind !== 'page' && kind !== 'eject')
    .map(({ kind, target }) => `${kind} ${target}`);
  const counts = new Map<string, number>();
  for (const each of tried) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].map(([what, count]) => (count === 1 ? what : `${what} ${count} times`)).join(', ');
}
