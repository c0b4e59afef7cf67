/**
 * Instances outlive Holdfast. What an agent finds on its machine is matched with what the core believes: a life
 * that still runs goes on, one that ended unseen is taken as an exit, and one that nobody wants is ended.
 */
import type { InstanceExit } from '../model/instance.ts';
import type { InventoryItem } from '../model/link.ts';
import type { Ms } from '../model/time.ts';
import { type Context, isAlive } from './context.ts';
import { newSlot } from './slots.ts';
import type { Slot } from './state.ts';

/** Exits found by the inventory; the caller runs them through the same path as reported ones. */
export interface FoundExit {
  readonly slot: Slot;
  readonly exit: InstanceExit;
}

/** `takenAt`: when the agent looked. Lives begun since then cannot be in it. */
export function takeInventory(ctx: Context, items: readonly InventoryItem[], takenAt: Ms): readonly FoundExit[] {
  const found: FoundExit[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const slot = ctx.state.slots.get(item.launch.instance);
    if (!slot || slot.incarnation !== item.launch.incarnation) {
      takeStranger(ctx, item);
      continue;
    }
    seen.add(slot.id);
    if (item.exit) {
      if (isAlive(slot)) found.push({ slot, exit: item.exit });
    } else {
      resume(slot, item);
      ctx.event('instance', 'info', `${slot.id} runs on (pid ${item.process?.pid})`, {
        service: slot.service,
        instance: slot.id,
      });
    }
  }
  for (const slot of ctx.state.slots.values()) {
    if (seen.has(slot.id) || !isAlive(slot) || (slot.startedAt ?? 0) >= takenAt) continue;
    found.push({ slot, exit: lostExit(ctx) });
  }
  ctx.dirty = true;
  return found;
}

function resume(slot: Slot, item: InventoryItem): void {
  slot.process = item.process;
  slot.startedAt = item.startedAt;
  // A stop that was under way when the server died is sent again.
  slot.stopSent = false;
}

function lostExit(ctx: Context): InstanceExit {
  return {
    at: ctx.now,
    reason: 'unknown',
    code: null,
    signal: null,
    detail: 'no trace of it was found on its node',
    lastOutput: [],
  };
}

function takeStranger(ctx: Context, item: InventoryItem): void {
  const { instance, incarnation } = item.launch;
  if (item.exit) {
    ctx.command({ kind: 'forget', id: ctx.nextId('cmd'), instance, incarnation });
  } else if (ctx.state.spec === null) {
    ctx.state.orphans.set(instance, item);
  } else {
    ctx.command({ kind: 'kill', id: ctx.nextId('cmd'), instance, incarnation });
  }
}

/** After an apply on an empty state: lives of the same revision are taken over, the others ended. */
export function adoptOrphans(ctx: Context): void {
  for (const item of ctx.state.orphans.values()) {
    const { launch } = item;
    const service = ctx.service(launch.service);
    if (service && service.revision === launch.revision && launch.slot <= service.replicas) {
      ctx.state.incarnations.set(launch.instance, launch.incarnation);
      const slot = newSlot(ctx, service, launch.slot);
      Object.assign(slot, { phase: 'starting', launch, ports: launch.ports } satisfies Partial<Slot>);
      resume(slot, item);
    } else {
      ctx.command({ kind: 'kill', id: ctx.nextId('cmd'), instance: launch.instance, incarnation: launch.incarnation });
    }
  }
  ctx.state.orphans.clear();
}
