/**
 * Telemetry at this machine: what the intakes take in and what instances write to their logs goes to detectors here
 * and stays here. Only what they claim travels to the core, and calls between services that no traffic layer measures.
 */

import { ForecastWatch } from '../../detect/telemetry/forecasts.ts';
import { AlertGate, type Candidate } from '../../detect/telemetry/gate.ts';
import { lineTime } from '../../detect/telemetry/line-time.ts';
import { LogStreams } from '../../detect/telemetry/lines.ts';
import { SeriesWatch, type SeriesWatchOptions } from '../../detect/telemetry/series.ts';
import type { MeterRow, RunningIntake } from '../../intake/contract.ts';
import { IntakeHub } from '../../intake/hub.ts';
import type { IntakeLimits } from '../../intake/limits.ts';
import { takePlugin } from '../../intake/nagios/plugin.ts';
import {
  type RunningScraper,
  type ScrapeState,
  type ScrapeTarget,
  startScraping,
} from '../../intake/prometheus/scrape.ts';
import type { LaunchSpec } from '../../model/link.ts';
import type { RouteTable } from '../../model/routes.ts';
import type { EdgeSignal, Signal } from '../../model/signal.ts';
import type { EntityRef } from '../../model/symptom.ts';
import type { LogLine, Series, SpanEdge, TelemetryBatch } from '../../model/telemetry.ts';
import type { Ms } from '../../model/time.ts';
import type { PluginReport } from '../checks/probe.ts';
import { CheckReports } from './checks.ts';
import { type IntakeRequest, openIntake } from './intakes.ts';
import type { PortMemory } from './port-memory.ts';
import { Residents } from './residents.ts';
import { ToldChanges } from './told-changes.ts';

export interface TelemetryOptions {
  readonly now: () => Ms;
  readonly wallMs: () => number;
  readonly limits?: Partial<IntakeLimits>;
  readonly series?: Partial<SeriesWatchOptions>;
  /** Where intakes that may take any port were last time. */
  readonly ports?: PortMemory;
  /** Told of every sample that is kept, whoever it is about. */
  readonly keep?: (series: Series, wallMs: number, value: number) => void;
}

/** How often the detectors are asked what looks odd. */
const REVIEW_MS: Ms = 1_000;

export interface TelemetryFigures {
  readonly meter: readonly MeterRow[];
  /** Series with a detector, and samples of others. */
  readonly judged: number;
  readonly unjudged: number;
  readonly streams: number;
  readonly lines: number;
  /** Samples and lines of nobody that runs here. */
  readonly unknown: number;
}

/** Listening, and what it asks of senders. */
export interface OpenIntake extends RunningIntake {
  readonly asksToken: boolean;
  readonly encrypted: boolean;
}

