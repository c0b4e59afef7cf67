/**
 * What all intakes of one process share, and where their batches come together. The agent makes one, starts intakes
 * with it, and gets every batch through `emit`; edges come once a window, as batches of the protocol `spans`, because
 * the halves of one call may have come by two protocols.
 */
import type { ChangeReport, CheckReport, LogLine, Series, TelemetryBatch } from '../model/telemetry.ts';
import type { Ms } from '../model/time.ts';
import type { BatchBuilder, DropReason, IntakeContext, MemoryBudget, SpanColumns, What } from './contract.ts';
import { Entities } from './entities.ts';
import { SpanBuffer } from './fold/columns.ts';
import { EdgeCells } from './fold/edges.ts';
import { SpanFold } from './fold/spans.ts';
import { DEFAULT_LIMITS, type IntakeLimits } from './limits.ts';
import { Counters } from './meter.ts';
import { SeriesTable } from './series.ts';

/** How often idle series are looked for. */
const SWEEP_MS: Ms = 60_000;

export interface HubOptions {
  /** Called for every batch, synchronously. Must not throw; when it does, the batch is counted as lost. */
  readonly emit: (batch: TelemetryBatch) => void;
  /** Monotonic clock of the machine (see model/time.ts). */
  readonly now: () => Ms;
  /** Ms since 1970. */
  readonly wallMs: () => number;
  readonly limits?: Partial<IntakeLimits>;
}

export class IntakeHub implements IntakeContext {
  readonly limits: IntakeLimits;
  readonly meter = new Counters();
  readonly memory: MemoryBudget;
  readonly series: SeriesTable;
  readonly entities: Entities;
  readonly now: () => Ms;
  readonly wallMs: () => number;
  readonly #emit: (batch: TelemetryBatch) => void;
  readonly #edges: EdgeCells;
  readonly #fold: SpanFold;
  readonly #timer: NodeJS.Timeout;
  readonly #freeSpans: SpanBuffer[] = [];
  #sweptAt: Ms;

  constructor({ emit, now, wallMs, limits }: HubOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    if (this.limits.maxEntities > 65_000) throw new RangeError('maxEntities is at most 65,000');
    this.now = now;
    this.wallMs = wallMs;
    this.#emit = emit;
    this.memory = new Budget(this.limits.maxInFlightBytes);
    this.series = new SeriesTable(this.limits, now());
    this.entities = new Entities(this.limits.maxEntities);
    this.#edges = new EdgeCells(this.entities, this.limits.maxEdges);
    this.#fold = new SpanFold(this.entities, this.#edges, this.limits, now());
    this.#sweptAt = now();
    this.#timer = setInterval(() => this.tick(), this.limits.windowMs);
    this.#timer.unref();
  }

  batch(protocol: string): Batch {
    return new Batch(protocol, this);
  }

  /** Ends a window: hands its edges on and forgets what is old. Called by the hub's own timer; tests call it too. */
  tick(): void {
    const now = this.now();
    this.#fold.tick(now);
    this.series.advance(now);
    if (this.entities.nearlyFull) {
      this.#fold.flush(now);
      this.#tellEdges(now);
      this.#edges.clear();
      this.entities.reset();
    } else this.#tellEdges(now);
    if (now - this.#sweptAt >= SWEEP_MS) {
      this.#sweptAt = now;
      this.series.sweep(now);
    }
  }

