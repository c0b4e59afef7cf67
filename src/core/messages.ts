/** What agents report: signals, inventories, failed commands, and which addresses the traffic layer listens on. */
import type { SymptomUpdate } from '../detect/index.ts';
import type { InstanceExit } from '../model/instance.ts';
import type { AgentMessage } from '../model/link.ts';
import type { Signal } from '../model/signal.ts';
import { formatDuration } from '../model/time.ts';
import { takeInventory } from './adopt.ts';
import type { Context } from './context.ts';
import { recordExternal } from './desired.ts';
import { roleEnded, takeRole } from './failover.ts';
import { takeFaults } from './faults.ts';
import { takePort } from './ports.ts';
import { lifeEnded, requeue } from './slots.ts';
import type { Slot } from './state.ts';

/** Samples kept per instance: what a minute of one-second sampling gives. */
const RESOURCE_HISTORY = 60;
/** Answers on the way of callers, and a minute of samples of each node. */
const WAY_HISTORY = 40;
const NODE_HISTORY = 60;
/** Starts in a row that may find their ports taken before the instance counts as crashed. */
const MAX_PORT_CONFLICTS = 10;

export function takeMessage(ctx: Context, message: AgentMessage): readonly SymptomUpdate[] {
  switch (message.kind) {
    case 'signals':
      return message.signals.flatMap((signal) => takeSignal(ctx, signal));
    case 'inventory': {
      ctx.state.connected = true;
      for (const notice of message.facts.notices) ctx.event('node', 'warn', `${message.node}: ${notice}`);
      const exits = takeInventory(ctx, message.items, message.at);
      // The traffic layer may have been started afresh too: it gets the whole table.
      if (ctx.state.routes) ctx.command({ kind: 'routes', table: ctx.state.routes });
      return exits.flatMap(({ slot, exit }) => takeSignal(ctx, exitSignal(slot, exit)));
    }
    case 'command-failed':
      return commandFailed(ctx, message);
    case 'routes-applied':
      routesApplied(ctx, message);
      return [];
    case 'part':
      partChanged(ctx, message);
      return [];
    case 'faults':
      takeFaults(ctx, message.faults, message.all);
      return [];
  }
}

function takeSignal(ctx: Context, signal: Signal): readonly SymptomUpdate[] {
  if ('instance' in signal && 'incarnation' in signal) {
    const slot = ctx.state.slots.get(signal.instance);
    if (!slot || slot.incarnation !== signal.incarnation) return [];
    return takeInstanceSignal(ctx, slot, signal);
  }
  if (signal.kind === 'edge') ctx.view.edges.ingest(signal);
  if (signal.kind === 'node') {
    ctx.state.nodes.set(signal.node, signal);
    keep(ctx.state.nodePasts, signal.node, signal, NODE_HISTORY);
  }
  if (signal.kind === 'change') recordExternal(ctx, signal.change);
  return ctx.detection.ingest(signal, ctx.view, ctx.now);
}

function takeInstanceSignal(
  ctx: Context,
  slot: Slot,
  signal: Exclude<Signal, { kind: 'edge' | 'node' | 'change' | 'claim' }>,
): readonly SymptomUpdate[] {
  if (signal.kind === 'exit') {
    // A second report of the same end (seen by the watch and by the inventory) says nothing new.
    if (slot.phase === 'exited' || slot.phase === 'pending') return [];
    // What we ended ourselves is no sign of anything.
    if (slot.phase !== 'stopping') ctx.view.recordExit(slot.id, signal.exit);
    // The detectors look at the phase to tell a meant end from a crash: they come first.
    const updates = ctx.detection.ingest(signal, ctx.view, ctx.now);
    lifeEnded(ctx, ctx.service(slot.service), slot, signal.exit);
    roleEnded(ctx, slot);
    return updates;
  }
  if (signal.kind === 'started') {
    slot.process = signal.process;
    slot.portConflicts = 0;
    ctx.dirty = true;
    ctx.event('instance', 'info', `${slot.id} started (pid ${signal.process.pid})`, {
      service: slot.service,
      instance: slot.id,
    });
  }
  if (signal.kind === 'role') takeRole(ctx, slot, signal);
  if (signal.kind === 'resource') keep(ctx.state.resources, slot.id, signal, RESOURCE_HISTORY);
  if (signal.kind === 'way') {
    keep(ctx.state.ways, slot.id, { ...signal, beside: ctx.detection.checkOf(slot.id) }, WAY_HISTORY);
  }
  return ctx.detection.ingest(signal, ctx.view, ctx.now);
}

