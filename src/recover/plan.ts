/**
 * From a diagnosis to the next plan of an incident. Facts first (what is dead is started, what is silent is
 * replaced), then what needs belief (rolling back, restarting what runs), then a human. Each target climbs its own
 * ladder: a repair that failed in this incident is not tried in the same form again.
 *
 *   bad change      roll back → page
 *   dead            restart → replace → page and keep restarting, ever more slowly
 *   silent, deaf    eject and replace → again → page and keep replacing
 *   odd one out     eject and restart → replace → page
 *   near its limit  graceful restart ahead of the end, while its peers can carry the load
 *   all of it ill   scale out when it is load; else page, and then restart one at a time to find out
 *   a way is ill    page: nothing that runs is at fault
 *   victim          nothing: its dependency is repaired
 */
import type { Cause, Diagnosis } from '../model/incident.ts';
import type { Instance } from '../model/instance.ts';
import type { ServiceSpec } from '../model/spec.ts';
import { isAdvisory, type Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import { IRREVERSIBLE, REVERSIBLE } from './confidence.ts';
import type { ActionDraft, PlanDraft, PlanInput } from './contract.ts';
import { isExhausted } from './intensity.ts';
import { failedTries, isDoneByPlanUnderWay, triedSoFar, wasPaged, wasTried } from './ladder.ts';
import { promotions } from './promote.ts';
import { eject, page, replace, restart, rollBack, scaleTo } from './steps.ts';
import { dependsOn, ECHO_MS, has, instancesOf, isAlive, serves, serviceOf } from './target.ts';

/** Symptoms of traffic need some windows to go; facts about processes do not. */
const FACT_DEADLINE_MS: Ms = 15_000;
const TRAFFIC_DEADLINE_MS: Ms = 45_000;
/** What had led before, or lost its data, copies the primary's first. Longer only delays the word that it failed. */
const COPY_DEADLINE_MS: Ms = 600_000;
/** A page waits this long for a better explanation, unless everything else has failed. */
const PATIENCE_MS: Ms = 10_000;
/** Kills for memory within this time that call for a human. */
const OOM_WINDOW_MS: Ms = 600_000;
const OOM_REPEATED = 3;

export function planFor(input: PlanInput): PlanDraft | null {
  const faults = open(input);
  if (faults.length > 0 && faults.every(({ standing }) => standing === 'alone')) return onlyPage(faults, input);
  const rollBacks = rollBacksOf(input);
  const wanted = [...rollBacks, ...repairsOf(input, new Set(rollBacks.map(({ service }) => service)))];
  if (wanted.length === 0) wanted.push(...lastResort(input));
  const actions = wanted.filter(({ kind, target }) => !isDoneByPlanUnderWay(input.incident, kind, target));
  return actions.length === 0 ? null : draftOf(unique(actions), input);
}

function open({ incident }: PlanInput): readonly Symptom[] {
  return incident.symptoms.filter((symptom) => symptom.clearedAt === null && !isAdvisory(symptom));
}

/** Worth a human's look, and nothing more: nobody knows what to repair. */
function onlyPage(faults: readonly Symptom[], input: PlanInput): PlanDraft | null {
  if (!isPatient(input)) return null;
  const [first] = faults;
  const service = (first && serviceOf(first.entity)) ?? '';
  const actions = pageOnce(input, service, faults.map(({ summary }) => summary).join('; '));
  return actions.length === 0 ? null : draftOf(actions, input);
}

function allows({ view }: PlanInput, service: string, kind: ActionDraft['kind']): boolean {
  return view.services.get(service)?.recovery.allow.includes(kind) ?? false;
}

function draftOf(actions: readonly ActionDraft[], input: PlanInput): PlanDraft {
  const specs = actions.map(({ service }) => input.view.services.get(service)).filter((spec) => spec !== undefined);
  const verifyForMs = Math.max(1_000, ...specs.map(({ recovery }) => recovery.verifyMs));
  const slowToClear = open(input).some(({ kind }) => kind !== 'crashed' && kind !== 'hung' && kind !== 'unreachable');
  const usualMs = slowToClear ? TRAFFIC_DEADLINE_MS : FACT_DEADLINE_MS;
  const copies = specs.some(({ failover }) => failover !== null);
  return { actions, verifyForMs, verifyDeadlineMs: verifyForMs + (copies ? COPY_DEADLINE_MS : usualMs) };
}

function unique(actions: readonly ActionDraft[]): readonly ActionDraft[] {
  const seen = new Set<string>();
  return actions.filter(({ kind, target }) => {
    const key = `${kind} ${target}`;
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}

// Changes that are believed to be the cause.

function rollBacksOf(input: PlanInput): ActionDraft[] {
  return input.diagnosis.causes
    .filter(({ changeId, confidence }) => changeId !== null && confidence >= IRREVERSIBLE)
    .flatMap((cause) => rollBackOf(cause, input));
}

function rollBackOf(cause: Cause, input: PlanInput): ActionDraft[] {
  const change = input.view.changes.find(({ id }) => id === cause.changeId);
  if (!change) return [];
  const service = cause.entity.name;
  const before = change.from[service];
  const undone = input.view.changes.some(
    ({ kind, at, to }) => kind === 'rollback' && at >= change.at && to[service] === before,
  );
  if (before === undefined || before === change.to[service] || undone) return [];
  const tried = wasTried(input.incident, 'rollback', service, change.id);
  if (tried || !allows(input, service, 'rollback')) return [];
  return [rollBack(service, change.id, `${cause.mechanism} since ${change.id} by ${change.who}`)];
}

// Instances with symptoms of their own.

function repairsOf(input: PlanInput, beingRolledBack: ReadonlySet<string>): ActionDraft[] {
  const symptoms = open(input);
  const ids = new Set(symptoms.flatMap(({ entity }) => (entity.kind === 'instance' ? [entity.name] : [])));
  return [...ids].sort().flatMap((id) => {
    const instance = input.view.instances.get(id);
    const spec = instance && input.view.services.get(instance.service);
    if (!instance || !spec || beingRolledBack.has(spec.name)) return [];
    return treat(instance, spec, symptoms, input).filter(
      ({ kind, service }) => kind === 'page' || allows(input, service, kind),
    );
  });
}

function treat(instance: Instance, spec: ServiceSpec, symptoms: readonly Symptom[], input: PlanInput): ActionDraft[] {
  const why = symptoms.find(({ entity }) => entity.kind === 'instance' && entity.name === instance.id)?.summary ?? '';
  const promoted = promotions(instance, spec, why, symptoms, input);
  if (promoted.length > 0) return promoted;
  if (has(symptoms, instance.id, 'crashed') && !isAlive(instance)) return revive(instance, spec, why, input);
  if (!isAlive(instance) || instance.phase === 'stopping') return [];
  if (has(symptoms, instance.id, 'hung', 'unreachable')) return unhang(instance, why, symptoms, input);
  if (input.diagnosis.victims.includes(instance.service)) return [];
  if (echoes(instance.service, input)) return [];
  if (has(symptoms, instance.id, 'slow', 'erroring')) return cure(instance, spec, why, symptoms, input);
  if (has(symptoms, instance.id, 'saturating')) return relieve(instance, spec, why, symptoms, input);
  return [];
}

/** It is dead: starting it costs nothing, however often it takes. */
function revive(instance: Instance, spec: ServiceSpec, why: string, input: PlanInput): ActionDraft[] {
  const { incident, view, memory, now } = input;
  if (spec.restart.condition === 'none') return pageOnce(input, spec.name, `${why}; its restart policy is none`);
  if (instance.phase === 'pending') return [];
  if (isVictimOfDeadDependency(instance, input)) return [];
  const again = restart(instance, why);
  const kills = view
    .exitsOf(instance.id)
    .filter(({ reason, at }) => reason === 'oom' && at > now - OOM_WINDOW_MS).length;
  if (kills >= OOM_REPEATED) {
    const advice = `${instance.id} has run out of memory ${kills} times: raise resources.limits.memory of ${spec.name} or find the leak`;
    return [...pageOnce(input, spec.name, advice), again];
  }
  const tries = failedTries(incident, instance.id);
  const exhausted = isExhausted(memory, instance.id, spec.restart, now);
  if (tries === 0 && !exhausted) return [again];
  if (tries === 1 && !exhausted) return [replace(instance, `${why}; a restart did not help`)];
  // Many a loop ends by itself when what it waited for is there: nobody is woken for that.
  if (!exhausted && !isPatient(input)) return [again];
  return [...pageOnce(input, spec.name, `${why}, again and again`), again];
}

/** It waits for something that is not there; it will be started at once when that is back. */
function isVictimOfDeadDependency(instance: Instance, { diagnosis, view }: PlanInput): boolean {
  if (!diagnosis.victims.includes(instance.service)) return false;
  const dependencies = view.services.get(instance.service)?.dependsOn.filter(({ required }) => required) ?? [];
  return dependencies.some(({ service }) => {
    const instances = instancesOf(service, view);
    return instances.length > 0 && !instances.some(({ ready }) => ready);
  });
}

/** It runs and serves nobody: graceful means are lost on it. */
function unhang(instance: Instance, why: string, symptoms: readonly Symptom[], input: PlanInput): ActionDraft[] {
  const isVictim = input.diagnosis.victims.includes(instance.service);
  if (isVictim && !has(symptoms, instance.id, 'unreachable')) return [];
  // Mostly it is out of the routes already: what is known to be silent is not ready.
  const first = peersServe(instance, input) && serves(instance) ? [eject(instance, why)] : [];
  const tries = failedTries(input.incident, instance.id);
  const human = tries >= 2 ? pageOnce(input, instance.service, `${why}, and replacing it does not help`) : [];
  return [...human, ...first, replace(instance, why)];
}

/**
 * One of its dependencies was ill in this incident until a moment ago: what is still seen here is most likely the
 * rest of that, and gone when the windows in which it was measured are.
 */
function echoes(service: string, { incident, view, now }: PlanInput): boolean {
  return incident.symptoms.some(({ clearedAt, entity }) => {
    const other = serviceOf(entity);
    const fresh = clearedAt !== null && now - clearedAt < ECHO_MS;
    return fresh && other !== null && other !== service && dependsOn(service, other, view);
  });
}

/** It answers, but badly: only what is believed to be its own fault is held against it. */
function cure(
  instance: Instance,
  spec: ServiceSpec,
  why: string,
  symptoms: readonly Symptom[],
  input: PlanInput,
): ActionDraft[] {
  if (!isAccused(instance, input)) return [];
  // Nobody else can take its place but by a failover, and a standby on the same data is no faster.
  if (spec.failover !== null) return isPatient(input) ? pageOnce(input, spec.name, why) : [];
  // It is well, and its callers do not reach it well: a new life behind the same way loses what this one holds, for nothing.
  if (isCutOff(instance, input) && !peersServe(instance, input)) {
    const advice = `${explained(input.diagnosis)}. Nothing is restarted: ${instance.id} itself is well, and no other can serve`;
    return isPatient(input) ? pageOnce(input, spec.name, advice) : [];
  }
  const bigger = scaleOut(instance, spec, symptoms, input);
  if (bigger.length > 0) return bigger;
  const first = peersServe(instance, input) && serves(instance) ? [eject(instance, why)] : [];
  const tries = failedTries(input.incident, instance.id);
  if (tries === 0) return [...first, restart(instance, why)];
  if (tries === 1) return [...first, replace(instance, `${why}; a restart did not help`)];
  return pageOnce(input, spec.name, `${why}, and restarting it does not help`);
}

/** Ahead of the end, and only while somebody else carries the load. */
function relieve(
  instance: Instance,
  spec: ServiceSpec,
  why: string,
  symptoms: readonly Symptom[],
  input: PlanInput,
): ActionDraft[] {
  const own = symptoms.find(
    ({ kind, entity }) => kind === 'saturating' && entity.kind === 'instance' && entity.name === instance.id,
  );
  const bigger = own?.resource === 'cpu' ? scaleOut(instance, spec, symptoms, input) : [];
  if (bigger.length > 0) return bigger;
  const tries = failedTries(input.incident, instance.id);
  const renewable = own?.resource === 'memory' || own?.resource === 'openFiles';
  if (renewable && tries === 0 && peersServe(instance, input)) return [restart(instance, `${why}; before it fails`)];
  if (own?.resource === 'memory' && tries === 0) return [];
  return isPatient(input) ? pageOnce(input, spec.name, why) : [];
}

function scaleOut(
  instance: Instance,
  spec: ServiceSpec,
  symptoms: readonly Symptom[],
  input: PlanInput,
): ActionDraft[] {
  const loaded = symptoms.some(
    ({ kind, resource, entity }) =>
      kind === 'saturating' && resource === 'cpu' && entity.kind === 'instance' && entity.service === instance.service,
  );
  const wanted = spec.replicas + 1;
  if (!loaded || !spec.autoscale || wanted > spec.autoscale.max || !allows(input, spec.name, 'scale')) return [];
  return [scaleTo(spec.name, wanted, `${spec.name} has used its CPU up`)];
}

/** Standbys serve nobody: with a failover service no instance takes the place of another by itself. */
function peersServe(instance: Instance, { view }: PlanInput): boolean {
  if (view.failoverOf(instance.service) !== undefined) return false;
  return instancesOf(instance.service, view).some((other) => other.id !== instance.id && serves(other));
}

function isAccused(instance: Instance, input: PlanInput): boolean {
  return (causeAt(instance, input)?.confidence ?? 0) >= REVERSIBLE;
}

/** The way to it is believed to be the cause. */
function isCutOff(instance: Instance, input: PlanInput): boolean {
  const cause = causeAt(instance, input);
  return cause?.faultClass === 'network' && cause.confidence >= REVERSIBLE;
}

function causeAt(instance: Instance, { diagnosis }: PlanInput): Cause | undefined {
  return diagnosis.causes.find(({ entity }) =>
    entity.kind === 'instance' ? entity.service === instance.service : entity.name === instance.service,
  );
}

// Nothing in particular can be repaired.

function lastResort(input: PlanInput): ActionDraft[] {
  const { diagnosis, incident, now } = input;
  const symptoms = open(input);
  // What waits for its next life, or for a dependency, is under way.
  const unsolved = symptoms.filter((symptom) => !isUnderWay(symptom, input) && !isEcho(symptom, input));
  if (unsolved.length === 0) return [];
  const top = diagnosis.causes[0];
  const service = blamedService(unsolved, top);
  // Others call the same instances and are well: no restart would help, and each would hurt those others.
  if (top?.entity.kind === 'edge') {
    const advice = `${explained(diagnosis)}. Nothing is restarted: others call ${top.entity.callee} without trouble`;
    return isPatient(input) ? pageOnce(input, top.entity.callee, advice) : [];
  }
  if (service === null) return isPatient(input) ? pageOnce(input, '', explained(diagnosis)) : [];
  if (diagnosis.victims.includes(service) || echoes(service, input)) return [];
  const spec = input.view.services.get(service);
  const first = spec && instancesOf(service, input.view)[0];
  if (first) {
    const bigger = scaleOut(first, spec, symptoms, input);
    if (bigger.length > 0) return bigger;
  }
  if (!wasPaged(incident)) {
    return now - incident.openedAt >= PATIENCE_MS ? pageOnce(input, service, explained(diagnosis)) : [];
  }
  return top?.faultClass === 'network' ? [] : probe(service, input);
}

/** For whoever is called: what is known, and, when that is not enough, what would decide. */
function explained({ summary, sentence, abstained, deciding }: Diagnosis): string {
  const account = sentence === null ? '' : `. ${sentence}`;
  if (!abstained || deciding.length === 0) return `${summary}${account}`;
  return `${summary}${account}. What would decide: ${deciding.join('; ')}`;
}

/** A human has been called; meanwhile one restart at a time shows whether that would help. */
function probe(service: string, input: PlanInput): ActionDraft[] {
  const ill = open(input).some(
    ({ kind, entity }) => (kind === 'slow' || kind === 'erroring') && serviceOf(entity) === service,
  );
  if (!ill || !allows(input, service, 'restart')) return [];
  const untried = instancesOf(service, input.view)
    .sort((a, b) => a.slot - b.slot)
    .find((instance) => isAlive(instance) && !wasTried(input.incident, 'restart', instance.id, null));
  return untried ? [restart(untried, `to find out whether a restart helps ${service}`)] : [];
}

function isUnderWay({ kind, entity }: Symptom, { view, diagnosis }: PlanInput): boolean {
  if (entity.kind === 'service') return kind === 'unreachable';
  if (entity.kind !== 'instance') return false;
  const instance = view.instances.get(entity.name);
  const starting = instance?.phase === 'pending' || instance?.phase === 'starting' || instance?.phase === 'stopping';
  return starting || kind === 'flapping' || (kind === 'crashed' && diagnosis.victims.includes(entity.service));
}

function isEcho({ entity }: Symptom, input: PlanInput): boolean {
  const service = serviceOf(entity);
  return service !== null && echoes(service, input);
}

function blamedService(symptoms: readonly Symptom[], top: Cause | undefined): string | null {
  if (top) return serviceOf(top.entity);
  return symptoms.map(({ entity }) => serviceOf(entity)).find((service) => service !== null) ?? null;
}

function isPatient({ incident, now }: PlanInput): boolean {
  return now - incident.openedAt >= PATIENCE_MS;
}

function pageOnce({ incident, level }: PlanInput, service: string, what: string): ActionDraft[] {
  if (wasPaged(incident)) return [];
  const tried = triedSoFar(incident);
  const text = level === 0 || tried === '' ? what : `${what}. Tried without success: ${tried}`;
  return [page(service, text)];
}
