/**
 * Autoscaling: every ASK_MS the recommendation for each service that declares a range is asked for, and a change of
 * size is made like any other: in the change log, by Holdfast, with its reason. Nothing is scaled while automation is
 * stopped, while the service is in transition or ill, or where recovery only observes or waits for approval (there the
 * advice is told once). The size that was reached outlives another apply of the same file: a range was declared.
 */
import type { AutoscalePolicy } from '../model/spec.ts';
import type { Ms } from '../model/time.ts';
import { recommend } from '../recover/index.ts';
import type { Context } from './context.ts';
import { scale } from './desired.ts';
import { openIncidents, openSymptoms, servicesOf } from './incidents.ts';
import type { ServiceState, Slot } from './state.ts';

/** Shorter follows load more closely, on noisier averages; what is measured is the mean over this time. */
export const ASK_MS: Ms = 15_000;
/** Recommendations remembered per service: five minutes of them. */
const HISTORY = 20;

export function autoscale(ctx: Context): void {
  for (const service of ctx.state.services.values()) {
    const policy = service.spec.autoscale;
    if (!policy || service.intent !== 'run' || !service.everReady) continue;
    const memory = ctx.state.autoscale.get(service.name) ?? { askedAt: ctx.now, history: [], told: service.replicas };
    ctx.state.autoscale.set(service.name, memory);
    if (ctx.now - memory.askedAt < ASK_MS) continue;
    memory.askedAt = ctx.now;
    const { wanted, replicas, reason } = recommend({
      policy,
      replicas: service.replicas,
      values: ctx.slotsOf(service.name).map((slot) => measured(ctx, service, slot, policy)),
      history: memory.history,
      hold: service.rollout !== null || isIll(ctx, service.name),
      now: ctx.now,
    });
    memory.history = [...memory.history, { at: ctx.now, wanted }].slice(-HISTORY);
    if (replicas === service.replicas) memory.told = replicas;
    else resize(ctx, service, replicas, reason, memory);
  }
}

function resize(ctx: Context, service: ServiceState, replicas: number, reason: string, memory: { told: number }): void {
  const mode = service.spec.recovery.mode ?? ctx.state.mode;
  if (!ctx.state.stopped && mode === 'auto' && service.spec.recovery.allow.includes('scale')) {
    scale(ctx, service, replicas, 'holdfast', `autoscale: ${reason}`);
    memory.told = replicas;
    return;
  }
  if (memory.told === replicas) return;
  memory.told = replicas;
  const text = `autoscale advises ${replicas} instances of ${service.name} (${reason}); nothing is done by itself here`;
  ctx.event('action', 'info', text, { service: service.name });
}

function isIll(ctx: Context, service: string): boolean {
  return openIncidents(ctx).some((incident) =>
    openSymptoms(incident).some(({ kind, entity }) => kind !== 'saturating' && servicesOf(entity).includes(service)),
  );
}

/** The instance's mean over the last ASK_MS, in the metric's unit; null while it says nothing or takes no calls. */
function measured(ctx: Context, service: ServiceState, slot: Slot, { metric }: AutoscalePolicy): number | null {
  if (!slot.ready || (slot.readyAt ?? ctx.now) > ctx.now - ASK_MS) return null;
  const { cpus, memoryBytes } = service.spec.resources;
  const samples = ctx.view
    .resourcesOf(slot.id)
    .filter(({ at, incarnation }) => at > ctx.now - ASK_MS && incarnation === slot.incarnation);
  switch (metric) {
    case 'cpu':
      return mean(samples.map(({ cpuCores }) => cpuCores / (cpus ?? 1)));
    case 'memory':
      return mean(
        samples.flatMap((sample) => {
          const limit = sample.memoryLimitBytes ?? memoryBytes;
          return limit === null ? [] : [sample.memoryBytes / limit];
        }),
      );
    case 'requests-per-second':
      return (traffic(ctx, slot, ({ requests }) => requests) * 1_000) / ASK_MS;
    case 'in-flight':
      return traffic(ctx, slot, ({ inFlight, windowMs }) => (inFlight * windowMs) / ASK_MS);
  }
}

type Window = ReturnType<Context['view']['edges']['windows']>[number];

function traffic(ctx: Context, slot: Slot, value: (window: Window) => number): number {
  let total = 0;
  for (const { caller, callee } of ctx.view.edges.pairs()) {
    if (callee !== slot.service) continue;
    for (const window of ctx.view.edges.windows(caller, callee, ctx.now - ASK_MS, ctx.now)) {
      if (window.instance === slot.id) total += value(window);
    }
  }
  return total;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
