/** The life cycle of one slot: begin a life, end it, and what follows when it has ended. */
import { describeExit, type InstanceExit } from '../model/instance.ts';
import { formatDuration, type Ms } from '../model/time.ts';
import { type Context, isAlive } from './context.ts';
import { launchOf } from './launch.ts';
import type { ServiceState, Slot } from './state.ts';

export function newSlot(ctx: Context, service: ServiceState, number: number): Slot {
  const id = `${service.name}-${number}`;
  const slot: Slot = {
    id,
    service: service.name,
    slot: number,
    incarnation: ctx.state.incarnations.get(id) ?? 0,
    node: ctx.options.node,
    revision: service.revision,
    phase: 'pending',
    process: null,
    ports: {},
    ready: false,
    live: null,
    ejected: false,
    startedAt: null,
    readyAt: null,
    lastExit: null,
    waitingFor: null,
    intent: 'run',
    restarting: false,
    completed: false,
    startAfter: ctx.now,
    drainUntil: null,
    stopSent: false,
    sentAt: ctx.now,
    launch: null,
    out: null,
    restarts: 0,
    portConflicts: 0,
  };
  ctx.state.slots.set(id, slot);
  ctx.dirty = true;
  return slot;
}

/** Sends the start command for the next life. */
export function beginLife(ctx: Context, service: ServiceState, slot: Slot): void {
  slot.incarnation += 1;
  ctx.state.incarnations.set(slot.id, slot.incarnation);
  const launch = launchOf(ctx, service, slot);
  Object.assign(slot, {
    revision: service.revision,
    phase: 'starting',
    process: null,
    ports: launch.ports,
    ready: false,
    live: null,
    ejected: false,
    startedAt: ctx.now,
    readyAt: null,
    waitingFor: null,
    restarting: false,
    completed: false,
    drainUntil: null,
    stopSent: false,
    sentAt: ctx.now,
    launch,
  } satisfies Partial<Slot>);
  if (slot.incarnation > 1) slot.restarts += 1;
  ctx.command({ kind: 'start', id: ctx.nextId('cmd'), launch });
  ctx.dirty = true;
}

/**
 * Ends the life in a slot gracefully: out of the routes first, then the stop signal when the drain is over. With
 * `again` the next life begins when this one has ended.
 */
export function retire(ctx: Context, slot: Slot, again: boolean, drainMs: Ms, why: string): void {
  slot.restarting = again;
  ctx.dirty = true;
  if (!isAlive(slot)) {
    if (again) requeue(ctx, slot, ctx.now);
    return;
  }
  if (slot.phase === 'stopping') return;
  if (again && slot.ready) takeOut(ctx, slot, why);
  slot.phase = 'stopping';
  slot.ready = false;
  slot.drainUntil = ctx.now + (slot.readyAt === null || Object.keys(slot.ports).length === 0 ? 0 : drainMs);
}

/**
 * Ends the life at once (SIGKILL): for what hangs. The next life begins when it is gone. It pays from the disruption
 * budget, unless it serves nobody and must end whatever else is out.
 */
export function killForReplacement(ctx: Context, slot: Slot, why: string, pays = true): void {
  slot.restarting = true;
  ctx.dirty = true;
  if (!isAlive(slot)) {
    requeue(ctx, slot, ctx.now);
    return;
  }
  if (pays) takeOut(ctx, slot, why);
  slot.phase = 'stopping';
  slot.ready = false;
  slot.drainUntil = null;
  slot.stopSent = true;
  slot.sentAt = ctx.now;
  ctx.command({ kind: 'kill', id: ctx.nextId('cmd'), instance: slot.id, incarnation: slot.incarnation });
}

export function takeOut(ctx: Context, slot: Slot, why: string): void {
  slot.out ??= { why, since: ctx.now };
}

/** Sends the stop command of a drained slot. */
export function sendStop(ctx: Context, service: ServiceState | undefined, slot: Slot): void {
  slot.stopSent = true;
  slot.sentAt = ctx.now;
  slot.drainUntil = null;
  ctx.command({
    kind: 'stop',
    id: ctx.nextId('cmd'),
    instance: slot.id,
    incarnation: slot.incarnation,
    signal: service?.spec.stop.signal ?? 'SIGTERM',
    graceMs: service?.spec.stop.graceMs ?? 10_000,
  });
}

/** A command that nothing came of is sent again after this long: links lose some, and every command may be repeated. */
const RESEND_MS: Ms = 5_000;

export function resendLost(ctx: Context, service: ServiceState | undefined, slot: Slot): void {
  if (slot.phase === 'starting' && slot.process === null && slot.launch && ctx.now - slot.sentAt >= RESEND_MS) {
    slot.sentAt = ctx.now;
    ctx.command({ kind: 'start', id: ctx.nextId('cmd'), launch: slot.launch });
  }
  const graceMs = service?.spec.stop.graceMs ?? 0;
  if (slot.phase === 'stopping' && slot.stopSent && ctx.now - slot.sentAt >= graceMs + RESEND_MS) {
    slot.sentAt = ctx.now;
    ctx.command({ kind: 'kill', id: ctx.nextId('cmd'), instance: slot.id, incarnation: slot.incarnation });
  }
}

/** The slot waits for its next life, which begins no earlier than `at`. */
export function requeue(ctx: Context, slot: Slot, at: Ms): void {
  slot.phase = 'pending';
  slot.startAfter = at;
  slot.waitingFor = at > ctx.now ? `backoff ${formatDuration(at - ctx.now)}` : null;
  slot.completed = false;
  ctx.dirty = true;
}

/**
 * A life has ended. Returns true when that was meant: the caller tells the detectors about every exit, but only an
 * unmeant one is a fault.
 */
export function lifeEnded(ctx: Context, service: ServiceState | undefined, slot: Slot, exit: InstanceExit): boolean {
  const meant = slot.phase === 'stopping';
  Object.assign(slot, {
    phase: 'exited',
    process: null,
    ready: false,
    live: null,
    lastExit: exit,
    drainUntil: null,
  } satisfies Partial<Slot>);
  ctx.dirty = true;
  const why = exit.detail === null ? '' : `: ${exit.detail}`;
  ctx.event('instance', meant || exit.code === 0 ? 'info' : 'error', `${slot.id} ${describeExit(exit)}${why}`, {
    service: slot.service,
    instance: slot.id,
  });
  if (slot.intent === 'remove') {
    removeSlot(ctx, slot);
  } else if (slot.intent === 'run' && meant && slot.restarting) {
    requeue(ctx, slot, ctx.now);
  } else if (!meant) {
    slot.out = null;
  }
  if (
    !meant &&
    slot.intent !== 'remove' &&
    exit.reason === 'code' &&
    exit.code === 0 &&
    service?.spec.restart.condition !== 'any'
  ) {
    slot.completed = true;
  }
  return meant;
}

export function removeSlot(ctx: Context, slot: Slot): void {
  ctx.command({ kind: 'forget', id: ctx.nextId('cmd'), instance: slot.id, incarnation: slot.incarnation });
  ctx.state.slots.delete(slot.id);
  ctx.state.resources.delete(slot.id);
  ctx.dirty = true;
}
