/**
 * Carries out what a run asks for: calls, and faults at exact instances. Faults go through the core, which may refuse
 * them, and from there to the agent; what became of them is read from the core again. A run never touches a target.
 */
import { hostname } from 'node:os';
import type { Core } from '../../core/contract.ts';
import { isDeployFault } from '../../model/deploy-fault.ts';
import { HoldfastError } from '../../model/errors.ts';
import {
  type FaultBite,
  type FaultCommand,
  type FaultKindFacts,
  type FaultRequest,
  type FaultState,
  type FaultTarget,
  isOver,
} from '../../model/fault.ts';
import { PART_KILL } from '../../model/part-fault.ts';
import { PARTITION } from '../../model/partition.ts';
import { Random } from '../../model/random.ts';
import { select } from '../../model/selection.ts';
import type { Ms } from '../../model/time.ts';
import {
  type Effect,
  type FaultSpec,
  type Json,
  type JsonMap,
  type Provider,
  WHOLE_NODE,
} from '../../prove/experiment/index.ts';
import { deployResidue, describeDeploy } from './deploys.ts';
import { type Cuts, partitionBite, partitionOf } from './partitions.ts';
import { callHttp, callProcess } from './providers.ts';

export type Asked = Extract<Effect, { readonly timeoutMs: Ms }>;

export interface WorldOptions {
  readonly core: Core;
  /** Through the journal; throws the core's refusal. */
  readonly order: (command: FaultCommand) => Promise<void>;
  readonly residue: (orders: readonly string[]) => Promise<readonly string[]>;
  readonly kinds: () => readonly FaultKindFacts[];
  /** As an operator does it: journaled, gracefully. */
  readonly restart: (service: string, instance: string) => Promise<void>;
  readonly complain: (error: unknown) => void;
  readonly isQuiet: (service: string | null) => boolean;
  readonly isHealthy: (service: string | null) => boolean;
  readonly directory: string;
  /** The id of the run. */
  readonly experiment: string;
  /** A guard rail refused to begin a fault. */
  readonly refused: (why: string) => void;
}

const POLL_MS: Ms = 25;
/** What is not back by then is somebody else's trouble. */
const BACK_WITHIN_MS: Ms = 30_000;
/** Without a seed of its own an experiment strikes the same instances every time. */
const DEFAULT_SEED = 1;

export class World {
  readonly #o: WorldOptions;
  /** A revert has overtaken its injection. */
  readonly #forbidden = new Set<string>();
  /** Whose targets have been restarted once more; a revert may be asked for twice. */
  readonly #healed = new Set<string>();
  #known: readonly FaultKindFacts[] | null = null;

  constructor(options: WorldOptions) {
    this.#o = options;
  }

