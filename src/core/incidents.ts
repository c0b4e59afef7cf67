/**
 * Grouping symptoms into incidents, and an incident's way through its stages. Symptoms belong together when they
 * concern the same service, or services of which one depends (directly or not) on the other, and come within
 * `GROUP_MS` of the incident's last news: a fault's echo in its callers is the same story.
 */

import { ADAPT_MS, type SymptomUpdate } from '../detect/index.ts';
import { type DiagnosisInput, diagnose, sensitivity } from '../diagnose/index.ts';
import { type Diagnosis, faultsOf, type Incident, type TimelineEntry } from '../model/incident.ts';
import { reaches } from '../model/reach.ts';
import { type EntityRef, entityKey, isAdvisory, type Symptom, serviceOf } from '../model/symptom.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import type { Context } from './context.ts';

/** Onsets are known to a window. */
const ONSET_SLACK_MS: Ms = 1_000;
/** News older than this does not attract new symptoms. Larger groups more, and confuses independent faults. */
export const GROUP_MS = 60_000;
/** While symptoms are open the diagnosis is made anew this often; new symptoms bring it forward. */
export const REDIAGNOSE_MS = 1_000;
/** Closed incidents that are kept. */
const CLOSED_KEPT = 200;
/** Timeline entries per incident; a long incident keeps its beginning and its latest. */
const TIMELINE_KEPT = 300;

/** Odd things noticed up to this long before an incident belong into it as evidence. */
const ADVISORY_LEAD_MS: Ms = 600_000;
/** What calls a human only when nothing else explains it holds its peace this long after an incident of the service. */
const EXPLAINED_MS: Ms = 900_000;

export function takeSymptoms(ctx: Context, updates: readonly SymptomUpdate[]): void {
  for (const { kind, symptom } of updates) {
    if (kind === 'cleared') disregard(ctx, symptom);
    const incident = homeOf(ctx, symptom) ?? (kind === 'raised' ? findRelated(ctx, symptom) : undefined);
    if (kind === 'raised') {
      ctx.event('symptom', 'warn', symptom.summary, refsOf(symptom.entity));
      if (incident) join(ctx, incident, asEvidence(symptom));
      else if (opensIncident(ctx, symptom)) open(ctx, symptom);
    } else if (incident) {
      replaceSymptom(ctx, incident, symptom);
      if (kind === 'cleared')
        ctx.event('symptom', 'info', `cleared: ${symptom.summary}`, {
          ...refsOf(symptom.entity),
          incident: incident.id,
        });
    } else if (kind === 'updated' && symptom.standing === 'alone') {
      // It was explained by something that is over for a while now, and goes on all the same.
      const related = findRelated(ctx, symptom);
      if (related) join(ctx, related, asEvidence(symptom));
      else if (opensIncident(ctx, symptom)) open(ctx, symptom);
    }
  }
}

/** The traffic of a time in which something was wrong is no norm, unless it lasted so long that it became one. */
function disregard(ctx: Context, symptom: Symptom): void {
  const { entity, onsetAt } = symptom;
  const service = serviceOf(entity);
  if (service === null || isAdvisory(symptom) || ctx.now - onsetAt >= ADAPT_MS) return;
  ctx.view.edges.disregard(service, onsetAt - ONSET_SLACK_MS, ctx.now);
}

export function openIncidents(ctx: Context): Incident[] {
  return [...ctx.state.incidents.values()].filter((incident) => incident.closedAt === null);
}

/** What must go away before the incident is over. Advisory symptoms are not waited for. */
export function openSymptoms(incident: Incident): readonly Symptom[] {
  return incident.symptoms.filter((symptom) => symptom.clearedAt === null && !isAdvisory(symptom));
}

export function servicesOf(entity: EntityRef): readonly string[] {
  switch (entity.kind) {
    case 'service':
      return [entity.name];
    case 'instance':
      return [entity.service];
    case 'edge':
      return [entity.callee, entity.caller];
    case 'node':
      return [];
  }
}

export function refsOf(entity: EntityRef): { service?: string; instance?: string } {
  if (entity.kind === 'instance') return { service: entity.service, instance: entity.name };
  const service = serviceOf(entity);
  return service === null ? {} : { service };
}

/** Replaces an incident's fields; the state holds the only current copy. */
export function update(ctx: Context, id: string, change: Partial<Incident>): Incident {
  const incident = { ...(ctx.state.incidents.get(id) as Incident), ...change };
  ctx.state.incidents.set(id, incident);
  return incident;
}

export function tell(ctx: Context, id: string, stage: TimelineEntry['stage'], text: string): void {
  const incident = ctx.state.incidents.get(id);
  if (!incident) return;
  const last = incident.timeline.at(-1);
  if (last && last.stage === stage && last.text === text) return;
  const timeline = [...incident.timeline, { at: ctx.now, stage, text }];
  if (timeline.length > TIMELINE_KEPT) timeline.splice(TIMELINE_KEPT / 2, 1);
  update(ctx, id, { timeline });
}

