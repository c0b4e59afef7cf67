/**
 * The control plane of one machine: the core, fed from the agent, from operators and from the clock; its outputs
 * carried out by the engine; all of it shown through the ControlPlane interface that the HTTP layer serves.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Telemetry } from '../agent/telemetry/telemetry.ts';
import type { CoreInput, CoreOptions, CoreOutput } from '../core/contract.ts';
import type { HoldfastError } from '../model/errors.ts';
import type { NodeFacts } from '../model/link.ts';
import type { Notices } from '../notify/notices.ts';
import type { AgentPort } from './agent-port.ts';
import type { Topic } from './control-plane.ts';
import { Engine } from './engine.ts';
import { EventRing } from './events.ts';
import { iso, type Moment } from './mapping/facts.ts';
import type { OwnFigures } from './metrics/metrics.ts';
import { Tally } from './metrics/tally.ts';
import { DiskReserve } from './reserve.ts';
import { type OpenState, stateRecord } from './state.ts';
import { Topics } from './topics.ts';

export interface DaemonOptions {
  readonly state: OpenState;
  readonly agent: AgentPort;
  readonly notices: Notices;
  /** Absent: nothing is taken in. */
  readonly telemetry?: Telemetry;
  readonly version: string;
  readonly stateDir: string;
  readonly coreOptions: CoreOptions;
  readonly log: (line: { readonly level: 'info' | 'warn' | 'error'; readonly text: string }) => void;
  /** The journal cannot be written any more, or the core broke: the process must end, instances go on. */
  readonly fatal: (error: unknown) => void;
}

/** While something is under way the core is asked this often; otherwise only so that time passes for it. */
const TICK_MS = 100;
const QUIET_TICK_MS = 250;
const SWEEP_MS = 1_000;
const RESERVE_MS = 60_000;
/** What receivers of notices are owed is looked at anew this often, besides whenever an incident begins or ends. */
const NOTICES_MS = 30_000;

const INCIDENT_TOPICS: ReadonlySet<string> = new Set([
  'symptom',
  'incident',
  'diagnosis',
  'plan',
  'action',
  'guard',
  'operator',
]);

export class Daemon {
  readonly state: OpenState;
  readonly engine: Engine;
  readonly agent: AgentPort;
  readonly events: EventRing;
  readonly topics = new Topics();
  readonly tally: Tally;
  readonly #o: DaemonOptions;
  readonly #startedAtWallMs = Date.now();
  readonly #lag = monitorEventLoopDelay({ resolution: 10 });
  readonly #reserve: DiskReserve;
  readonly #timers: NodeJS.Timeout[] = [];
  #eventSeq: number;
  #machine: NodeFacts | null = null;
  #lastTickAt = 0;
  #journalError: HoldfastError | null = null;
  /** An incident began or ended since receivers were last told. */
  #noticesDue = false;

  constructor(options: DaemonOptions) {
    const { state, agent } = options;
    this.#o = options;
    this.state = state;
    this.agent = agent;
    this.events = new EventRing(state.eventSeq);
    this.#eventSeq = state.eventSeq;
    this.#reserve = new DiskReserve(options.stateDir);
    this.tally = new Tally(state.core);
    this.engine = new Engine({
      core: state.core,
      journal: state.journal,
      clock: state.clock,
      seal: state.secrets.seal,
      snapshot: () => this.#record(),
      command: (command) => agent.command(command),
      page: (incident, text) => {
        options.log({ level: 'error', text: `page for ${incident}: ${text}` });
        options.notices.page(incident, text);
      },
      event: (event) => {
        this.#eventSeq += 1;
        this.events.add(event, iso(state.core, event.at));
      },
      stepped: (input, outputs) => this.#stepped(input, outputs),
      journalTrouble: (error) => this.#trouble(error),
    });
  }

