/** An incident as a notice. Pure. */
import type { Action, Incident } from '../model/incident.ts';
import { serviceOf } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { Notice, NoticeCause } from './contract.ts';

/** What an incident does not know of itself. */
export interface Surroundings {
  /** Which Holdfast speaks. */
  readonly holdfast: string;
  readonly system: string;
  /** Without a slash at the end. */
  readonly dashboard: string;
  /** Wall-clock time of a moment. */
  readonly iso: (at: Ms) => string;
}

/** Longer lines are cut: they quote what a program wrote. */
const MAX_TEXT = 1_000;

/** The action that called a human; undefined while nobody was called. */
export function pageOf(incident: Incident): Action | undefined {
  for (const { actions } of incident.plans) {
    const found = actions.find(({ kind, startedAt }) => kind === 'page' && startedAt !== null);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `text`: why a human is called. */
export function pageNotice(incident: Incident, text: string, around: Surroundings): Notice {
  const key = `${around.holdfast}/${incident.id}`;
  const action = pageOf(incident);
  const cause = causeOf(incident);
  const entity = incident.diagnosis?.causes[0]?.entity;
  const service = action?.service || (entity && serviceOf(entity)) || null;
  return {
    id: `${key}/page`,
    key,
    kind: 'page',
    holdfast: around.holdfast,
    system: around.system,
    incident: incident.id,
    title: cut(incident.title),
    summary: cut(text),
    cause,
    service,
    services: servicesOf(incident, service),
    link: linkTo(around.dashboard, incident.id),
    since: around.iso(incident.onsetAt),
    at: around.iso(action?.startedAt ?? incident.openedAt),
  };
}

/** What is known in the end, under the name that the page had. `incident` is undefined when it is not known any more. */
export function resolvedNotice(
  page: Notice,
  incident: Incident | undefined,
  nowIso: string,
  around: Surroundings,
): Notice {
  const end = incident?.timeline.findLast(({ stage }) => stage === 'resolved')?.text;
  return {
    ...page,
    id: `${page.key}/resolved`,
    kind: 'resolved',
    title: incident === undefined ? page.title : cut(incident.title),
    summary: cut(end ?? 'Holdfast knows nothing of it any more'),
    cause: (incident && causeOf(incident)) ?? page.cause,
    services: incident === undefined ? page.services : servicesOf(incident, page.service),
    link: linkTo(around.dashboard, page.incident),
    at: incident === undefined || incident.closedAt === null ? nowIso : around.iso(incident.closedAt),
  };
}

export function linkTo(dashboard: string, incident: string): string {
  return `${dashboard}/#/incident/${encodeURIComponent(incident)}`;
}

function causeOf({ diagnosis }: Incident): NoticeCause | null {
  const best = diagnosis?.causes[0];
  if (best === undefined) return null;
  const { entity, faultClass, mechanism, confidence } = best;
  return {
    entity: entity.name,
    entityKind: entity.kind,
    faultClass,
    mechanism: cut(mechanism),
    confidence: Math.round(confidence * 1_000) / 1_000,
  };
}

function servicesOf({ symptoms, diagnosis }: Incident, blamed: string | null): readonly string[] {
  const entities = [...symptoms, ...(diagnosis?.causes.slice(0, 1) ?? [])].map(({ entity }) => entity);
  const names = [blamed, ...entities.map(serviceOf)].filter((name) => name !== null && name !== '');
  return [...new Set(names as string[])].sort();
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}