/** Makes the diagnosis of an incident when it is due; returns the current one. */
export function explain(ctx: Context, incident: Incident): Diagnosis {
  const known = incident.diagnosis;
  const news = lastNews(incident);
  if (known && known.at > news && ctx.now - known.at < REDIAGNOSE_MS) return known;
  const input: DiagnosisInput = {
    now: ctx.now,
    onsetAt: incident.onsetAt,
    symptoms: symptomsOf(ctx, incident),
    history: faultsOf(incident),
    advisories: incident.symptoms.filter(isAdvisory),
    view: ctx.view,
  };
  const made = diagnose(input);
  const believed = known && isFading(incident, known, made) ? fading(known, made) : made;
  const diagnosis = { ...believed, sensitivity: sensitivityOf(known, believed, input) };
  update(ctx, incident.id, { diagnosis, title: titleOf(incident, diagnosis) });
  if (known?.summary !== diagnosis.summary && (diagnosis.causes.length > 0 || !known)) {
    tell(ctx, incident.id, 'explained', diagnosis.summary);
    ctx.event('diagnosis', 'warn', diagnosis.summary, { incident: incident.id });
  }
  return diagnosis;
}

/** What is known best: who did it; or, when nothing fails and nobody is believed to have done it, what is odd. */
function titleOf({ title, symptoms }: Incident, { causes, abstained, summary }: Diagnosis): string {
  const onlyOdd = symptoms.every(({ standing }) => standing !== undefined);
  return causes.length === 0 || (abstained && onlyOdd) ? title : summary;
}

/** Worked out once for whoever is accused, at the second look that accuses it: it delays no repair. */
function sensitivityOf(known: Diagnosis | null, now: Diagnosis, input: DiagnosisInput): Diagnosis['sensitivity'] {
  const [before, after] = [known?.causes[0], now.causes[0]];
  if (!known || !before || !after || entityKey(before.entity) !== entityKey(after.entity)) return null;
  if (known.sensitivity !== null && known.sensitivity.tried > 0) return known.sensitivity;
  return now.account === null ? null : sensitivity(input);
}

/** The belief stays, the account goes on, and who turns out to suffer from it is a victim too. */
function fading(known: Diagnosis, made: Diagnosis): Diagnosis {
  const { at, damage, account, sentence, propagation } = made;
  const victims = [...new Set([...known.victims, ...made.victims])];
  return { ...known, at, damage, account, sentence, propagation, victims };
}

/**
 * Once a repair has begun, the evidence it acted on goes away with it (a replaced process is no longer stopped). A
 * later look that accuses the same service with less belief has learnt nothing new.
 */
function isFading(incident: Incident, known: Diagnosis, made: Diagnosis): boolean {
  const begun = incident.plans.some(({ actions }) =>
    actions.some(({ startedAt, kind }) => startedAt !== null && kind !== 'page'),
  );
  const [before, after] = [known.causes[0], made.causes[0]];
  if (!begun || !before || !after) return false;
  return (
    servicesOf(before.entity).join() === servicesOf(after.entity).join() &&
    after.changeId === before.changeId &&
    after.confidence < before.confidence
  );
}

export function resolve(ctx: Context, incident: Incident, outcome: string): void {
  takeBack(ctx, incident);
  const took = formatDuration(ctx.now - incident.onsetAt);
  tell(ctx, incident.id, 'resolved', `${outcome}, ${took} after onset`);
  update(ctx, incident.id, { status: 'resolved', closedAt: ctx.now });
  ctx.event('incident', 'info', `${incident.id} resolved after ${took}: ${incident.title}`, { incident: incident.id });
  const closed = [...ctx.state.incidents.values()].filter(({ closedAt }) => closedAt !== null);
  if (closed.length > CLOSED_KEPT && closed[0]) ctx.state.incidents.delete(closed[0].id);
}

/** Instances that were ejected and not replaced get their traffic back when the incident is over. */
function takeBack(ctx: Context, incident: Incident): void {
  const faults = faultsOf(incident);
  const services = new Set(faults.flatMap(({ entity }) => servicesOf(entity)));
  for (const slot of ctx.state.slots.values()) {
    if (!slot.ejected || !services.has(slot.service)) continue;
    slot.ejected = false;
    if (slot.ready) slot.out = null;
    ctx.dirty = true;
  }
}

/**
 * Who called a dependency that was down still waits, retries or catches up for a while after it is back. Longer blames
 * a dependency for what its callers do by themselves; shorter takes its callers for the next fault.
 */
const AFTERMATH_MS: Ms = 10_000;

/**
 * What is open; and what was told of an instance that has not come back yet, though its crash is over with its new
 * life: it is why its service still suffers. So it is, for a while, for those who call it; and of an instance that
 * comes and goes it is what that consists of. When nothing is open, all of it.
 */
