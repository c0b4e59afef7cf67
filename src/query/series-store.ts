/**
 * The series that are kept for questions: the last hour of each, a sample every five seconds at most, under names that
 * Prometheus allows. Bounded as a whole; what nobody has written for an hour is forgotten.
 */
import type { Series } from '../model/telemetry.ts';
import type { Ms } from '../model/time.ts';
import type { Labels, Matcher } from './promql/ast.ts';
import type { SampledSeries, SampleSource } from './promql/source.ts';

export interface SeriesStoreOptions {
  /** What is older than this is forgotten. Default 1 h. */
  readonly keepMs: Ms;
  /** Samples closer together replace one another. Default 5 s. Less shows more, at that much memory. */
  readonly stepMs: Ms;
  /**
   * Samples kept in all, each series counting as SERIES_SAMPLES more for its names. Default 4 million: 64 MB. Beyond it new
   * series are not kept.
   */
  readonly maxSamples: number;
}

const DEFAULTS: SeriesStoreOptions = { keepMs: 3_600_000, stepMs: 5_000, maxSamples: 4_000_000 };
const FIRST_CAPACITY = 16;
/** What a series costs besides its samples, in samples of 16 bytes: labels, key, first buffers. */
const SERIES_SAMPLES = 48;

export interface Described {
  readonly name: string;
  readonly kind: Series['kind'];
  readonly unit: string;
}

export class SeriesStore implements SampleSource {
  readonly #options: SeriesStoreOptions;
  readonly #byId = new Map<number, Kept | null>();
  readonly #byKey = new Map<string, Kept>();
  /** Metric name → its series: almost every question names one. */
  readonly #byName = new Map<string, Set<Kept>>();
  readonly #described = new Map<string, Described>();
  #samples = 0;
  #sweptMs = 0;
  /** Samples that there was no room for. */
  refused = 0;

  constructor(options: Partial<SeriesStoreOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** A sample of a series as intakes know it. */
  add(series: Series, wallMs: number, value: number): void {
    let kept = this.#byId.get(series.id);
    if (kept === undefined || kept?.gone === true) {
      const name = metricName(series.name);
      kept = this.#keep(name, labelsOf(series, name));
      this.#byId.set(series.id, kept);
      if (kept) this.#described.set(name, { name, kind: series.kind, unit: series.unit });
    }
    this.#append(kept, wallMs, value);
  }

  /** A sample of ours. Labels in a stable order. */
  put(name: string, labels: Labels, kind: Series['kind'], wallMs: number, value: number): void {
    const key = keyOf(name, labels);
    const kept = this.#byKey.get(key) ?? this.#keep(name, { __name__: name, ...labels }, key);
    if (kept && !this.#described.has(name)) this.#described.set(name, { name, kind, unit: '' });
    this.#append(kept, wallMs, value);
  }

  *select(matchers: readonly Matcher[]): Iterable<SampledSeries> {
    const name = matchers.find(({ label, op }) => label === '__name__' && op === '=')?.value;
    const candidates = name === undefined ? this.#byKey.values() : (this.#byName.get(name) ?? []);
    for (const kept of candidates) {
      if (matchers.every(({ label, matches }) => matches(kept.labels[label] ?? ''))) yield kept;
    }
  }

  describe(name?: string): readonly Described[] {
    const all = [...this.#described.values()];
    return name === undefined ? all : all.filter((one) => one.name === name);
  }

  /** Forgets what is too old. To be called now and then. */
  sweep(wallMs: number): void {
    if (wallMs - this.#sweptMs < this.#options.keepMs / 12) return;
    this.#sweptMs = wallMs;
    for (const [key, kept] of this.#byKey) {
      this.#samples -= kept.forgetBefore(wallMs - this.#options.keepMs);
      if (kept.length > 0) continue;
      kept.gone = true;
      this.#samples -= SERIES_SAMPLES;
      this.#byKey.delete(key);
      const group = this.#byName.get(kept.name);
      group?.delete(kept);
      if (group?.size === 0) {
        this.#byName.delete(kept.name);
        this.#described.delete(kept.name);
      }
    }
    for (const [id, kept] of this.#byId) if (kept === null || kept.gone) this.#byId.delete(id);
  }

  #keep(name: string, labels: Labels, key = keyOf(name, labels)): Kept | null {
    const known = this.#byKey.get(key);
    if (known) return known;
    if (this.#samples + SERIES_SAMPLES > this.#options.maxSamples) return null;
    this.#samples += SERIES_SAMPLES;
    const kept = new Kept(name, labels);
    this.#byKey.set(key, kept);
    const group = this.#byName.get(name);
    if (group) group.add(kept);
    else this.#byName.set(name, new Set([kept]));
    return kept;
  }

  #append(kept: Kept | null, wallMs: number, value: number): void {
    if (kept === null || this.#samples >= this.#options.maxSamples) this.refused++;
    else this.#samples += kept.append(wallMs, value, this.#options.stepMs);
  }
}

class Kept implements SampledSeries {
  readonly name: string;
  readonly labels: Labels;
  gone = false;
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #first = 0;
  length = 0;

  constructor(name: string, labels: Labels) {
    this.name = name;
    this.labels = labels;
  }

  timeAt(index: number): number {
    return this.#times[this.#first + index] as number;
  }

  valueAt(index: number): number {
    return this.#values[this.#first + index] as number;
  }

  /** Returns how many samples there are more. One that is older than the last is left out. */
  append(timeMs: number, value: number, stepMs: Ms): number {
    const last = this.#first + this.length - 1;
    if (this.length > 0 && timeMs <= (this.#times[last] as number)) return 0;
    if (this.length > 1 && Math.floor(timeMs / stepMs) === Math.floor((this.#times[last] as number) / stepMs)) {
      this.#times[last] = timeMs;
      this.#values[last] = value;
      return 0;
    }
    if (last + 1 === this.#times.length) this.#grow();
    this.#times[this.#first + this.length] = timeMs;
    this.#values[this.#first + this.length] = value;
    this.length++;
    return 1;
  }

  forgetBefore(timeMs: number): number {
    let gone = 0;
    while (gone < this.length && this.timeAt(gone) < timeMs) gone++;
    this.#first += gone;
    this.length -= gone;
    return gone;
  }

  /** Room for more: by moving to the front when enough was forgotten there, else by doubling. */
  #grow(): void {
    const { length } = this;
    const size = this.#first > this.#times.length / 2 ? this.#times.length : this.#times.length * 2;
    const [times, values] = [new Float64Array(size), new Float64Array(size)];
    times.set(this.#times.subarray(this.#first, this.#first + length));
    values.set(this.#values.subarray(this.#first, this.#first + length));
    [this.#times, this.#values, this.#first] = [times, values, 0];
  }
}

/** `http.server.duration` → `http_server_duration`. */
export function metricName(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_:]/g, '_');
  return /^[0-9]/.test(clean) ? `_${clean}` : clean;
}

function labelName(name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^[0-9]/.test(clean) ? `_${clean}` : clean;
}

/** With `job` and `instance`, as OpenTelemetry's own translation has it. */
function labelsOf({ labels, source }: Series, name: string): Labels {
  const result: Record<string, string> = { __name__: name };
  for (const key of Object.keys(labels).sort()) if (labels[key]) result[labelName(key)] = labels[key];
  result.job ??= labels['service.name'] ?? source;
  const instance = labels['service.instance.id'];
  if (instance && result.instance === undefined) result.instance = instance;
  return result;
}

function keyOf(name: string, labels: Labels): string {
  return JSON.stringify([name, labels]);
}
