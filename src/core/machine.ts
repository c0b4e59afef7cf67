/** The core itself: one step takes an input, lets everything settle, and returns what is to be done. */
import { Detection } from '../detect/index.ts';
import { EdgeHistory } from '../model/edge-history.ts';
import type { FaultState } from '../model/fault.ts';
import type { Incident } from '../model/incident.ts';
import type { InstanceExit } from '../model/instance.ts';
import { Random, type RandomState } from '../model/random.ts';
import type { RecoveryMode, SystemSpec } from '../model/spec.ts';
import type { Symptom } from '../model/symptom.ts';
import type { Ms } from '../model/time.ts';
import type { SystemView } from '../model/view.ts';
import { RecoveryMemory } from '../recover/index.ts';
import { autoscale } from './autoscale.ts';
import { Context } from './context.ts';
import type { BudgetState, Core, CoreInput, CoreOptions, CoreOutput, RolloutState } from './contract.ts';
import { advanceDeploys } from './deploys.ts';
import { applySpec } from './desired.ts';
import { advanceFailovers } from './failover.ts';
import { orderFault } from './faults.ts';
import { budgetOf } from './guards.ts';
import { openIncidents, openSymptoms, servicesOf, takeSymptoms } from './incidents.ts';
import { takeMessage } from './messages.ts';
import { operate } from './operator.ts';
import { advanceIncidents } from './plans.ts';
import { refreshReadiness } from './readiness.ts';
import { reconcile } from './reconcile.ts';
import { advanceRollouts } from './rollout.ts';
import { syncRoutes } from './routing.ts';
import { type CoreState, deserialise, emptyState, serialise } from './state.ts';
import { StateView } from './view.ts';

interface Snapshot {
  readonly format: 1;
  readonly state: CoreState;
  readonly random: RandomState;
  readonly detection: unknown;
  readonly edges: unknown;
  readonly memory: unknown;
  readonly exits: Map<string, InstanceExit[]>;
}

export class Machine implements Core {
  readonly #ctx: Context;

  constructor(options: CoreOptions, snapshot: string | null) {
    const saved = snapshot === null ? null : (deserialise(snapshot) as Snapshot);
    const state = { ...emptyState('auto', options.portRange[0]), ...saved?.state };
    const edges = saved ? EdgeHistory.restore(saved.edges) : new EdgeHistory();
    const detection = saved ? Detection.restore(saved.detection) : new Detection();
    this.#ctx = new Context(state, options, {
      random: saved ? Random.restore(saved.random) : Random.seeded(options.seed),
      detection,
      memory: saved ? RecoveryMemory.restore(saved.memory) : new RecoveryMemory(),
      view: new StateView(state, edges, saved?.exits ?? new Map(), (instance) => detection.checkOf(instance)),
    });
  }

  step(input: CoreInput, now: Ms): readonly CoreOutput[] {
    const ctx = this.#ctx;
    ctx.begin(now);
    this.#take(input);
    takeSymptoms(ctx, ctx.detection.evaluate(ctx.view, ctx.now));
    refreshReadiness(ctx);
    advanceIncidents(ctx);
    advanceDeploys(ctx);
    autoscale(ctx);
    advanceRollouts(ctx, (service) => isTroubled(ctx, service));
    reconcile(ctx);
    advanceFailovers(ctx);
    if (ctx.dirty) syncRoutes(ctx);
    ctx.dirty = false;
    return ctx.out;
  }

  #take(input: CoreInput): void {
    const ctx = this.#ctx;
    switch (input.kind) {
      case 'tick':
        ctx.state.wallOffsetMs = input.wallMs - ctx.now;
        ctx.state.silences = ctx.state.silences.filter(({ until }) => until > ctx.now);
        return;
      case 'configure':
        ctx.state.apiUrl = input.apiUrl;
        ctx.state.otlpUrl = input.otlpUrl ?? '';
        ctx.state.connected = false;
        return;
      case 'apply':
        applySpec(ctx, input.spec, input.change);
        return;
      case 'agent':
        takeSymptoms(ctx, takeMessage(ctx, input.message));
        return;
      case 'operator':
        operate(ctx, input.command, input.who, input.why);
        return;
      case 'fault':
        orderFault(ctx, input.command, input.who);
        return;
    }
  }

  snapshot(): string {
    const ctx = this.#ctx;
    const snapshot: Snapshot = {
      format: 1,
      state: ctx.state,
      random: ctx.random.snapshot(),
      detection: ctx.detection.snapshot(),
      edges: ctx.view.edges.snapshot(),
      memory: ctx.memory.snapshot(),
      exits: ctx.view.exits,
    };
    return serialise(snapshot);
  }

  get index(): number {
    return this.#ctx.state.index;
  }

  get spec(): SystemSpec | null {
    return this.#ctx.state.spec;
  }

  get view(): SystemView {
    return this.#ctx.view;
  }

  get instances(): CoreState['slots'] {
    return this.#ctx.state.slots;
  }

  get incidents(): readonly Incident[] {
    const all = [...this.#ctx.state.incidents.values()].reverse();
    return [...all.filter(({ closedAt }) => closedAt === null), ...all.filter(({ closedAt }) => closedAt !== null)];
  }

  get symptoms(): readonly Symptom[] {
    return this.#ctx.detection.open();
  }

  get changes(): CoreState['changes'] {
    return this.#ctx.state.changes;
  }

  get silences(): CoreState['silences'] {
    return this.#ctx.state.silences;
  }

  get routes(): CoreState['routes'] {
    return this.#ctx.state.routes;
  }

  get budget(): BudgetState {
    return budgetOf(this.#ctx);
  }

  get faults(): readonly FaultState[] {
    return [...this.#ctx.state.faults.values()];
  }

  get mode(): RecoveryMode {
    return this.#ctx.state.mode;
  }

  get stopped(): boolean {
    return this.#ctx.state.stopped;
  }

  get wallOffsetMs(): number {
    return this.#ctx.state.wallOffsetMs;
  }

  rolloutOf(service: string): RolloutState | null {
    const state = this.#ctx.service(service);
    const rollout = state?.rollout;
    if (!state || !rollout) return null;
    const done = this.#ctx.slotsOf(service).filter((slot) => slot.revision === rollout.to && slot.ready).length;
    const { change, from, to, total, startedAt } = rollout;
    return { change, from, to, total, startedAt, done, state: rollout.state };
  }

  revisionOf(service: string): string | null {
    return this.#ctx.service(service)?.revision ?? null;
  }
}

/** A rollout waits while an open symptom concerns its service: more of the same would only make it worse. */
function isTroubled(ctx: Context, service: string): boolean {
  return openIncidents(ctx).some((incident) =>
    openSymptoms(incident).some(({ entity }) => entity.kind !== 'edge' && servicesOf(entity).includes(service)),
  );
}
