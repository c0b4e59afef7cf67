/**
 * A whole cluster on a virtual clock: system, machine, traffic, server with the real core, and a schedule of
 * trouble. `simulate` runs one to its end and says which invariants held. The same seed and the same code give the
 * same run, to the last byte of its timeline.
 */
import type { Core, CoreInput, CoreOutput } from '../src/core/contract.ts';
import type { LaunchSpec } from '../src/model/link.ts';
import { Random } from '../src/model/random.ts';
import type { ServiceSpec, SystemSpec } from '../src/model/spec.ts';
import { formatDuration, type Ms } from '../src/model/time.ts';
import { VirtualClock } from './clock.ts';
import { DATABASE_TICK_MS } from './databases.ts';
import { Invariants, problemsOf } from './invariants.ts';
import { type Ailment, type Process, SimulatedMachine, WELL_BYTES } from './machine.ts';
import { describeTrouble, randomSchedule, type ScheduledTrouble, type Trouble } from './schedule.ts';
import { SimulatedServer } from './server.ts';
import { randomSystem } from './systems.ts';
import { SimulatedTraffic } from './traffic.ts';

export interface RunOptions {
  /** Trouble is spread over this time. */
  readonly troubleMs: Ms;
  /** Quiet time at the end, at most: within it everything must heal. */
  readonly quietMs: Ms;
  /** Overrides the schedule that the seed gives: for shrinking. */
  readonly schedule?: readonly ScheduledTrouble[];
  /** Keep the timeline (slower). */
  readonly timeline: boolean;
}

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly schedule: readonly ScheduledTrouble[];
  readonly timeline: readonly string[];
  readonly requests: number;
  readonly failedRequests: number;
  readonly incidents: number;
  readonly virtualMs: Ms;
}

export const DEFAULT_RUN: RunOptions = { troubleMs: 45_000, quietMs: 180_000, timeline: false };

/** The longest trouble ends by itself within this time after it was begun. */
const AFTERMATH_MS = 20_000;
/** From a page to the first thing that a human does. */
const HUMAN_MS = 30_000;
/** A run is over when the cluster has been well for this long: most heal soon, and need not be watched to the end. */
const WELL_MS = 15_000;
const LOOK_MS = 5_000;

export function simulate(seed: number, options: RunOptions = DEFAULT_RUN): RunResult {
  return new World(seed, options).run();
}

class World {
  readonly #seed: number;
  readonly #options: RunOptions;
  readonly #clock = new VirtualClock();
  #spec: SystemSpec;
  readonly #schedule: readonly ScheduledTrouble[];
  readonly #machine: SimulatedMachine;
  readonly #server: SimulatedServer;
  readonly #traffic: SimulatedTraffic;
  readonly #invariants: Invariants;
  readonly #timeline: string[] = [];
  /** REVISION value → how lives started with it misbehave. */
  readonly #badness = new Map<string, 'crash' | Ailment>();
  #revision = 1;

