/**
 * Faults on purpose at this machine: orders of the core become requests to the injector, and what becomes of them is
 * told back. All that lasts is in the injector's records and in its keeper; an agent that dies forgets nothing.
 */
import type { FaultRequest, FaultStatus, Target } from '../inject/contract.ts';
import { Injector } from '../inject/injector.ts';
import { EXECUTORS, executorOf } from '../inject/registry.ts';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { FaultKindFacts, FaultOrder, FaultReport } from '../model/fault.ts';
import type { InstanceId } from '../model/instance.ts';
import type { InventoryItem } from '../model/link.ts';
import { PART_FAULT } from '../model/part-fault.ts';
import type { Ms } from '../model/time.ts';
import { NetworkFaults, networkFaultKinds } from './network-faults.ts';
import { PartFaults } from './part-faults.ts';
import type { Clock, NetworkFaultPort, PartChange, PartPort } from './ports.ts';

export interface FaultsOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly network: NetworkFaultPort;
  readonly part: PartPort;
  readonly partChanged: (change: PartChange) => void;
  readonly lifeOf: (instance: InstanceId) => InventoryItem | undefined;
  /** `all`: nothing else lasts here. */
  readonly report: (faults: readonly FaultReport[], all?: boolean) => void;
  readonly complain: (what: string, error: unknown) => void;
}

/** While a fault lasts its records are read this often. */
const POLL_MS: Ms = 200;
/** A fault that is over is known for so long: whoever judges it asks for residue within that time. */
const KEPT_MS: Ms = 600_000;

