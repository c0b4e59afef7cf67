/**
 * Which series are known, found by a hash of their bytes. Different spellings of one series (labels in another order)
 * lead to the same Series. Bounded as a whole and per source; what is idle is forgotten, so that a burst of useless
 * series heals by itself.
 */
import type { Series } from '../model/telemetry.ts';
import type { Ms } from '../model/time.ts';
import type { KnownSeries, SeriesDraft, SeriesRegistry } from './contract.ts';
import type { IntakeLimits } from './limits.ts';
import { HashIndex } from './wire/hash.ts';

interface Entry extends KnownSeries {
  readonly series: Series;
  readonly parts: Series[];
  readonly canonical: string;
  seenAt: Ms;
}

export class SeriesTable implements SeriesRegistry {
  readonly #limits: Pick<IntakeLimits, 'maxSeries' | 'maxSeriesPerSource' | 'seriesIdleMs'>;
  readonly #index = new HashIndex(1_024);
  #entries: (Entry | undefined)[] = [];
  readonly #canonical = new Map<string, number>();
  readonly #perSource = new Map<string, number>();
  #size = 0;
  #nextId = 1;
  /** Set by tick: exact to a second is enough, and a clock read per point is not. */
  #now: Ms;

  constructor(limits: Pick<IntakeLimits, 'maxSeries' | 'maxSeriesPerSource' | 'seriesIdleMs'>, now: Ms) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#size;
  }

  find(low: number, high: number): KnownSeries | undefined {
    const at = this.#index.find(low, high);
    if (at < 0) return undefined;
    const entry = this.#entries[at] as Entry;
    entry.seenAt = this.#now;
    return entry;
  }

  room(source: string): boolean {
    return this.#size < this.#limits.maxSeries && (this.#perSource.get(source) ?? 0) < this.#limits.maxSeriesPerSource;
  }

  add(low: number, high: number, draft: SeriesDraft): KnownSeries | undefined {
    const canonical = canonicalOf(draft);
    const known = this.#canonical.get(canonical);
    if (known !== undefined) {
      // Spellings of one series are few; a sender that invents them endlessly is not remembered beyond this.
      if (this.#index.size < this.#limits.maxSeries * 2) this.#index.set(low, high, known);
      const entry = this.#entries[known] as Entry;
      entry.seenAt = this.#now;
      return entry;
    }
    const places = 1 + (draft.parts?.length ?? 0);
    const ofSource = this.#perSource.get(draft.source) ?? 0;
    if (this.#size + places > this.#limits.maxSeries) return undefined;
    if (ofSource + places > this.#limits.maxSeriesPerSource) return undefined;
    this.#size += places;
    this.#perSource.set(draft.source, ofSource + places);
    const { source } = draft;
    const entry: Entry = {
      series: this.#make(draft, source),
      parts: (draft.parts ?? []).map((part) => this.#make(part, source)),
      canonical,
      seenAt: this.#now,
    };
    this.#index.set(low, high, this.#entries.length);
    this.#canonical.set(canonical, this.#entries.length);
    this.#entries.push(entry);
    return entry;
  }

  /** Moves the clock, and forgets what was idle for too long. O(series), so not for every second. */
  sweep(now: Ms): void {
    this.#now = now;
    const before = now - this.#limits.seriesIdleMs;
    if (!this.#entries.some((entry) => entry && entry.seenAt < before)) return;
    const kept: Entry[] = [];
    const moved = new Map<number, number>();
    this.#entries.forEach((entry, at) => {
      if (!entry) return;
      if (entry.seenAt >= before) moved.set(at, kept.push(entry) - 1);
      else this.#forget(entry);
    });
    const keys: [number, number, number][] = [];
    this.#index.forEach((low, high, at) => {
      const to = moved.get(at);
      if (to !== undefined) keys.push([low, high, to]);
    });
    this.#index.clear();
    for (const [low, high, at] of keys) this.#index.set(low, high, at);
    this.#entries = kept;
    kept.forEach((entry, at) => {
      this.#canonical.set(entry.canonical, at);
    });
  }

  advance(now: Ms): void {
    this.#now = now;
  }

  #make({ name, labels, kind, unit }: Omit<SeriesDraft, 'source' | 'parts'>, source: string): Series {
    return { id: this.#nextId++, name, labels, kind, unit, source };
  }

  #forget(entry: Entry): void {
    const places = 1 + entry.parts.length;
    this.#size -= places;
    const left = (this.#perSource.get(entry.series.source) ?? 0) - places;
    if (left > 0) this.#perSource.set(entry.series.source, left);
    else this.#perSource.delete(entry.series.source);
    this.#canonical.delete(entry.canonical);
  }
}

/** Separators are control characters: no sane name holds them, and length alone would do for the others. */
function canonicalOf(draft: SeriesDraft): string {
  const labels = Object.keys(draft.labels).sort();
  const parts = draft.parts?.map((part) => `${part.name}${Object.values(part.labels).join('\u0002')}`).join('\u0001');
  return JSON.stringify([
    draft.source,
    draft.name,
    draft.kind,
    draft.unit,
    ...labels.flatMap((label) => [label, draft.labels[label]]),
    parts ?? '',
  ]);
}
