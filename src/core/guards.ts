/**
 * What is out, and who says so: the one disruption budget that automatic repairs, ejections, rollouts and operators'
 * restarts all draw on. An instance is out from the moment it is taken from its users until its next life is ready,
 * or dies by itself, which is a fault and no disruption of ours.
 */
import { isDeployFault } from '../model/deploy-fault.ts';
import type { Incident, Plan } from '../model/incident.ts';
import type { Ms } from '../model/time.ts';
import type { GuardContext } from '../recover/index.ts';
import type { Context } from './context.ts';
import type { BudgetState } from './contract.ts';

/** What was taken out and has not come back by then is no longer under repair: it does not block other repairs. */
const OUT_FORGOTTEN_MS: Ms = 120_000;
/** A lease that is over is reverted by then, whoever tells of it or not. */
const LEASE_SLACK_MS: Ms = 5_000;

export function budgetOf(ctx: Context): BudgetState {
  const out: BudgetState['out'][number][] = [];
  for (const slot of ctx.state.slots.values()) {
    if (slot.out !== null && ctx.now - slot.out.since < OUT_FORGOTTEN_MS) {
      out.push({ instance: slot.id, why: slot.out.why, since: slot.out.since });
    }
  }
  const counted = new Set(out.map(({ instance }) => instance));
  return {
    max: ctx.view.policy.maxDisruption,
    out: [...out, ...struck(ctx).filter((one) => !counted.has(one.instance))],
  };
}

/** What an experiment holds: it pays from the same budget while its fault lasts; of a change, its rollout pays. */
function struck(ctx: Context): BudgetState['out'] {
  return [...ctx.state.faults.values()].flatMap(({ kind, experiment, instant, askedAt, deadline, targets }) =>
    targets.flatMap(({ instance, service, from, phase, begunAt }) => {
      // Others still reach what a partition keeps from one of its callers.
      if (isDeployFault(kind) || typeof from === 'string') return [];
      if (phase === 'ended' || (instant && begunAt !== null) || ctx.now > deadline + LEASE_SLACK_MS) return [];
      const all = instance !== null ? [instance] : service !== null ? waysTo(ctx, service) : [];
      return all.map((each) => ({ instance: each, why: `experiment ${experiment}`, since: askedAt }));
    }),
  );
}

/** Whom a fault on all ways to a service strikes: whoever is there now. */
export function waysTo(ctx: Context, service: string): readonly string[] {
  return ctx.slotsOf(service).flatMap(({ id, intent, completed }) => (intent === 'run' && !completed ? [id] : []));
}

/** How many more instances may be taken out now. */
export function budgetRoom(ctx: Context): number {
  const { max, out } = budgetOf(ctx);
  return Math.max(0, max - out.length);
}

/** What is out, what is down, and what would be struck, against what may be out at once. */
export function overBudget(ctx: Context, instances: readonly string[]): [code: string, message: string] | null {
  const { max, out } = budgetOf(ctx);
  const gone = new Set(out.map(({ instance }) => instance));
  for (const slot of ctx.state.slots.values()) {
    if (slot.intent === 'run' && !slot.ready && !slot.completed) gone.add(slot.id);
  }
  const fresh = instances.filter((instance) => !gone.has(instance));
  if (fresh.length === 0 || gone.size + fresh.length <= max) return null;
  const before = gone.size === 0 ? '' : `${[...gone].join(', ')} out already; `;
  return [
    'HF5002',
    `budget: ${before}${fresh.join(', ')} would make ${gone.size + fresh.length} out, at most ${max} may be`,
  ];
}

export function guardContext(ctx: Context, incident: Incident, plan: Plan): GuardContext {
  return {
    view: ctx.view,
    memory: ctx.memory,
    symptoms: ctx.detection.open(),
    causes: incident.diagnosis?.causes ?? (plan.cause === null ? [] : [plan.cause]),
    out: budgetOf(ctx).out,
    silences: ctx.state.silences,
    stopped: ctx.state.stopped,
  };
}
