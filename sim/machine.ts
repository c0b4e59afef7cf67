/**
 * One simulated machine: the processes on it, the agent that starts and checks them, and the link over which the
 * agent talks. It keeps the real agent's promises (idempotent commands, every exit reported, inventory after each
 * reconnect) and none of its I/O.
 */
import type { InstanceExit } from '../src/model/instance.ts';
import {
  type AgentCommand,
  type AgentMessage,
  type InventoryItem,
  isFaultOrder,
  type LaunchSpec,
} from '../src/model/link.ts';
import type { Random } from '../src/model/random.ts';
import type { CheckSignal, Signal } from '../src/model/signal.ts';
import type { CheckSpec } from '../src/model/spec.ts';
import type { Ms } from '../src/model/time.ts';
import type { VirtualClock } from './clock.ts';
import { SimulatedDatabases } from './databases.ts';

/** How a process misbehaves; null is well. A new life begins well unless its revision is bad. */
export type Ailment = 'hung' | 'slow' | 'erroring' | 'deaf' | 'leaking';

export interface Process {
  readonly launch: LaunchSpec;
  readonly pid: number;
  readonly startedAt: Ms;
  /** Answers from this time on. */
  readonly upAt: Ms;
  ailment: Ailment | null;
  memoryBytes: number;
  exit: InstanceExit | null;
  checkFailed: boolean;
  lastPassAt: Ms;
}

export interface MachineHooks {
  /** A bad revision shows its badness in every life: what it does, or null. */
  badness(launch: LaunchSpec): 'crash' | Ailment | null;
  note(text: string): void;
  violated(what: string): void;
}

/** What a process that is well uses. */
export const WELL_BYTES = 50e6;
const SIGN_OF_LIFE_MS = 10_000;

export class SimulatedMachine {
  readonly node = 'node-1';
  readonly processes = new Map<string, Process>();
  readonly databases: SimulatedDatabases;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #hooks: MachineHooks;
  /** Null while the link is down: what is said then is lost, and an inventory follows. */
  #deliver: ((message: AgentMessage) => void) | null = null;
  delayMs: Ms = 1;
  /** Arrival of the last message each way: a link delays and breaks, but it never reorders. */
  #lastDown: Ms = 0;
  #lastUp: Ms = 0;
  #nextPid = 1_000;
  #failStarts = 0;

