/** Incidents, their plans and actions as the API shows them, with the figures people ask for first. */
import type {
  ActionResource,
  ChangeResource,
  Explanation,
  IncidentResource,
  PlanResource,
} from '../../api/resources.ts';
import type { Core } from '../../core/contract.ts';
import { brings, type Change } from '../../model/change.ts';
import { HoldfastError } from '../../model/errors.ts';
import {
  type Action,
  type Diagnosis,
  faultsOf,
  type Incident,
  type Plan,
  repairedAt,
  type TimelineEntry,
} from '../../model/incident.ts';
import { serviceOf } from '../../model/symptom.ts';
import type { Ms } from '../../model/time.ts';
import { iso, isoOrNull } from './facts.ts';
import { isOpen } from './health.ts';
import { symptomFacts } from './symptoms.ts';

export function incidentResources(
  core: Core,
  state: 'open' | 'closed' | 'all',
  limit: number,
): readonly IncidentResource[] {
  return core.incidents
    .filter((incident) => state === 'all' || isOpen(incident) === (state === 'open'))
    .slice(0, limit)
    .map((incident) => incidentResource(core, incident));
}

/** The exact id wins over being a prefix of others. */
export function findIncident(core: Core, id: string): Incident {
  const exact = core.incidents.find((incident) => incident.id === id);
  if (exact !== undefined) return exact;
  const [first, second, ...more] = core.incidents.filter((incident) => incident.id.startsWith(id));
  if (first === undefined) throw new HoldfastError('HF5003', `there is no incident ${id}`);
  if (second === undefined) return first;
  const count = 2 + more.length;
  throw new HoldfastError(
    'HF7003',
    `${id} may mean ${count} incidents: ${first.id}, ${second.id}${count > 2 ? ', …' : ''}`,
  );
}

export function incidentResource(core: Core, incident: Incident): IncidentResource {
  const { diagnosis, onsetAt } = incident;
  const after = (at: Ms | null): number | null => (at === null ? null : tenths(Math.max(0, at - onsetAt)));
  return {
    id: incident.id,
    title: incident.title,
    status: incident.status,
    openedAt: iso(core, incident.openedAt),
    onsetAt: iso(core, onsetAt),
    closedAt: isoOrNull(core, incident.closedAt),
    // A symptom that is detected anew in a new life carries the later time: the timeline remembers the first.
    detectedAfterMs: after(
      least([firstOf(incident, 'detected'), ...faultsOf(incident).map(({ detectedAt }) => detectedAt)]),
    ),
    explainedAfterMs: after(firstOf(incident, 'explained') ?? diagnosis?.at ?? null),
    actedAfterMs: after(actedAt(incident)),
    repairedAfterMs: after(repairedAt(incident)),
    services: servicesOf(incident),
    symptoms: incident.symptoms.map((symptom) => symptomFacts(core, symptom)),
    summary: diagnosis?.summary ?? null,
    causes: diagnosis?.causes ?? [],
    victims: diagnosis?.victims ?? [],
    damage: diagnosis?.damage ?? null,
    abstained: diagnosis?.abstained ?? false,
    explanation: diagnosis === null ? null : explanationOf(diagnosis),
    proof: incident.proof === null ? null : { ...incident.proof, at: iso(core, incident.proof.at) },
    plans: incident.plans.map((plan) => planResource(core, incident, plan)),
    timeline: incident.timeline.map((entry) => ({
      ...entry,
      at: iso(core, entry.at),
      afterMs: tenths(entry.at - onsetAt),
    })),
  };
}

function explanationOf(diagnosis: Diagnosis): Explanation {
  const { sentence, account, propagation, ruledOut, missing, deciding, sensitivity } = diagnosis;
  return { sentence, account, propagation, ruledOut, missing, deciding, sensitivity };
}

/** Newest first. */
export function actionResources(
  core: Core,
  state: 'awaiting' | 'open' | 'all',
  limit: number,
): readonly ActionResource[] {
  const wanted = (action: Action): boolean => {
    if (state === 'awaiting') return action.status === 'awaiting-approval';
    return state === 'all' || !ENDED.has(action.status);
  };
  return core.incidents
    .flatMap((incident) => incident.plans.flatMap((plan) => plan.actions.map((action) => ({ incident, action }))))
    .filter(({ action }) => wanted(action))
    .sort((a, b) => b.action.createdAt - a.action.createdAt)
    .slice(0, limit)
    .map(({ incident, action }) => actionResource(core, incident, action));
}

/** A refused action is not ended: an operator may still override the rail. */
const ENDED: ReadonlySet<Action['status']> = new Set(['done', 'failed', 'skipped']);

export function changeResources(core: Core, limit: number): readonly ChangeResource[] {
  return [...core.changes]
    .reverse()
    .slice(0, limit)
    .map((change: Change) => ({
      id: change.id,
      at: iso(core, change.at),
      kind: change.kind,
      who: change.who,
      why: change.why,
      services: [...change.services],
      content: [...change.content],
      undoable: change.services.filter((name) => brings(change, name) && core.revisionOf(name) === change.to[name]),
    }));
}

function planResource(core: Core, incident: Incident, plan: Plan): PlanResource {
  return {
    id: plan.id,
    level: plan.level,
    status: plan.status,
    createdAt: iso(core, plan.createdAt),
    outcome: plan.outcome,
    actions: plan.actions.map((action) => actionResource(core, incident, action)),
  };
}

function actionResource(core: Core, incident: Incident, action: Action): ActionResource {
  return {
    id: action.id,
    incident: incident.id,
    kind: action.kind,
    service: action.service,
    target: action.target,
    argument: action.argument,
    reason: action.reason,
    status: action.status,
    reversible: action.reversible,
    guards: action.guards.map(({ rail, verdict, reason }) => ({ rail, verdict, reason })),
    startedAt: isoOrNull(core, action.startedAt),
    endedAt: isoOrNull(core, action.endedAt),
    error: action.error,
  };
}

/** The first action that was carried out. Paging somebody repairs nothing. */
export function actedAt(incident: Incident): Ms | null {
  const actions = incident.plans.flatMap((plan) => plan.actions.filter(({ kind }) => kind !== 'page'));
  return least(actions.flatMap(({ startedAt }) => (startedAt === null ? [] : [startedAt])));
}

export function servicesOf(incident: Incident): readonly string[] {
  const names = [
    ...incident.symptoms.map(({ entity }) => serviceOf(entity)),
    ...(incident.diagnosis?.causes.slice(0, 1).map(({ entity }) => serviceOf(entity)) ?? []),
  ];
  return [...new Set(names.filter((name) => name !== null))].sort();
}

function firstOf(incident: Incident, stage: TimelineEntry['stage']): Ms | null {
  return incident.timeline.find((entry) => entry.stage === stage)?.at ?? null;
}

/** Nothing is measured finer, and nobody reads finer. */
function tenths(ms: Ms): Ms {
  return Math.round(ms * 10) / 10;
}

function least(times: readonly (Ms | null)[]): Ms | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