export class Faults {
  readonly #o: FaultsOptions;
  readonly #injector: Injector;
  readonly #network: NetworkFaults;
  readonly #parts: PartFaults;
  /** Order → instance that it follows through its lives. */
  readonly #instances = new Map<string, InstanceId>();
  readonly #told = new Map<string, string>();
  readonly #failed = new Map<string, FaultReport>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: FaultsOptions) {
    this.#o = options;
    this.#injector = new Injector(options.stateDir);
    this.#network = new NetworkFaults({ ...options, port: options.network });
    this.#parts = new PartFaults({ ...options, port: options.part });
    options.part.onPart((change) => {
      this.#parts.changed(change);
      options.partChanged(change);
    });
  }

  /** Everything that is known, so that the core may put its own picture right; what nobody keeps is reverted. */
  start(): void {
    this.#network.start();
    this.#injector.sweep();
    const now = monotonic();
    for (const { fault, end } of this.#injector.list()) {
      if (end && now - end.at > KEPT_MS) this.#injector.forget(fault.id);
    }
    this.#look(true);
  }

  inject(order: FaultOrder): void {
    if (this.#parts.knows(order.kind)) {
      this.#parts.inject(order);
      return;
    }
    if (this.#network.knows(order.kind)) {
      this.#network.inject(order);
      return;
    }
    this.#begin(order).catch((error: unknown) => {
      const { message, remedy } = asHoldfastError(error);
      const end = { reason: 'failed', detail: `${message} (${remedy})`, residue: [] };
      const report: FaultReport = { id: order.id, phase: 'ended', begunAt: null, bite: null, end };
      // When there is a record, what it says is told by the next look.
      if (this.#injector.status(order.id)) this.#watch();
      else this.#o.report([this.#keepFailed(report)]);
    });
  }

  #keepFailed(report: FaultReport): FaultReport {
    this.#failed.set(report.id, report);
    return report;
  }

  async #begin(order: FaultOrder): Promise<void> {
    const { id, kind, leaseMs, holder, instance } = order;
    const { target, parameters } = this.#aim(order);
    const request: FaultRequest = { id, kind, parameters, target, leaseMs, holder };
    if (instance !== null) this.#instances.set(id, instance);
    this.#watch();
    await this.#injector.begin(request);
    this.#look();
  }

  /** What the executor is given for an instance: its process, its port, its directory, or its next life. */
  #aim({ kind, instance, parameters }: FaultOrder): {
    readonly target: Target;
    readonly parameters: FaultOrder['parameters'];
  } {
    const executor = executorOf(kind);
    if (!executor) throw new HoldfastError('HF8202', `there is no fault ${kind}`);
    const { path, ...rest } = parameters;
    const directory = executor.targets.includes('directory') && typeof path === 'string' ? path : null;
    if (instance === null) {
      if (executor.targets.includes('node')) return { target: { kind: 'node' }, parameters };
      if (directory !== null) return { target: { kind: 'directory', path: directory }, parameters: rest };
      if (executor.targets.includes('directory')) throw needsPath(kind);
      throw new HoldfastError('HF8203', `fault ${kind} is done to a ${executor.targets.join(' or ')}`);
    }
    const life = this.#o.lifeOf(instance);
    if (!life?.process || life.exit) throw new HoldfastError('HF8203', `${instance} does not run here`);
    if (executor.targets.includes('process')) return { target: { kind: 'process', process: life.process }, parameters };
    if (executor.targets.includes('port')) return { target: portOf(life), parameters };
    if (executor.targets.includes('launch')) return { target: { kind: 'launch', instance }, parameters };
    if (directory !== null) return { target: { kind: 'directory', path: directory }, parameters: rest };
    throw needsPath(kind);
  }

  renew(id: string, leaseMs: Ms): void {
    if (this.#network.has(id)) {
      this.#network.renew(id, leaseMs);
      return;
    }
    try {
      this.#injector.renew(id, leaseMs);
    } catch (error) {
      this.#o.complain(`fault ${id} is not renewed`, error);
    }
  }

  revert(id: string): void {
    if (this.#parts.has(id)) return;
    if (this.#network.has(id)) {
      this.#network.revert(id);
      return;
    }
    if (!this.#injector.status(id)) {
      const end = { reason: 'asked', detail: '', residue: [] };
      const never: FaultReport = { id, phase: 'ended', begunAt: null, bite: null, end };
      this.#o.report([this.#failed.get(id) ?? never]);
      return;
    }
    this.#injector
      .revert(id)
      .catch((error: unknown) => this.#o.complain(`fault ${id}`, error))
      .finally(() => this.#look());
  }

  revertAll(): void {
    this.#network.revertAll();
    this.#injector
      .revertAll()
      .catch((error: unknown) => this.#o.complain('faults', error))
      .finally(() => this.#look());
  }

  /** A new life of an instance: faults that follow it are told where it is now. */
  restarted(instance: InstanceId): void {
    const process = this.#o.lifeOf(instance)?.process;
    if (!process) return;
    for (const [id, struck] of this.#instances) {
      const status = struck === instance ? this.#injector.status(id) : undefined;
      // Also one that is being begun: what it kills may be back before its keeper has said that it is done.
      if (status && status.phase !== 'ended' && status.fault.target.kind === 'process') {
        this.#injector.retarget(id, { kind: 'process', process });
      }
    }
  }

  /** What the next life of an instance is to be started with. */
  environmentOf(instance: InstanceId): Readonly<Record<string, string>> {
    return this.#instances.size === 0 ? {} : this.#injector.environmentOf(instance);
  }

  /** The command that the next life of an instance is to be started by; empty: as ever. */
  wrapperOf(instance: InstanceId): readonly string[] {
    return this.#instances.size === 0 ? [] : this.#injector.wrapperOf(instance);
  }

  /** Looked up in the world now, not remembered. */
  async residue(ids: readonly string[]): Promise<readonly string[]> {
    const here = ids.flatMap((id) => (this.#injector.status(id) ? this.#injector.residue(id) : []));
    return [...here, ...(await this.#parts.residue(ids)), ...(await this.#network.residue(ids))];
  }

  close(): void {
    this.#closed = true;
    this.#parts.close();
    this.#network.close();
    if (this.#timer) clearTimeout(this.#timer);
  }

  #watch(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#look();
    }, POLL_MS);
  }

  #look(all = false): void {
    if (this.#closed) return;
    const news: FaultReport[] = [];
    let open = 0;
    for (const status of this.#injector.list()) {
      const report = this.#reportOf(status);
      if (report.phase !== 'ended') open++;
      else this.#instances.delete(report.id);
      // Figures that move while a fault lasts are its own business; that it bites at all is news.
      const state = `${report.phase} ${report.bite?.bitten}`;
      if (this.#told.get(report.id) === state) continue;
      this.#told.set(report.id, state);
      news.push(report);
    }
    if (news.length > 0 || all) this.#o.report(news, all);
    if (open > 0) this.#watch();
  }

  #reportOf({ fault, phase, begunAt, bite, end }: FaultStatus): FaultReport {
    const offset = this.#o.clock.now() - monotonic();
    return {
      id: fault.id,
      phase,
      begunAt: begunAt === null ? null : begunAt + offset,
      bite,
      end: end === null ? null : { reason: end.reason, detail: end.detail, residue: end.residue },
    };
  }
}

function needsPath(kind: string): HoldfastError {
  return new HoldfastError('HF6004', `fault ${kind} needs path: the directory whose file system it is done to`);
}

function portOf({ launch }: InventoryItem): Target {
  const port = Object.values(launch.ports)[0];
  if (port === undefined) throw new HoldfastError('HF8203', `${launch.instance} has no port`);
  return { kind: 'port', port, protocol: 'tcp', process: null };
}

/** The clock of the records: CLOCK_MONOTONIC. */
function monotonic(): Ms {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The catalogue, with what this machine can do. */
export function faultKinds(): readonly FaultKindFacts[] {
  const own = EXECUTORS.map((executor) => {
    const { kind, what, parameters, instant, targets, needs, measured, reverted } = executor;
    const can = executor.possible();
    const how = can.possible ? can.how : `${can.why}. ${can.instead}`;
    return { kind, what, parameters, instant, targets, needs, measured, reverted, possible: can.possible, how };
  });
  return [...own, PART_FAULT, ...networkFaultKinds()];
}
