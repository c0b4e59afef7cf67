/**
 * Metric series of many senders, each compared with its own past; what is odd is claimed once per entity, not once per
 * series: a slow database bends fifty series of one service, and that is one thing to say.
 *
 * Detectors cost up to 64 KiB each, so only so many series have one; first come, first served, and what is silent for
 * a while gives its place back. Time is the samples' own (wall clock), so history sent late is learnt as history.
 */
import { type EntityRef, entityKey, type SymptomClaim, type SymptomFigure } from '../../model/symptom.ts';
import type { Series } from '../../model/telemetry.ts';
import { formatDuration, type Ms } from '../../model/time.ts';
import { create, type MetricDetector, type MetricExplanation, type MetricVerdict } from '../metrics/index.ts';
import type { Candidate } from './gate.ts';

export interface SeriesWatchOptions {
  /** Series that are judged at once. Default 1,000: up to 64 MiB. The others are kept and shown, but not judged. */
  readonly maxSeries: number;
  /**
   * Of one instance (or service, when that is all that is known). Default 250: one that shows thousands does not take the
   * places of the others.
   */
  readonly maxPerEntity: number;
  /** Samples closer together are merged. Default 10 s: noticed that much later, at a tenth of the cost per second. */
  readonly resolutionMs: Ms;
}

export const SERIES_DEFAULTS: SeriesWatchOptions = { maxSeries: 1_000, maxPerEntity: 250, resolutionMs: 10_000 };

/** A series without a sample for this long is forgotten. */
const IDLE_MS: Ms = 900_000;
/** What was odd and says nothing more for so long is not claimed any longer. */
const STALE_MS: Ms = 600_000;
/** Series quoted as evidence. */
const QUOTED = 4;
/** A comparison looks at 16 values: so many looks share one. */
const OVERLAP = 16;
const DAY_MS = 86_400_000;
/** Parts of distributions, and numbers that say when something was, not how much. */
const NOT_JUDGED = /(?:_bucket|_created|_info|_timestamp|_timestamp_seconds|_start_time|_start_time_seconds|_count)$/;

interface Track {
  readonly series: Series;
  readonly entity: EntityRef;
  readonly detector: MetricDetector;
  lastMs: number;
  /** Of a counter. */
  lastValue: number;
  stepMs: Ms | null;
  odd: Odd | null;
}

interface Odd {
  readonly sinceMs: number;
  readonly logP: number | null;
  readonly reason: string;
  readonly explained: MetricExplanation | null;
}

export class SeriesWatch {
  readonly #options: SeriesWatchOptions;
  readonly #tracks = new Map<number, Track>();
  readonly #odd = new Set<Track>();
  /** Series per entity. */
  readonly #counts = new Map<string, number>();
  #sweptMs = 0;
  /** Samples of series that have no detector. */
  unjudged = 0;

  constructor(options: Partial<SeriesWatchOptions> = {}) {
    this.#options = { ...SERIES_DEFAULTS, ...options };
  }

  get size(): number {
    return this.#tracks.size;
  }

  take(entity: EntityRef, series: Series, wallMs: number, value: number): void {
    const track = this.#tracks.get(series.id) ?? this.#begin(entity, series);
    if (!track || !Number.isFinite(value) || wallMs <= track.lastMs) return;
    const step = wallMs - track.lastMs;
    const judged = series.kind === 'counter' ? (value - track.lastValue) / (step / 1_000) : value;
    const usable = track.lastMs > 0 || series.kind !== 'counter';
    if (track.lastMs > 0) track.stepMs = track.stepMs === null ? step : track.stepMs + (step - track.stepMs) / 8;
    track.lastMs = wallMs;
    track.lastValue = value;
    // A counter that falls has begun anew.
    if (!usable || (series.kind === 'counter' && judged < 0)) return;
    this.#note(track, track.detector.push(wallMs, judged), wallMs);
  }