  answer(asked: Asked, signal: AbortSignal): Promise<Json> {
    switch (asked.kind) {
      case 'probe':
      case 'action':
        return this.#call(asked.provider, asked.timeoutMs, signal, {});
      case 'control': {
        const { level, scope, context, state } = asked;
        return this.#call(asked.provider, asked.timeoutMs, signal, { level, scope, context, state });
      }
      case 'targets':
        return Promise.resolve(this.#described(asked.fault));
      case 'inject':
        return this.#inject(asked.fault, asked.spec, signal);
      case 'renew':
        return this.#o.order({ kind: 'renew', fault: asked.fault, leaseMs: asked.leaseMs }).then(() => null);
      case 'revert':
        return this.#revert(asked.fault, signal);
      case 'residue':
        return this.#residue(asked.faults);
    }
  }

  /** Exactly the instances that would be struck now; none: the machine. */
  targetsOf({ target, kind }: FaultSpec): readonly string[] {
    if (isDeployFault(kind)) return [];
    if (target.instances.length > 0) return target.instances;
    const { core } = this.#o;
    if (target.service === null) {
      if (target.node !== null && target.node !== 'localhost' && target.node !== hostname())
        throw new HoldfastError('HF8203', `${kind}: there is no node ${target.node}`);
      return kind === WHOLE_NODE ? this.#allOfNode() : [];
    }
    if (!core.view.services.has(target.service)) throw new HoldfastError('HF6008', `no service ${target.service}`);
    const ready = [...core.instances.values()].filter(({ service, ready }) => service === target.service && ready);
    if (ready.length === 0) throw new HoldfastError('HF8203', `${target.service} has no instance that serves`);
    const random = Random.seeded(target.seed ?? DEFAULT_SEED);
    return select(
      ready.map(({ id }) => id),
      target.select,
      random,
    );
  }

  /** Also those that are about to run: the core refuses to lose a node that is not whole to begin with. */
  #allOfNode(): readonly string[] {
    const all = [...this.#o.core.instances.values()].filter(({ phase }) => phase !== 'exited').map(({ id }) => id);
    if (all.length === 0) throw new HoldfastError('HF8203', `${WHOLE_NODE}: nothing runs on ${hostname()}`);
    return all.sort();
  }

  /** For whoever has to agree to it: what is struck, what reaches further than that, and what is restarted for it. */
  #described(spec: FaultSpec): readonly string[] {
    if (isDeployFault(spec.kind)) return describeDeploy(this.#o.core, spec.kind, spec);
    if (spec.kind === PARTITION) return partitionOf(this.#o.core, spec).told;
    const facts = this.#kinds().find(({ kind }) => kind === spec.kind);
    const targets = this.targetsOf(spec);
    if (spec.kind === PART_KILL)
      return [`${spec.parameters.part} of Holdfast: no endpoint takes a connection until it is back`];
    if (targets.length === 0) return [`${hostname()}: the whole machine, everything else on it too`];
    const spills = facts?.targets.includes('node') ? ` (${facts.how})` : '';
    const again = this.#restarts(spec.kind) ? ' (restarted when it begins, and again when it is over)' : '';
    return targets.map((id) => `${id}${spills}${again}`);
  }

  /** Asked once for each run: what a machine can do is found out by trying. */
  #kinds(): readonly FaultKindFacts[] {
    this.#known ??= this.#o.kinds();
    return this.#known;
  }

  /** What is done to the next life of an instance needs one. */
  #restarts(kind: string): boolean {
    return this.#kinds().some((facts) => facts.kind === kind && facts.targets.includes('launch'));
  }