export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #hub: IntakeHub;
  readonly #residents = new Residents();
  readonly #series: SeriesWatch;
  readonly #logs = new LogStreams();
  readonly #forecasts = new ForecastWatch();
  readonly #checks: CheckReports;
  readonly #changes = new ToldChanges(this.#residents);
  readonly #gate = new AlertGate();
  readonly #entities = new WeakMap<Series, EntityRef | null>();
  #intakes: readonly OpenIntake[] = [];
  #scraper: RunningScraper | undefined;
  #emit: (signals: readonly Signal[]) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #measured = new Set<string>();
  #unknown = 0;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#series = new SeriesWatch(options.series);
    this.#checks = new CheckReports(this.#residents);
    const { now, wallMs, limits } = options;
    this.#hub = new IntakeHub({ emit: (batch) => this.#take(batch), now, wallMs, ...(limits ? { limits } : {}) });
  }

  /** All or none: when one cannot listen, the others are closed again. */
  async open(requests: readonly IntakeRequest[]): Promise<void> {
    const open: OpenIntake[] = [];
    try {
      for (const request of requests) {
        const { token, tls } = request.options;
        const running = await openIntake(request, this.#hub, this.#options.ports);
        open.push({ ...running, asksToken: token !== undefined, encrypted: tls !== undefined });
      }
    } catch (error) {
      await Promise.all(open.map((intake) => intake.close()));
      throw error;
    }
    this.#intakes = open;
  }

  get intakes(): readonly OpenIntake[] {
    return this.#intakes;
  }

  get figures(): TelemetryFigures {
    const { size: judged, unjudged } = this.#series;
    const { size: streams, lines } = this.#logs;
    return { meter: this.#hub.meter.rows(), judged, unjudged, streams, lines, unknown: this.#unknown };
  }

  /** Asks for metrics from now on. */
  scrape(targets: readonly ScrapeTarget[]): void {
    if (targets.length > 0) this.#scraper = startScraping(this.#hub, targets);
  }

  get targets(): readonly ScrapeState[] {
    return this.#scraper?.state() ?? [];
  }

  /**
   * Where senders of this machine reach an intake; null: it is not open, or wants to be shown what nobody tells them (a
   * secret in the environment of every instance would be none).
   */
  urlOf(name: string): string | null {
    const intake = this.#intakes.find((running) => running.name === name);
    if (!intake || intake.asksToken || intake.encrypted) return null;
    const { host, port } = intake.address;
    const near = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    return `http://${near.includes(':') ? `[${near}]` : near}:${port}`;
  }

  start(emit: (signals: readonly Signal[]) => void): void {
    this.#emit = emit;
    this.#timer ??= setInterval(() => this.review(), REVIEW_MS);
  }

  launched(launch: LaunchSpec): void {
    this.#residents.add(launch);
    this.#changed(launch.instance);
  }

  /** Its main process is there. */
  started(instance: string, pid: number): void {
    this.#residents.started(instance, pid);
  }

  ended(instance: string): void {
    this.#residents.ended(instance);
    this.#changed(instance);
  }

  forgotten(instance: string): void {
    const entity = this.#residents.instance(instance);
    if (entity) this.#logs.forget(entity);
    this.#forecasts.forget(instance);
    this.#residents.remove(instance);
  }

  /** Holdfast does something about this instance: its remarks have paid off. */
  acted(instance: string): void {
    const launch = this.#residents.get(instance);
    if (launch) this.#gate.vindicate(launch.service);
    this.#changed(instance);
  }

  routes(table: RouteTable): void {
    const services = new Map(table.pools.map(({ id, service }) => [id, service]));
    this.#measured = new Set(table.listeners.map(({ caller, pool }) => `${caller}→${services.get(pool) ?? ''}`));
  }

  /** What an instance wrote to its output. */
  output(instance: string, lines: readonly string[]): void {
    const entity = this.#residents.instance(instance);
    if (!entity) return;
    const now = this.#options.wallMs();
    for (const line of lines) if (line !== '') this.#logs.take(entity, line, lineTime(line) ?? now, now);
  }

  /** What a monitoring plugin that checks an instance said: its state is a remark, its numbers are series. */
  plugin(instance: string, { check, exitCode, stdout }: PluginReport): void {
    const batch = this.#hub.batch('nagios');
    const result = { exitCode, stdout, subject: instance, check, wallMs: this.#options.wallMs() };
    takePlugin(result, this.#hub, batch);
    batch.commit();
  }

  /** The agent's own samples. */
  sampled(signals: readonly Signal[]): void {
    for (const signal of signals) {
      if (signal.kind === 'node') this.#forecasts.takeNode(signal);
      else if (signal.kind === 'resource') {
        const launch = this.#residents.get(signal.instance);
        if (launch) this.#forecasts.takeInstance(launch.service, signal);
      }
    }
  }

  /** Asks all detectors; called every second. */
  review(): void {
    const wallMs = this.#options.wallMs();
    const now = this.#options.now();
    // Not before the beginning of our clock, and not after now: senders' clocks are theirs.
    const toMs = (at: number): Ms => Math.max(0, Math.min(now, now - (wallMs - at)));
    const runs = (entity: EntityRef): boolean => entity.kind !== 'instance' || this.#residents.runs(entity.name);
    const candidates: Candidate[] = [
      ...this.#series.candidates(wallMs, toMs),
      ...this.#logs.candidates(wallMs, toMs, runs),
      ...this.#forecasts.candidates(),
      ...this.#checks.candidates(wallMs, toMs),
    ];
    const told = this.#gate.review(candidates, now);
    if (told.length > 0) this.#emit(told);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#scraper?.close();
    await Promise.all(this.#intakes.map((intake) => intake.close()));
    this.#hub.close();
  }

  #changed(instance: string): void {
    const entity = this.#residents.instance(instance);
    if (entity) this.#logs.changed(entity, this.#options.wallMs());
  }

  #take(batch: TelemetryBatch): void {
    const { series, wallMs, values } = batch.points;
    for (let at = 0; at < values.length; at++) {
      this.#sample(series[at] as Series, wallMs[at] as number, values[at] as number);
    }
    const now = this.#options.wallMs();
    for (const line of batch.logs) this.#line(line, now);
    for (const report of batch.checks) this.#checks.take(report, batch.protocol);
    const edges = batch.edges.flatMap((edge) => this.#edge(edge, batch.at));
    if (edges.length > 0) this.#emit(edges);
    const at = this.#options.now();
    const changes = batch.changes.flatMap((told) => {
      return this.#changes.take(told, Math.max(0, Math.min(at, at - (now - told.wallMs))), at);
    });
    if (changes.length > 0) this.#emit(changes);
  }

  #sample(series: Series, wallMs: number, value: number): void {
    this.#options.keep?.(series, wallMs, value);
    let entity = this.#entities.get(series);
    if (entity === undefined || entity === null) {
      entity = this.#residents.ofSeries(series);
      this.#entities.set(series, entity);
    }
    if (entity) this.#series.take(entity, series, wallMs, value);
    else this.#unknown++;
  }

  #line({ service, instance, text, wallMs }: LogLine, now: number): void {
    const entity = this.#residents.find(service, instance === '' ? null : instance);
    if (entity) this.#logs.take(entity, text, wallMs, now);
    else this.#unknown++;
  }

  /** Only where no endpoint of ours is in between: what is measured is not told twice. */
  #edge({ caller, callee, instance, count, errors, latency }: SpanEdge, at: Ms): EdgeSignal[] {
    if (this.#measured.has(`${caller}→${callee}`) || !this.#residents.hasService(callee)) return [];
    const entity = this.#residents.find(callee, instance);
    if (entity?.kind !== 'instance') return [];
    const failures = { connect: 0, reset: 0, timeout: 0, status5xx: errors, unavailable: 0 };
    return [
      {
        kind: 'edge',
        at,
        windowMs: 1_000,
        caller,
        callee,
        instance: entity.name,
        protocol: 'http',
        requests: count,
        failures,
        retried: 0,
        latency,
        inFlight: 0,
        oldestWaitMs: 0,
      },
    ];
  }
}
