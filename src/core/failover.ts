/**
 * Services of which one instance is the primary. Every promotion has a fencing token that grows and never comes
 * back; it is in the journal before anything hears of it. Who holds the newest token is the primary: the routes go
 * there and nowhere else, and what else calls itself primary is ended.
 *
 * What is done follows from the state alone (holder, token, what each life has said), so a server that is killed in
 * the middle of a failover goes on with it, and commands may be repeated.
 *
 * No acknowledged write is lost with a synchronous engine: a standby counts as caught up only while every write
 * waits for it. It is taken off that list here (durably) before the primary is told to do without it, and put on it
 * only when the primary has said that it waits for it and that it has everything.
 */
import type { InstanceId } from '../model/instance.ts';
import type { AgentCommand, LaunchRole, RolePeer } from '../model/link.ts';
import type { RoleSignal } from '../model/signal.ts';
import type { FailoverPolicy } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';
import { type Context, isAlive } from './context.ts';
import { killForReplacement, requeue } from './slots.ts';
import type { FailoverState, ServiceState, Slot } from './state.ts';

/** A role command that nothing came of is repeated after this long. Lower repairs lost ones sooner and says more. */
const REPEAT_MS: Ms = 2_000;

/**
 * A standby that is well, but that the primary no longer sees, is done without after this long. A primary that dies
 * loses its standbys a moment before it is seen to be dead: lower takes that for trouble of the standby, and then
 * nobody may take over; higher has writes wait longer when only the connection between the two is gone.
 */
const MISSING_MS: Ms = 1_500;

/** Lets every service with failover take its next step: promote, re-point, fence, change whose word writes wait for. */
export function advanceFailovers(ctx: Context): void {
  for (const service of ctx.state.services.values()) {
    const policy = service.spec.failover;
    if (policy === null || service.intent !== 'run' || !ctx.state.connected) continue;
    const state = stateOf(ctx, service);
    if (state === undefined) continue;
    fenceStrangers(ctx, service, state);
    const holder = ctx.state.slots.get(state.holder);
    if (!holder || !hasProcess(holder)) continue;
    if (state.confirmed !== holder.incarnation) promote(ctx, state, policy, holder);
    else lead(ctx, service, state, policy, holder);
  }
}

/** Created when the service has its first instance: the lowest number begins as the primary. */
function stateOf(ctx: Context, service: ServiceState): FailoverState | undefined {
  const known = ctx.state.failovers.get(service.name);
  const slots = ctx.slotsOf(service.name).filter(({ intent }) => intent === 'run');
  if (known && (slots.length === 0 || slots.some(({ id }) => id === known.holder))) return known;
  const first = slots[0];
  if (!first) return undefined;
  if (known) {
    // Its slot was taken away (scaled in): the best of the others is next.
    const next = slots.find(({ id }) => known.caughtUp.includes(id)) ?? first;
    giveToken(ctx, service, known, next.id);
    return known;
  }
  const state: FailoverState = {
    token: 1,
    holder: first.id,
    confirmed: null,
    since: ctx.now,
    previous: null,
    fence: null,
    near: [],
    missing: new Map(),
    caughtUp: [],
    sync: { version: 1, names: namesAtFirst(ctx, service, first.id) },
    syncInForce: null,
    follows: new Map(),
    sentAt: new Map(),
    error: null,
  };
  ctx.state.failovers.set(service.name, state);
  ctx.dirty = true;
  return state;
}

/** strict: no write is acknowledged before there is a standby that has it. */
function namesAtFirst(ctx: Context, { name, spec }: ServiceState, holder: InstanceId): InstanceId[] {
  if (spec.failover?.synchronous !== 'strict') return [];
  return ctx.slotsOf(name).flatMap(({ id }) => (id === holder ? [] : [id]));
}

/** A new token for `to`. Everything that was known of the standbys was known of those of another primary. */
function giveToken(ctx: Context, service: ServiceState, state: FailoverState, to: InstanceId): void {
  const before = ctx.state.slots.get(state.holder);
  Object.assign(state, {
    token: state.token + 1,
    previous: state.holder,
    holder: to,
    confirmed: null,
    since: ctx.now,
    fence:
      before && isAlive(before)
        ? { instance: before.id, incarnation: before.incarnation, routes: (ctx.state.routes?.version ?? 0) + 1 }
        : null,
    near: [],
    missing: new Map(),
    caughtUp: [],
    sync: { version: state.sync.version + 1, names: namesAtFirst(ctx, service, to) },
    syncInForce: null,
    follows: new Map(),
    sentAt: new Map(),
    error: null,
  } satisfies FailoverState);
  ctx.dirty = true;
}

/**
 * The primary of a service is to be another one. The old one loses its place in the routes and its life, in one step
 * with the new token, and comes back as a standby.
 */