  /**
   * One after the other: no more of a service is out at once than has to be. Only the first order is waited for: leases are
   * renewed and reverts are confirmed meanwhile, and the steady state waits for whatever is not ready.
   */
  async #restart(instances: readonly string[]): Promise<void> {
    const [first, ...rest] = instances;
    const before = first === undefined ? undefined : this.#o.core.instances.get(first);
    if (!before) return;
    await this.#o.restart(before.service, before.id);
    if (rest.length > 0)
      void this.#whenBack(before.id, before.incarnation)
        .then(() => this.#restart(rest))
        .catch(this.#o.complain);
  }

  async #whenBack(id: string, incarnation: number): Promise<void> {
    for (let n = 0; n < BACK_WITHIN_MS / POLL_MS; n++) {
      const now = this.#o.core.instances.get(id);
      if (!now || (now.ready && now.incarnation > incarnation)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  fault(id: string): FaultState | undefined {
    return this.#o.core.faults.find((fault) => fault.id === id);
  }

  async #residue(faults: readonly string[]): Promise<Json> {
    const lines = await this.#o.residue(faults.flatMap((id) => this.#ordersOf(id)));
    const own = faults.flatMap((id) => this.fault(id) ?? []);
    return [...lines, ...deployResidue(this.#o.core, own)];
  }

  #ordersOf(id: string): readonly string[] {
    return this.fault(id)?.targets.map((target) => target.id) ?? [];
  }

  async #inject(id: string, spec: FaultSpec, signal: AbortSignal): Promise<Json> {
    const partition = spec.kind === PARTITION ? partitionOf(this.#o.core, spec) : null;
    const fault = this.#requestOf(id, spec, partition);
    if (this.#forbidden.has(id)) throw new HoldfastError('HF8204', 'it was reverted before it began');
    try {
      await this.#o.order({ kind: 'inject', fault });
    } catch (error) {
      if (error instanceof HoldfastError && (error.code === 'HF5002' || error.code === 'HF5006')) {
        this.#o.refused(error.message);
      }
      throw error;
    }
    const state = await this.#until(id, signal, ({ targets }) => targets.every(({ phase }) => phase !== 'requested'));
    const failed = state.targets.find(({ end }) => end?.reason === 'failed');
    if (failed)
      throw new HoldfastError('HF8204', `${failed.instance ?? failed.service ?? 'the machine'}: ${failed.end?.detail}`);
    if (this.#restarts(spec.kind)) await this.#restart(fault.instances);
    const begun = state.targets.flatMap(({ begunAt }) => begunAt ?? []);
    return {
      targets: partition?.told ?? state.targets.map(({ instance, service }) => instance ?? service ?? hostname()),
      ...(begun.length > 0 ? { begunAt: Math.min(...begun) } : {}),
    };
  }

  #requestOf(id: string, spec: FaultSpec, partition: Cuts | null): FaultRequest {
    const { kind, leaseMs, instant } = spec;
    const { experiment } = this.#o;
    const parameters = spec.parameters as Readonly<Record<string, unknown>>;
    const { service, from } = spec.target;
    const common = { id, kind, experiment, leaseMs, instant };
    if (partition) {
      const { cuts, among, told: _told, ...rest } = partition;
      const { beyondBudget } = rest;
      return { ...common, parameters: { ...rest }, instances: [], from: null, cuts, among, beyondBudget };
    }
    const whole = isDeployFault(kind) && service !== null ? { service } : {};
    const beyond = kind === WHOLE_NODE ? { beyondBudget: parameters.beyondBudget === true } : {};
    return { ...common, parameters, instances: this.targetsOf(spec), from, ...whole, ...beyond };
  }

  async #revert(id: string, signal: AbortSignal): Promise<Json> {
    this.#forbidden.add(id);
    if (!this.fault(id)) return {};
    await this.#o.order({ kind: 'revert', fault: id });
    const { kind, targets } = await this.#until(id, signal, isOver);
    // Its clock and its names are right already; this takes the library, or the mounts, out of its process. In an emergency nothing is begun.
    if (this.#restarts(kind) && !this.#o.core.stopped && !this.#healed.has(id)) {
      this.#healed.add(id);
      const begun = targets.flatMap(({ instance, begunAt }) =>
        instance === null || begunAt === null ? [] : [instance],
      );
      await this.#restart(begun);
    }
    const bite = (kind === PARTITION ? partitionBite(targets) : biteOf(targets)) as JsonMap | null;
    const residue = targets.flatMap(({ end }) => end?.residue ?? []);
    const part = targets.flatMap((target) => target.part ?? [])[0];
    return {
      ...{ bite, residue, reason: targets[0]?.end?.reason ?? '' },
      ...(part === undefined ? {} : { part: part as unknown as JsonMap }),
    };
  }

  async #until(id: string, signal: AbortSignal, good: (fault: FaultState) => boolean): Promise<FaultState> {
    for (;;) {
      const state = this.fault(id);
      if (state && good(state)) return state;
      if (signal.aborted) throw new HoldfastError('HF8204', `fault ${id}: nobody waits for it any more`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #call(provider: Provider, timeoutMs: Ms, signal: AbortSignal, control: JsonMap): Promise<Json> {
    if (provider.type === 'holdfast') {
      const { service, is } = provider;
      return Promise.resolve(is === 'quiet' ? this.#o.isQuiet(service) : this.#o.isHealthy(service));
    }
    const told = Object.entries(control).map(([name, value]) => [
      `HOLDFAST_CONTROL_${name.toUpperCase()}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    const options = { timeoutMs, signal, directory: this.#o.directory, environment: Object.fromEntries(told) };
    if (provider.type === 'process') return callProcess(provider, options);
    const isControl = Object.keys(control).length > 0;
    const given = isControl ? { ...(provider.arguments as JsonMap | null), ...control } : provider.arguments;
    return callHttp({ ...provider, arguments: given }, options);
  }
}

/** Of all its targets together; null: nobody measured anything. */
function biteOf(targets: readonly FaultTarget[]): FaultBite | null {
  const bites = targets.flatMap(({ bite }) => bite ?? []);
  const [first] = bites;
  if (first === undefined) return null;
  const total = (of: 'asked' | 'measured'): number => bites.reduce((sum, bite) => sum + bite[of], 0);
  const bitten = bites.length === targets.length && bites.every((bite) => bite.bitten);
  return { asked: total('asked'), measured: total('measured'), unit: first.unit, bitten };
}
