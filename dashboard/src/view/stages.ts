/** How far an incident has got: the four steps that every one goes through, with their times from onset. */
import type { ActionResource, IncidentResource } from '../../../src/api/resources.ts';

export interface Stage {
  readonly name: 'detected' | 'explained' | 'acted' | 'repaired';
  readonly afterMs: number | null;
  /** done: reached. now: what Holdfast is at. waits: not begun. missed: closed without it. */
  readonly state: 'done' | 'now' | 'waits' | 'missed';
}

export function stagesOf(incident: IncidentResource): readonly Stage[] {
  const times = [
    ['detected', incident.detectedAfterMs],
    ['explained', incident.explainedAfterMs],
    ['acted', incident.actedAfterMs],
    ['repaired', incident.repairedAfterMs],
  ] as const;
  // A repair can come without an action of ours: only what lies after the last reached stage is still to come.
  const last = times.findLastIndex(([, afterMs]) => afterMs !== null);
  const closed = incident.closedAt !== null;
  return times.map(([name, afterMs], i) => {
    if (afterMs !== null) return { name, afterMs, state: 'done' };
    if (closed || i < last) return { name, afterMs, state: 'missed' };
    return { name, afterMs, state: i === last + 1 ? 'now' : 'waits' };
  });
}

export function isOpen(incident: IncidentResource): boolean {
  return incident.closedAt === null;
}

/** Actions that need a human's word before they go on. */
export function awaiting(incidents: readonly IncidentResource[]): readonly ActionResource[] {
  return incidents
    .filter(isOpen)
    .flatMap((incident) => incident.plans.flatMap((plan) => plan.actions))
    .filter((action) => action.status === 'awaiting-approval');
}

/** Guard rails that hold an action back, each of which may be overridden. */
export function holding(action: ActionResource): readonly ActionResource['guards'][number][] {
  if (action.status !== 'delayed' && action.status !== 'refused') return [];
  return action.guards.filter((guard) => guard.verdict !== 'allow');
}

/** One line for what is going on in an incident now. */
export function nowDoing(incident: IncidentResource): string {
  const plan = incident.plans.at(-1);
  const action = plan?.actions.find(({ status }) => status !== 'done' && status !== 'skipped');
  if (incident.status === 'verifying') return 'Repaired as far as can be seen; verifying that it holds.';
  if (incident.status === 'escalated') return 'Escalated: Holdfast found no repair that holds. It needs you.';
  if (action === undefined) return incident.summary ?? 'Looking for the cause.';
  const what = action.target === '' ? action.kind : `${action.kind} ${action.target}`;
  if (action.status === 'awaiting-approval') return `Waits for your approval: ${what}.`;
  if (action.status === 'running') return `Doing: ${what}.`;
  const guard = holding(action)[0];
  if (guard !== undefined) return `${what} is ${action.status} by ${guard.rail}: ${guard.reason}`;
  return `${what}: ${action.status}.`;
}
