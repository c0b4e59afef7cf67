/**
 * Faults of experiments, as the core sees them: who may be struck, what that costs, and what became of it. An
 * experiment is held to what everything automatic is held to: it may not begin while automation is stopped, and it
 * pays from the one disruption budget; what is down already counts as spent.
 *
 * No stage that detects, explains or repairs reads any of this.
 */
import { isDeployFault } from '../model/deploy-fault.ts';
import {
  type Cut,
  type FaultCommand,
  type FaultOrder,
  type FaultReport,
  type FaultRequest,
  type FaultState,
  type FaultTarget,
  isOver,
} from '../model/fault.ts';
import type { InstanceId } from '../model/instance.ts';
import { CUT_BY, PARTITION } from '../model/partition.ts';
import { formatDuration } from '../model/time.ts';
import type { Context } from './context.ts';
import { beginDeploy, restore, restoreAll } from './deploys.ts';
import { overBudget, waysTo } from './guards.ts';

/** Faults that are over and still known, for whoever shows them. */
const ENDED_KEPT = 50;

export function orderFault(ctx: Context, command: FaultCommand, who: string): void {
  switch (command.kind) {
    case 'inject':
      inject(ctx, command.fault, who);
      return;
    case 'renew': {
      const fault = ctx.state.faults.get(command.fault);
      if (!fault || isOver(fault)) {
        ctx.refuse('HF8205', `fault ${command.fault} is over`);
        return;
      }
      ctx.state.faults.set(fault.id, { ...fault, deadline: ctx.now + command.leaseMs });
      for (const { id } of atAgents(fault)) ctx.command({ kind: 'renew', fault: id, leaseMs: command.leaseMs });
      ctx.ok(`renewed for ${formatDuration(command.leaseMs)}`, fault.id);
      return;
    }
    case 'revert': {
      const fault = ctx.state.faults.get(command.fault);
      for (const { id } of fault ? atAgents(fault) : []) ctx.command({ kind: 'revert', fault: id });
      restore(ctx, command.fault, 'asked');
      ctx.ok('reverting', command.fault);
      return;
    }
    case 'revert-all':
      revertAll(ctx);
      ctx.ok('reverting every fault');
      return;
  }
}

/** Also what this core knows nothing of: the agent looks at its own records. */
export function revertAll(ctx: Context): void {
  ctx.command({ kind: 'revert-all' });
  restoreAll(ctx);
}

function inject(ctx: Context, request: FaultRequest, who: string): void {
  const { id, kind, instances, service, cuts, experiment, parameters, leaseMs, instant } = request;
  if (ctx.state.faults.has(id)) {
    ctx.ok(`${kind} has been asked for`, id);
    return;
  }
  if (isDeployFault(kind)) {
    beginDeploy(ctx, kind, request, who);
    forgetOld(ctx);
    return;
  }
  const refusal = refusalOf(ctx, request);
  if (refusal !== null) {
    ctx.refuse(...refusal);
    return;
  }
  const targets = targetsOf(ctx, request);
  ctx.state.faults.set(id, {
    id,
    kind,
    experiment,
    parameters,
    instant,
    askedAt: ctx.now,
    deadline: ctx.now + leaseMs,
    targets,
  });
  forgetOld(ctx);
  for (const target of targets) ctx.command({ kind: 'inject', order: orderOf(request, target) });
  const where = cuts ? waysOf(cuts) : instances.join(', ') || whereOf(service ?? null);
  ctx.event('experiment', 'warn', `${experiment}: ${kind} on ${where}, asked by ${who}`);
  ctx.ok(`${kind} on ${where}`, id);
}

/** One for each instance that is struck, or each way that is cut; else one for the machine, or for all ways to a service. */
function targetsOf(ctx: Context, { id, instances, service, cuts }: FaultRequest): readonly FaultTarget[] {
  const blank = { phase: 'requested', begunAt: null, bite: null, end: null } as const;
  if (cuts) return cuts.map((cut, n) => ({ ...blank, id: `${id}-${n + 1}`, ...cut }));
  const struck = instances.length === 0 ? [null] : instances;
  return struck.map((instance, n) => ({
    ...blank,
    id: `${id}-${n + 1}`,
    instance,
    service: instance === null ? (service ?? null) : (ctx.state.slots.get(instance)?.service ?? null),
  }));
}

function orderOf(request: FaultRequest, { id, instance, service, from }: FaultTarget): FaultOrder {
  const { kind, cuts, parameters, leaseMs, experiment: holder } = request;
  if (cuts) {
    const { direction } = parameters;
    const cut = { id, kind: CUT_BY, parameters: { direction }, instance, from: from ?? null, leaseMs, holder };
    return service === null ? cut : { ...cut, service };
  }
  const order = { id, kind, parameters, instance, from: request.from, leaseMs, holder };
  return request.service === undefined ? order : { ...order, service: request.service };
}