export function failOver(ctx: Context, service: ServiceState, to: InstanceId, why: string): void {
  const state = stateOf(ctx, service);
  if (!state || state.holder === to) return;
  const before = ctx.state.slots.get(state.holder);
  const wasPrimary = isConfirmed(ctx, state);
  giveToken(ctx, service, state, to);
  ctx.event('failover', 'warn', `${to} gets token ${state.token} of ${service.name}: ${why}`, {
    service: service.name,
    instance: to,
  });
  if (before?.intent !== 'run') return;
  if (isAlive(before)) killForReplacement(ctx, before, `fenced: ${to} has token ${state.token}`, wasPrimary);
  else if (!before.completed) requeue(ctx, before, ctx.now);
}

function hasProcess(slot: Slot): boolean {
  return slot.process !== null && (slot.phase === 'starting' || slot.phase === 'running');
}

export function lifeKey({ instance, incarnation }: Pick<RolePeer, 'instance' | 'incarnation'>): string {
  return `${instance}#${incarnation}`;
}

function peerOf(slot: Slot): RolePeer {
  return { instance: slot.id, incarnation: slot.incarnation, port: Object.values(slot.ports)[0] ?? 0 };
}

/** What a life that begins now begins as; null without failover. */
export function launchRole(ctx: Context, service: ServiceState, slot: Slot): LaunchRole | null {
  const policy = service.spec.failover;
  const state = policy && stateOf(ctx, service);
  if (!policy || !state) return null;
  const { engine, maxLagBytes, hooks } = policy;
  const common = { engine, token: state.token, maxLagBytes, hooks };
  if (slot.id === state.holder) return { ...common, role: 'primary', primary: null };
  const holder = ctx.state.slots.get(state.holder);
  return { ...common, role: 'standby', primary: holder ? peerOf(holder) : null };
}

/** A standby copies what the primary has: it begins when there is one. Null: it may start now. */
export function waitsForPrimary(ctx: Context, service: ServiceState, slot: Slot): string | null {
  const state = service.spec.failover && stateOf(ctx, service);
  if (!state || slot.id === state.holder) return null;
  return isConfirmed(ctx, state) ? null : `waits for ${state.holder} to be the primary`;
}

export function isConfirmed(ctx: Context, state: FailoverState): boolean {
  const holder = ctx.state.slots.get(state.holder);
  return holder !== undefined && state.confirmed === holder.incarnation && hasProcess(holder);
}

/** What an instance says that it is. */
export function takeRole(ctx: Context, slot: Slot, signal: RoleSignal): void {
  const service = ctx.service(slot.service);
  const state = service?.spec.failover && ctx.state.failovers.get(service.name);
  if (!service || !state || !hasProcess(slot)) return;
  if (signal.role === 'standby' && signal.follows !== null) state.follows.set(slot.id, signal.follows);
  if (slot.id !== state.holder) {
    if (signal.role === 'primary') fence(ctx, slot, state);
    else if (service.spec.failover?.engine === 'hooks') takeOwnWord(state, slot.id, signal);
    return;
  }
  if (signal.role === 'standby') {
    if (state.confirmed !== slot.incarnation) return;
    state.confirmed = null;
    ctx.dirty = true;
    ctx.event('failover', 'error', `${slot.id} holds token ${state.token} but says that it is a standby`, refs(slot));
    return;
  }
  if (signal.token !== state.token) return;
  if (state.confirmed !== slot.incarnation) {
    state.confirmed = slot.incarnation;
    ctx.dirty = true;
    ctx.event(
      'failover',
      'info',
      `${slot.id} is the primary of ${slot.service} under token ${state.token}`,
      refs(slot),
    );
  }
  if (service.spec.failover?.engine !== 'hooks') takeStandbys(ctx, state, signal);
}

/**
 * What the primary says of its standbys. Once caught up, one stays so while writes wait for it, connected or not; what
 * was said under another list than the present one may be out of date.
 */
function takeStandbys(ctx: Context, state: FailoverState, signal: RoleSignal): void {
  state.syncInForce = signal.syncVersion;
  const gone = state.near.filter((id) => !signal.near.includes(id));
  for (const id of gone) if (!state.missing.has(id)) state.missing.set(id, ctx.now);
  for (const id of signal.near) state.missing.delete(id);
  state.near = [...new Set([...gone, ...signal.near])].sort();
  if (signal.syncVersion === state.sync.version && state.sync.names.length > 0) {
    const fresh = signal.caughtUp.filter((id) => state.sync.names.includes(id));
    state.caughtUp = [...new Set([...state.caughtUp, ...fresh])].sort();
  }
}

function giveUpMissing(ctx: Context, state: FailoverState): void {
  for (const [id, since] of state.missing) {
    if (ctx.now - since < MISSING_MS) continue;
    state.missing.delete(id);
    state.near = state.near.filter((other) => other !== id);
  }
}

/** Programs known only by their hooks speak for themselves. */
function takeOwnWord(state: FailoverState, id: InstanceId, { caughtUp }: RoleSignal): void {
  const others = state.caughtUp.filter((other) => other !== id);
  state.caughtUp = caughtUp.includes(id) ? [...others, id].sort() : others;
}