function keep<T>(lists: Map<string, T[]>, key: string, item: T, most: number): void {
  const list = lists.get(key);
  if (!list) {
    lists.set(key, [item]);
    return;
  }
  list.push(item);
  if (list.length > most) list.shift();
}

function exitSignal(slot: Slot, exit: InstanceExit): Signal {
  return { kind: 'exit', instance: slot.id, incarnation: slot.incarnation, at: exit.at, exit };
}

function commandFailed(ctx: Context, message: AgentMessage & { kind: 'command-failed' }): readonly SymptomUpdate[] {
  const slot = ctx.state.slots.get(message.instance);
  if (!slot || slot.incarnation !== message.incarnation) return [];
  if (message.reason === 'port-taken' && slot.portConflicts < MAX_PORT_CONFLICTS && !hasFixedPort(ctx, slot)) {
    slot.portConflicts += 1;
    ctx.event('instance', 'warn', `${slot.id}: ${message.error}; trying other ports`, {
      service: slot.service,
      instance: slot.id,
    });
    requeue(ctx, slot, ctx.now);
    return [];
  }
  if (message.command === 'role') {
    const state = ctx.state.failovers.get(slot.service);
    if (state) state.error = message.error;
    ctx.event('failover', 'error', `${slot.id} did not take its role: ${message.error}`, {
      service: slot.service,
      instance: slot.id,
    });
    return [];
  }
  if (message.command !== 'start') {
    // It still runs: what was asked for is asked for again, and a second life would be one too many.
    const text = `${slot.id} could not be ended (${message.command}): ${message.error}`;
    ctx.event('instance', 'error', text, { service: slot.service, instance: slot.id });
    return [];
  }
  const exit: InstanceExit = {
    at: message.at,
    reason: 'spawn-failed',
    code: null,
    signal: null,
    detail: message.error,
    lastOutput: [],
  };
  return takeSignal(ctx, exitSignal(slot, exit));
}

function hasFixedPort(ctx: Context, slot: Slot): boolean {
  return ctx.service(slot.service)?.spec.ports.some((port) => port.fixed) ?? false;
}

function routesApplied(ctx: Context, message: AgentMessage & { kind: 'routes-applied' }): void {
  const failed = new Map(message.failed.map(({ listener, error }) => [listener, error]));
  for (const listener of ctx.state.listeners.values()) {
    if (listener.since > message.version) continue;
    const error = failed.get(listener.id) ?? null;
    if (error !== listener.failed) ctx.dirty = true;
    listener.failed = error;
    if (error === null) continue;
    ctx.event('traffic', 'error', `${listener.id} cannot listen on ${listener.host}:${listener.port}: ${error}`);
    if (isInternal(ctx, listener.id)) {
      listener.port = takePort(ctx);
      listener.since = (ctx.state.routes?.version ?? 0) + 1;
      listener.failed = null;
    }
  }
  if (message.version > ctx.state.routesAcked) {
    ctx.state.routesAcked = message.version;
    ctx.dirty = true;
  }
}

/** Not a symptom: Holdfast starts its own parts again by itself, and what callers feel of it is seen where they call. */
function partChanged(ctx: Context, { part, state, pid, outMs }: AgentMessage & { kind: 'part' }): void {
  const which = `the ${part} process${pid === null ? '' : ` (pid ${pid})`}`;
  if (state === 'lost') ctx.event('traffic', 'warn', `${which} has ended: no endpoint takes a connection`);
  else ctx.event('traffic', 'info', `${which} is in its place, after ${formatDuration(outMs)}: endpoints are open`);
}

/** Internal addresses may move as long as nobody was told of them; published ones are the user's choice. */
function isInternal(ctx: Context, listener: string): boolean {
  const caller = listener.slice(0, listener.indexOf('→'));
  return ctx.state.services.has(caller) && !ctx.slotsOf(caller).some((slot) => slot.process !== null);
}
