/** Changes of the declared system: apply, scale, roll back, restart, down. Each is one Change with its content. */
import type { Change, ChangeKind } from '../model/change.ts';
import type { ChangeRequest } from '../model/operator.ts';
import type { ServiceSpec, SystemSpec } from '../model/spec.ts';
import { atPresentScale, diffPolicy, diffServices, diffSystems } from '../spec/diff.ts';
import { revisionOf } from '../spec/revision.ts';
import { adoptOrphans } from './adopt.ts';
import type { Context } from './context.ts';
import { startRollout } from './rollout.ts';
import { syncListeners } from './routing.ts';
import { REVISION_HISTORY, type ServiceState } from './state.ts';

/** Changes kept for diagnosis and undo. */
const CHANGE_HISTORY = 100;
/** Of them, what others did. */
const EXTERNAL_HISTORY = 20;

export function applySpec(ctx: Context, declared: SystemSpec, request: ChangeRequest): void {
  const { state } = ctx;
  const spec = atPresentScale(declared, state.spec);
  if (request.expectIndex !== null && request.expectIndex !== state.index) {
    ctx.refuse('HF5001', `the state is at index ${state.index}, the plan was made at ${request.expectIndex}`);
    return;
  }
  const diffs = diffSystems(state.spec, spec).filter((diff) => diff.change !== 'none' || isStopped(ctx, diff.service));
  const touched = diffs.map((diff) => diff.service);
  const policy = diffPolicy(state.spec, spec);
  if (state.spec !== null && touched.length === 0 && policy.length === 0) {
    state.spec = spec;
    ctx.ok('nothing to change', null);
    return;
  }
  // The file's mode counts when it has changed: an operator may have set another one since.
  if (spec.policy.mode !== state.spec?.policy.mode) state.mode = spec.policy.mode;
  const services = diffs.flatMap((diff) =>
    diff.fields.length === 0
      ? [`${diff.service}: ${diff.change}`]
      : diff.fields.map((field) => `${diff.service}: ${field}`),
  );
  const content = [...policy.map((field) => `policy: ${field}`), ...services];
  const change = openChange(ctx, 'deploy', request.who, request.why, touched, content);
  state.spec = spec;
  for (const service of Object.values(spec.services)) applyService(ctx, service, change);
  for (const service of state.services.values()) {
    if (!spec.services[service.name]) service.intent = 'remove';
  }
  closeChange(ctx, change);
  syncListeners(ctx);
  adoptOrphans(ctx);
  if (touched.length === 0) ctx.ok('changing the policy', change.id);
  else ctx.ok(touched.length === 1 ? `changing ${touched[0]}` : `changing ${touched.length} services`, change.id);
}

function isStopped(ctx: Context, service: string): boolean {
  return ctx.service(service)?.intent === 'stop';
}

function applyService(ctx: Context, spec: ServiceSpec, change: OpenChange): void {
  const known = ctx.service(spec.name);
  const revision = revisionOf(spec);
  change.to[spec.name] = revision;
  if (!known) {
    ctx.state.services.set(spec.name, {
      name: spec.name,
      spec,
      revision,
      change: change.id,
      history: [],
      replicas: spec.replicas,
      rollout: null,
      intent: 'run',
      everReady: false,
    });
    return;
  }
  change.from[spec.name] = known.revision;
  known.replicas = spec.replicas;
  const wasDown = known.intent !== 'run';
  known.intent = 'run';
  if (wasDown) revive(ctx, known);
  switchTo(ctx, known, spec, revision, change.id, false);
}

/** A service that was stopped starts again in dependency order. */
function revive(ctx: Context, service: ServiceState): void {
  service.everReady = false;
  for (const slot of ctx.slotsOf(service.name)) {
    slot.intent = 'run';
    slot.completed = false;
    if (slot.phase === 'exited') slot.phase = 'pending';
    else if (slot.phase === 'stopping') slot.restarting = true;
    slot.startAfter = ctx.now;
  }
}

function switchTo(
  ctx: Context,
  service: ServiceState,
  spec: ServiceSpec,
  revision: string,
  change: string,
  back: boolean,
): void {
  if (service.revision === revision) {
    service.spec = spec;
    return;
  }
  service.history.push({ revision: service.revision, spec: service.spec, change: service.change });
  if (service.history.length > REVISION_HISTORY) service.history.shift();
  const from = service.revision;
  Object.assign(service, { spec, revision, change });
  startRollout(ctx, service, { change, from, force: false, back });
}

/** One service gets another spec, and the declared system with it. Returns the id of the change. */
export function changeService(
  ctx: Context,
  service: ServiceState,
  spec: ServiceSpec,
  who: string,
  why: string,
): string {
  const { name } = service;
  const change = openChange(ctx, 'deploy', who, why, [name], linesOf(service.spec, spec));
  change.from[name] = service.revision;
  change.to[name] = revisionOf(spec);
  switchTo(ctx, service, spec, revisionOf(spec), change.id, false);
  replaceInSpec(ctx, spec);
  closeChange(ctx, change);
  syncListeners(ctx);
  return change.id;
}

function linesOf(before: ServiceSpec, after: ServiceSpec): readonly string[] {
  return diffServices(before, after).fields.map((field) => `${after.name}: ${field}`);
}