/** A life has ended: it leads nobody and has caught up with nobody. */
export function roleEnded(ctx: Context, slot: Slot): void {
  const state = ctx.state.failovers.get(slot.service);
  if (!state) return;
  if (slot.id === state.holder) {
    state.confirmed = null;
    state.syncInForce = null;
  }
  state.near = state.near.filter((id) => id !== slot.id);
  state.missing.delete(slot.id);
  state.caughtUp = state.caughtUp.filter((id) => id !== slot.id);
  state.follows.delete(slot.id);
  state.sentAt.delete(slot.id);
}

/** Lives that were begun as the primary under an older token. */
function fenceStrangers(ctx: Context, { name }: ServiceState, state: FailoverState): void {
  for (const slot of ctx.slotsOf(name)) {
    const role = slot.launch?.role;
    if (slot.id !== state.holder && isAlive(slot) && slot.phase !== 'stopping' && role?.role === 'primary')
      fence(ctx, slot, state);
  }
}

function fence(ctx: Context, slot: Slot, state: FailoverState): void {
  const text = `${slot.id} is fenced: ${state.holder} has token ${state.token} of ${slot.service}`;
  ctx.event('failover', 'warn', text, refs(slot));
  // The routes lead nobody to it.
  killForReplacement(ctx, slot, text, false);
}

/** The holder is running and not yet the primary. */
function promote(ctx: Context, state: FailoverState, policy: FailoverPolicy, holder: Slot): void {
  const begunAs = holder.launch?.role;
  // It was begun as the primary under this very token: it says so when it is up.
  if (begunAs?.role === 'primary' && begunAs.token === state.token) return;
  if (!isFenced(ctx, state)) return;
  sendRole(ctx, state, holder, {
    role: 'primary',
    primary: null,
    sync: policy.engine === 'postgres' ? { ...state.sync } : null,
    withinMs: policy.promoteWithinMs,
  });
}

/** The old primary is dead, or the traffic layer has confirmed that nothing reaches it any more. */
function isFenced(ctx: Context, { fence: old }: FailoverState): boolean {
  if (old === null) return true;
  const slot = ctx.state.slots.get(old.instance);
  const over = !slot || slot.incarnation !== old.incarnation || slot.phase === 'exited' || slot.phase === 'pending';
  return over || ctx.state.routesAcked >= old.routes;
}

/** There is a primary: whose word do its writes wait for, and does everybody follow it? */
function lead(ctx: Context, service: ServiceState, state: FailoverState, policy: FailoverPolicy, holder: Slot): void {
  const slots = ctx.slotsOf(service.name);
  giveUpMissing(ctx, state);
  if (policy.synchronous === 'off' && policy.engine !== 'hooks') state.caughtUp = state.near;
  if (policy.engine === 'postgres') acknowledge(ctx, state, policy, holder, slots);
  const primary = peerOf(holder);
  for (const slot of slots) {
    if (slot.id === holder.id || !hasProcess(slot)) continue;
    const begunWith = slot.launch?.role?.primary;
    const follows = state.follows.get(slot.id) ?? (begunWith ? lifeKey(begunWith) : null);
    if (follows === lifeKey(primary)) continue;
    sendRole(ctx, state, slot, { role: 'standby', primary, sync: null, withinMs: policy.promoteWithinMs });
  }
}

function acknowledge(
  ctx: Context,
  state: FailoverState,
  { synchronous, promoteWithinMs }: FailoverPolicy,
  holder: Slot,
  slots: readonly Slot[],
): void {
  const ready = (id: InstanceId): boolean => slots.some((slot) => slot.id === id && slot.ready && hasProcess(slot));
  const fit = synchronous === 'off' ? [] : state.near.filter(ready).sort();
  const names = fit.length === 0 && synchronous === 'strict' ? state.sync.names : fit;
  if (names.join() !== state.sync.names.join()) {
    const lost = state.sync.names.filter((id) => !names.includes(id));
    state.sync = { version: state.sync.version + 1, names };
    if (synchronous !== 'off') state.caughtUp = state.caughtUp.filter((id) => names.includes(id));
    state.sentAt.delete(holder.id);
    const what = names.length === 0 ? 'no standby: it goes on alone' : names.join(', ');
    const level = lost.length > 0 ? 'warn' : 'info';
    ctx.event('failover', level, `writes of ${holder.id} wait for ${what}`, refs(holder));
  }
  if (state.syncInForce === state.sync.version) return;
  sendRole(ctx, state, holder, {
    role: 'primary',
    primary: null,
    sync: { ...state.sync },
    withinMs: promoteWithinMs,
  });
}

type RoleOrder = Pick<Extract<AgentCommand, { kind: 'role' }>, 'role' | 'primary' | 'sync' | 'withinMs'>;

function sendRole(ctx: Context, state: FailoverState, slot: Slot, order: RoleOrder): void {
  const last = state.sentAt.get(slot.id);
  if (last !== undefined && ctx.now - last < REPEAT_MS) return;
  state.sentAt.set(slot.id, ctx.now);
  const { id: instance, incarnation } = slot;
  ctx.command({ kind: 'role', id: ctx.nextId('cmd'), instance, incarnation, token: state.token, ...order });
}

function refs(slot: Slot): { service: string; instance: string } {
  return { service: slot.service, instance: slot.id };
}