function refusalOf(ctx: Context, request: FaultRequest): [code: string, message: string] | null {
  const { kind, service, beyondBudget, cuts } = request;
  if (ctx.state.stopped) return ['HF5006', 'automation is stopped, experiments too'];
  const instances = cuts ? cuts.flatMap(({ instance }) => instance ?? []) : request.instances;
  const services = servicesOf(ctx, request);
  const unknown = services.find((name) => !ctx.service(name));
  if (unknown !== undefined) return ['HF6008', `no service ${unknown}`];
  const closed = services.filter((name) => ctx.service(name)?.spec.experiments !== 'allow');
  if (closed.length > 0) return ['HF8301', `${kind}: ${closed.join(', ')} did not opt in`];
  for (const instance of instances) {
    const slot = ctx.state.slots.get(instance);
    if (!slot) return ['HF3007', `there is no instance ${instance}`];
    if (slot.process === null || slot.phase !== 'running') {
      return ['HF8203', `${slot.id} is ${slot.phase}: a fault needs an instance that runs`];
    }
  }
  if (beyondBudget === true) return null;
  const over = overBudget(ctx, cuts ? outOfReach(ctx, cuts) : service === undefined ? instances : waysTo(ctx, service));
  if (over === null || beyondBudget === undefined) return over;
  return [over[0], `${over[1]}. Say beyondBudget: true to lose them all the same`];
}

/** Whose opt-in it takes. */
function servicesOf(ctx: Context, { instances, service, cuts, among = [] }: FaultRequest): readonly string[] {
  if (cuts) return [...new Set([...cuts.map((cut) => cut.service), ...among])];
  if (service !== undefined) return [service];
  if (instances.length === 0) return [...ctx.state.services.keys()];
  return [...new Set(instances.flatMap((instance) => ctx.state.slots.get(instance)?.service ?? []))];
}

/** Of a partition: whom nobody reaches any more. */
function outOfReach(ctx: Context, cuts: readonly Cut[]): readonly InstanceId[] {
  const whole = cuts.filter(({ from }) => from === null);
  return whole.flatMap(({ instance, service }) => (instance === null ? waysTo(ctx, service) : [instance]));
}

function waysOf({ length }: readonly unknown[]): string {
  return length === 1 ? 'one way' : `${length} ways`;
}

function whereOf(service: string | null): string {
  return service === null ? 'the machine' : `the way to ${service}`;
}

/** What an agent says became of its orders. */
export function takeFaults(ctx: Context, reports: readonly FaultReport[], all: boolean): void {
  if (all) {
    // A way that was disturbed is no more when its traffic process or its agent is another one.
    const listed = new Set(reports.map(({ id }) => id));
    const end = { reason: 'keeper-lost', detail: '', residue: [] };
    const lost = [...ctx.state.faults.values()].flatMap(atAgents).filter(({ id }) => !listed.has(id));
    takeFaults(
      ctx,
      lost.map(({ id, begunAt, bite }) => ({ id, phase: 'ended', begunAt, bite, end })),
      false,
    );
  }
  for (const report of reports) {
    const fault = [...ctx.state.faults.values()].find(({ targets }) => targets.some(({ id }) => id === report.id));
    if (!fault) {
      // Begun by somebody of whom nothing is known any more: nobody is going to renew or judge it.
      if (report.phase !== 'ended') ctx.command({ kind: 'revert', fault: report.id });
      continue;
    }
    const before = fault.targets.find(({ id }) => id === report.id);
    const targets = fault.targets.map((target) => (target.id === report.id ? { ...target, ...report } : target));
    ctx.state.faults.set(fault.id, { ...fault, targets });
    if (!before || before.phase === report.phase) continue;
    // Ways of one partition begin and end together: once for all of them is enough.
    if (fault.kind !== PARTITION || report.end?.reason === 'failed')
      tell(ctx, fault, before.instance ?? whereOf(before.service), report);
    else if (targets.every(({ phase }) => phase === report.phase)) tell(ctx, fault, waysOf(targets), report);
  }
}

function tell(ctx: Context, fault: FaultState, where: string, { phase, end }: FaultReport): void {
  const what = `${fault.experiment}: ${fault.kind} on ${where}`;
  if (phase === 'active') ctx.event('experiment', 'warn', `${what} is in force`);
  if (end === null) return;
  const left = end.residue.length > 0 ? `; left behind: ${end.residue.join('; ')}` : '';
  const bad = end.reason === 'failed' || end.residue.length > 0;
  const why = end.detail === '' ? end.reason : `${end.reason}: ${end.detail}`;
  ctx.event('experiment', bad ? 'error' : 'info', `${what} is over (${why})${left}`);
}

function openTargets({ targets }: FaultState): FaultState['targets'] {
  return targets.filter(({ phase }) => phase !== 'ended');
}

/** Changes of the spec are no agent's business. */
function atAgents(fault: FaultState): FaultState['targets'] {
  return isDeployFault(fault.kind) ? [] : openTargets(fault);
}

function forgetOld(ctx: Context): void {
  const ended = [...ctx.state.faults.values()].filter(isOver);
  for (const { id } of ended.slice(0, Math.max(0, ended.length - ENDED_KEPT))) ctx.state.faults.delete(id);
}