  constructor(clock: VirtualClock, random: Random, hooks: MachineHooks) {
    this.#clock = clock;
    this.#random = random;
    this.#hooks = hooks;
    this.databases = new SimulatedDatabases(clock, random.fork(), {
      isUp: (process) => this.isUp(process),
      say: (signal) => this.#signals([signal]),
      refused: ({ id, instance, incarnation }, error) =>
        this.#send({
          kind: 'command-failed',
          node: this.node,
          id,
          command: 'role',
          instance,
          incarnation,
          at: this.#clock.now,
          reason: 'unknown',
          error,
        }),
      violated: (what) => this.#hooks.violated(what),
    });
  }

  connect(deliver: (message: AgentMessage) => void): void {
    this.#deliver = deliver;
    const items: InventoryItem[] = [...this.processes.values()].map((process) => ({
      launch: process.launch,
      process: identity(process.pid),
      startedAt: process.startedAt,
      exit: process.exit,
    }));
    const facts = {
      hostname: this.node,
      platform: 'simulated',
      cpus: 2,
      memoryBytes: 8e9,
      limits: 'sampling' as const,
      notices: [],
    };
    this.#send({ kind: 'inventory', node: this.node, at: this.#clock.now, items, facts });
    for (const process of this.processes.values()) process.lastPassAt = Number.NEGATIVE_INFINITY;
    this.databases.forgetSaid();
  }

  disconnect(): void {
    this.#deliver = null;
  }

  failNextStarts(count: number): void {
    this.#failStarts = count;
  }

  /** A command arrives, after the link's delay. */
  receive(command: AgentCommand): void {
    const deliver = this.#deliver;
    this.#lastDown = Math.max(this.#lastDown, this.#clock.now + this.delayMs);
    this.#clock.at(this.#lastDown, () => {
      // A command that was under way when the link broke is lost with it.
      if (this.#deliver === deliver) this.#carryOut(command);
    });
  }

  #carryOut(command: AgentCommand): void {
    if (command.kind === 'routes') {
      this.#send({ kind: 'routes-applied', node: this.node, version: command.table.version, failed: [] });
      return;
    }
    if (command.kind === 'start') {
      this.#start(command.id, command.launch);
      return;
    }
    // The world has faults enough of its own.
    if (isFaultOrder(command)) return;
    if (command.kind === 'role') {
      this.databases.order(command);
      return;
    }
    const process = this.processes.get(command.instance);
    if (!process || process.launch.incarnation !== command.incarnation) return;
    if (command.kind === 'forget') {
      if (process.exit === null) this.#hooks.violated(`forget for ${command.instance}, which runs`);
      else this.processes.delete(command.instance);
    } else if (process.exit === null) {
      const polite = command.kind === 'stop' && process.ailment !== 'hung' && process.ailment !== 'deaf';
      const after = command.kind === 'kill' ? 2 : polite ? this.#random.between(10, 200) : command.graceMs;
      this.#clock.after(after, () =>
        this.end(process, polite ? { reason: 'code', code: 0 } : { reason: 'signal', signal: 'SIGKILL' }),
      );
    }
  }

  #start(id: string, launch: LaunchSpec): void {
    const known = this.processes.get(launch.instance);
    if (known && known.launch.incarnation >= launch.incarnation) return;
    if (known && known.exit === null) this.#hooks.violated(`${launch.instance} started again while its last life runs`);
    const fail = this.#failStarts > 0;
    if (fail) {
      this.#failStarts -= 1;
      const reason = this.#random.chance(0.5) ? 'port-taken' : 'spawn-failed';
      this.#send({
        kind: 'command-failed',
        node: this.node,
        id,
        command: 'start',
        instance: launch.instance,
        incarnation: launch.incarnation,
        at: this.#clock.now,
        reason,
        error: reason,
      });
      return;
    }
    const bad = this.#hooks.badness(launch);
    const process: Process = {
      launch,
      pid: this.#nextPid++,
      startedAt: this.#clock.now,
      upAt: this.#clock.now + this.#random.between(50, 800),
      ailment: bad === 'crash' ? null : bad,
      memoryBytes: WELL_BYTES,
      exit: null,
      checkFailed: true,
      lastPassAt: Number.NEGATIVE_INFINITY,
    };
    this.processes.set(launch.instance, process);
    this.databases.started(process);
    this.#signals([
      {
        kind: 'started',
        instance: launch.instance,
        incarnation: launch.incarnation,
        at: this.#clock.now,
        process: identity(process.pid),
      },
    ]);
    if (bad === 'crash')
      this.#clock.after(this.#random.between(20, 400), () => this.end(process, { reason: 'code', code: 1 }));
    if (launch.liveness) this.#scheduleCheck(process, launch.liveness, launch.liveness.startIntervalMs);
  }

  end(process: Process, how: Pick<InstanceExit, 'reason'> & Partial<InstanceExit>): void {
    if (process.exit !== null) return;
    process.exit = { at: this.#clock.now, code: null, signal: null, detail: null, lastOutput: [], ...how };
    const { instance, incarnation } = process.launch;
    this.#hooks.note(`${instance} ended (${how.reason} ${how.code ?? how.signal ?? ''})`);
    this.#signals([{ kind: 'exit', instance, incarnation, at: this.#clock.now, exit: process.exit }]);
  }

  isUp(process: Process): boolean {
    return process.exit === null && this.#clock.now >= process.upAt;
  }

  #scheduleCheck(process: Process, check: CheckSpec, delayMs: Ms): void {
    this.#clock.after(delayMs, () => {
      if (process.exit !== null) return;
      const silent = process.ailment === 'hung' || process.ailment === 'deaf';
      const error = silent ? 'timeout' : !this.isUp(process) ? 'refused' : null;
      const takes = silent ? check.timeoutMs : 2;
      this.#clock.after(takes, () => this.#reportCheck(process, error, takes));
      const starting =
        this.#clock.now - process.startedAt < check.startPeriodMs && process.lastPassAt === Number.NEGATIVE_INFINITY;
      this.#scheduleCheck(process, check, Math.max(takes, starting ? check.startIntervalMs : check.intervalMs));
    });
  }

  #reportCheck(process: Process, error: string | null, latencyMs: Ms): void {
    if (process.exit !== null) return;
    const now = this.#clock.now;
    const dueSign = now - process.lastPassAt >= SIGN_OF_LIFE_MS;
    if (error === null && !process.checkFailed && !dueSign) return;
    process.checkFailed = error !== null;
    if (error === null) process.lastPassAt = now;
    const { instance, incarnation } = process.launch;
    const signal: CheckSignal = {
      kind: 'check',
      instance,
      incarnation,
      at: now,
      purpose: 'liveness',
      pass: error === null,
      latencyMs,
      error,
    };
    this.#signals([signal]);
  }

  sample(): void {
    const signals: Signal[] = [];
    for (const process of this.processes.values()) {
      if (process.exit !== null) continue;
      const limit = process.launch.resources.memoryBytes;
      if (process.ailment === 'leaking') process.memoryBytes += 15e6;
      if (limit !== null && process.memoryBytes > limit) {
        this.end(process, { reason: 'oom', detail: 'memory limit exceeded' });
        continue;
      }
      const { instance, incarnation } = process.launch;
      signals.push({
        kind: 'resource',
        instance,
        incarnation,
        at: this.#clock.now,
        cpuCores: 0.1,
        memoryBytes: process.memoryBytes,
        memoryLimitBytes: limit,
        openFiles: 20,
        openFilesLimit: 1024,
        processes: 1,
        state: process.ailment === 'hung' ? 'T' : 'S',
      });
    }
    signals.push({
      kind: 'node',
      node: this.node,
      at: this.#clock.now,
      cpuShare: 0.2,
      memoryShare: 0.3,
      diskShare: 0.4,
      diskFreeBytes: 5e10,
      ownLagMs: 1,
    });
    this.#signals(signals);
  }

  report(signals: readonly Signal[]): void {
    if (signals.length > 0) this.#signals(signals);
  }

  #signals(signals: readonly Signal[]): void {
    this.#send({ kind: 'signals', node: this.node, signals });
  }

  #send(message: AgentMessage): void {
    const deliver = this.#deliver;
    if (!deliver) return;
    this.#lastUp = Math.max(this.#lastUp, this.#clock.now + this.delayMs);
    this.#clock.at(this.#lastUp, () => {
      if (this.#deliver === deliver) deliver(message);
    });
  }
}

function identity(pid: number): { pid: number; startTicks: string; bootId: string } {
  return { pid, startTicks: String(pid * 10), bootId: 'simulated' };
}
