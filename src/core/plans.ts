/**
 * From diagnosis to verified repair. One plan at a time per incident: its actions run through the guard rails, then
 * the symptoms must stay away for the verification time. A symptom that comes back fails the plan, and the next one
 * is a level higher. An incident closes only when its symptoms are gone and its plan has been verified.
 */

import { type Action, type Diagnosis, faultsOf, type Incident, type Plan } from '../model/incident.ts';
import type { Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import { type PlanDraft, planFor, verification } from '../recover/index.ts';
import { advanceActions, isPending, label, storePlan } from './actions.ts';
import { type Context, isAlive } from './context.ts';
import { explain, openIncidents, openSymptoms, resolve, servicesOf, tell, update } from './incidents.ts';
import { conclude } from './proof.ts';

/**
 * How long an incident of slow or failing calls is watched before something is done about it: its echoes in callers
 * arrive within a window or two, and the first one to be seen is often a victim. Crashes and hangs do not wait.
 */
const SETTLE_MS: Ms = 1_500;

export function advanceIncidents(ctx: Context): void {
  for (const { id } of openIncidents(ctx)) advanceIncident(ctx, id);
}

const current = (ctx: Context, id: string): Incident => ctx.state.incidents.get(id) as Incident;

/** A plan that fails is followed by the next one in the same step: what is dead does not wait for a tick. */
const MAX_PLANS_PER_STEP = 3;

function advanceIncident(ctx: Context, id: string): void {
  const diagnosis = explain(ctx, current(ctx, id));
  for (let round = 0; round < MAX_PLANS_PER_STEP; round++) {
    const plan = livePlan(current(ctx, id));
    if (current(ctx, id).closedAt !== null) return;
    if (!plan) {
      if (openSymptoms(current(ctx, id)).length === 0) closeWhenQuiet(ctx, current(ctx, id));
      else propose(ctx, current(ctx, id), diagnosis);
      return;
    }
    amend(ctx, current(ctx, id), plan, diagnosis);
    const amended = livePlan(current(ctx, id));
    if (amended) judge(ctx, current(ctx, id), advanceActions(ctx, current(ctx, id), amended));
    if (livePlan(current(ctx, id))) return;
  }
}

function livePlan(incident: Incident): Plan | undefined {
  const last = incident.plans.at(-1);
  return last && (last.status === 'open' || last.status === 'verifying') ? last : undefined;
}

/** An incident without a plan whose symptoms went by themselves. */
function closeWhenQuiet(ctx: Context, incident: Incident): void {
  const faults = faultsOf(incident);
  const quietSince = Math.max(...faults.map(({ clearedAt }) => clearedAt ?? ctx.now));
  if (ctx.now - quietSince < verifyMs(ctx, incident)) return;
  const repaired = incident.plans.at(-1)?.status === 'succeeded';
  resolve(ctx, incident, repaired ? 'repaired and verified' : 'the symptoms went away without a repair');
}

function verifyMs(ctx: Context, incident: Incident): Ms {
  return Math.max(
    1_000,
    ...incident.symptoms
      .flatMap(({ entity }) => servicesOf(entity))
      .map((name) => ctx.service(name)?.spec.recovery.verifyMs ?? 0),
  );
}

function propose(ctx: Context, incident: Incident, diagnosis: Diagnosis): void {
  const urgent = openSymptoms(incident).some(({ kind }) => kind === 'crashed' || kind === 'hung');
  if (!urgent && ctx.now - incident.openedAt < SETTLE_MS) return;
  const draft = draftFor(ctx, incident, diagnosis);
  if (draft === null) return;
  const plan: Plan = {
    id: ctx.nextId('plan'),
    incident: incident.id,
    createdAt: ctx.now,
    level: levelOf(incident),
    cause: diagnosis.causes[0] ?? null,
    actions: draft.actions.map((action) => toAction(ctx, action)),
    status: 'open',
    verify: {
      symptoms: openSymptoms(incident).map((symptom) => symptom.id),
      forMs: draft.verifyForMs,
      deadlineMs: draft.verifyDeadlineMs,
    },
    verifySince: null,
    outcome: null,
  };
  storePlan(ctx, incident.id, plan);
  const text = plan.actions.map(label).join(', then ');
  tell(ctx, incident.id, 'planned', text);
  ctx.event('plan', 'info', `${incident.id}: ${text}`, { incident: incident.id });
  update(ctx, incident.id, { status: plan.actions.every(({ kind }) => kind === 'page') ? 'escalated' : 'recovering' });
  judge(ctx, current(ctx, incident.id), advanceActions(ctx, current(ctx, incident.id), plan));
}

function draftFor(ctx: Context, incident: Incident, diagnosis: Diagnosis): PlanDraft | null {
  return planFor({
    incident,
    diagnosis,
    view: ctx.view,
    memory: ctx.memory,
    level: levelOf(incident),
    now: ctx.now,
    random: ctx.random,
  });
}

function levelOf(incident: Incident): number {
  return incident.plans.filter(({ status }) => status === 'failed').length;
}

function toAction(ctx: Context, draft: PlanDraft['actions'][number]): Action {
  return {
    ...draft,
    id: ctx.nextId('act'),
    status: 'proposed',
    guards: [],
    createdAt: ctx.now,
    startedAt: null,
    endedAt: null,
    error: null,
  };
}

/**
 * New symptoms and second thoughts while a plan is under way. Further targets are added to it; a plan of which
 * nothing has begun is dropped when the diagnosis now asks for something else.
 */
function amend(ctx: Context, incident: Incident, plan: Plan, diagnosis: Diagnosis): void {
  const symptoms = openSymptoms(incident);
  const latest = Math.max(plan.createdAt, ...plan.actions.map(({ createdAt }) => createdAt));
  const news = symptoms.some(({ id, detectedAt }) => !plan.verify.symptoms.includes(id) || detectedAt > latest);
  const rethought = diagnosis.at === ctx.now && plan.actions.every(isPending);
  if (!news && !rethought) return;
  const draft = draftFor(ctx, incident, diagnosis);
  const wanted = draft?.actions ?? [];
  if (rethought && !sameActions(wanted, plan.actions)) {
    if (wanted.length === 0 && symptoms.length > 0) return;
    storePlan(ctx, incident.id, {
      ...plan,
      status: 'superseded',
      outcome: 'the diagnosis changed before anything was begun',
    });
    return;
  }
  // Only what has news of its own: a second look at the same symptoms is the next plan's business.
  const subjects = new Set(
    symptoms
      .filter(({ id, detectedAt }) => !plan.verify.symptoms.includes(id) || detectedAt > latest)
      .map(({ entity }) => entity.name),
  );
  const fresh = wanted.filter((action) => {
    if (action.kind === 'page' || (action.kind !== 'rollback' && !subjects.has(action.target))) return false;
    if (plan.actions.some((known) => isSame(known, action) || (!isOver(known) && isEarlierLife(known, action))))
      return false;
    return !isVerificationsBusiness(ctx, plan, symptoms, action.target);
  });
  const verify = { ...plan.verify, symptoms: [...new Set([...plan.verify.symptoms, ...symptoms.map(({ id }) => id)])] };
  const actions = [...plan.actions, ...fresh.map((draft) => toAction(ctx, draft))];
  storePlan(ctx, incident.id, { ...plan, actions, verify, status: fresh.length > 0 ? 'open' : plan.status });
  if (fresh.length > 0) tell(ctx, incident.id, 'planned', `also ${actions.slice(-fresh.length).map(label).join(', ')}`);
}

/**
 * The target was treated in this plan, and its symptom is back: that fails the plan, and the next one goes further.
 * Only what is dead while the plan has other things to do is started again within it.
 */
function isVerificationsBusiness(ctx: Context, plan: Plan, symptoms: readonly Symptom[], target: string): boolean {
  const treated = plan.actions.some(
    ({ kind, target: known, status }) =>
      known === target && kind !== 'eject' && (status === 'done' || status === 'failed'),
  );
  if (!treated) return false;
  const slot = ctx.state.slots.get(target);
  if (!slot || isAlive(slot)) return true;
  const actedAt = Math.max(...plan.actions.map(({ endedAt }) => endedAt ?? 0));
  return (
    plan.actions.every(isOver) &&
    symptoms.some(({ entity, detectedAt }) => entity.name === target && detectedAt > actedAt)
  );
}

function isSame(known: Action, { kind, target, incarnation, argument }: PlanDraft['actions'][number]): boolean {
  return (
    known.kind === kind && known.target === target && known.incarnation === incarnation && known.argument === argument
  );
}

function isEarlierLife(known: Action, { target, incarnation }: PlanDraft['actions'][number]): boolean {
  return known.target === target && known.incarnation !== incarnation;
}

function isOver(action: Action): boolean {
  return action.status === 'done' || action.status === 'failed' || action.status === 'skipped';
}

function sameActions(a: readonly PlanDraft['actions'][number][], b: readonly Action[]): boolean {
  const keys = (list: readonly { kind: string; target: string }[]): string =>
    list
      .map(({ kind, target }) => `${kind} ${target}`)
      .sort()
      .join();
  return keys(a) === keys(b);
}

/** Is the plan over, and how did it end? */
function judge(ctx: Context, incident: Incident, plan: Plan): void {
  const relevant = openSymptoms(incident).filter(({ id }) => plan.verify.symptoms.includes(id));
  if (!plan.actions.every(isOver)) {
    if (relevant.length === 0 && plan.actions.every((action) => isPending(action) || isOver(action))) {
      end(ctx, incident, plan, 'cancelled', 'the symptoms went away before anything more was done');
    }
    return;
  }
  const acted = plan.actions.filter(({ status }) => status !== 'skipped');
  if (acted.length === 0) {
    end(ctx, incident, plan, 'superseded', 'overtaken by events');
    return;
  }
  if (acted.every(({ kind }) => kind === 'page')) {
    end(ctx, incident, plan, 'failed', 'no automatic repair is left: a human was called');
    return;
  }
  // An ejection beside it is done in no time; a repair that failed has nothing to be verified.
  const failed = acted.filter(({ status, target }) => status === 'failed' && !isWell(ctx, incident, target));
  if (failed.length > 0) {
    end(ctx, incident, plan, 'failed', failed.map((action) => `${label(action)}: ${action.error}`).join('; '));
    return;
  }
  verify(ctx, incident, plan);
}

/** Whatever became of the action: its target serves again, and nothing is held against it. */
function isWell(ctx: Context, incident: Incident, target: string): boolean {
  const slot = ctx.state.slots.get(target);
  return slot?.ready === true && !openSymptoms(incident).some(({ entity }) => entity.name === target);
}

function verify(ctx: Context, incident: Incident, plan: Plan): void {
  if (plan.status !== 'verifying') update(ctx, incident.id, { status: 'verifying' });
  const { state, since, outcome } = verification(plan, openSymptoms(incident), ctx.view, ctx.now);
  if (state === 'waiting') {
    if (plan.status !== 'verifying' || plan.verifySince !== since) {
      storePlan(ctx, incident.id, { ...plan, status: 'verifying', verifySince: since });
    }
    return;
  }
  end(ctx, incident, plan, state, outcome ?? state);
  if (state === 'succeeded' && openSymptoms(current(ctx, incident.id)).length === 0) {
    resolve(ctx, current(ctx, incident.id), 'repaired and verified');
  }
}

function end(ctx: Context, incident: Incident, plan: Plan, status: Plan['status'], outcome: string): void {
  storePlan(ctx, incident.id, { ...plan, status, outcome });
  conclude(ctx, current(ctx, incident.id), plan, status, outcome);
  for (const action of plan.actions) {
    ctx.state.askAgain.delete(action.id);
    ctx.state.overrides.delete(action.id);
  }
  const stage = status === 'failed' && plan.actions.every(({ kind }) => kind === 'page') ? 'escalated' : 'verified';
  tell(ctx, incident.id, stage, `plan ${status}: ${outcome}`);
  ctx.event('plan', status === 'failed' ? 'error' : 'info', `${plan.id} ${status}: ${outcome}`, {
    incident: incident.id,
  });
  if (status === 'failed') update(ctx, incident.id, { status: stage === 'escalated' ? 'escalated' : 'recovering' });
}