  constructor(seed: number, options: RunOptions) {
    this.#seed = seed;
    this.#options = options;
    const random = Random.seeded(seed);
    this.#spec = randomSystem(random);
    this.#schedule = options.schedule ?? randomSchedule(random.fork(), this.#spec, options.troubleMs);
    const note = (text: string): void => this.#note(text);
    const violated = (what: string): void => this.#invariants.violated(what, this.#clock.now);
    this.#machine = new SimulatedMachine(this.#clock, random.fork(), {
      badness: (launch) => this.#badnessOf(launch),
      note,
      violated,
    });
    const core = { seed, portRange: [20_000, 24_000] as const, node: this.#machine.node };
    this.#server = new SimulatedServer(this.#clock, this.#machine, core, {
      note,
      violated,
      stepped: (...step) => this.#stepped(...step),
    });
    this.#traffic = new SimulatedTraffic(this.#machine, random.fork());
    this.#invariants = new Invariants(this.#machine);
  }

  run(): RunResult {
    const lastTrouble = Math.max(0, ...this.#schedule.map(({ at }) => at));
    const end = lastTrouble + AFTERMATH_MS + this.#options.quietMs;
    this.#server.start();
    this.#apply('first deploy');
    for (const { at, trouble } of this.#schedule) this.#clock.at(at, () => this.#strike(trouble));
    this.#clock.every(1_000, () => this.#second());
    this.#clock.every(DATABASE_TICK_MS, () =>
      this.#machine.databases.tick(this.#server.core?.routes ?? this.#lastRoutes),
    );
    this.#clock.runUntil(lastTrouble + AFTERMATH_MS);
    for (let wellMs = 0; this.#clock.now < end && wellMs < WELL_MS; ) {
      this.#clock.runUntil(this.#clock.now + LOOK_MS);
      wellMs = this.#isWell() ? wellMs + LOOK_MS : 0;
    }
    if (this.#server.core) this.#invariants.atEnd(this.#server.core, this.#clock.now);
    else this.#invariants.violated('the server is down at the end', this.#clock.now);
    return {
      seed: this.#seed,
      violations: this.#invariants.found,
      schedule: this.#schedule,
      timeline: this.#timeline,
      requests: Math.round(this.#traffic.totals.requests),
      failedRequests: Math.round(this.#traffic.totals.failed),
      incidents: this.#server.core?.incidents.length ?? 0,
      virtualMs: this.#clock.now,
    };
  }

  #isWell(): boolean {
    const { core } = this.#server;
    return core !== null && problemsOf(core, this.#machine).length === 0;
  }

  #second(): void {
    const table = this.#server.core?.routes ?? this.#lastRoutes;
    this.#machine.sample();
    this.#machine.report(this.#traffic.flow(this.#spec, table, 30, this.#clock.now));
    this.#lastRoutes = table;
  }
  #lastRoutes: Core['routes'] = null;

  #stepped(core: Core, input: CoreInput, outputs: readonly CoreOutput[]): void {
    this.#invariants.afterStep(core, outputs, this.#clock.now);
    if (outputs.some(({ kind }) => kind === 'page')) this.#clock.after(HUMAN_MS, () => this.#humanArrives());
    if (!this.#options.timeline) return;
    if (input.kind === 'operator' || input.kind === 'apply')
      this.#note(`operator: ${input.kind === 'apply' ? 'apply' : input.command.kind}`);
    for (const output of outputs) {
      if (output.kind === 'event') this.#note(`${output.event.topic}: ${output.event.text}`);
      if (output.kind === 'page') this.#note(`page: ${output.text}`);
      if (output.kind === 'reply' && !output.ok) this.#note(`refused: ${output.code} ${output.message}`);
    }
  }

  #strike(trouble: Trouble): void {
    this.#note(`>>> ${describeTrouble(trouble)}`);
    switch (trouble.kind) {
      case 'crash': {
        const process = this.#pick(trouble.service, trouble.pick);
        if (process) this.#machine.end(process, { reason: 'signal', signal: 'SIGKILL' });
        return;
      }
      case 'ailment': {
        const process = this.#pick(trouble.service, trouble.pick);
        if (process) process.ailment = trouble.ailment;
        return;
      }
      case 'primary-lost': {
        const process = this.#primary();
        if (process && trouble.how === 'killed') this.#machine.end(process, { reason: 'signal', signal: 'SIGKILL' });
        else if (process) process.ailment = 'hung';
        if (trouble.serverAfterMs !== null) this.#clock.after(trouble.serverAfterMs, () => this.#downFor(1_000));
        return;
      }
      case 'standbys-behind':
        this.#machine.databases.cut('database', trouble.cutMs);
        this.#clock.after(trouble.killAfterMs, () => {
          const process = this.#primary();
          if (process) this.#machine.end(process, { reason: 'signal', signal: 'SIGKILL' });
        });
        return;
      case 'outage':
        this.#outage(trouble.service, trouble.ailment, trouble.forMs);
        return;
      case 'bad-change':
      case 'good-change':
        this.#change(trouble.service, trouble.kind === 'bad-change' ? trouble.badness : null);
        return;
      case 'operator-restart':
        this.#server.feed({
          kind: 'operator',
          command: { kind: 'restart', service: trouble.service, instance: null },
          who: 'op',
          why: 'drill',
        });
        return;
      case 'scale':
        this.#server.feed({
          kind: 'operator',
          command: { kind: 'scale', service: trouble.service, replicas: trouble.replicas },
          who: 'op',
          why: 'drill',
        });
        return;
      case 'server-crash':
        this.#downFor(trouble.downMs);
        return;
      case 'disk-fault':
        this.#server.failDisk();
        this.#clock.after(trouble.downMs, () => this.#startAgain());
        return;
      case 'link-down':
        this.#machine.disconnect();
        this.#clock.after(trouble.forMs, () => this.#server.core && this.#server.link());
        return;
      case 'link-slow':
        this.#machine.delayMs = trouble.delayMs;
        this.#clock.after(trouble.forMs, () => {
          this.#machine.delayMs = 1;
        });
        return;
      case 'start-failures':
        this.#machine.failNextStarts(trouble.count);
        return;
      case 'stop-automation':
        this.#server.feed({ kind: 'operator', command: { kind: 'stop-all' }, who: 'op', why: 'drill' });
        this.#clock.after(trouble.forMs, () => this.#resume());
        return;
      case 'wall-jump':
        this.#server.wallSkewMs += trouble.byMs;
        return;
    }
  }

  /** Operators insist: when the server is down they try again. */
  #resume(): void {
    const done = this.#server.feed({ kind: 'operator', command: { kind: 'resume' }, who: 'op', why: 'drill over' });
    if (done === null) this.#clock.after(1_000, () => this.#resume());
  }

  /** Whoever was paged looks at what changed last, and takes back what they find to be bad. */
  #humanArrives(): void {
    for (const service of Object.values(this.#server.core?.spec?.services ?? {})) {
      if (!this.#badness.has(service.run.environment.REVISION ?? '')) continue;
      this.#server.feed({
        kind: 'operator',
        command: { kind: 'rollback', service: service.name, change: null },
        who: 'op',
        why: 'paged',
      });
    }
  }

  #downFor(downMs: Ms): void {
    this.#server.crash();
    this.#clock.after(downMs, () => this.#startAgain());
  }

  #startAgain(): void {
    if (this.#server.core === null) this.#server.start();
    else this.#downFor(100);
  }

  #primary(): Process | undefined {
    const holder = this.#server.core?.view.failoverOf('database')?.holder;
    return holder === undefined ? undefined : this.#machine.processes.get(holder);
  }

  #outage(service: string, ailment: Ailment, forMs: Ms): void {
    const struck = this.#living(service);
    for (const process of struck) process.ailment = ailment;
    this.#clock.after(forMs, () => {
      for (const process of struck) {
        process.ailment = null;
        process.memoryBytes = Math.min(process.memoryBytes, WELL_BYTES);
      }
      this.#note(`outage of ${service} over after ${formatDuration(forMs)}`);
    });
  }

  #change(name: string, badness: 'crash' | Ailment | null): void {
    const current = this.#server.core?.spec ?? this.#spec;
    const service = current.services[name];
    if (!service) return;
    this.#revision += 1;
    const value = String(this.#revision);
    if (badness !== null) this.#badness.set(value, badness);
    const next: ServiceSpec = { ...service, run: { ...service.run, environment: { REVISION: value } } };
    this.#spec = { ...current, services: { ...current.services, [name]: next } };
    this.#apply(`${name} revision ${value}${badness === null ? '' : ` (bad: ${badness})`}`);
  }

  #apply(why: string): void {
    const done = this.#server.feed({ kind: 'apply', spec: this.#spec, change: { who: 'op', why, expectIndex: null } });
    if (done === null) this.#clock.after(1_000, () => this.#apply(why));
  }

  #badnessOf(launch: LaunchSpec): 'crash' | Ailment | null {
    return this.#badness.get(launch.environment.REVISION ?? '') ?? null;
  }

  #living(service: string): Process[] {
    return [...this.#machine.processes.values()].filter(
      (process) => process.launch.service === service && process.exit === null,
    );
  }

  #pick(service: string, pick: number): Process | undefined {
    const living = this.#living(service);
    return living[pick % Math.max(1, living.length)];
  }

  #note(text: string): void {
    if (this.#options.timeline) this.#timeline.push(`${(this.#clock.now / 1_000).toFixed(3).padStart(9)}  ${text}`);
  }
}
