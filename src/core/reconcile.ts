/**
 * Makes what runs fit what is declared: missing slots appear, surplus ones go, lives begin when their dependencies
 * and addresses are ready, and end in the order of dependence. Crashes are not its business: an instance that died
 * by itself is a symptom, and is started again by a plan.
 */

import { HoldfastError } from '../model/errors.ts';
import { type Context, isAlive } from './context.ts';
import { waitsForPrimary } from './failover.ts';
import { beginLife, newSlot, removeSlot, resendLost, retire, sendStop } from './slots.ts';
import type { ServiceState, Slot } from './state.ts';

export function reconcile(ctx: Context): void {
  if (ctx.dirty) fitDeclared(ctx);
  for (const slot of [...ctx.state.slots.values()]) advance(ctx, slot);
}

function fitDeclared(ctx: Context): void {
  const slotsByService = groupSlots(ctx);
  for (const service of ctx.state.services.values()) {
    const slots = slotsByService.get(service.name) ?? [];
    if (service.intent === 'run') fitReplicas(ctx, service, slots);
    else windDown(ctx, service, slots, slotsByService);
  }
}

function groupSlots(ctx: Context): Map<string, Slot[]> {
  const groups = new Map<string, Slot[]>();
  for (const slot of ctx.state.slots.values()) {
    const group = groups.get(slot.service);
    if (group) group.push(slot);
    else groups.set(slot.service, [slot]);
  }
  return groups;
}

function fitReplicas(ctx: Context, service: ServiceState, slots: Slot[]): void {
  // A start-first rollout counts its extra instances itself.
  if (service.rollout !== null && service.spec.update.order === 'start-first') return;
  const primary = ctx.state.failovers.get(service.name)?.holder;
  const kept = slots
    .filter((slot) => slot.intent === 'run')
    .sort((a, b) => Number(b.id === primary) - Number(a.id === primary) || a.slot - b.slot);
  for (const surplus of kept.slice(service.replicas)) {
    surplus.intent = 'remove';
    if (isAlive(surplus)) retire(ctx, surplus, false, service.spec.stop.drainMs, 'scaled in');
    else removeSlot(ctx, surplus);
  }
  const taken = new Set(slots.map((slot) => slot.slot));
  for (let missing = service.replicas - kept.length, number = 1; missing > 0; number++) {
    if (taken.has(number)) continue;
    newSlot(ctx, service, number);
    missing -= 1;
  }
}

/** Stops a service once nothing that depends on it is alive any more; forgets it when it was removed. */
function windDown(ctx: Context, service: ServiceState, slots: Slot[], all: Map<string, Slot[]>): void {
  for (const other of ctx.state.services.values()) {
    if (other.intent === 'run' || other === service) continue;
    const depends = other.spec.dependsOn.some((dependency) => dependency.service === service.name);
    if (depends && (all.get(other.name) ?? []).some(isAlive)) return;
  }
  for (const slot of slots) {
    slot.intent = service.intent === 'remove' ? 'remove' : 'stop';
    // Nobody is left who could call it: there is nothing to drain.
    if (isAlive(slot)) retire(ctx, slot, false, 0, 'stopped');
    else if (slot.intent === 'remove') removeSlot(ctx, slot);
    else slot.phase = 'exited';
  }
  if (service.intent !== 'remove' || ctx.slotsOf(service.name).length > 0) return;
  ctx.state.services.delete(service.name);
  ctx.state.autoscale.delete(service.name);
  // Another service of that name, one day, is no heir of its past.
  ctx.view.edges.retain((name) => ctx.state.services.has(name));
}

function advance(ctx: Context, slot: Slot): void {
  const service = ctx.service(slot.service);
  if (slot.phase === 'stopping' && !slot.stopSent && (slot.drainUntil === null || ctx.now >= slot.drainUntil)) {
    sendStop(ctx, service, slot);
    return;
  }
  resendLost(ctx, service, slot);
  if (slot.phase !== 'pending' || slot.intent !== 'run' || !service || !ctx.state.connected) return;
  if (ctx.now < slot.startAfter) return;
  const wait = whatItWaitsFor(ctx, service) ?? waitsForPrimary(ctx, service, slot);
  slot.waitingFor = wait;
  if (wait !== null) return;
  try {
    beginLife(ctx, service, slot);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    slot.waitingFor = error.message;
    slot.startAfter = ctx.now + 1_000;
    ctx.event('instance', 'error', `${slot.id} cannot be started: ${error.message}`, {
      service: slot.service,
      instance: slot.id,
    });
  }
}

/** Null: it may start now. Dependencies hold back only the first start of a service (compare ServiceState.everReady). */
function whatItWaitsFor(ctx: Context, service: ServiceState): string | null {
  if (!service.everReady) {
    for (const { service: name, condition, required } of service.spec.dependsOn) {
      const dependency = ctx.service(name);
      if (!dependency) continue;
      const slots = ctx.slotsOf(name);
      const met =
        condition === 'healthy'
          ? slots.some((slot) => slot.ready)
          : condition === 'completed'
            ? slots.length > 0 && slots.every((slot) => slot.completed)
            : slots.some((slot) => slot.process !== null);
      if (!met && required) return `waits for ${name} to be ${condition}`;
    }
  }
  for (const listener of ctx.state.listeners.values()) {
    if (listener.caller === service.name && listener.since > ctx.state.routesAcked) return 'waits for its addresses';
  }
  return null;
}
