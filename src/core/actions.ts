/**
 * Carrying out the actions of a plan. Every automatic action asks the guard rails first, and again whenever it was
 * delayed or refused; it acts only on the life it was planned against; and it is done when its effect is seen, not
 * when its command was sent.
 */

import type { Action, ActionStatus, GuardVerdict, Incident, Plan } from '../model/incident.ts';
import type { EntityRef } from '../model/symptom.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import { combine, failoverKey, guard } from '../recover/index.ts';
import { type Context, isAlive } from './context.ts';
import { rollBack, scale } from './desired.ts';
import { failOver, isConfirmed } from './failover.ts';
import { guardContext } from './guards.ts';
import { openSymptoms, tell, update } from './incidents.ts';
import { killForReplacement, requeue, retire, takeOut } from './slots.ts';
import type { Slot } from './state.ts';

/** A restarted instance must be ready by then, on top of its start period and grace; else the action failed. */
const READY_DEADLINE_MS: Ms = 30_000;
/** A refusal that names no time is looked at again this often: the state it speaks of changes. */
const ASK_AGAIN_MS: Ms = 500;

export const AUTOMATIC = 'holdfast';

/** Moves every action of a plan one step on; returns the plan as it then is. */
export function advanceActions(ctx: Context, incident: Incident, plan: Plan): Plan {
  let current = plan;
  for (const action of plan.actions) {
    const next = advance(ctx, incident, current, action);
    if (next === action) continue;
    current = { ...current, actions: current.actions.map((other) => (other.id === action.id ? next : other)) };
    storePlan(ctx, incident.id, current);
  }
  return current;
}

export function storePlan(ctx: Context, incidentId: string, plan: Plan): void {
  const incident = ctx.state.incidents.get(incidentId);
  if (!incident) return;
  const known = incident.plans.some(({ id }) => id === plan.id);
  const plans = known
    ? incident.plans.map((other) => (other.id === plan.id ? plan : other))
    : [...incident.plans, plan];
  update(ctx, incidentId, { plans });
}

export function isPending(action: Action): boolean {
  return (
    action.status === 'proposed' ||
    action.status === 'delayed' ||
    action.status === 'refused' ||
    action.status === 'awaiting-approval'
  );
}

function advance(ctx: Context, incident: Incident, plan: Plan, action: Action): Action {
  if (action.status === 'running') return observe(ctx, incident, action);
  if (!isPending(action)) return action;
  const stale = staleness(ctx, incident, action);
  if (stale !== null) return finish(ctx, incident, action, 'skipped', stale);
  const wait = ctx.state.askAgain.get(action.id);
  if (wait !== undefined && ctx.now < wait) return action;
  return ask(ctx, incident, plan, action);
}

/** Why the action no longer fits the world, or null. */
function staleness(ctx: Context, incident: Incident, action: Action): string | null {
  if (action.incarnation === null) return null;
  const slot = ctx.state.slots.get(action.target);
  if (!slot) return `${action.target} is gone`;
  if (slot.incarnation !== action.incarnation) return `${action.target} has a new life already`;
  if (slot.phase === 'stopping') return `${action.target} is being stopped already`;
  // It may have waited long for its guard rails: what has healed meanwhile is left alone.
  if (isAlive(slot) && !openSymptoms(incident).some(({ entity }) => concerns(entity, slot)))
    return `${action.target} has recovered`;
  if (action.kind === 'restart' && slot.phase === 'pending' && ctx.now >= slot.startAfter)
    return `${action.target} is being started already`;
  return null;
}

function concerns(entity: EntityRef, slot: Slot): boolean {
  return (
    (entity.kind === 'instance' && entity.name === slot.id) ||
    (entity.kind === 'service' && entity.name === slot.service)
  );
}

function ask(ctx: Context, incident: Incident, plan: Plan, action: Action): Action {
  const overridden = ctx.state.overrides.get(action.id) ?? [];
  const verdicts = guard(action, guardContext(ctx, incident, plan), ctx.now, ctx.random).filter(
    ({ rail, verdict }) => verdict === 'allow' || !overridden.includes(rail),
  );
  const { verdict, until } = combine(verdicts);
  if (verdict === 'allow') {
    ctx.state.askAgain.delete(action.id);
    return begin(ctx, incident, { ...action, guards: verdicts });
  }
  ctx.state.askAgain.set(action.id, until === null ? ctx.now + ASK_AGAIN_MS : Math.min(until, ctx.now + 5_000));
  const against = verdicts.filter((each) => each.verdict !== 'allow');
  const status: ActionStatus = against.some(({ rail }) => rail === 'approval')
    ? 'awaiting-approval'
    : verdict === 'delay'
      ? 'delayed'
      : 'refused';
  if (status === action.status && sameRails(against, action.guards)) return { ...action, guards: verdicts };
  const text = `${label(action)} ${status === 'awaiting-approval' ? 'awaits approval' : status}: ${against.map(({ reason }) => reason).join('; ')}`;
  tell(ctx, incident.id, 'guarded', text);
  ctx.event('guard', 'warn', text, { service: action.service, incident: incident.id });
  return { ...action, status, guards: verdicts };
}