  /** Takes up work: tells the core where the API is, adopts what runs, lets time pass. */
  async start(apiUrl: string): Promise<void> {
    this.#lag.enable();
    // What follows is decided by this version with these options: a segment of its own replays with them.
    this.engine.rotate();
    this.#tick();
    const otlpUrl = this.#o.telemetry?.urlOf('otlp-http') ?? null;
    await this.engine.submit({ kind: 'configure', apiUrl, ...(otlpUrl === null ? {} : { otlpUrl }) });
    await this.agent.start((message) => {
      if (message.kind === 'inventory') this.#machine = message.facts;
      this.feed({ kind: 'agent', message });
    });
    this.#every(TICK_MS, () => {
      if (this.#busy() || this.state.clock.now() - this.#lastTickAt >= QUIET_TICK_MS - TICK_MS / 2) this.#tick();
    });
    this.#reserve.restore();
    this.#every(RESERVE_MS, () => this.#reserve.restore());
    this.#every(SWEEP_MS, () => this.#sweep());
    this.#o.notices.start(apiUrl);
    this.#every(NOTICES_MS, () => {
      this.#noticesDue = true;
    });
  }

  /** Stops taking anything in; `traffic`: endpoints go away as well. */
  async stop(traffic: boolean): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#lag.disable();
    this.topics.close();
    await this.#o.notices.close();
    await this.agent.close(traffic);
    await this.engine.close();
    await this.state.close();
  }

  /** An input that nobody waits for. */
  feed(input: CoreInput): void {
    this.engine.submit(input).catch((error) => {
      if (!this.engine.closed) this.#o.fatal(error);
    });
  }

  /** Why nothing can be made durable now; null while all is well. */
  get journalError(): HoldfastError | null {
    return this.#journalError;
  }

  moment(): Moment {
    return {
      core: this.state.core,
      now: this.state.clock.now(),
      facts: {
        version: this.#o.version,
        pid: process.pid,
        startedAtWallMs: this.#startedAtWallMs,
        stateDir: this.#o.stateDir,
        node: this.#o.coreOptions.node,
        machine: this.#machine,
        parts: [
          this.#ownPart(),
          this.#journalPart(),
          ...this.agent.parts(),
          ...this.#intakeParts(),
          ...this.#notifierParts(),
        ],
        notifiers: this.#o.notices.figures().length,
      },
    };
  }

  figures(): OwnFigures {
    const { user, system } = process.cpuUsage();
    const { journal } = this.state;
    return {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      lagP50Seconds: Math.max(0, this.#lag.percentile(50) / 1e9 - 0.01),
      lagP99Seconds: Math.max(0, this.#lag.percentile(99) / 1e9 - 0.01),
      journalBytes: journal.bytes,
      journalEntries: journal.lastSeq - journal.firstSeq + 1,
      notifiers: this.#o.notices.figures(),
      ...(this.#o.telemetry ? { telemetry: this.#o.telemetry.figures } : {}),
    };
  }

  /** What a segment begins with. */
  #record(): string {
    const { core, clock, secrets } = this.state;
    const { version, coreOptions } = this.#o;
    const beside = { version, clock: clock.record, eventSeq: this.#eventSeq, options: coreOptions };
    return stateRecord(core, beside, secrets);
  }

  #every(ms: number, run: () => void): void {
    this.#timers.push(setInterval(run, ms));
  }

  #tick(): void {
    this.#lastTickAt = this.state.clock.now();
    this.feed({ kind: 'tick', wallMs: this.state.clock.wallMs() });
  }

  /** Anything that waits for time to pass: an incident, a rollout, an instance that is not where it should be. */
  #busy(): boolean {
    const { core } = this.state;
    if (core.incidents[0]?.closedAt === null) return true;
    for (const name of core.view.services.keys()) if (core.rolloutOf(name) !== null) return true;
    for (const { phase } of core.instances.values()) {
      if (phase === 'pending' || phase === 'starting' || phase === 'stopping') return true;
    }
    return false;
  }

  #stepped(input: CoreInput, outputs: readonly CoreOutput[]): void {
    const { core } = this.state;
    this.tally.step(core, input, outputs);
    const touched = new Set<Topic>();
    for (const output of outputs) {
      if (output.kind !== 'event') continue;
      touched.add('event').add('status').add('services');
      if (output.event.topic === 'experiment') touched.add('proofs');
      if (INCIDENT_TOPICS.has(output.event.topic)) touched.add('incidents');
      if (output.event.topic === 'incident' || output.event.topic === 'operator') this.#noticesDue = true;
      if (output.event.level === 'error') this.#o.log({ level: 'warn', text: output.event.text });
    }
    if (input.kind === 'agent' && input.message.kind === 'signals') {
      for (const { kind } of input.message.signals) {
        if (kind === 'edge') touched.add('edges').add('services');
        else if (kind === 'node') touched.add('status');
        else touched.add('services').add('status');
      }
    }
    this.topics.touch(...touched);
  }

  #sweep(): void {
    this.engine.sweep().then(
      () => {
        // Only what a kill -9 cannot take back is told to anybody outside.
        if (!this.#noticesDue || this.#journalError !== null) return;
        this.#noticesDue = false;
        this.#o.notices.look();
      },
      (error) => {
        if (!this.engine.closed) this.#o.fatal(error);
      },
    );
  }

  #trouble(error: HoldfastError | null): void {
    this.#journalError = error;
    // Faults do not wait for somebody to clean up: what was put by for this moment lasts for thousands of decisions.
    if (error?.code === 'HF2004' && this.#reserve.release()) {
      this.#o.log({ level: 'warn', text: 'the disk is full: the reserve of the state directory is used up now' });
    }
    const text = error === null ? 'the journal is written again' : `the journal cannot be written: ${error.message}`;
    this.#o.log({ level: error === null ? 'info' : 'error', text });
    this.topics.touch('status');
  }

  #ownPart(): Moment['facts']['parts'][number] {
    const detail = `up since ${new Date(this.#startedAtWallMs).toISOString().slice(0, 19)}Z`;
    return { name: 'server', state: 'running', pid: process.pid, detail };
  }

  #journalPart(): Moment['facts']['parts'][number] {
    const { journal } = this.state;
    const error = this.#journalError;
    const detail =
      error === null ? `${journal.lastSeq} entries, ${(journal.bytes / 2 ** 20).toFixed(1)} MiB` : error.message;
    return { name: 'journal', state: error === null ? 'running' : 'down', pid: null, detail };
  }

  #intakeParts(): Moment['facts']['parts'] {
    const { intakes = [], targets = [] } = this.#o.telemetry ?? {};
    const listening = intakes.map(({ name, address: { host, port }, encrypted, asksToken }) => {
      const detail = `listens on ${host}:${port}${encrypted ? ', encrypted' : ''}${asksToken ? ', asks for a token' : ''}`;
      return { name: `intake ${name}`, state: 'running', pid: null, detail } as const;
    });
    const asked = targets.map(({ url, up, error, points }) => {
      const detail = error ?? `${points} points at the last look`;
      return { name: `scrape ${url}`, state: up ? 'running' : 'down', pid: null, detail } as const;
    });
    return [...listening, ...asked];
  }

  #notifierParts(): Moment['facts']['parts'] {
    return this.#o.notices.figures().map(({ name, trouble, waiting, lastAt }) => {
      const last = lastAt === null ? 'nothing told yet' : `last told ${lastAt}`;
      const detail = trouble === null ? last : `${trouble}; ${waiting} waiting, ${last}`;
      return { name: `notify ${name}`, state: trouble === null ? 'running' : 'down', pid: null, detail };
    });
  }
}
