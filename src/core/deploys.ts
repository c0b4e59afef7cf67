/**
 * Faults that are changes: the spec of one service is altered, rolled out like any deploy, and recorded as a change
 * whose author is the experiment, so that diagnosis may blame it and recovery may roll it back. Neither is told more
 * than of any other change.
 *
 * The lease is kept here and nowhere else, since nobody but the core may deploy: it is part of the state, so it is in
 * the journal, and the first step after its end restores what ran before. What somebody has rolled back already, or
 * changed since, is left alone.
 */
import { type Alteration, altered, type DeployFaultKind, parseDeployFault, remains } from '../model/deploy-fault.ts';
import { HoldfastError } from '../model/errors.ts';
import type { FaultEnd, FaultRequest, FaultState } from '../model/fault.ts';
import { revisionOf } from '../spec/revision.ts';
import type { Context } from './context.ts';
import { changeService, rollBack } from './desired.ts';
import { overBudget } from './guards.ts';
import type { DeployState, ServiceState } from './state.ts';

/** Replies: begun, or why not. */
export function beginDeploy(ctx: Context, kind: DeployFaultKind, request: FaultRequest, who: string): void {
  const { id, experiment, parameters, leaseMs } = request;
  const service = request.service === undefined ? undefined : ctx.service(request.service);
  if (!service) {
    ctx.refuse('HF6008', `${kind}: no service ${request.service ?? ''}`);
    return;
  }
  const alteration = understood(ctx, kind, parameters);
  if (alteration === null) return;
  const spec = { ...service.spec, run: altered(service.spec.run, alteration) };
  const refusal = refusalOf(ctx, service, revisionOf(spec), kind);
  if (refusal !== null) {
    ctx.refuse(...refusal);
    return;
  }
  const from = service.revision;
  const change = changeService(ctx, service, spec, experiment, `${kind} on purpose, asked by ${who}`);
  ctx.state.deploys.set(id, { service: service.name, change, from, to: service.revision, alteration, started: [] });
  ctx.state.faults.set(id, {
    id,
    kind,
    experiment,
    parameters,
    instant: false,
    askedAt: ctx.now,
    deadline: ctx.now + leaseMs,
    targets: [
      {
        id: `${id}-1`,
        instance: null,
        service: service.name,
        phase: 'active',
        begunAt: ctx.now,
        bite: biteOf(service.replicas, []),
        end: null,
      },
    ],
  });
  ctx.event('experiment', 'warn', `${experiment}: ${kind} on ${service.name} (${change}), asked by ${who}`, {
    service: service.name,
  });
  ctx.ok(`${kind} on ${service.name}`, id);
}

function understood(ctx: Context, kind: DeployFaultKind, parameters: FaultRequest['parameters']): Alteration | null {
  try {
    return parseDeployFault(kind, parameters);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    ctx.refuse(error.code, error.message);
    return null;
  }
}

function refusalOf(
  ctx: Context,
  service: ServiceState,
  revision: string,
  kind: DeployFaultKind,
): [code: string, message: string] | null {
  const { name, spec } = service;
  if (ctx.state.stopped) return ['HF5006', 'automation is stopped, experiments too'];
  if (spec.experiments !== 'allow') return ['HF8301', `${kind}: ${name} did not opt in`];
  if (service.intent !== 'run') return ['HF8203', `${kind}: ${name} is stopped`];
  if (service.rollout !== null) return ['HF8203', `${kind}: ${name} is being rolled out`];
  if (revision === service.revision) return ['HF8203', `${kind}: ${name} runs with exactly that already`];
  // As many as the rollout takes out at once; each of them pays again when its turn comes.
  const first = ctx.slotsOf(name).flatMap(({ id, intent }) => (intent === 'run' ? [id] : []));
  return overBudget(ctx, spec.update.order === 'start-first' ? [] : first.slice(0, spec.update.parallelism));
}

function biteOf(asked: number, started: readonly string[]): FaultState['targets'][number]['bite'] {
  return { asked, measured: started.length, unit: 'instances started with it', bitten: started.length > 0 };
}

/** On every step: who runs it by now, who has taken it back, and whose lease is over. */
export function advanceDeploys(ctx: Context): void {
  for (const [id, deploy] of ctx.state.deploys) {
    const fault = ctx.state.faults.get(id);
    if (!fault) {
      ctx.state.deploys.delete(id);
      continue;
    }
    measure(ctx, fault, deploy);
    if (ctx.service(deploy.service)?.revision !== deploy.to) end(ctx, id, endOf(ctx, deploy));
    else if (ctx.now >= fault.deadline) restore(ctx, id, 'lease');
  }
}

function measure(ctx: Context, fault: FaultState, deploy: DeployState): void {
  const known = deploy.started.length;
  for (const { id, revision, phase } of ctx.slotsOf(deploy.service)) {
    const runs = revision === deploy.to && phase !== 'pending';
    if (runs && !deploy.started.includes(id)) deploy.started.push(id);
  }
  if (deploy.started.length === known) return;
  const asked = Math.max(ctx.service(deploy.service)?.replicas ?? 0, deploy.started.length);
  const bite = biteOf(asked, deploy.started);
  ctx.state.faults.set(fault.id, { ...fault, targets: fault.targets.map((target) => ({ ...target, bite })) });
}

/** Takes the change back, as a change of its own. Does nothing for what is over, or is no such fault. */
export function restore(ctx: Context, id: string, reason: 'asked' | 'lease'): void {
  const deploy = ctx.state.deploys.get(id);
  const fault = ctx.state.faults.get(id);
  if (!deploy || !fault) return;
  const why = reason === 'lease' ? `the lease of ${fault.kind} is over` : `${fault.kind} is over`;
  const done = rollBack(ctx, deploy.change, fault.experiment, why);
  end(ctx, id, done === null ? endOf(ctx, deploy) : { reason, detail: '', residue: [] });
}

export function restoreAll(ctx: Context): void {
  for (const id of [...ctx.state.deploys.keys()]) restore(ctx, id, 'asked');
}

/** Not by us: somebody has been here since. */
function endOf(ctx: Context, { service: name, change, from, alteration }: DeployState): FaultEnd {
  const service = ctx.service(name);
  if (!service) return { reason: 'target-gone', detail: `${name} has been removed`, residue: [] };
  const since = ctx.state.changes.findLast(({ id, services }) => id !== change && services.includes(name));
  const by = since ? ` by ${since.who} (${since.id})` : '';
  if (service.revision === from) return { reason: 'rolled-back', detail: `rolled back${by}`, residue: [] };
  const left = remains(service.spec.run, alteration);
  const residue = left.length === 0 ? [] : [`${name} was changed${by} meanwhile, and keeps ${left.join(', ')}`];
  return { reason: 'changed', detail: `${name} was changed${by} meanwhile, and is left alone`, residue };
}

function end(ctx: Context, id: string, how: FaultEnd): void {
  const fault = ctx.state.faults.get(id);
  ctx.state.deploys.delete(id);
  if (!fault) return;
  const targets = fault.targets.map((target) => ({ ...target, phase: 'ended' as const, end: how }));
  ctx.state.faults.set(id, { ...fault, targets });
  const left = how.residue.length > 0 ? `; left behind: ${how.residue.join('; ')}` : '';
  const why = how.detail === '' ? how.reason : how.detail;
  const service = targets[0]?.service ?? '';
  const text = `${fault.experiment}: ${fault.kind} on ${service} is over (${why})${left}`;
  ctx.event('experiment', how.residue.length > 0 ? 'error' : 'info', text, { service });
}