/**
 * Undoes a change: every service of it that still runs what the change brought goes back to what ran before.
 * Returns what happened, or null when there is nothing that could be undone.
 */
export function rollBack(ctx: Context, changeId: string, who: string, why: string): string | null {
  const undone = ctx.state.changes.find((change) => change.id === changeId);
  if (!undone) return null;
  const back = undone.services.flatMap((name) => {
    const service = ctx.service(name);
    const before = undone.from[name];
    if (!service || before === undefined || service.revision !== undone.to[name] || before === undone.to[name])
      return [];
    const record = service.history.findLast((entry) => entry.revision === before);
    return record ? [{ service, record }] : [];
  });
  if (back.length === 0) return null;
  const names = back.map(({ service }) => service.name);
  const content = undone.content.flatMap((line) => {
    const plain = line.replace(/^undo /, '');
    if (!names.some((name) => plain.startsWith(`${name}:`))) return [];
    return [plain === line ? `undo ${line}` : plain];
  });
  const change = openChange(ctx, 'rollback', who, why, names, content);
  for (const { service, record } of back) {
    change.from[service.name] = service.revision;
    change.to[service.name] = record.revision;
    switchTo(ctx, service, { ...record.spec, replicas: service.replicas }, record.revision, change.id, true);
    replaceInSpec(ctx, service.spec);
  }
  closeChange(ctx, change);
  syncListeners(ctx);
  return `${names.join(', ')} back to the revision before ${changeId}`;
}

export function scale(ctx: Context, service: ServiceState, replicas: number, who: string, why: string): void {
  const content = [`${service.name}: replicas: ${service.replicas} → ${replicas}`];
  const change = openChange(ctx, 'scale', who, why, [service.name], content);
  change.from[service.name] = service.revision;
  change.to[service.name] = service.revision;
  service.replicas = replicas;
  service.spec = { ...service.spec, replicas };
  replaceInSpec(ctx, service.spec);
  closeChange(ctx, change);
}

/** Restarts every instance of a service, as its update policy says. */
export function restartService(ctx: Context, service: ServiceState, who: string, why: string): string {
  const change = openChange(ctx, 'restart', who, why, [service.name], []);
  change.from[service.name] = service.revision;
  change.to[service.name] = service.revision;
  closeChange(ctx, change);
  startRollout(ctx, service, { change: change.id, from: service.revision, force: true, back: false });
  return change.id;
}

export function takeDown(ctx: Context, services: readonly ServiceState[], who: string, why: string): void {
  const change = openChange(
    ctx,
    'down',
    who,
    why,
    services.map((service) => service.name),
    [],
  );
  for (const service of services) {
    service.intent = 'stop';
    service.rollout = null;
  }
  closeChange(ctx, change);
}

function replaceInSpec(ctx: Context, service: ServiceSpec): void {
  const { spec } = ctx.state;
  if (spec?.services[service.name])
    ctx.state.spec = { ...spec, services: { ...spec.services, [service.name]: service } };
}

interface OpenChange extends Omit<Change, 'from' | 'to'> {
  readonly from: Record<string, string>;
  readonly to: Record<string, string>;
}

function openChange(
  ctx: Context,
  kind: ChangeKind,
  who: string,
  why: string,
  services: readonly string[],
  content: readonly string[],
): OpenChange {
  return { id: ctx.nextId('chg'), at: ctx.now, kind, who, why, services, content, from: {}, to: {} };
}

function closeChange(ctx: Context, change: OpenChange): void {
  const { state } = ctx;
  state.changes.push(change);
  if (state.changes.length > CHANGE_HISTORY) state.changes.shift();
  state.index += 1;
  ctx.dirty = true;
  for (const name of change.services) ctx.detection.acted(name);
  ctx.event('change', 'info', `${change.kind} by ${change.who}: ${change.services.join(', ')}`, {
    ...(change.services.length === 1 && change.services[0] !== undefined ? { service: change.services[0] } : {}),
  });
}

/**
 * What others did, as told by them (an event of a pipeline): evidence, not a state of ours. It can be blamed, and not be
 * undone by us. Few are kept, so that a chatty pipeline does not push out what a rollback needs.
 */
export function recordExternal(ctx: Context, told: Change): void {
  const { state } = ctx;
  const services = told.services.filter((name) => state.services.has(name));
  if (services.length === 0) return;
  const others = state.changes.filter(({ kind }) => kind === 'external');
  const oldest = others.length >= EXTERNAL_HISTORY ? others[0] : undefined;
  if (oldest) state.changes = state.changes.filter((change) => change !== oldest);
  const change: Change = {
    ...told,
    id: ctx.nextId('chg'),
    at: Math.min(told.at, ctx.now),
    kind: 'external',
    services,
    from: {},
    to: {},
  };
  state.changes.push(change);
  if (state.changes.length > CHANGE_HISTORY) state.changes.shift();
  for (const name of services) ctx.detection.acted(name);
  ctx.event('change', 'info', `${told.who || 'somebody'} says: ${told.why}`, {
    ...(services.length === 1 && services[0] !== undefined ? { service: services[0] } : {}),
  });
}
