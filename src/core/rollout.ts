/**
 * Replacing the instances of a service a few at a time: a new revision, a rollback, or an operator's restart.
 * The next batch begins only when every new instance has stayed ready for `monitorMs` and no symptom of the service
 * is open; a rollout that meets trouble waits, and the incident decides (usually: roll the change back).
 */
import { type Context, isAlive } from './context.ts';
import { budgetRoom } from './guards.ts';
import { newSlot, removeSlot, requeue, retire } from './slots.ts';
import type { Rollout, ServiceState, Slot } from './state.ts';

export interface RolloutRequest {
  readonly change: string;
  readonly from: string | null;
  readonly force: boolean;
  readonly back: boolean;
}

export function startRollout(ctx: Context, service: ServiceState, request: RolloutRequest): void {
  const rollout: Rollout = {
    change: request.change,
    from: request.from,
    to: service.revision,
    force: request.force,
    startedAt: ctx.now,
    total: service.replicas,
    state: request.back ? 'rolling-back' : 'running',
    nextAt: ctx.now,
  };
  service.rollout = rollout;
  ctx.dirty = true;
}

export function isOld(rollout: Rollout, slot: Slot): boolean {
  return slot.revision !== rollout.to || (rollout.force && (slot.startedAt ?? -1) < rollout.startedAt);
}

/** `troubled` tells whether an open symptom concerns a service. */
export function advanceRollouts(ctx: Context, troubled: (service: string) => boolean): void {
  for (const service of ctx.state.services.values()) {
    if (service.rollout !== null && service.intent === 'run') advanceRollout(ctx, service, service.rollout, troubled);
  }
}

function advanceRollout(
  ctx: Context,
  service: ServiceState,
  rollout: Rollout,
  troubled: (service: string) => boolean,
): void {
  if (rollout.state === 'paused') return;
  const slots = ctx.slotsOf(service.name).filter((slot) => slot.intent === 'run');
  if (rollout.state === 'rolling-back') replaceBroken(ctx, service, rollout, slots);
  const old = slots.filter((slot) => isOld(rollout, slot) && !slot.restarting && slot.phase !== 'pending');
  const fresh = slots.filter((slot) => !old.includes(slot));
  const proven = fresh.filter((slot) => isProven(ctx, service, slot));
  const unproven = fresh.length - proven.length;
  rollout.total = service.replicas;
  if (old.length === 0 && unproven === 0 && proven.length >= rollout.total) {
    finish(ctx, service, rollout);
    return;
  }
  if (rollout.state !== 'rolling-back') {
    rollout.state = unproven > 0 ? 'monitoring' : 'running';
    if (troubled(service.name)) return;
  }
  if (unproven >= service.spec.update.parallelism || ctx.now < rollout.nextAt) return;
  if (service.spec.update.order === 'start-first') stepStartFirst(ctx, service, rollout, old, proven, unproven);
  else stepStopFirst(ctx, service, rollout, old, unproven);
}

/** When going back, instances of the bad revision that serve nobody cost nothing: all of them at once. */
function replaceBroken(ctx: Context, service: ServiceState, rollout: Rollout, slots: readonly Slot[]): void {
  for (const slot of slots) {
    if (slot.ready || slot.restarting) continue;
    if (!isOld(rollout, slot)) {
      // A life of the good revision that died on the way back: no plan looks after it while the rollback runs.
      if (slot.phase === 'exited' && !slot.completed) requeue(ctx, slot, ctx.now + service.spec.restart.delayMs);
      continue;
    }
    if (slot.phase === 'exited' || slot.phase === 'pending') requeue(ctx, slot, ctx.now);
    else retire(ctx, slot, true, 0, `rollout ${rollout.change}`);
  }
}

function isProven(ctx: Context, service: ServiceState, slot: Slot): boolean {
  if (slot.completed) return true;
  return (
    slot.phase === 'running' &&
    slot.ready &&
    slot.readyAt !== null &&
    ctx.now - slot.readyAt >= service.spec.update.monitorMs
  );
}

function stepStopFirst(
  ctx: Context,
  service: ServiceState,
  rollout: Rollout,
  old: readonly Slot[],
  unproven: number,
): void {
  let changed = 0;
  for (const slot of old) {
    if (changed >= service.spec.update.parallelism - unproven) break;
    if (slot.ready && budgetRoom(ctx) === 0) continue;
    if (slot.phase === 'exited') requeue(ctx, slot, ctx.now);
    else retire(ctx, slot, true, service.spec.stop.drainMs, `rollout ${rollout.change}`);
    changed += 1;
  }
  if (changed > 0) rollout.nextAt = ctx.now + service.spec.update.delayMs;
}

/** New slots come up beside the old ones; an old one goes for each new one that is proven. */
function stepStartFirst(
  ctx: Context,
  service: ServiceState,
  rollout: Rollout,
  old: readonly Slot[],
  proven: readonly Slot[],
  unproven: number,
): void {
  const surplus = proven.length + old.length - rollout.total;
  for (const slot of old.slice(0, Math.max(0, surplus))) {
    slot.intent = 'remove';
    if (isAlive(slot)) retire(ctx, slot, false, service.spec.stop.drainMs, `rollout ${rollout.change}`);
    else removeSlot(ctx, slot);
  }
  const taken = new Set(ctx.slotsOf(service.name).map((slot) => slot.slot));
  let room = Math.min(service.spec.update.parallelism - unproven, rollout.total - proven.length - unproven);
  for (let number = 1; room > 0; number++) {
    if (taken.has(number)) continue;
    newSlot(ctx, service, number);
    rollout.nextAt = ctx.now + service.spec.update.delayMs;
    room -= 1;
  }
}

function finish(ctx: Context, service: ServiceState, rollout: Rollout): void {
  service.rollout = null;
  ctx.dirty = true;
  const what =
    rollout.state === 'rolling-back'
      ? 'is rolled back'
      : rollout.force && rollout.from === rollout.to
        ? 'is restarted'
        : 'is rolled out';
  ctx.event('rollout', 'info', `${service.name} ${what}: ${rollout.total} of ${rollout.total} instances`, {
    service: service.name,
  });
}
