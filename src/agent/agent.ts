/**
 * The agent of one machine: carries out commands, runs checks, and reports what it sees. It judges nothing. Commands
 * for one instance are carried out in their order; a stop does not hold up the kill that may follow it.
 */
import { cpus, hostname, totalmem } from 'node:os';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { InstanceId } from '../model/instance.ts';
import {
  type AgentCommand,
  type AgentMessage,
  type FaultOrderCommand,
  type InventoryItem,
  isFaultOrder,
  type LaunchSpec,
  type NodeFacts,
} from '../model/link.ts';
import type { RouteTable } from '../model/routes.ts';
import type { Signal } from '../model/signal.ts';
import { type EndedLife, type LifeRef, type Runtime, StartFailure } from '../runtime/contract.ts';
import { type Checker, startChecker } from './checks/checker.ts';
import { checksOf, phaseOf } from './checks/plan.ts';
import { Faults } from './faults.ts';
import { BEAT_MS, LagMeter } from './lag.ts';
import { NodeSampler } from './node-sampler.ts';
import { Outbox } from './outbox.ts';
import type { Clock, NetworkFaultPort, PartPort, TrafficPort } from './ports.ts';
import { Roles } from './roles.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface AgentOptions {
  readonly node: string;
  readonly stateDir: string;
  readonly runtime: Runtime;
  readonly traffic: TrafficPort & NetworkFaultPort & PartPort;
  readonly clock: Clock;
  /** Absent: nothing is taken in, and nobody reads logs. */
  readonly telemetry?: Telemetry;
}

/** How long to wait before a route table is offered again to a traffic process that could not be reached. */
const ROUTES_RETRY_MS = 500;
const NODE_SAMPLE_MS = 1_000;

type InstanceCommand = Exclude<AgentCommand, { kind: 'routes' } | FaultOrderCommand>;