function sameRails(a: readonly GuardVerdict[], b: readonly GuardVerdict[]): boolean {
  const rails = (verdicts: readonly GuardVerdict[]): string =>
    verdicts
      .filter(({ verdict }) => verdict !== 'allow')
      .map(({ rail, verdict }) => `${rail} ${verdict}`)
      .join();
  return rails(a) === rails(b);
}

function begin(ctx: Context, incident: Incident, action: Action): Action {
  const running: Action = { ...action, status: 'running', startedAt: ctx.now, error: null };
  tell(ctx, incident.id, 'acted', `${label(action)}: ${action.reason}`);
  ctx.event('action', 'info', `${label(action)}: ${action.reason}`, { service: action.service, incident: incident.id });
  ctx.dirty = true;
  if (action.kind !== 'page') ctx.detection.acted(action.service);
  const slot = ctx.state.slots.get(action.target);
  switch (action.kind) {
    case 'restart':
    case 'replace':
      if (!slot) return finish(ctx, incident, running, 'failed', `${action.target} is gone`);
      ctx.memory.noteRestart(slot.id, ctx.now);
      if (!isAlive(slot)) requeue(ctx, slot, ctx.now);
      else if (action.kind === 'replace') killForReplacement(ctx, slot, action.reason);
      else retire(ctx, slot, true, ctx.service(slot.service)?.spec.stop.drainMs ?? 0, action.reason);
      return running;
    case 'eject':
      if (!slot) return finish(ctx, incident, running, 'failed', `${action.target} is gone`);
      slot.ejected = true;
      takeOut(ctx, slot, action.reason);
      return finish(ctx, incident, running, 'done', null);
    case 'scale': {
      const service = ctx.service(action.service);
      if (!service || action.argument === null) return finish(ctx, incident, running, 'failed', 'no such service');
      scale(ctx, service, Number(action.argument), AUTOMATIC, action.reason);
      return finish(ctx, incident, running, 'done', null);
    }
    case 'rollback': {
      const done = action.argument === null ? null : rollBack(ctx, action.argument, AUTOMATIC, action.reason);
      if (done === null) return finish(ctx, incident, running, 'failed', 'there is no earlier revision to go back to');
      return running;
    }
    case 'page':
      ctx.out.push({ kind: 'page', incident: incident.id, text: action.reason });
      return finish(ctx, incident, running, 'done', null);
    case 'failover': {
      const service = ctx.service(action.service);
      if (!service || action.argument === null) return finish(ctx, incident, running, 'failed', 'no such service');
      ctx.memory.noteRestart(failoverKey(action.service), ctx.now);
      failOver(ctx, service, action.argument, action.reason);
      return running;
    }
    case 'restore':
    case 'isolate':
      return finish(ctx, incident, running, 'failed', `${action.kind} is not available for processes on one machine`);
  }
}

/** Has the running action had its effect? */
function observe(ctx: Context, incident: Incident, action: Action): Action {
  const begun = action.startedAt ?? ctx.now;
  if (action.kind === 'rollback') return observeRollback(ctx, incident, action, begun);
  if (action.kind === 'failover') return observeFailover(ctx, incident, action, begun);
  const slot = ctx.state.slots.get(action.target);
  if (!slot) return finish(ctx, incident, action, 'failed', `${action.target} is gone`);
  const newLife = slot.incarnation > (action.incarnation ?? 0);
  if (newLife && (slot.ready || slot.completed)) return finish(ctx, incident, action, 'done', null);
  if (newLife && slot.phase === 'exited')
    return finish(ctx, incident, action, 'failed', 'its new life ended before it was ready');
  const ill = openSymptoms(incident).find(
    ({ kind, entity, detectedAt }) =>
      (kind === 'hung' || kind === 'unreachable') && entity.name === slot.id && detectedAt > begun,
  );
  if (newLife && ill) return finish(ctx, incident, action, 'failed', `its new life is no better: ${ill.summary}`);
  if (ctx.now - begun > readyDeadline(ctx, slot)) {
    return finish(ctx, incident, action, 'failed', `not ready after ${formatDuration(ctx.now - begun)}`);
  }
  return action;
}

/** Over when the rollout is; overtaken when another change has come since; failed when it takes far too long. */
function observeRollback(ctx: Context, incident: Incident, action: Action, begun: Ms): Action {
  const service = ctx.service(action.service);
  if (service?.rollout?.state !== 'rolling-back') return finish(ctx, incident, action, 'done', null);
  const { update, healthcheck, stop } = service.spec;
  const each = READY_DEADLINE_MS + update.monitorMs + stop.graceMs + stop.drainMs + (healthcheck?.startPeriodMs ?? 0);
  const deadlineMs = each * Math.ceil(service.replicas / update.parallelism);
  if (ctx.now - begun <= deadlineMs) return action;
  return finish(ctx, incident, action, 'failed', `not rolled back after ${formatDuration(deadlineMs)}`);
}

