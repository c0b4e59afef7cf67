/**
 * Log streams: one per instance, or one per service when there are too many instances to watch each. What a program
 * says while it starts and stops is left out: that belongs to the change, not to a fault.
 */
import { type EntityRef, entityKey, type SymptomFigure } from '../../model/symptom.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import { BUCKET_MS, LogWatch } from '../logs/watch.ts';
import type { Candidate } from './gate.ts';

/** Streams at once. Each learns its own templates: some 100 KiB. Beyond it, instances share their service's stream. */
export const MAX_STREAMS = 400;
/** After a start, and after an end, nothing new is new. */
export const CHANGE_MS: Ms = 30_000;
/** A stream that nobody asked about its bucket for so long is asked again, for silences. */
const IDLE_LOOK_MS: Ms = 10_000;
/** A new stream may begin with its past: so long nothing is judged, and all of it is learnt in its own time. */
const SETTLE_MS: Ms = 5_000;
const KEPT_BUCKETS = 32;
/** A line may claim to be this much ahead of our clock. */
const AHEAD_MS: Ms = 1_000;

interface Stream {
  readonly entity: EntityRef;
  readonly watch: LogWatch;
  readonly sinceMs: number;
  /** Of the newest line, or of the last look. */
  lastMs: number;
  lookedMs: number;
  fresh: boolean;
  quietUntilMs: number;
  /** Lines per bucket, newest last. */
  readonly counts: number[];
  bucket: number;
}

export class LogStreams {
  readonly #streams = new Map<string, Stream>();
  lines = 0;
  /** Lines that say themselves that they are older than what was judged already: they are passed over. */
  late = 0;

  get size(): number {
    return this.#streams.size;
  }

  /** In about the order of time; a line older than the one before it counts as just as old. */
  take(entity: EntityRef, text: string, wallMs: number, nowMs: number): void {
    const stream = this.#streamOf(entity, nowMs);
    if (wallMs < stream.lookedMs - BUCKET_MS) {
      this.late++;
      return;
    }
    const at = Math.max(stream.lastMs, Math.min(wallMs, nowMs + AHEAD_MS));
    stream.lastMs = at;
    stream.fresh = true;
    this.lines++;
    count(stream, at);
    stream.watch.take(text, at);
  }

  /** Its instance starts or ends: what is new for a while is no news. */
  changed(entity: EntityRef, nowMs: number): void {
    const stream = this.#streams.get(entityKey(entity));
    if (stream) stream.quietUntilMs = nowMs + CHANGE_MS;
  }

  forget(entity: EntityRef): void {
    this.#streams.delete(entityKey(entity));
  }

  /** `runs`: is anybody there to write? Silence of what does not run is no silence. */
  candidates(nowMs: number, toMs: (wallMs: number) => Ms, runs: (entity: EntityRef) => boolean): Candidate[] {
    const found: Candidate[] = [];
    for (const stream of this.#streams.values()) {
      if (nowMs - stream.sinceMs < SETTLE_MS) continue;
      if (!stream.fresh && nowMs - stream.lookedMs < IDLE_LOOK_MS) continue;
      stream.fresh = false;
      stream.lookedMs = nowMs;
      // What was written before we looked is history: it is learnt, not claimed.
      const claims = stream.watch.evaluate(Math.max(stream.lastMs, nowMs));
      if (nowMs < stream.quietUntilMs) continue;
      for (const claim of claims) {
        if (claim.kind === 'silent' && !runs(claim.entity)) continue;
        const onsetAt = toMs(claim.onsetAt);
        const figure = figureOf(stream);
        found.push({ claim: { ...claim, onsetAt, standing: 'advisory', figure }, looksPerDay: claim.looksPerDay ?? 1 });
      }
    }
    return found;
  }

  #streamOf(entity: EntityRef, nowMs: number): Stream {
    const known = this.#streams.get(entityKey(entity));
    if (known) return known;
    if (entity.kind === 'instance' && this.#streams.size >= MAX_STREAMS) {
      return this.#streamOf({ kind: 'service', name: entity.service }, nowMs);
    }
    const watch = new LogWatch(entity);
    const stream: Stream = {
      entity,
      watch,
      sinceMs: nowMs,
      lastMs: 0,
      lookedMs: 0,
      fresh: true,
      quietUntilMs: 0,
      counts: [],
      bucket: 0,
    };
    this.#streams.set(entityKey(entity), stream);
    return stream;
  }
}

function count(stream: Stream, at: number): void {
  const bucket = Math.floor(at / BUCKET_MS);
  const passed = stream.bucket === 0 ? KEPT_BUCKETS : Math.min(KEPT_BUCKETS, bucket - stream.bucket);
  for (let n = 0; n < passed; n++) stream.counts.push(0);
  if (stream.counts.length > KEPT_BUCKETS) stream.counts.splice(0, stream.counts.length - KEPT_BUCKETS);
  stream.bucket = bucket;
  stream.counts[stream.counts.length - 1] = (stream.counts.at(-1) ?? 0) + 1;
}

function figureOf({ entity, counts }: Stream): SymptomFigure {
  return {
    title: `lines of ${entity.name}`,
    unit: 'lines',
    recent: [...counts],
    baseline: [],
    compared: `all its lines, per ${formatDuration(BUCKET_MS)}`,
    stepMs: BUCKET_MS,
  };
}