  /** Stops the timer and hands on what is left. Close the intakes first. */
  close(): void {
    clearInterval(this.#timer);
    this.#fold.flush(this.now());
    this.#tellEdges(this.now());
  }

  takeSpans(): SpanBuffer {
    return this.#freeSpans.pop() ?? new SpanBuffer();
  }

  foldSpans(spans: SpanBuffer): void {
    this.#fold.add(spans, this.now());
    spans.reset();
    if (this.#freeSpans.length < 8) this.#freeSpans.push(spans);
  }

  deliver(batch: TelemetryBatch): void {
    try {
      this.#emit(batch);
    } catch {
      this.meter.dropped(batch.protocol, 'requests', 'consumer', 1);
    }
  }

  #tellEdges(now: Ms): void {
    const edges = this.#edges.take();
    const protocol = 'spans';
    this.meter.dropped(protocol, 'spans', 'too-many-edges', this.#edges.refused);
    this.meter.dropped(protocol, 'spans', 'unmatched', this.#fold.unmatched);
    this.meter.dropped(protocol, 'spans', 'join-shortened', this.#fold.shortened);
    this.meter.dropped(protocol, 'spans', 'join-crowded', this.#fold.crowded);
    this.#edges.refused = 0;
    this.#fold.crowded = 0;
    this.#fold.unmatched = 0;
    this.#fold.shortened = 0;
    if (edges.length > 0)
      this.deliver({
        protocol,
        at: now,
        points: { series: [], wallMs: [], values: [] },
        edges,
        logs: [],
        checks: [],
        changes: [],
      });
  }
}

/** One request on its way in. */
export class Batch implements BatchBuilder {
  readonly #protocol: string;
  readonly #hub: IntakeHub;
  #series: Series[] = [];
  #wallMs: number[] = [];
  #values: number[] = [];
  #logs: LogLine[] = [];
  #checks: CheckReport[] = [];
  #changes: ChangeReport[] = [];
  #spans: SpanBuffer | undefined;
  #drops: Map<string, { what: What; reason: DropReason; count: number }> | undefined;

  constructor(protocol: string, hub: IntakeHub) {
    this.#protocol = protocol;
    this.#hub = hub;
  }

  get spans(): SpanColumns {
    this.#spans ??= this.#hub.takeSpans();
    return this.#spans;
  }

  point(series: Series, wallMs: number, value: number): void {
    if (Number.isNaN(value)) {
      this.drop('points', 'not-a-number');
      return;
    }
    this.#series.push(series);
    this.#wallMs.push(wallMs);
    this.#values.push(value);
  }

  log(line: LogLine): void {
    this.#logs.push(line);
  }

  check(report: CheckReport): void {
    this.#checks.push(report);
  }

  change(report: ChangeReport): void {
    this.#changes.push(report);
  }

  drop(what: What, reason: DropReason, count = 1): void {
    this.#drops ??= new Map();
    const row = this.#drops.get(`${what} ${reason}`);
    if (row) row.count += count;
    else this.#drops.set(`${what} ${reason}`, { what, reason, count });
  }

  dropped(what: What): number {
    let sum = 0;
    for (const row of this.#drops?.values() ?? [])
      if (row.what === what && row.reason !== 'not-a-number' && row.reason !== 'cut') sum += row.count;
    return sum;
  }

  commit(): void {
    const { meter } = this.#hub;
    const protocol = this.#protocol;
    meter.accepted(protocol, 'requests', 1);
    meter.accepted(protocol, 'points', this.#values.length);
    meter.accepted(protocol, 'logs', this.#logs.length);
    meter.accepted(protocol, 'checks', this.#checks.length);
    meter.accepted(protocol, 'changes', this.#changes.length);
    for (const { what, reason, count } of this.#drops?.values() ?? []) meter.dropped(protocol, what, reason, count);
    if (this.#spans) {
      meter.accepted(protocol, 'spans', this.#spans.length);
      this.#hub.foldSpans(this.#spans);
    }
    const points = { series: this.#series, wallMs: this.#wallMs, values: this.#values };
    const [logs, checks, changes] = [this.#logs, this.#checks, this.#changes];
    this.#clear();
    if (points.values.length + logs.length + checks.length + changes.length === 0) return;
    this.#hub.deliver({ protocol, at: this.#hub.now(), points, edges: [], logs, checks, changes });
  }

  #clear(): void {
    this.#series = [];
    this.#wallMs = [];
    this.#values = [];
    this.#logs = [];
    this.#checks = [];
    this.#changes = [];
    this.#spans = undefined;
    this.#drops = undefined;
  }
}

class Budget implements MemoryBudget {
  readonly #most: number;
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get usedBytes(): number {
    return this.#used;
  }

  take(bytes: number): boolean {
    if (this.#used + bytes > this.#most) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used = Math.max(0, this.#used - bytes);
  }
}