export class Agent {
  readonly #options: AgentOptions;
  readonly #outbox: Outbox;
  readonly #lag: LagMeter;
  readonly #faults: Faults;
  readonly #roles: Roles;
  readonly #checkers = new Map<InstanceId, readonly Checker[]>();
  /** The last command of each instance that is being carried out. */
  readonly #queues = new Map<InstanceId, Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];
  #sampler: NodeSampler | null = null;
  #listener: (message: AgentMessage) => void = () => {};
  #ready: Promise<void> | null = null;
  #routes: RouteTable | null = null;
  #applying = false;
  #stopped = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#outbox = new Outbox((signals) => this.#listener({ kind: 'signals', node: options.node, signals }));
    this.#lag = new LagMeter(options.clock.now());
    this.#faults = new Faults({
      stateDir: options.stateDir,
      clock: options.clock,
      lifeOf: (instance) => options.runtime.lifeOf(instance),
      network: options.traffic,
      part: options.traffic,
      partChanged: (change) => {
        if (this.#stopped) return;
        this.#listener({ kind: 'part', node: options.node, at: options.clock.now(), part: 'traffic', ...change });
      },
      report: (faults, all = false) => {
        if (!this.#stopped) this.#listener({ kind: 'faults', node: options.node, all, faults });
      },
      complain: (what, error) => this.#complain(what, error),
    });
    const { stateDir, runtime, clock } = options;
    this.#roles = new Roles({ stateDir, runtime, clock, send: (signal) => this.#outbox.add([signal]) });
  }

  onMessage(listener: (message: AgentMessage) => void): void {
    this.#listener = listener;
  }

  /** Resolves when the inventory is out. Commands may be given before: they wait for it. */
  start(): Promise<void> {
    this.#ready ??= this.#start();
    return this.#ready;
  }

  async #start(): Promise<void> {
    const { runtime, traffic, clock, node, telemetry } = this.#options;
    runtime.onExit((ended) => this.#ended(ended));
    runtime.onSample((samples) => {
      this.#outbox.add(samples);
      telemetry?.sampled(samples);
    });
    runtime.onOutput?.((instance, lines) => telemetry?.output(instance, lines));
    traffic.onSignals((signals) => this.#outbox.add(signals));
    const items = await runtime.adopt();
    this.#listener({ kind: 'inventory', node, at: clock.now(), items, facts: this.#facts() });
    this.#outbox.open();
    for (const item of items) {
      telemetry?.launched(item.launch);
      if (item.process && !item.exit) telemetry?.started(item.launch.instance, item.process.pid);
      this.#check(item);
    }
    telemetry?.start((signals) => this.#outbox.add(signals));
    this.#faults.start();
    this.#timers.push(setInterval(() => this.#lag.beat(clock.now()), BEAT_MS));
    this.#sampleNode();
  }

  #facts(): NodeFacts {
    const { limits, notices } = this.#options.runtime.facts;
    return {
      hostname: hostname(),
      platform: `${process.platform} ${process.arch}`,
      cpus: cpus().length,
      memoryBytes: totalmem(),
      limits,
      notices,
    };
  }

  #sampleNode(): void {
    const { clock, node, stateDir } = this.#options;
    const sampler = new NodeSampler(node, stateDir);
    this.#sampler = sampler;
    let last = clock.now();
    const sample = async (): Promise<void> => {
      const now = clock.now();
      const signal = await sampler.sample(now, this.#lag.worstSince(last, now));
      last = now;
      this.#outbox.add([signal]);
      this.#options.telemetry?.sampled([signal]);
    };
    this.#timers.push(
      setInterval(() => {
        sample().catch((error: unknown) => this.#complain('the machine could not be measured', error));
      }, NODE_SAMPLE_MS),
    );
  }

  handle(command: AgentCommand): void {
    if (command.kind === 'routes') {
      this.#routes = command.table;
      this.#options.telemetry?.routes(command.table);
      void this.#applyRoutes();
      return;
    }
    if (isFaultOrder(command)) {
      this.#fault(command);
      return;
    }
    const instance = command.kind === 'start' ? command.launch.instance : command.instance;
    const before = this.#queues.get(instance) ?? this.start();
    const done = before
      .then(() => this.#carryOut(command))
      .catch((error: unknown) => this.#failed(command, error))
      .then(() => {
        if (this.#queues.get(instance) === done) this.#queues.delete(instance);
      });
    this.#queues.set(instance, done);
  }

  #fault(command: FaultOrderCommand): void {
    if (command.kind === 'inject') this.#faults.inject(command.order);
    else if (command.kind === 'renew') this.#faults.renew(command.fault, command.leaseMs);
    else if (command.kind === 'revert') this.#faults.revert(command.fault);
    else this.#faults.revertAll();
  }

  /** Looked up in the world now: what is left of these faults. */
  residue(faults: readonly string[]): Promise<readonly string[]> {
    return this.#faults.residue(faults);
  }

  async #carryOut(command: InstanceCommand): Promise<void> {
    const { runtime } = this.#options;
    switch (command.kind) {
      case 'start':
        return this.#startLife(command.launch);
      case 'stop':
        this.#endLife(command, () => runtime.stop(command, command.signal, command.graceMs));
        return;
      case 'kill':
        this.#endLife(command, () => runtime.kill(command));
        return;
      case 'role':
        this.#changeRole(command);
        return;
      case 'forget':
        this.#options.telemetry?.forgotten(command.instance);
        return runtime.forget(command);
    }
  }

  async #startLife(launch: LaunchSpec): Promise<void> {
    const { runtime, clock } = this.#options;
    const { instance, incarnation } = launch;
    const known = runtime.lifeOf(instance);
    if (known && known.launch.incarnation >= incarnation) return; // Done already, or overtaken.
    this.#stopChecks(instance);
    this.#options.telemetry?.launched(launch);
    const added = this.#faults.environmentOf(instance);
    const prepared = this.#roles.prepare(launch);
    const environment = { ...prepared.environment, ...added };
    const struck = Object.keys(added).length === 0 ? prepared : { ...prepared, environment };
    const process = await runtime.start(struck, this.#faults.wrapperOf(instance));
    this.#faults.restarted(instance);
    this.#options.telemetry?.started(instance, process.pid);
    this.#outbox.add([{ kind: 'started', instance, incarnation, at: clock.now(), process }]);
    const item = runtime.lifeOf(instance);
    if (item) this.#check(item);
  }

  /** Not awaited by the queue: fencing must not wait until a promotion is over. */
  #changeRole(command: Extract<AgentCommand, { kind: 'role' }>): void {
    const life = this.#options.runtime.lifeOf(command.instance);
    if (!life || life.exit || life.launch.incarnation !== command.incarnation) return;
    this.#roles.order(command, life.launch).catch((error: unknown) => {
      const now = this.#options.runtime.lifeOf(command.instance);
      // What ended meanwhile has been told of by its exit.
      if (now && !now.exit && now.launch.incarnation === command.incarnation) this.#failed(command, error);
    });
  }

  /** Not awaited by the queue: a kill must not wait until the grace of a stop is over. */
  #endLife(command: LifeRef & InstanceCommand, end: () => Promise<void>): void {
    const life = this.#options.runtime.lifeOf(command.instance);
    if (!life || life.launch.incarnation !== command.incarnation) {
      if (!life || life.launch.incarnation < command.incarnation) this.#sayGone(command);
      return;
    }
    if (life.exit) {
      this.#outbox.add([this.#exitSignal({ ...command, exit: life.exit })]);
      return;
    }
    this.#options.telemetry?.acted(command.instance);
    // What is being stopped may fail its checks without anybody's interest.
    this.#stopChecks(command.instance);
    end().catch((error: unknown) => this.#failed(command, error));
  }

  /** Whoever wants it ended should not wait for ever for the end of what never was. */
  #sayGone(life: LifeRef): void {
    const at = this.#options.clock.now();
    const detail = 'nothing is known of it on its node';
    const exit = { at, reason: 'unknown', code: null, signal: null, detail, lastOutput: [] } as const;
    this.#outbox.add([this.#exitSignal({ ...life, exit })]);
  }

  #exitSignal({ instance, incarnation, exit }: EndedLife): Signal {
    return { kind: 'exit', instance, incarnation, at: exit.at, exit };
  }

  #ended(ended: EndedLife): void {
    this.#stopChecks(ended.instance);
    this.#options.telemetry?.ended(ended.instance);
    this.#outbox.add([this.#exitSignal(ended)]);
  }

  #failed(command: InstanceCommand, error: unknown): void {
    const { node, clock } = this.#options;
    const { instance, incarnation } = command.kind === 'start' ? command.launch : command;
    const known = asHoldfastError(error);
    this.#outbox.flush();
    this.#listener({
      kind: 'command-failed',
      node,
      id: command.id,
      command: command.kind,
      instance,
      incarnation,
      at: clock.now(),
      reason: error instanceof StartFailure ? error.reason : 'unknown',
      error: `${known.code} ${known.message} (${known.remedy})`,
    });
  }

  #check(item: InventoryItem): void {
    const { launch, startedAt, exit } = item;
    this.#stopChecks(launch.instance);
    if (exit || this.#stopped) return;
    const { runtime, clock } = this.#options;
    const checkers = checksOf(launch).map(({ purpose, spec }) =>
      startChecker({
        purpose,
        spec,
        target: {
          launch,
          exec: (command, signal) => runtime.exec(launch, command, signal),
          plugin: (result) => this.#options.telemetry?.plugin(launch.instance, result),
          look: this.#roles.probe(launch),
        },
        startedAt,
        clock,
        lag: this.#lag,
        phase: phaseOf(launch, purpose),
        send: (signal, worth) => this.#outbox.add([signal], worth === 'news'),
      }),
    );
    this.#checkers.set(launch.instance, checkers);
  }

  #stopChecks(instance: InstanceId): void {
    for (const checker of this.#checkers.get(instance) ?? []) checker.stop();
    this.#checkers.delete(instance);
    this.#roles.end(instance);
  }

  /** An instance's own report for its TTL check. */
  heartbeat(instance: InstanceId, pass: boolean, note: string): void {
    const checkers = this.#checkers.get(instance);
    if (!checkers) throw new HoldfastError('HF3007', `${instance} does not run here`);
    for (const checker of checkers) checker.heartbeat(pass, note);
  }

  /** Always the newest table: one that was overtaken while the traffic process was away is never applied. */
  async #applyRoutes(): Promise<void> {
    if (this.#applying) return;
    this.#applying = true;
    try {
      await this.start();
      while (this.#routes && !this.#stopped) {
        const table = this.#routes;
        const done = await this.#offerRoutes(table);
        if (!done) await new Promise((resume) => setTimeout(resume, ROUTES_RETRY_MS));
        else if (this.#routes === table) this.#routes = null;
      }
    } finally {
      this.#applying = false;
    }
  }

  async #offerRoutes(table: RouteTable): Promise<boolean> {
    try {
      const { version, failed } = await this.#options.traffic.apply(table);
      this.#listener({ kind: 'routes-applied', node: this.#options.node, version, failed });
      return true;
    } catch (error) {
      this.#complain('routes are not in force yet', error);
      return false;
    }
  }

  /** For what nobody waits for and no signal is made for. */
  #complain(what: string, error: unknown): void {
    const { code, message } = asHoldfastError(error);
    process.stderr.write(`agent: ${what}: ${code} ${message}\n`);
  }

  /** Lets go; every instance runs on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#sampler?.close();
    for (const instance of [...this.#checkers.keys()]) this.#stopChecks(instance);
    await this.#options.telemetry?.close();
    this.#outbox.close();
    this.#faults.close();
    await this.#options.runtime.close();
  }
}