  /** What is odd now; `wallMs` is the present. `toMs` turns a wall-clock time into the shared monotonic one. */
  candidates(wallMs: number, toMs: (wallMs: number) => Ms): Candidate[] {
    this.#sweep(wallMs);
    const groups = new Map<string, Track[]>();
    for (const track of this.#odd) {
      if (wallMs - track.lastMs > STALE_MS) continue;
      const key = entityKey(track.entity);
      const group = groups.get(key);
      if (group) group.push(track);
      else groups.set(key, [track]);
    }
    const looksPerDay = DAY_MS / (this.#options.resolutionMs * OVERLAP);
    return [...groups].map(([key, tracks]) => ({
      claim: claimOf(tracks, this.#counts.get(key) ?? tracks.length, toMs),
      looksPerDay,
    }));
  }

  #begin(entity: EntityRef, series: Series): Track | undefined {
    if (NOT_JUDGED.test(series.name) || 'le' in series.labels) return undefined;
    const key = entityKey(entity);
    const { maxSeries, maxPerEntity } = this.#options;
    if (this.#tracks.size >= maxSeries || (this.#counts.get(key) ?? 0) >= maxPerEntity) {
      this.unjudged++;
      return undefined;
    }
    const detector = create({ resolutionMs: this.#options.resolutionMs });
    const track: Track = { series, entity, detector, lastMs: 0, lastValue: 0, stepMs: null, odd: null };
    this.#tracks.set(series.id, track);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return track;
  }

  #note(track: Track, verdict: MetricVerdict, wallMs: number): void {
    if (verdict.fired) {
      const { minusLog10P: logP, reason } = verdict;
      const sinceMs = track.odd?.sinceMs ?? wallMs;
      track.odd = { sinceMs, logP, reason: reason ?? '', explained: track.detector.explain() };
      this.#odd.add(track);
    } else if (!verdict.anomalous && track.odd) {
      track.odd = null;
      this.#odd.delete(track);
    }
  }

  #sweep(wallMs: number): void {
    if (wallMs - this.#sweptMs < IDLE_MS / 10) return;
    this.#sweptMs = wallMs;
    for (const [id, track] of this.#tracks) {
      if (wallMs - track.lastMs <= IDLE_MS) continue;
      this.#tracks.delete(id);
      this.#odd.delete(track);
      const key = entityKey(track.entity);
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    }
  }
}

function claimOf(tracks: readonly Track[], watched: number, toMs: (wallMs: number) => Ms): SymptomClaim {
  const strongest = [...tracks].sort((a, b) => (b.odd?.logP ?? 0) - (a.odd?.logP ?? 0));
  const [first] = strongest as [Track, ...Track[]];
  const { entity } = first;
  const more = tracks.length > 1 ? `, and ${tracks.length - 1} more of its ${watched} series` : '';
  // Any of them might have been the odd one.
  const logP = Math.max(0, (first.odd?.logP ?? 0) - Math.log10(Math.max(1, watched)));
  const figure = figureOf(first);
  return {
    kind: 'anomalous',
    entity,
    resource: 'metrics',
    onsetAt: toMs(Math.min(...tracks.map(({ odd }) => odd?.sinceMs ?? Number.POSITIVE_INFINITY))),
    logP,
    summary: `${entity.name}: ${seriesText(first.series)} is unlike its past${more}`,
    evidence: strongest.slice(0, QUOTED).map(({ series, odd }) => `${seriesText(series)}: ${odd?.reason ?? ''}`),
    standing: 'advisory',
    ...(figure ? { figure } : {}),
  };
}

function figureOf({ series, odd, stepMs }: Track): SymptomFigure | null {
  if (!odd?.explained) return null;
  const { recent, baseline, aspect, samplesAgo } = odd.explained;
  const past =
    samplesAgo === null || stepMs === null
      ? 'this time on other days'
      : `ended ${formatDuration(samplesAgo * stepMs)} earlier`;
  return {
    title: seriesText(series),
    unit: series.kind === 'counter' ? `${series.unit}/s` : series.unit,
    recent: recent.slice(-64),
    baseline: baseline.slice(-64),
    compared: aspect === 'time of day' ? `against ${past}` : `against the most similar past, which ${past}`,
    stepMs: stepMs === null ? null : Math.round(stepMs * (aspect === 'slow shape' ? 4 : 1)),
  };
}

/** Name and labels, without those that only say who reports it. */
export function seriesText({ name, labels }: Series): string {
  const own = Object.entries(labels).filter(([key]) => !IDENTITY.has(key));
  return own.length === 0 ? name : `${name}{${own.map(([key, value]) => `${key}="${value}"`).join(',')}}`;
}

const IDENTITY = new Set([
  'service.name',
  'service.namespace',
  'service.instance.id',
  'host.name',
  'job',
  'instance',
  'k8s.pod.name',
  'container.id',
  'process.pid',
]);