function symptomsOf(ctx: Context, incident: Incident): readonly Symptom[] {
  const open = openSymptoms(incident);
  const faults = faultsOf(incident);
  if (open.length === 0) return faults;
  const ill = new Set(open.flatMap(({ entity }) => (entity.kind === 'service' ? [entity.name] : [])));
  const unsteady = new Set(open.flatMap(({ kind, entity }) => (kind === 'flapping' ? [entity.name] : [])));
  const suffering = [...new Set(open.flatMap(({ entity }) => servicesOf(entity)))];
  return faults.filter(({ clearedAt, kind, entity }) => {
    if (clearedAt === null) return true;
    if (entity.kind !== 'instance' || (kind !== 'crashed' && kind !== 'hung' && kind !== 'unreachable')) return false;
    if (unsteady.has(entity.name)) return true;
    const suffers = (name: string): boolean => name === entity.service || dependsOn(ctx, name, entity.service);
    if (ctx.now - clearedAt < AFTERMATH_MS && suffering.some(suffers)) return true;
    return kind === 'crashed' && ill.has(entity.service) && ctx.state.slots.get(entity.name)?.ready === false;
  });
}

/** When a symptom last appeared: a clearing is no reason to think again. */
function lastNews(incident: Incident): Ms {
  return incident.symptoms.reduce((latest, symptom) => Math.max(latest, symptom.detectedAt), incident.openedAt);
}

function homeOf(ctx: Context, symptom: Symptom): Incident | undefined {
  return openIncidents(ctx).find((incident) => incident.symptoms.some(({ id }) => id === symptom.id));
}

function findRelated(ctx: Context, symptom: Symptom): Incident | undefined {
  const own = servicesOf(symptom.entity);
  return openIncidents(ctx).find((incident) => {
    const recent = incident.symptoms.some((known) => known.clearedAt === null || ctx.now - known.clearedAt <= GROUP_MS);
    if (!recent) return false;
    if (symptom.entity.kind === 'node') return true;
    // A remark about one service does not tie it to the next one.
    const faults = incident.symptoms.filter((known) => !isAdvisory(known));
    const theirs = new Set(faults.flatMap(({ entity }) => servicesOf(entity)));
    return own.some(
      (name) =>
        theirs.has(name) || [...theirs].some((other) => dependsOn(ctx, name, other) || dependsOn(ctx, other, name)),
    );
  });
}

function dependsOn(ctx: Context, from: string, to: string): boolean {
  return reaches(from, to, (name) => (ctx.service(name)?.spec.dependsOn ?? []).map(({ service }) => service));
}

/** Beside others it is evidence; the ones whose absence would prove nothing are not waited for. */
function asEvidence(symptom: Symptom): Symptom {
  return symptom.standing === undefined ? symptom : { ...symptom, standing: 'advisory' };
}

function opensIncident(ctx: Context, symptom: Symptom): boolean {
  if (symptom.standing === undefined) return true;
  if (symptom.standing === 'advisory') return false;
  const own = servicesOf(symptom.entity);
  return ![...ctx.state.incidents.values()].some(
    ({ closedAt, symptoms }) =>
      closedAt !== null &&
      ctx.now - closedAt < EXPLAINED_MS &&
      symptoms.some((known) => !isAdvisory(known) && servicesOf(known.entity).some((name) => own.includes(name))),
  );
}

/** Odd things that were seen before anything was ill, and are still. */
function joinEarlier(ctx: Context, incident: string): void {
  for (const symptom of ctx.detection.open()) {
    if (symptom.standing === undefined || ctx.now - symptom.onsetAt > ADVISORY_LEAD_MS) continue;
    if (homeOf(ctx, symptom) !== undefined || findRelated(ctx, symptom)?.id !== incident) continue;
    const known = ctx.state.incidents.get(incident) as Incident;
    update(ctx, incident, { symptoms: [...known.symptoms, asEvidence(symptom)] });
    tell(ctx, incident, 'detected', symptom.summary);
  }
}

function open(ctx: Context, symptom: Symptom): void {
  const id = ctx.nextId('inc');
  ctx.state.incidents.set(id, {
    id,
    openedAt: ctx.now,
    onsetAt: symptom.onsetAt,
    closedAt: null,
    status: 'open',
    title: symptom.summary,
    symptoms: [symptom],
    diagnosis: null,
    plans: [],
    proof: null,
    timeline: [
      { at: symptom.onsetAt, stage: 'fault', text: 'onset, as far as it is known' },
      { at: ctx.now, stage: 'detected', text: symptom.summary },
    ],
  });
  ctx.dirty = true;
  ctx.event('incident', 'error', `${id} opened: ${symptom.summary}`, { ...refsOf(symptom.entity), incident: id });
  joinEarlier(ctx, id);
}

function join(ctx: Context, incident: Incident, symptom: Symptom): void {
  const others = incident.symptoms.filter(({ id }) => id !== symptom.id);
  const onsetAt = isAdvisory(symptom) ? incident.onsetAt : Math.min(incident.onsetAt, symptom.onsetAt);
  update(ctx, incident.id, { symptoms: [...others, symptom], onsetAt });
  tell(ctx, incident.id, 'detected', symptom.summary);
}

function replaceSymptom(ctx: Context, incident: Incident, symptom: Symptom): void {
  const replace = (known: Symptom): Symptom => (isAdvisory(known) ? asEvidence(symptom) : symptom);
  update(ctx, incident.id, {
    symptoms: incident.symptoms.map((known) => (known.id === symptom.id ? replace(known) : known)),
  });
}
