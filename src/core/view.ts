/** The core's own state, as the pure stages may see it. */
import type { EdgeHistory } from '../model/edge-history.ts';
import type { InstanceExit } from '../model/instance.ts';
import type { ServiceSpec, SystemPolicy } from '../model/spec.ts';
import type { CheckView, FailoverView, SystemView } from '../model/view.ts';
import type { CoreState, ServiceState } from './state.ts';

const DEFAULT_POLICY: SystemPolicy = { mode: 'auto', maxDisruption: 1 };

/** Exits kept per instance. */
const EXIT_HISTORY = 20;

/** A live window on the state: nothing is copied, so it may be kept. */
export class StateView implements SystemView {
  readonly #state: CoreState;
  readonly edges: EdgeHistory;
  readonly exits: Map<string, InstanceExit[]>;

  readonly #checkOf: SystemView['checkOf'];

  constructor(
    state: CoreState,
    edges: EdgeHistory,
    exits: Map<string, InstanceExit[]>,
    checkOf: SystemView['checkOf'],
  ) {
    this.#state = state;
    this.#checkOf = checkOf;
    this.edges = edges;
    this.exits = exits;
  }

  get policy(): SystemPolicy {
    return { ...(this.#state.spec?.policy ?? DEFAULT_POLICY), mode: this.#state.mode };
  }

  get services(): ReadonlyMap<string, ServiceSpec> {
    return new SpecMap(this.#state.services);
  }

  get instances(): SystemView['instances'] {
    return this.#state.slots;
  }

  get changes(): SystemView['changes'] {
    return this.#state.changes;
  }

  exitsOf(instance: string): readonly InstanceExit[] {
    return this.exits.get(instance) ?? [];
  }

  resourcesOf(instance: string): ReturnType<SystemView['resourcesOf']> {
    return this.#state.resources.get(instance) ?? [];
  }

  nodeOf(node: string): ReturnType<SystemView['nodeOf']> {
    return this.#state.nodes.get(node);
  }

  nodePastOf(node: string): ReturnType<SystemView['nodePastOf']> {
    return this.#state.nodePasts.get(node) ?? [];
  }

  waysOf(instance: string): ReturnType<SystemView['waysOf']> {
    return this.#state.ways.get(instance) ?? [];
  }

  checkOf(instance: string): CheckView {
    return this.#checkOf(instance);
  }

  /** Stopped, being stopped, not yet up for the first time, or rolling out: gaps in them are meant. */
  get inTransition(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const service of this.#state.services.values()) {
      if (service.intent !== 'run' || service.rollout !== null || !service.everReady) names.add(service.name);
    }
    return names;
  }

  failoverOf(service: string): FailoverView | undefined {
    const state = this.#state.services.get(service)?.spec.failover && this.#state.failovers.get(service);
    if (!state) return undefined;
    const { token, holder, caughtUp, since, previous } = state;
    const slot = this.#state.slots.get(holder);
    return { token, holder, caughtUp, since, previous, confirmed: slot?.incarnation === state.confirmed };
  }

  recordExit(instance: string, exit: InstanceExit): void {
    const list = this.exits.get(instance) ?? [];
    list.push(exit);
    if (list.length > EXIT_HISTORY) list.shift();
    this.exits.set(instance, list);
  }
}

/** Service states seen as their specs, without building a map each time. */
class SpecMap implements ReadonlyMap<string, ServiceSpec> {
  readonly #states: ReadonlyMap<string, ServiceState>;

  constructor(states: ReadonlyMap<string, ServiceState>) {
    this.#states = states;
  }

  get size(): number {
    return this.#states.size;
  }

  get(name: string): ServiceSpec | undefined {
    return this.#states.get(name)?.spec;
  }

  has(name: string): boolean {
    return this.#states.has(name);
  }

  keys(): MapIterator<string> {
    return this.#states.keys();
  }

  *values(): MapIterator<ServiceSpec> {
    for (const state of this.#states.values()) yield state.spec;
    return undefined;
  }

  *entries(): MapIterator<[string, ServiceSpec]> {
    for (const [name, state] of this.#states) yield [name, state.spec];
    return undefined;
  }

  [Symbol.iterator](): MapIterator<[string, ServiceSpec]> {
    return this.entries();
  }

  forEach(each: (spec: ServiceSpec, name: string, map: ReadonlyMap<string, ServiceSpec>) => void): void {
    for (const [name, state] of this.#states) each(state.spec, name, this);
  }
}