/** Done when the new primary has said so. One that takes too long is given up: the old one, as it was, leads again. */
function observeFailover(ctx: Context, incident: Incident, action: Action, begun: Ms): Action {
  const state = ctx.state.failovers.get(action.service);
  const service = ctx.service(action.service);
  if (!state || !service?.spec.failover) return finish(ctx, incident, action, 'failed', 'no such service');
  if (state.holder !== action.argument) {
    return finish(ctx, incident, action, 'failed', `${state.holder} was given a newer token`);
  }
  if (isConfirmed(ctx, state)) return finish(ctx, incident, action, 'done', null);
  const gone = !isAlive(ctx.state.slots.get(state.holder) as Slot);
  if (!gone && ctx.now - begun <= service.spec.failover.promoteWithinMs) return action;
  const why = gone
    ? `${state.holder} ended before it was the primary`
    : `${state.holder} is not the primary after ${formatDuration(ctx.now - begun)}${state.error ? `: ${state.error}` : ''}`;
  // It has served nobody under its token, so nothing is lost by going back.
  failOver(ctx, service, action.target, why);
  return finish(ctx, incident, action, 'failed', why);
}

function readyDeadline(ctx: Context, slot: Slot): Ms {
  const spec = ctx.service(slot.service)?.spec;
  if (!spec) return READY_DEADLINE_MS;
  return READY_DEADLINE_MS + spec.stop.graceMs + spec.stop.drainMs + (spec.healthcheck?.startPeriodMs ?? 0);
}

function finish(ctx: Context, incident: Incident, action: Action, status: ActionStatus, error: string | null): Action {
  ctx.state.askAgain.delete(action.id);
  if (status !== 'skipped') {
    const text = `${label(action)} ${status}${error === null ? '' : `: ${error}`}`;
    ctx.event('action', status === 'done' ? 'info' : 'error', text, { service: action.service, incident: incident.id });
    if (status === 'failed') tell(ctx, incident.id, 'acted', text);
  }
  return { ...action, status, endedAt: ctx.now, error };
}

export function label(action: Action): string {
  const target = action.target === '' || action.target === action.service ? action.service : action.target;
  switch (action.kind) {
    case 'rollback':
      return `roll back ${action.argument ?? target}`;
    case 'scale':
      return `scale ${action.service} to ${action.argument}`;
    case 'page':
      return 'page';
    case 'failover':
      return `failover ${action.service} from ${action.target} to ${action.argument}`;
    default:
      return `${action.kind} ${target}`;
  }
}

// Operators' decisions on single actions.

export function approve(ctx: Context, actionId: string, who: string): void {
  withPending(ctx, actionId, (incident, action) => {
    if (action.status !== 'awaiting-approval') {
      ctx.refuse('HF5007', `${actionId} is ${action.status}, it does not wait for approval`);
      return;
    }
    allow(ctx, action.id, 'approval');
    tell(ctx, incident.id, 'operator', `${label(action)} approved by ${who}`);
    ctx.ok(`approved: ${label(action)}`, action.id);
  });
}

export function override(ctx: Context, actionId: string, rail: string, who: string, why: string): void {
  withPending(ctx, actionId, (incident, action) => {
    allow(ctx, action.id, rail);
    tell(ctx, incident.id, 'operator', `${label(action)}: ${rail} overridden by ${who}: ${why}`);
    ctx.ok(`${rail} overridden: ${label(action)}`, action.id);
  });
}

export function reject(ctx: Context, actionId: string, who: string, why: string): void {
  withPending(ctx, actionId, (incident, action, plan) => {
    const rejected: Action = { ...action, status: 'skipped', endedAt: ctx.now, error: `rejected by ${who}: ${why}` };
    storePlan(ctx, incident.id, {
      ...plan,
      actions: plan.actions.map((other) => (other.id === action.id ? rejected : other)),
    });
    tell(ctx, incident.id, 'operator', `${label(action)} rejected by ${who}: ${why}`);
    ctx.ok(`rejected: ${label(action)}`, action.id);
  });
}

function allow(ctx: Context, actionId: string, rail: string): void {
  ctx.state.overrides.set(actionId, [...(ctx.state.overrides.get(actionId) ?? []), rail]);
  ctx.state.askAgain.delete(actionId);
}

function withPending(
  ctx: Context,
  actionId: string,
  act: (incident: Incident, action: Action, plan: Plan) => void,
): void {
  for (const incident of ctx.state.incidents.values()) {
    for (const plan of incident.plans) {
      const action = plan.actions.find(({ id }) => id === actionId);
      if (!action) continue;
      if (isPending(action) && (plan.status === 'open' || plan.status === 'verifying')) act(incident, action, plan);
      else ctx.refuse('HF5007', `${actionId} is ${action.status} already`);
      return;
    }
  }
  ctx.refuse('HF5004', `no action ${actionId}`);
}
